import { type EventHead, encodeAttributes, sourceOf, timestamp } from '../attributes.ts'
import { encodeBareObject } from '../bare.ts'
import { buildLoose } from '../cdevents/build.ts'
import type { Link } from '../cdevents/event.ts'
import type { EventName } from '../cdevents/generated.ts'
import { tell } from '../cdevents/problem.ts'
import { validate } from '../cdevents/validate.ts'
import { type CustomName, typeOf } from '../cdevents/vocabulary.ts'
import { type EncodeInput, type Encoding, oneEvent } from '../format.ts'
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
  /** Stands beside what customData tells of the run. */
  customData?: Record<string, unknown>
}

/**
 * One CDEvent in the CloudEvents binding: id, source, subject, type and time equal those of its context and subject. Never with schemaUri:
 * the Go SDK, and Flux with it, refuses an event whose schema it does not hold.
 * The text that is sent is what is judged, but for what customData tells of the run, which may be large: an object is judged without it, and
 * then filled with its text.
 */
export function encodeCDEvent(input: EncodeInput, { name, subject, links, part, customData }: EventParts): Encoding {
  const { object, milestone, options } = input
  const { specVersion, profile } = options.cdevents
  const type = typeOf(specVersion, name)
  const source = sourceOf(input)
  const time = timestamp(milestone.time)
  const head: EventHead = {
    format: 'cdevents',
    type,
    subject: subject.id,
    source,
    time,
    ...(part !== undefined && { part }),
  }
  const { id, attributes } = encodeAttributes(input, head)
  const withData = input.content !== 'none'
  const text = JSON.stringify(
    buildLoose(specVersion, {
      name,
      id,
      source,
      timestamp: time,
      chainId: chainIdOf(input.source, object),
      links,
      subject,
      ...((withData || customData) && { customDataContentType: 'application/json', customData: customData ?? {} }),
    }),
  )
  const problems = validate(JSON.parse(text), profile)
  if (problems.length > 0) {
    const message = `${type} of CDEvents ${specVersion} would not be valid: ${tell(problems)}`
    return { events: [], problems: [{ reason: 'EventInvalid', message }] }
  }
  const event = { id, type, subject: subject.id, attributes }
  if (!withData) return oneEvent({ ...event, data: text })
  const filled = (facts: string) => `${text.slice(0, -'}}'.length)}${customData ? ',' : ''}"tekton":${facts}}}`
  const facts = JSON.stringify(summaryOf(input))
  if (input.content !== 'full') return oneEvent({ ...event, data: filled(extendSummary(facts, input)) })
  const summary = {
    attributes: encodeAttributes(input, { ...head, id, whole: false }).attributes,
    data: filled(extendSummary(facts, { ...input, truncated: true })),
  }
  const whole = encodeBareObject(input.source, object)
  return oneEvent(whole === undefined ? { ...event, ...summary } : { ...event, data: filled(whole), summary })
}
