import type { KubeObject } from '../api/object.ts'
import type { Source } from '../sources/source.ts'
import { isRecord, staysHere, withoutKept } from './kept-annotations.ts'
import type { Pointer } from './options.ts'
import { valueAt } from './pointers.ts'

/** kubectl's copy of the whole object inside itself. */
export const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * The object as it may leave the cluster: without managedFields (a quarter of its size, of use to nobody outside), without annotations
 * that repeat the object and outlive edits, and without those that name credentials, also where spec and status hold annotations: of
 * what Tekton is to create. All else is shared with the object, which stays as it is.
 */
export function bareObject(object: KubeObject): KubeObject {
  return withoutKept(bareAtTop(object)) as KubeObject
}

/** The same but for annotations within spec and status. */
export const bareAtTop = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: bareMetadata(object, [lastApplied]),
})

/**
 * The bare object with the apiVersion and kind that items of a list may lack. Of its members those named are bare, which is all of them
 * where one is undefined: to go through what nobody reads takes its time.
 */
export function identifiedObject(
  source: Source,
  object: KubeObject,
  members: readonly (string | undefined)[],
): KubeObject {
  if (members.includes(undefined)) return identified(source, bareObject(object))
  const parts = members.map((name = '') => [name, name === 'metadata' ? undefined : withoutKept(object[name])] as const)
  const bare = Object.fromEntries(parts.filter(([, part]) => part !== undefined))
  return identified(source, { ...bareAtTop(object), ...bare })
}

/** What is bare at the top for `encodeBare`, which looks for annotations within spec and status in the text. */
export const identifiedAtTop = (source: Source, object: KubeObject): KubeObject => identified(source, bareAtTop(object))

const identified = (source: Source, object: KubeObject): KubeObject => {
  const { group, version } = source
  return { ...object, apiVersion: object.apiVersion || (group ? `${group}/${version}` : version), kind: source.kind }
}

/** A part of the bare object as JSON, of one that is bare at its top; undefined where there is none, or what is nested too deeply. */
export function encodePart(top: KubeObject, pointer: Pointer): string | undefined {
  try {
    const text = JSON.stringify(valueAt(top, pointer))
    if (pointer[0] === 'metadata' || !mayHoldAnnotations(text, pointer)) return text
    return JSON.stringify(valueAt(bareObject(top), pointer))
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

const mayHoldAnnotations = (text: string | undefined, pointer: Pointer): boolean =>
  pointer.includes('annotations') || text?.includes(annotationsMember) === true

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
    return encodeBare(identifiedAtTop(source, object))
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/**
 * An object whose metadata is bare as JSON. Hardly any has further annotations, and to look for them in the text is far cheaper than to go
 * through the object.
 */
export function encodeBare(object: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(object)
  const first = text.indexOf(annotationsMember)
  if (first < 0) return text
  const isAtTop = isRecord(object.metadata) && object.metadata.annotations !== undefined
  if (isAtTop && text.indexOf(annotationsMember, first + 1) < 0) return text
  return JSON.stringify(withoutKept(object))
}

const annotationsMember = '"annotations":'

/**
 * metadata without managedFields, the annotations named and those that never leave; without an empty `annotations`, as Go's
 * omitempty writes it.
 */
export function bareMetadata(object: KubeObject, dropped: readonly string[]): KubeObject['metadata'] {
  const { managedFields: _, annotations, ...metadata } = object.metadata
  if (!isRecord(annotations)) return metadata
  const kept = { ...annotations }
  for (const key of dropped) delete kept[key]
  for (const key in kept) if (staysHere(key)) delete kept[key]
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
