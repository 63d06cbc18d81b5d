import type { Outcome } from './attempt.ts'
import type { RetryPolicy } from './sink.ts'

/**
 * Whether a sink is sent to. `resting` ends at `until` (ms, on the clock that the caller uses throughout) with one probe at a time:
 * what comes of it closes the breaker or makes the next rest longer. `rests` counts the rests in a row.
 */
export type Breaker =
  | { kind: 'closed'; failures: number }
  | { kind: 'resting'; until: number; rests: number; failures: number }

export const closed: Breaker = { kind: 'closed', failures: 0 }

/** So many failures without a success between them make a sink rest; one alone would let a single bad event stop the others. */
const failuresBeforeRest = 10

/**
 * However long `maxDelay` is, a dead sink is probed about twice a minute: one request costs nobody anything,
 * and what waits is drained within a minute of the sink's recovery.
 */
const longestRestMs = 40_000

/** How many attempts may be under way at `now`, those that already are included. */
export function allowance(breaker: Breaker, now: number, concurrency: number): number {
  if (breaker.kind === 'closed') return concurrency
  return now < breaker.until ? 0 : 1
}

/**
 * The breaker after an outcome. Answers to attempts that were under way when the rest began neither end nor prolong it
 * (but for a longer Retry-After). `restFor` is how long the sink asked to be left alone, in ms.
 */
export function onOutcome(
  breaker: Breaker,
  outcome: Outcome,
  now: number,
  random: () => number,
  policy: RetryPolicy,
  restFor?: number,
): Breaker {
  const failed = outcome.kind === 'hold' || outcome.kind === 'retry' || (outcome.kind === 'dead' && outcome.expired)
  if (breaker.kind === 'resting' && now < breaker.until) {
    return restFor === undefined ? breaker : { ...breaker, until: Math.max(breaker.until, now + restFor) }
  }
  if (!failed) return closed
  const rests = breaker.kind === 'resting' ? breaker.rests + 1 : 1
  const failures = breaker.failures + 1
  if (restFor !== undefined) return { kind: 'resting', until: now + restFor, rests, failures }
  if (breaker.kind === 'closed' && outcome.kind !== 'hold' && failures < failuresBeforeRest)
    return { kind: 'closed', failures }
  return { kind: 'resting', until: now + rest(rests, random, policy), rests, failures }
}

/** Doubles with each rest; between three quarters and the whole of the ceiling, so that sinks don't wake together. */
const rest = (rests: number, random: () => number, policy: RetryPolicy): number =>
  Math.round(
    Math.min(policy.maxDelayMs, longestRestMs, policy.initialDelayMs * 2 ** Math.min(rests - 1, 60)) *
      (0.75 + random() / 4),
  )

/** The sink was down, not just one event unwelcome: after its recovery all that waits is due at once. */
export const wasDown = (breaker: Breaker): boolean => breaker.kind === 'resting' && breaker.rests >= 2
