import { hash } from 'node:crypto'
import { eventOf } from '../sources/event-of.ts'
import type { Milestone } from '../sources/source.ts'
import type { EncodeInput, FormatName } from './format.ts'

/** UUIDv5 of `carillon.dev` in the DNS namespace (RFC 9562 §6.6). Part of the id scheme: never changed. */
export const idNamespace = 'ef8e20a5-0036-532c-bdce-91120e76ac5d'

const namespaceBytes = Buffer.from(idNamespace.replaceAll('-', ''), 'hex')

/**
 * The CloudEvents id: UUIDv5 (RFC 9562 §5.5) in `idNamespace` over the JSON array [object uid, milestone key, format, type, part].
 * JSON, because a quoted comma can't occur inside a JSON string: no two lists of fields give one name.
 * `part` tells several events of one milestone and type apart; left out it counts as ''.
 */
export const eventId = (objectUid: string, milestoneKey: string, format: FormatName, type: string, part = ''): string =>
  nameUuid([objectUid, milestoneKey, format, type, part])

/** UUIDv5 (RFC 9562 §5.5) in `idNamespace` over the JSON array of these texts. */
export function nameUuid(names: readonly string[]): string {
  const hex = hash('sha1', Buffer.concat([namespaceBytes, Buffer.from(JSON.stringify(names))]), 'hex')
  const variant = variants[Number.parseInt(hex.slice(16, 17), 16)]
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** A hexadecimal digit with its upper two bits set to 10. */
const variants = '89ab89ab89ab89ab'

/** The CloudEvents source: cluster URI + `/namespaces/<ns>/<family>`; without the namespace for a cluster-scoped object. */
export function sourceOf(input: EncodeInput): string {
  const namespace = input.object.metadata.namespace
  const scope = namespace ? `/namespaces/${encodeURIComponent(namespace.toWellFormed())}` : ''
  return `${input.cluster.uri}${scope}/${eventOf(input.source, input.milestone.name).family}`
}

/** Extension `sequence`: the milestone's time in ms, 15 digits, then its rank, 2 digits. Of fixed width: sorts as text. */
export function sequenceOf(milestone: Milestone): string {
  const ms = Math.min(Math.max(Math.trunc(milestone.time), 0), 999_999_999_999_999)
  return String(ms).padStart(15, '0') + String(milestone.rank).padStart(2, '0')
}

/** RFC 3339 with milliseconds, UTC. `ms` lies between 1970 and 9999: the sources read no other times. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString()
}

// What a CloudEvents String may not hold (CloudEvents 1.0, type system): controls, lone surrogates, noncharacters.
const illegal = /[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu

/** What the formats decide of an event. What is left out comes from the milestone and the object. */
export type EventHead = {
  format: FormatName
  type: string
  subject: string
  id?: string
  source?: string
  /** RFC 3339. */
  time?: string
  part?: string
  /** The format's own, after `sequence` and `namespace`. */
  extensions?: Record<string, string>
  /** false for an event without data: it has neither datacontenttype nor dataschema. */
  hasData?: boolean
  /** URI of the schema of the data. */
  dataschema?: string | undefined
  /** Whether it carries the whole object; left out, with content full. */
  whole?: boolean
}

/**
 * The JSON text of all attributes in spec order: specversion, id, source, type, subject, time, datacontenttype, dataschema, then the
 * extensions: sequence, namespace, late, the format's, the subscription's. The first to name an extension wins, so none of ours can be
 * overridden.
 */
export function encodeAttributes(input: EncodeInput, event: EventHead): { id: string; attributes: string } {
  const { object, milestone } = input
  const id = event.id ?? eventId(object.metadata.uid, milestone.key, event.format, event.type, event.part)
  let text = `{"specversion":"1.0","id":${quote(id)},"source":${quote(event.source ?? sourceOf(input))}`
  text += `,"type":${quote(event.type)},"subject":${quote(event.subject)}`
  text += `,"time":${quote(event.time ?? timestamp(milestone.time))}`
  if (event.hasData !== false) text += ',"datacontenttype":"application/json"'
  if (event.hasData !== false && event.dataschema !== undefined) text += `,"dataschema":${quote(event.dataschema)}`
  text += `,"sequence":"${sequenceOf(milestone)}"`
  if (object.metadata.namespace) text += `,"namespace":${quote(object.metadata.namespace)}`
  if ((event.whole ?? input.content === 'full') && isLate(input)) text += ',"late":"true"'
  const own = event.extensions ?? {}
  for (const name in own) text += extension(name, own[name])
  const { extensions } = input.options
  for (const name in extensions) {
    if (!reserved.has(name) && !Object.hasOwn(own, name)) text += extension(name, extensions[name])
  }
  return { id, attributes: `${text}}` }
}

/**
 * Whether the object that an event carries is not as it was at the milestone: it already shows a later one, in the order of `sequence`.
 * Read from the object alone, and so the same on every attempt. Of later milestones that are only observed it may show nothing.
 */
function isLate({ source, object, milestone }: EncodeInput): boolean {
  const { key } = milestone
  return lastOf(source.milestones(object)).some((other) => other.key !== key && isLater(other, milestone))
}

const isLater = (one: Milestone, other: Milestone): boolean =>
  one.time > other.time || (one.time === other.time && one.rank > other.rank)

// An object of thousands of milestones is asked by the event of each.
const lasts = new WeakMap<readonly Milestone[], readonly Milestone[]>()

/** The last two: one of them may be the milestone itself. */
function lastOf(milestones: readonly Milestone[]): readonly Milestone[] {
  const known = lasts.get(milestones)
  if (known) return known
  let [last, next]: [Milestone | undefined, Milestone | undefined] = [undefined, undefined]
  for (const one of milestones)
    if (last === undefined || !isLater(last, one)) [last, next] = [one, last]
    else if (next === undefined || !isLater(next, one)) next = one
  const found = [last, next].filter((one) => one !== undefined)
  lasts.set(milestones, found)
  return found
}

/** Names that a subscription may not use for an extension: those of CloudEvents, and those that some format of ours sets. */
export const reserved: ReadonlySet<string> = new Set([
  'specversion',
  'id',
  'source',
  'type',
  'subject',
  'time',
  'datacontenttype',
  'dataschema',
  'data',
  'data_base64',
  'sequence',
  'namespace',
  'late',
  'uid',
  'outcome',
  'pipeline',
  'pipelinerun',
  'pipelinetask',
  'traceparent',
  'application',
  'componentgroup',
  'component',
  'commit',
  'snapshot',
  'release',
  'scenario',
  'pipelinetype',
  'revision',
])

const extension = (name: string, value: string | undefined): string =>
  value === undefined ? '' : `,"${name}":${quote(value)}`

// Nearly every value: ASCII that JSON needs not escape.
const plain = /^[ !#-[\]-~]*$/

/** A CloudEvents String as JSON; what may not be in one becomes U+FFFD. */
const quote = (value: string): string => (plain.test(value) ? `"${value}"` : JSON.stringify(legalText(value)))

/** The text as an attribute can hold it. */
export const legalText = (value: string): string => (plain.test(value) ? value : value.replace(illegal, '\ufffd'))
