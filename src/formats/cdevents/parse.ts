import { isObject } from './check.ts'
import { fromCloudEvent } from './cloudevents.ts'
import type { CDEvent, Envelope, Subject } from './event.ts'
import { jsonOf } from './json.ts'
import { noJson, type Problem } from './problem.ts'
import type { SpecVersion } from './rules.ts'
import { neutral } from './translate.ts'
import { type Profile, validate } from './validate.ts'
import { eventOfType, isCustomName, isEventName, vocabulary } from './vocabulary.ts'

/** An event of a version that this library does not know: what could be read of it. */
export type NewerEvent = Envelope & { name: string; subject: Subject<Record<string, unknown>> }

/**
 * What was read. `version` is the one whose rules it keeps to, or is nearest to; `specVersion` what it says of itself. `mismatches`: where the
 * CloudEvent around it says otherwise than it does itself.
 *
 * - `event`: it is valid.
 * - `newer`: its type is of a later version than is known here, of the same major version, or of an event that is not known at all; all but
 *   what names and tells it apart may be missing or new. `problems` are those that it has by the nearest known version.
 * - `invalid`: it is no CDEvent, or not a valid one.
 */
export type Parsed =
  | { kind: 'event'; version: SpecVersion; specVersion: string; event: CDEvent; mismatches: Problem[] }
  | {
      kind: 'newer'
      version: SpecVersion
      specVersion: string
      event: NewerEvent
      problems: Problem[]
      mismatches: Problem[]
    }
  | { kind: 'invalid'; problems: Problem[]; mismatches: Problem[] }

/**
 * Reads an event of any version: a CDEvent or the CloudEvent that carries it (JSON event format; `fromHttp` makes one of a request), as an
 * object or as JSON text. Takes any value, never throws.
 */
export function parse(input: unknown, profile: Profile = 'schema'): Parsed {
  const value = typeof input === 'string' ? jsonOf(input) : input
  if (value === undefined) return { kind: 'invalid', problems: [noJson], mismatches: [] }
  const isCloudEvent = isObject(value) && !('context' in value) && ('data' in value || 'data_base64' in value)
  const { event, mismatches } = isCloudEvent ? fromCloudEvent(value) : { event: value, mismatches: [] }
  const problems = validate(event, profile)
  const newer = problems.length > 0 ? newerIn(event) : undefined
  if (newer) return { ...newer, mismatches }
  if (problems.length > 0) return { kind: 'invalid', problems, mismatches }
  const wire = event as WireEvent
  const known = eventOfType(wire.context.type)
  const version = known?.version ?? versionOf(wire)
  const read = neutralOf(wire, version, known?.name ?? wire.context.type) as CDEvent
  return { kind: 'event', version, specVersion: specVersionOf(wire), event: read, mismatches }
}

type WireEvent = {
  context: Omit<Envelope, 'customData' | 'customDataContentType'> & {
    type: string
    version?: string
    specversion?: string
  }
  subject: Subject<Record<string, unknown>>
  customData?: Envelope['customData']
  customDataContentType?: string
}

const versionOf = ({ context }: WireEvent): SpecVersion => (context.version === undefined ? '0.5.1' : '0.4.1')
const specVersionOf = ({ context }: WireEvent): string => context.specversion ?? context.version ?? ''

function neutralOf({ context, subject, ...data }: WireEvent, version: SpecVersion, name: string): NewerEvent {
  const { id, source, timestamp, chainId, links, schemaUri } = context
  return {
    name,
    id,
    source,
    timestamp,
    ...(schemaUri !== undefined && { schemaUri }),
    ...(chainId !== undefined && { chainId }),
    ...(links !== undefined && { links }),
    subject: {
      id: subject.id,
      ...(subject.source !== undefined && { source: subject.source }),
      content: neutral(version, name, subject.content),
    },
    ...(data.customDataContentType !== undefined && { customDataContentType: data.customDataContentType }),
    ...(data.customData !== undefined && { customData: data.customData }),
  }
}

const types = /^dev\.cdevents\.([a-z]+\.[a-z]+)\.(\d+)\.(\d+)\.(\d+)(?:-.*)?$/

type Newer = Omit<Extract<Parsed, { kind: 'newer' }>, 'mismatches'>

function newerIn(value: unknown): Newer | undefined {
  if (!isReadable(value) || eventOfType(value.context.type)) return undefined
  const [, name = '', ...numbers] = types.exec(value.context.type) ?? []
  if (name === '') return undefined
  const version = versionOf(value)
  if (isEventName(name) && !isLater(numbers, vocabulary[name]?.versions[version] ?? '')) return undefined
  return {
    kind: 'newer',
    version,
    specVersion: specVersionOf(value),
    event: neutralOf(value, version, name),
    problems: isEventName(name) ? problemsAsIf(value, version, name) : [],
  }
}

/** Of the same major version, and later. */
function isLater(numbers: string[], known: string): boolean {
  const [major = 0, minor = 0, patch = 0] = numbers.map(Number)
  const [knownMajor = 0, knownMinor = 0, knownPatch = 0] = known.split('.').map(Number)
  return major === knownMajor && (minor > knownMinor || (minor === knownMinor && patch > knownPatch))
}

function problemsAsIf(event: WireEvent, version: SpecVersion, name: string): Problem[] {
  const type = `dev.cdevents.${name}.${vocabulary[name]?.versions[version]}`
  return validate({ ...event, context: { ...event.context, type } })
}

/** Whether there is enough to tell an event apart and to hand it on. */
function isReadable(value: unknown): value is WireEvent {
  if (!isObject(value) || !isObject(value.context) || !isObject(value.subject)) return false
  const { context, subject } = value
  const texts = [context.type, context.id, context.source, context.timestamp, subject.id]
  return (
    texts.every((text) => typeof text === 'string' && text !== '') &&
    !isCustomName(context.type as string) &&
    (context.links === undefined || Array.isArray(context.links)) &&
    isObject(subject.content)
  )
}
