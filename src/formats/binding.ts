import type { EncodedEvent } from './format.ts'

/** What goes over HTTP: header names in lower case. */
export type HttpMessage = { headers: Record<string, string>; body: string | undefined }

/**
 * Binary content mode (CloudEvents HTTP binding 1.0.2 §3.1): attributes as `ce-` headers, the data as the body, its media type as
 * content-type. An event without data has neither body nor content-type.
 */
export function toBinary(event: EncodedEvent): HttpMessage {
  if (isPlain(event)) return toPlain(event)
  const attributes: Record<string, string> = JSON.parse(event.attributes)
  const headers: Record<string, string> = {}
  for (const name in attributes) {
    if (name !== 'datacontenttype') headers[`ce-${name}`] = encodeHeaderValue(attributes[name] ?? '')
  }
  if (event.data !== undefined) headers['content-type'] = attributes.datacontenttype ?? 'application/json'
  return { headers, body: event.data }
}

/**
 * An event that is sent as a plain webhook: its data is the whole body, its id the header `webhook-id` (Standard Webhooks), and no mode
 * makes anything else of it. Its attributes are marked by a name that no CloudEvents attribute can have.
 */
export const plainEvent = ({ id, type, subject }: EncodedEvent, body: string): EncodedEvent => ({
  id,
  type,
  subject,
  attributes: `${plainMark}${JSON.stringify(id)}}`,
  data: body,
})

export const isPlain = ({ attributes }: EncodedEvent): boolean => attributes.startsWith(plainMark)

const plainMark = '{"webhook-id":'

function toPlain({ id, data }: EncodedEvent): HttpMessage & { body: string } {
  return { headers: { 'webhook-id': encodeHeaderValue(id), 'content-type': 'application/json' }, body: data ?? 'null' }
}

/** Structured content mode with the JSON event format (§3.2): attributes and data as members of one JSON object. */
export function toStructured(event: EncodedEvent): HttpMessage & { body: string } {
  if (isPlain(event)) return toPlain(event)
  const body = event.data === undefined ? event.attributes : `${event.attributes.slice(0, -1)},"data":${event.data}}`
  return { headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' }, body }
}

/** Batched content mode with the JSON batch format (§3.3): structured events as the elements of one JSON array. */
export function toBatch(events: readonly EncodedEvent[]): { headers: Record<string, string>; body: string } {
  const body = `[${events.map((event) => toStructured(event).body).join(',')}]`
  return { headers: { 'content-type': 'application/cloudevents-batch+json; charset=utf-8' }, body }
}

// §3.1.3.2: space, double quote, percent, and all outside U+0021 to U+007E.
const encoded = /[^!#$&-~]+/g

/** An attribute's value as a header holds it: UTF-8, percent-encoded where §3.1.3.2 demands it; a lone surrogate becomes U+FFFD. */
export function encodeHeaderValue(value: string): string {
  return value.replace(encoded, (characters) =>
    Buffer.from(characters, 'utf8').toString('hex').toUpperCase().replace(/../g, '%$&'),
  )
}
