import type { Family } from '../../sources/source.ts'
import { encodeAttributes, eventId, sourceOf, timestamp } from '../attributes.ts'
import { encodeBareObject } from '../bare.ts'
import { buildLoose } from '../cdevents/build.ts'
import type { Link } from '../cdevents/event.ts'
import type { EventName } from '../cdevents/generated.ts'
import { tell } from '../cdevents/problem.ts'
import { validate } from '../cdevents/validate.ts'
import { type CustomName, typeOf } from '../cdevents/vocabulary.ts'
import { familyOf } from '../facts.ts'
import type { EncodedEvent, EncodeInput, FormatProblem } from '../format.ts'
import { extendSummary } from '../summary-parts.ts'
import { chainIdOf } from './chain.ts'
import { summaryOf } from './run.ts'

/** What an event of a milestone is besides what all of its events share. */
export type EventParts = {
  name: EventName | CustomName
  /** `content` in the names and words of 0.5.1, whatever the version asked for. */
  subject: { id: string; source?: string; content: Record<string, unknown> }
  links: readonly Link[]
  /** Tells events of one milestone and type apart; part of the id. */
  part?: string
  /** Stands beside what customData tells of the object, whose name, that of the family, it can't take. */
  customData?: Record<string, unknown>
  /** Characters of the event without what it tells of the run; no limit where left out. */
  maxLength?: number
}

/** An event that was judged, but for what it will carry of the run: `fillDraft` adds that. */
export type Draft = {
  id: string
  type: string
  subject: string
  source: string
  /** The CDEvent as JSON; customData stands last, and holds nothing but what an author gave. */
  text: string
}

/** What a milestone gives, as an `Encoding` does. */
export type Drafts = { events: readonly Draft[]; problems: readonly FormatProblem[] }

export const noDrafts: Drafts = { events: [], problems: [] }

/**
 * One CDEvent, by the rules of its version and the subscription's profile; a problem where it breaks one. Never with schemaUri: the Go SDK,
 * and Flux with it, refuses an event whose schema it does not hold.
 * The very text is judged, and later filled with the text of an object, of which no rule asks more: to parse that again would cost more
 * than all the rest.
 */
export function draftCDEvent(
  input: EncodeInput,
  { name, subject, links, part, customData, maxLength }: EventParts,
): Drafts {
  const { object, milestone, options } = input
  const { specVersion, profile } = options.cdevents
  const type = typeOf(specVersion, name)
  const id = eventId(object.metadata.uid, milestone.key, 'cdevents', type, part)
  const source = sourceOf(input)
  const { [familyOf(input)]: _, ...authors } = customData ?? {}
  const text = JSON.stringify(
    buildLoose(specVersion, {
      name,
      id,
      source,
      timestamp: timestamp(milestone.time),
      chainId: input.chain ?? chainIdOf(input.source, object, input.known),
      links,
      subject,
      customDataContentType: 'application/json',
      customData: authors,
    }),
  )
  if (maxLength !== undefined && text.length > maxLength)
    return {
      events: [],
      problems: [{ reason: 'EventInvalid', message: `${type} would have more than ${maxLength} characters` }],
    }
  const problems = validate(JSON.parse(text), profile)
  if (problems.length === 0) return { events: [{ id, type, subject: subject.id, source, text }], problems: [] }
  const message = `${type} of CDEvents ${specVersion} would not be valid: ${tell(problems)}`
  return { events: [], problems: [{ reason: 'EventInvalid', message }] }
}

/** What events carry of the run, as JSON texts of objects; a summary besides where the run is whole. */
export type RunTexts = { text: string; summary?: string }

/** Undefined where they carry nothing. */
export function runTextsOf(input: EncodeInput): RunTexts | undefined {
  if (input.content === 'none') return undefined
  const facts = JSON.stringify(summaryOf(input))
  if (input.content !== 'full') return { text: extendSummary(facts, input) }
  const summary = extendSummary(facts, { ...input, truncated: true })
  const whole = encodeBareObject(input.source, input.object)
  return whole === undefined ? { text: summary } : { text: whole, summary }
}

/** In the CloudEvents binding: id, source, subject, type and time equal those of the CDEvent's context and subject. */
export function fillDraft(input: EncodeInput, { text, ...head }: Draft, run: RunTexts | undefined): EncodedEvent {
  const { id, type, subject } = head
  const attributesOf = (whole: boolean) => encodeAttributes(input, { format: 'cdevents', ...head, whole }).attributes
  const attributes = attributesOf(run?.summary !== undefined)
  const event = { id, type, subject, attributes }
  const family = familyOf(input)
  if (!run) return { ...event, data: text.replace(emptyCustomData, '}') }
  if (run.summary === undefined) return { ...event, data: withObject(family, text, run.text) }
  // Nothing else in them depends on it.
  const shared = attributes.includes(',"late":"true"') ? attributesOf(false) : attributes
  const summary = { attributes: shared, data: withObject(family, text, run.summary) }
  return { ...event, data: withObject(family, text, run.text), summary }
}

const emptyCustomData = /,"customDataContentType":"application\/json","customData":\{\}\}$/

const withObject = (family: Family, text: string, object: string): string =>
  `${text.slice(0, -'}}'.length)}${text.endsWith('{}}') ? '' : ','}"${family}":${object}}}`
