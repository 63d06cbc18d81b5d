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
}

/**
 * One CDEvent in the CloudEvents binding: id, source, subject, type and time equal those of its context and subject. Never with schemaUri:
 * the Go SDK, and Flux with it, refuses an event whose schema it does not hold.
 * The text that is sent is what is judged, but for customData, which may be large: that is judged as an empty object, and then filled with
 * the text of one.
 */
export function encodeCDEvent(input: EncodeInput, { name, subject, links, part }: EventParts): Encoding {
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
      ...(withData && { customDataContentType: 'application/json', customData: {} }),
    }),
  )
  const problems = validate(JSON.parse(text), profile)
  if (problems.length > 0) {
    const message = `${type} of CDEvents ${specVersion} would not be valid: ${tell(problems)}`
    return { events: [], problems: [{ reason: 'EventInvalid', message }] }
  }
  const event = { id, type, subject: subject.id, attributes }
  if (!withData) return oneEvent({ ...event, data: text })
  const filled = (customData: string) => `${text.slice(0, -'}}'.length)}"tekton":${customData}}}`
  const facts = JSON.stringify(summaryOf(input))
  if (input.content !== 'full') return oneEvent({ ...event, data: filled(extendSummary(facts, input)) })
  const summary = {
    attributes: encodeAttributes(input, { ...head, id, whole: false }).attributes,
    data: filled(extendSummary(facts, { ...input, truncated: true })),
  }
  const whole = encodeBareObject(input.source, object)
  return oneEvent(whole === undefined ? { ...event, ...summary } : { ...event, data: filled(whole), summary })
}
