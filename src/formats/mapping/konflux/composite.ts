import type { KubeObject } from '../../../api/object.ts'
import { componentOf, snapshotOf, snapshotTypeOf } from '../../../sources/konflux-labels.ts'
import { fields, list, text } from '../../../sources/read.ts'
import type { Source } from '../../../sources/source.ts'

const composites: ReadonlySet<string | undefined> = new Set(['group', 'override'])

/**
 * Namespace and name of the Snapshot that an object is of, where that was put together from several builds; undefined for all else.
 * integration-service labels such a Snapshot, and copies the label to its test runs, as Tekton does to their TaskRuns: by the name alone
 * all of them have one chain, whichever is seen first.
 */
export function compositeOf(source: Source, object: KubeObject): [string, string] | undefined {
  if (!composites.has(snapshotTypeOf(object))) return undefined
  const snapshot = source.name === 'Snapshot' ? object.metadata.name : snapshotOf(object)
  return snapshot === undefined ? undefined : [object.metadata.namespace ?? '', snapshot]
}

/**
 * Repository and commit of the component that a Snapshot was made for: the one that its label names, or its only one. The others of the
 * Snapshot are what was there before.
 */
export function snapshotSourceOf(source: Source, object: KubeObject): { url: string; revision: string } | undefined {
  if (source.name !== 'Snapshot') return undefined
  const components = list(fields(object.spec).components).map(fields)
  const name = componentOf(object)
  const built = components.length === 1 ? components[0] : components.find((component) => component.name === name)
  const git = fields(fields(built?.source).git)
  const [url, revision] = [text(git.url), text(git.revision)]
  return url === undefined || revision === undefined ? undefined : { url, revision }
}
