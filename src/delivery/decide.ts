import type { Answer, FailureClass, Outcome } from './attempt.ts'
import { backoff } from './backoff.ts'
import { inWords } from './duration.ts'
import { parseRetryAfter } from './retry-after.ts'
import type { RetryPolicy } from './sink.ts'

/** What the decision rests on besides the answer. Times in ms since the epoch. */
export type AttemptFacts = {
  /** Attempts made before this one. */
  attempts: number
  /** When the row was first tried; undefined where this attempt is the first. */
  firstAttempt: number | undefined
  now: number
  random: () => number
  retry: RetryPolicy
  /** Whether the event can be had smaller. */
  canShrink: boolean
}

/** What an answer means, before age and attempts are looked at. */
type Meaning = 'delivered' | 'retry' | 'hold' | 'gone' | 'shrink' | 'dead'

/** The table of docs/receivers.md, "What answers do". A status that is not named goes by its hundreds. */
const statuses: Readonly<Record<number, readonly [Meaning, reason: string]>> = {
  401: ['hold', 'Unauthorized'],
  403: ['hold', 'Forbidden'],
  404: ['hold', 'NotFound'],
  407: ['hold', 'ProxyAuthenticationRequired'],
  408: ['retry', 'HTTP408'],
  410: ['gone', 'Gone'],
  413: ['shrink', 'TooLarge'],
  425: ['retry', 'HTTP425'],
  429: ['retry', 'TooManyRequests'],
}

/** 1xx never ends an exchange; where one is all that came, the sink did not answer. */
const hundreds: Readonly<Record<number, Meaning>> = { 1: 'retry', 2: 'delivered', 3: 'hold', 4: 'dead', 5: 'retry' }

const failures: Readonly<Record<FailureClass, Meaning>> = {
  Timeout: 'retry',
  ConnectionRefused: 'retry',
  ConnectionReset: 'retry',
  DNSFailed: 'retry',
  NetworkFailed: 'retry',
  ProxyFailed: 'retry',
  InvalidAnswer: 'retry',
  ValidationPending: 'retry',
  Aborted: 'retry',
  HostNotFound: 'hold',
  AddressRefused: 'hold',
  PortRefused: 'hold',
  TLSFailed: 'hold',
  InvalidURL: 'hold',
  InvalidHeader: 'hold',
  CredentialsMissing: 'hold',
  ServiceNotFound: 'hold',
  ServiceNotAllowed: 'hold',
  ServiceNotReady: 'hold',
  ServiceUnreadable: 'hold',
  ValidationRefused: 'hold',
  InvalidEvent: 'dead',
  BodyNotAllowed: 'dead',
}

/** Messages end up in a status: short, and without a byte of the sink's. */
const maxMessage = 256

/** What is done about an answer: the whole of the delivery policy. */
export function decide(answer: Answer, facts: AttemptFacts): Outcome {
  const { meaning, reason, message } = read(answer)
  switch (meaning) {
    case 'delivered':
      return { kind: 'delivered' }
    case 'dead':
      return { kind: 'dead', reason, message, expired: false }
    case 'shrink':
      return facts.canShrink ? { kind: 'shrink', reason, message } : { kind: 'dead', reason, message, expired: false }
    case 'gone':
      return aged(facts, reason, message) ?? { kind: 'gone', at: facts.now + facts.retry.maxDelayMs, reason, message }
    case 'hold':
    case 'retry':
      return aged(facts, reason, message) ?? again(meaning, answer, facts, reason, message)
    default:
      return meaning satisfies never
  }
}

function read(answer: Answer): { meaning: Meaning; reason: string; message: string } {
  if (answer.kind === 'failure')
    return { meaning: failures[answer.class], reason: answer.reason ?? answer.class, message: short(answer.message) }
  const { status } = answer
  const hundred = Math.floor(status / 100)
  const [meaning, reason] = statuses[status] ?? [
    hundreds[hundred] ?? 'retry',
    hundred === 3 ? 'Redirected' : `HTTP${status}`,
  ]
  const to = answer.asked ? ' to OPTIONS, before any event' : ''
  return { meaning, reason, message: describe(`${status}${to}`, meaning, hundred) }
}

function describe(status: string, meaning: Meaning, hundred: number): string {
  if (hundred === 3)
    return `The sink answered ${status}; redirects are not followed: give the final address in spec.http.url.`
  if (meaning === 'gone')
    return `The sink answered ${status} (gone): nothing is sent until its spec changes, or its annotation requestedAt.`
  if (meaning === 'shrink') return `The sink answered ${status}: the event is too large for it.`
  if (meaning === 'dead') return `The sink answered ${status}: it refuses this event.`
  return `The sink answered ${status}.`
}

/** Age counts from the first attempt; the last answer's reason stays. */
function aged(facts: AttemptFacts, reason: string, message: string): Outcome | undefined {
  if (facts.firstAttempt === undefined || facts.now - facts.firstAttempt < facts.retry.maxAgeMs) return undefined
  return {
    kind: 'dead',
    reason,
    message: short(`Not delivered within ${inWords(facts.retry.maxAgeMs)}. ${message}`),
    expired: true,
  }
}

/**
 * Retry-After is a floor under the backoff, and `maxDelayMs` a ceiling over both: a number that a sink made up (10⁹ seconds, a date in
 * another century) must not park a team's events for longer than the team itself allowed.
 * The last attempt falls on the deadline, unless the sink asked to be left alone for longer.
 */
function again(kind: 'retry' | 'hold', answer: Answer, facts: AttemptFacts, reason: string, message: string): Outcome {
  const { now, retry } = facts
  const deadline = (facts.firstAttempt ?? now) + retry.maxAgeMs
  const at = Math.min(now + backoff(facts.attempts, retry, facts.random), deadline)
  const asked = kind === 'retry' ? parseRetryAfter(answer.retryAfter, now) : undefined
  if (asked === undefined) return { kind, at, reason, message }
  const restUntil = now + Math.min(asked, retry.maxDelayMs)
  return { kind: 'retry', at: Math.max(restUntil, at), reason, message, restUntil }
}

const short = (message: string): string =>
  message.length <= maxMessage ? message : `${message.slice(0, maxMessage - 1)}…`
