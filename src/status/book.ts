import type { AttemptRecord } from '../delivery/attempt.ts'
import type { Delivered, Failed, LastMatched, SinkHealth } from './record.ts'

type Pair = { lastDelivered?: Delivered; lastFailure?: Failed }

export type FilterErrors = { count: number; message: string; time: number }

/** So many failed attempts in a row make a sink count as failing; one slow answer among good ones does not. */
export const failingAfter = 3

/**
 * What attempts and matches told since the start, kept in memory and small: one entry per sink and per (subscription, sink).
 * Numbers that have to survive are the outbox's; this is for the words of the status.
 */
export class StatusBook {
  private readonly sinks = new Map<string, SinkHealth>()
  private readonly pairs = new Map<string, Pair>()
  private readonly matches = new Map<string, LastMatched>()
  private readonly errors = new Map<string, FilterErrors>()

  /** Whether the attempt turned the sink's health, so that conditions have to be told at once. */
  attempted(attempt: AttemptRecord): boolean {
    const health = this.health(attempt.sink)
    const pair = this.pair(attempt.subscriptionUid, attempt.sink)
    const before = isFailing(health)
    if (attempt.outcome === 'delivered') {
      const first = health.lastDelivered === undefined
      health.lastDelivered = { ...attempt, httpStatus: attempt.httpStatus ?? 0 }
      pair.lastDelivered = health.lastDelivered
      health.failures = 0
      delete health.failingSince
      delete health.resting
      return before || first
    }
    health.lastFailure = attempt
    pair.lastFailure = attempt
    // A refused event is not the sink's fault: the sink answered.
    if (attempt.outcome === 'dead' && !attempt.rests) return false
    health.failures += 1
    health.failingSince ??= attempt.time
    if (attempt.rests) health.resting = { reason: attempt.reason, message: attempt.message }
    return before !== isFailing(health)
  }

  /** An event that can't go to the sink at all: the sink knows nothing of it, and is as well as before. */
  undeliverable(failed: Failed, subscriptionUid: string): void {
    this.health(failed.sink).lastFailure = failed
    this.pair(subscriptionUid, failed.sink).lastFailure = failed
  }

  /** What an earlier process told in the statuses, so that a restart doesn't forget it. What is known better stays. */
  seed(subscriptionUid: string, sink: string, pair: Pair): void {
    const known = this.pair(subscriptionUid, sink)
    this.pairs.set(`${subscriptionUid} ${sink}`, { ...pair, ...known })
  }

  seedSink(sink: string, health: Partial<SinkHealth>): void {
    this.sinks.set(sink, { failures: 0, ...health, ...this.sinks.get(sink) })
  }

  /** Forgets that a sink rests: its spec or Secret changed, or it was asked by requestedAt. */
  revive(sink: string): void {
    const health = this.sinks.get(sink)
    if (health) delete health.resting
  }

  matched(subscriptionUid: string, match: LastMatched): void {
    this.matches.set(subscriptionUid, match)
  }

  /** True when it is the first error since the last `forgive`. */
  filterFailed(subscriptionUid: string, message: string, time: number): boolean {
    const known = this.errors.get(subscriptionUid)
    this.errors.set(subscriptionUid, { count: (known?.count ?? 0) + 1, message, time })
    return known === undefined
  }

  /** A new filter starts without errors. */
  forgive(subscriptionUid: string): void {
    this.errors.delete(subscriptionUid)
  }

  forget(subscriptionUid: string): void {
    this.matches.delete(subscriptionUid)
    this.errors.delete(subscriptionUid)
    for (const key of this.pairs.keys()) if (key.startsWith(`${subscriptionUid} `)) this.pairs.delete(key)
  }

  health(sink: string): SinkHealth {
    const health = this.sinks.get(sink) ?? { failures: 0 }
    this.sinks.set(sink, health)
    return health
  }

  pair(subscriptionUid: string, sink: string): Pair {
    const key = `${subscriptionUid} ${sink}`
    const pair = this.pairs.get(key) ?? {}
    this.pairs.set(key, pair)
    return pair
  }

  lastMatched(subscriptionUid: string): LastMatched | undefined {
    return this.matches.get(subscriptionUid)
  }

  filterErrors(subscriptionUid: string): FilterErrors | undefined {
    return this.errors.get(subscriptionUid)
  }
}

export const isFailing = (health: SinkHealth): boolean =>
  health.resting !== undefined || health.failures >= failingAfter
