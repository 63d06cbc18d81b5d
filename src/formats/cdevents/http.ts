import type { CloudEvent } from './cloudevents.ts'
import { jsonOf } from './json.ts'

/** An HTTP message: header names in small letters. */
export type HttpMessage = { headers: Record<string, string>; body: string }

/**
 * Binary content mode (CloudEvents HTTP binding 1.0 §3.1): attributes in `ce-` headers, the CDEvent alone as the body. The only mode that
 * Flux's Receiver reads.
 */
export function toBinary({ data, datacontenttype, ...attributes }: CloudEvent): HttpMessage {
  const headers: Record<string, string> = { 'content-type': datacontenttype }
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) headers[`ce-${name}`] = encodeHeader(String(value))
  }
  return { headers, body: JSON.stringify(data) }
}

/** Structured content mode (§3.2): the CloudEvent whole as the body. */
export const toStructured = (event: CloudEvent): HttpMessage => ({
  headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' },
  body: JSON.stringify(event),
})

/**
 * The CloudEvent in a message of either mode, for `parse`; header names may have capitals. Data that is no JSON stays text. Undefined where
 * there is no CloudEvent: neither that media type nor `ce-` headers, or a structured body that is no JSON object.
 */
export function fromHttp(message: {
  headers: Record<string, string>
  body: string
}): Record<string, unknown> | undefined {
  const headers = new Map(Object.entries(message.headers).map(([name, value]) => [name.toLowerCase(), value]))
  const contentType = headers.get('content-type') ?? ''
  const json = jsonOf(message.body)
  if (/^application\/cloudevents\+json\b/i.test(contentType)) {
    return typeof json === 'object' && json !== null && !Array.isArray(json)
      ? (json as Record<string, unknown>)
      : undefined
  }
  if (!headers.has('ce-specversion')) return undefined
  const attributes = [...headers]
    .filter(([name]) => name.startsWith('ce-'))
    .map(([name, value]) => [name.slice(3), decodeHeader(value)])
  return {
    ...Object.fromEntries(attributes),
    ...(contentType !== '' && { datacontenttype: contentType }),
    data: json === undefined ? message.body : json,
  }
}

// §3.1.3.2: space, double quote, percent, and all outside U+0021 to U+007E.
const encoded = /[^!#$&-~]+/g

/** An attribute's value as a header holds it: percent-encoded UTF-8 where need be, so that a purl's `%3A` goes as `%253A`. */
export const encodeHeader = (value: string): string =>
  value.replace(encoded, (part) => encodeURIComponent(part.toWellFormed()))

/** The other way round (§3.1.3.2): one pair of quotes taken off, then percent-decoded; what is no UTF-8 is left as it is. */
export function decodeHeader(value: string): string {
  const quoted = /^"(.*)"$/s.exec(value)?.[1]
  const text = quoted === undefined ? value : quoted.replace(/\\(.)/gs, '$1')
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (part) => {
    try {
      return decodeURIComponent(part)
    } catch (error) {
      if (error instanceof URIError) return part
      throw error
    }
  })
}
