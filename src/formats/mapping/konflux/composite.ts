import type { KubeObject } from '../../../api/object.ts'
import { fields, list, text } from '../../../sources/read.ts'
import type { Source } from '../../../sources/source.ts'

const typeLabel = 'test.appstudio.openshift.io/type'
const snapshotLabel = 'appstudio.openshift.io/snapshot'
const componentLabel = 'appstudio.openshift.io/component'
const composites: ReadonlySet<unknown> = new Set(['group', 'override'])

/**
 * Namespace and name of the Snapshot that an object is of, where that was put together from several builds; undefined for all else.
 * integration-service labels such a Snapshot, and copies the label to its test runs, as Tekton does to their TaskRuns: by the name alone
 * all of them have one chain, whichever is seen first.
 */
export function compositeOf({ name }: Source, { metadata }: KubeObject): [string, string] | undefined {
  const labels = fields(metadata.labels)
  if (!composites.has(labels[typeLabel])) return undefined
  const snapshot = name === 'Snapshot' ? metadata.name : text(labels[snapshotLabel])
  return snapshot === undefined ? undefined : [metadata.namespace ?? '', snapshot]
}

/**
 * Repository and commit of the component that a Snapshot was made for: the one that its label names, or its only one. The others of the
 * Snapshot are what was there before.
 */
export function snapshotSourceOf(source: Source, object: KubeObject): { url: string; revision: string } | undefined {
  if (source.name !== 'Snapshot') return undefined
  const components = list(fields(object.spec).components).map(fields)
  const name = fields(object.metadata.labels)[componentLabel]
  const built = components.length === 1 ? components[0] : components.find((component) => component.name === name)
  const { url, revision } = fields(fields(built?.source).git)
  return text(url) && text(revision) ? { url: String(url), revision: String(revision) } : undefined
}
