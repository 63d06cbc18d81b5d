import type { Answer } from './attempt.ts'

/**
 * `spec.http.validation`: whether a sink wants events from here, asked as in CloudEvents' HTTP 1.1 Web Hooks for Event Delivery, §4. The rate is in
 * requests a minute; undefined: none is asked for.
 */
export type Validation = { origin: string; requestRate?: number | undefined }

/** That a sink has agreed, and to how many requests a minute; undefined: to any number. */
export type Agreement = { perMinute: number | undefined }

type Header = string | readonly string[] | undefined

/** What came back to a validation request. */
export type Asked = { answer: Answer; allowedOrigin: Header; allowedRate: Header }

/** The header by which a sender tells who it is: when it asks, and with each request after that (§4.1.2). */
export const originHeader = 'webhook-request-origin'

/** Headers of a validation request. */
export const validationHeaders = ({ origin, requestRate }: Validation): Record<string, string> => ({
  [originHeader]: origin,
  ...(requestRate !== undefined && { 'webhook-request-rate': String(requestRate) }),
})

/** Statuses that say of the address or of the credentials what they always do, whatever is asked for. */
const usual = new Set([401, 403, 407, 410])
/** Statuses that say: not now. */
const later = new Set([408, 425, 429, 500, 502, 503, 504])

/**
 * What a sink's answer says. Only a 2xx with its origin agrees (§4.2): a status alone is no consent, for many servers answer OPTIONS without
 * knowing of this. Else the answer is what becomes of the attempt: never one that would blame an event.
 */
export function readAgreement(
  { answer, ...headers }: Asked,
  validation: Validation,
): { kind: 'agreed'; agreement: Agreement } | { kind: 'refused'; answer: Answer } {
  if (answer.kind === 'failure') return { kind: 'refused', answer }
  const [allowedOrigin, allowedRate] = [bare(headers.allowedOrigin), bare(headers.allowedRate)]
  const { status, durationMs } = answer
  const hundred = Math.floor(status / 100)
  if (hundred === 3 || usual.has(status)) return { kind: 'refused', answer: { ...answer, asked: true } }
  const expected = `expected is a 2xx with ${wanted(validation)}`
  const not = (kind: 'ValidationRefused' | 'ValidationPending', why: string): { kind: 'refused'; answer: Answer } => {
    const retryAfter = kind === 'ValidationPending' ? answer.retryAfter : undefined
    const message = `The sink has not agreed to events: it answered OPTIONS with ${why}; ${expected}.`
    return { kind: 'refused', answer: { kind: 'failure', class: kind, message, retryAfter, durationMs } }
  }
  if (later.has(status)) return not('ValidationPending', `${status}, and is asked again`)
  if (hundred !== 2) return not('ValidationRefused', `${status}`)
  if (allowedOrigin === undefined) return not('ValidationRefused', `${status} and no WebHook-Allowed-Origin`)
  if (allowedOrigin !== '*' && !isSameName(allowedOrigin, validation.origin))
    return not('ValidationRefused', 'another WebHook-Allowed-Origin')
  if (allowedRate === undefined && validation.requestRate !== undefined)
    return not('ValidationRefused', 'no WebHook-Allowed-Rate, though a rate was asked for')
  if (allowedRate === undefined || allowedRate === '*') return { kind: 'agreed', agreement: { perMinute: undefined } }
  if (typeof allowedRate !== 'string' || !positive.test(allowedRate))
    return not('ValidationRefused', 'a WebHook-Allowed-Rate that is none')
  return { kind: 'agreed', agreement: { perMinute: Number(allowedRate) } }
}

const positive = /^[1-9]\d{0,14}$/

/** Blanks around a value are no part of it (RFC 9110 §5.5); the parser leaves those after it. */
const bare = (header: Header): Header => (typeof header === 'string' ? header.trim() : header)

/** Names of hosts are the same in upper and lower case. */
const isSameName = (one: Header, other: string): boolean =>
  typeof one === 'string' && one.toLowerCase() === other.toLowerCase()

const wanted = ({ origin, requestRate }: Validation): string => {
  const name = origin.length <= 30 ? origin : `${origin.slice(0, 29)}…`
  const rate = requestRate === undefined ? '' : ', and WebHook-Allowed-Rate: requests a minute or *'
  return `WebHook-Allowed-Origin: ${name} or *${rate}`
}
