import type { KubeObject } from '../api/object.ts'
import type { Source } from '../sources/source.ts'
import { namesCredential } from './credential-names.ts'

/** kubectl's copy of the whole object inside itself. */
export const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The object as it may leave the cluster: without managedFields (a quarter of its size, of use to nobody outside), without
 * last-applied-configuration, which repeats it and outlives edits, and without annotations that name credentials. All else is shared
 * with the object, which stays as it is.
 */
export function bareObject(object: KubeObject): KubeObject {
  return { ...object, metadata: bareMetadata(object, [lastApplied]) }
}

/** The bare object with the apiVersion and kind that items of a list may lack. */
export function identifiedObject(source: Source, object: KubeObject): KubeObject {
  const apiVersion = source.group ? `${source.group}/${source.version}` : source.version
  return { ...bareObject(object), apiVersion, kind: source.kind }
}

/**
 * `identifiedObject` as JSON; undefined where it can't be written: some thousands of levels, which the API server takes, are more than
 * the stack does.
 */
export function encodeBareObject(source: Source, object: KubeObject): string | undefined {
  const text = texts.get(object) ?? encodeIdentified(source, object)
  if (text !== undefined) texts.set(object, text)
  return text
}

/** All milestones of an object that are told at once carry the same text. */
const texts = new WeakMap<KubeObject, string>()

function encodeIdentified(source: Source, object: KubeObject): string | undefined {
  try {
    return JSON.stringify(identifiedObject(source, object))
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/**
 * metadata without managedFields, the annotations named and those that name credentials; without an empty `annotations`, as Go's
 * omitempty writes it.
 */
export function bareMetadata(object: KubeObject, dropped: readonly string[]): KubeObject['metadata'] {
  const { managedFields: _, annotations, ...metadata } = object.metadata
  if (!isRecord(annotations)) return metadata
  const kept = { ...annotations }
  for (const key of dropped) delete kept[key]
  for (const key in kept) if (namesCredential(key)) delete kept[key]
  return Object.keys(kept).length > 0 ? { ...metadata, annotations: kept } : metadata
}

/**
 * Whether the object has the identity that every stored object has. Odd input that lacks it gives no event: neither an id nor a
 * subject could be made of it.
 */
export function hasIdentity(object: KubeObject): boolean {
  const metadata: unknown = object.metadata
  if (!isRecord(metadata)) return false
  const { name, uid, namespace } = metadata
  return isText(name) && isText(uid) && (namespace === undefined || typeof namespace === 'string')
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
