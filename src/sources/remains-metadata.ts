import type { ObjectMeta } from '../api/object.ts'
import { askingText, subscriptionsAnnotation } from './asked.ts'
import { konfluxLabels } from './konflux-labels.ts'
import { type Fields, fields, list, shortText, text } from './read.ts'

/** Most characters of JSON of all labels that are kept. */
const labelsLimit = 8192

/**
 * Who an object is and whose, and which subscriptions it asks for: what remains keep of its metadata, with those of its annotations that are
 * given. Nothing that every write changes.
 */
export function remainsMetadata(metadata: Fields, annotations: Record<string, string>): ObjectMeta {
  const { name, namespace, uid, generation, creationTimestamp, deletionTimestamp } = metadata as ObjectMeta
  const asking = askingText(metadata)
  const owners = list(metadata.ownerReferences).slice(0, 8).map(fields)
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    uid,
    resourceVersion: '',
    ...(generation !== undefined && { generation }),
    creationTimestamp,
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    ...some('labels', fitting(markedFirst(fields(metadata.labels)), labelsLimit)),
    ...some('annotations', { ...annotations, ...(asking !== undefined && { [subscriptionsAnnotation]: asking }) }),
    ...some(
      'ownerReferences',
      owners.map((owner) => pick(owner, ['apiVersion', 'kind', 'name', 'uid', 'controller'])),
    ),
  } as ObjectMeta
}

/** What says whose it is before all else: of more labels than are kept those are. */
function markedFirst(labels: Fields): Fields {
  const marked = konfluxLabels.filter((name) => labels[name] !== undefined)
  return marked.length === 0 ? labels : { ...Object.fromEntries(marked.map((name) => [name, labels[name]])), ...labels }
}

/** As many entries as come to `limit` characters, in their own order. */
export function fitting(
  map: Fields,
  limit: number,
  longest = limit,
  isKept = (_: string) => true,
): Record<string, string> {
  const kept: [string, string][] = []
  let left = limit
  for (const name of Object.keys(map)) {
    const value = map[name]
    if (typeof value !== 'string' || value.length > longest || !isKept(name)) continue
    left -= name.length + value.length + 6
    if (left < 0) break
    kept.push([name, value])
  }
  return Object.fromEntries(kept)
}

/** Those of these fields that are short texts, or booleans. */
export function pick(from: Fields, names: readonly string[]): Record<string, unknown> {
  const entries = names.flatMap((name) => {
    const value = typeof from[name] === 'boolean' ? from[name] : shortText(text(from[name]), 253)
    return value === undefined ? [] : [[name, value]]
  })
  return Object.fromEntries(entries)
}

/** Nothing where there is nothing in it. */
export const some = (name: string, value: readonly unknown[] | Record<string, unknown>): Record<string, unknown> =>
  Object.keys(value).length > 0 ? { [name]: value } : {}
