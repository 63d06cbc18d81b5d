import { eventOf } from '../sources/event-of.ts'
import type { Source } from '../sources/source.ts'
import { type EventHead, encodeAttributes, timestamp } from './attributes.ts'
import { encodeBareObject, hasIdentity } from './bare.ts'
import { apiVersionOf, extensionsOf, factsOf } from './facts.ts'
import { type EncodedEvent, type EncodeInput, type Format, nothing, oneEvent } from './format.ts'
import { toldLabels } from './konflux/labels.ts'
import { extendSummary } from './summary-parts.ts'

/** Carillon's own format: an event for every milestone of every kind, those that subscriptions define among them (docs/events has its data). */
export const cloudevents: Format = {
  name: 'cloudevents',
  hasSummary: true,
  knows: () => true,
  formOf: ({ extensions, data }) => JSON.stringify([extensions, data]),
  encode: (input) => (hasIdentity(input.object) ? oneEvent(encode(input)) : nothing),
}

/** `dev.carillon.<family>.<subject>.<predicate>.v1`; of a milestone whose row says nothing else, the kind in lower case and its name. */
export function typeOf(source: Source, milestoneName: string): string {
  const { family, subject, predicate } = eventOf(source, milestoneName)
  return `dev.carillon.${family}.${subject}.${predicate}.v1`
}

function encode(input: EncodeInput): EncodedEvent {
  const { source, object, milestone, content } = input
  const type = typeOf(source, milestone.name)
  const subject = `${source.kind.toLowerCase()}/${object.metadata.name}`
  const extensions: Record<string, string> = { uid: object.metadata.uid }
  if (milestone.outcome) extensions.outcome = milestone.outcome
  Object.assign(extensions, extensionsOf(source, object, milestone))
  const hasData = content !== 'none'
  const { schemaBase } = input.cluster
  const dataschema = schemaBase && `${schemaBase}/${type}.json`
  const given: EventHead = { format: 'cloudevents', type, subject, extensions, hasData, dataschema }
  const head = encodeAttributes(input, given)
  if (!hasData) return { ...head, type, subject, data: undefined }
  const facts = JSON.stringify(summarise(input))
  if (content !== 'full') return { ...head, type, subject, data: extendSummary(facts, input) }
  const data = extendSummary(facts, { ...input, truncated: true })
  const whole = encodeBareObject(source, object)
  const { attributes } = encodeAttributes(input, { ...given, id: head.id, whole: false })
  if (whole === undefined) return { ...head, attributes, type, subject, data }
  // The object is the last member.
  return { ...head, type, subject, data: `${facts.slice(0, -1)},"object":${whole}}`, summary: { attributes, data } }
}

function summarise({ source, object, milestone, cluster }: EncodeInput): Record<string, unknown> {
  const { name, namespace, uid, generation } = object.metadata
  const { time, outcome, reason, message, details } = milestone
  return {
    apiVersion: apiVersionOf(source, object),
    kind: source.kind,
    name,
    namespace,
    uid,
    generation,
    labels: toldLabels(object),
    milestone: { name: milestone.name, time: timestamp(time), outcome, reason, message, details },
    ...factsOf(source, object),
    url: cluster.urlOf(source, object),
  }
}
