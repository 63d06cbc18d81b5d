import type { KubeObject } from '../../../src/api/object.ts'

/**
 * One write to an object. `after` is what it follows from in the facts on Konflux (konflux.md), `at` when it was made in the run, which the
 * writes of all objects are ordered by, `tells` the milestones that come of it, in their order: the catalogue's names.
 */
export type Step = {
  after: string
  at: string
  tells: readonly string[]
  annotations?: Record<string, string>
  status?: Record<string, unknown>
}

/** What an object is created as, and all that is written to it after. */
export type Life = { object: KubeObject; steps: readonly Step[] }

/** A time so many seconds after another. */
export const later = (time: string, seconds: number): string =>
  `${new Date(Date.parse(time) + seconds * 1000).toISOString()}`

export const annotationsOf = ({ metadata }: KubeObject): Record<string, string> => metadata.annotations ?? {}

/** Those annotations whose names begin so, and all others. */
export function split(object: KubeObject, ...prefixes: string[]): [Record<string, string>, Record<string, string>] {
  const entries = Object.entries(annotationsOf(object))
  const own = entries.filter(([name]) => prefixes.some((prefix) => name.startsWith(prefix)))
  return [Object.fromEntries(own), Object.fromEntries(entries.filter((entry) => !own.includes(entry)))]
}

/** As it was created: no status, nothing that the API server or a later write put there. */
export function begin(
  { apiVersion, kind, metadata, spec }: KubeObject,
  annotations: Record<string, string>,
): KubeObject {
  const { name, namespace, labels, creationTimestamp } = metadata
  const of = { name, ...(namespace && { namespace }), ...(labels && { labels }), annotations, creationTimestamp }
  return { apiVersion, kind, metadata: of as KubeObject['metadata'], ...(spec !== undefined && { spec }) }
}

export const created = (object: KubeObject, ...tells: string[]): Step => ({
  after: '§3.2: ADDED',
  at: object.metadata.creationTimestamp,
  tells,
})
