import { encodeAttributes, sourceOf, timestamp } from '../attributes.ts'
import { encodeBareObject, hasIdentity } from '../bare.ts'
import { type EncodedEvent, type EncodeInput, type Format, nothing, oneEvent } from '../format.ts'
import type { CDEventsOptions } from '../options.ts'
import { extendSummary } from '../summary-parts.ts'
import { chainIdOf, linksOf } from './chain.ts'
import { type CDEvent, eventFor, typeOf } from './events.ts'
import { subjectIdOf, summaryOf } from './run.ts'

const specVersion = '0.4.1'

/**
 * CDEvents 0.4.1 in the CloudEvents binding: id, source, subject, type and time equal those of the CDEvent's context and subject.
 * Never with schemaUri: the Go SDK, and Flux with it, refuses an event whose schema it does not hold.
 */
export const cdevents: Format = {
  name: 'cdevents',
  hasSummary: true,
  knows: (source, milestoneName) => source.family === 'tekton' && eventFor(source.kind, milestoneName) !== undefined,
  formOf: ({ extensions, data, cdevents }) =>
    JSON.stringify([extensions, data, { ...cdevents, userEvents: userEventsForm(cdevents) }]),
  encode(input) {
    const event = input.source.family === 'tekton' ? eventFor(input.source.kind, input.milestone.name) : undefined
    return event && hasIdentity(input.object) ? oneEvent(encode(input, event)) : nothing
  },
}

function encode(input: EncodeInput, event: CDEvent): EncodedEvent {
  const { source: kind, object, milestone } = input
  const type = typeOf(event)
  const subject = subjectIdOf(object, kind.kind)
  const source = sourceOf(input)
  const time = timestamp(milestone.time)
  const { id, attributes } = encodeAttributes(input, { format: 'cdevents', type, subject, source, time })
  const links = linksOf(input)
  const cdevent = {
    context: {
      version: specVersion,
      id,
      source,
      type,
      timestamp: time,
      chainId: chainIdOf(object),
      ...(links.length > 0 && { links }),
    },
    subject: { id: subject, type: event.subjectType, content: event.content(input) },
  }
  return { id, type, subject, attributes, data: withCustomData(JSON.stringify(cdevent), input) }
}

const userEventsForm = ({ userEvents }: CDEventsOptions) => userEvents && [[...userEvents.types], userEvents.only]

function withCustomData(cdevent: string, input: EncodeInput): string {
  if (input.content === 'none') return cdevent
  const full = input.content === 'full'
  const customData =
    (full && encodeBareObject(input.source, input.object)) ||
    extendSummary(JSON.stringify(summaryOf(input)), full ? { ...input, truncated: true } : input)
  return `${cdevent.slice(0, -1)},"customDataContentType":"application/json","customData":{"tekton":${customData}}}`
}
