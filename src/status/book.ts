import type { AttemptRecord } from '../delivery/attempt.ts'
import type { Delivered, Failed, LastMatched, SinkHealth } from './record.ts'
import type { Silence } from './silence.ts'

/** `failing`: the subscription's own credentials are refused, or can't be had; the sink knows nothing of it. */
type Pair = { lastDelivered?: Delivered; lastFailure?: Failed; failing?: SinkHealth['failing'] }

export type FilterErrors = { count: number; message: string; time: number }

/** The latest event that was not sent, as it would not be valid, and how many there were. */
export type FormatErrors = { count: number; reason: string; message: string; time: number }

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
  private readonly silences = new Map<string, Silence | undefined>()
  private readonly errors = new Map<string, FilterErrors>()
  private readonly invalid = new Map<string, FormatErrors>()

  /** Whether the attempt turned the sink's health, or it fails for another reason than before, so that conditions have to be told at once. */
  attempted(attempt: AttemptRecord): boolean {
    const health = this.healthToWrite(attempt.sink)
    const pair = this.pairToWrite(attempt.subscriptionUid, attempt.sink)
    if (attempt.isOwn) return this.refusedOwn(attempt, pair)
    const before = isFailing(health)
    const reasonBefore = health.failing?.reason
    if (attempt.outcome === 'delivered') {
      const first = health.lastDelivered === undefined
      health.lastDelivered = { ...attempt, httpStatus: attempt.httpStatus ?? 0 }
      pair.lastDelivered = health.lastDelivered
      health.failures = 0
      delete health.failing
      const wasRefused = pair.failing !== undefined
      delete pair.failing
      return before || first || wasRefused
    }
    health.lastFailure = attempt
    pair.lastFailure = attempt
    // A refused event is not the sink's fault: the sink answered.
    const { outcome } = attempt
    if ((outcome === 'dead' && !attempt.rests) || outcome === 'shrink' || outcome === 'split') return false
    health.failures += 1
    const { reason, message, rests } = attempt
    const since = health.failing?.since ?? attempt.time
    // Of a sink that rests, what made it rest says more than what else failed meanwhile.
    if (rests || !health.failing?.rests) health.failing = { since, reason, message, rests }
    return before !== isFailing(health) || (before && reasonBefore !== health.failing.reason)
  }

  /** A subscription's own credentials were refused, or could not be had. */
  private refusedOwn(attempt: AttemptRecord, pair: Pair): boolean {
    const { time, reason, message } = attempt
    const before = pair.failing
    pair.lastFailure = attempt
    pair.failing = { since: before?.since ?? time, reason, message, rests: true }
    return before?.reason !== reason || before.message !== message
  }

  /** An event that can't go to the sink at all: the sink knows nothing of it, and is as well as before. */
  undeliverable(failed: Failed, subscriptionUid: string): void {
    this.healthToWrite(failed.sink).lastFailure = failed
    this.pairToWrite(subscriptionUid, failed.sink).lastFailure = failed
  }

  /** What an earlier process told in the statuses, so that a restart doesn't forget it. What is known better stays. */
  seed(subscriptionUid: string, sink: string, pair: Pair): void {
    const known = this.pair(subscriptionUid, sink)
    this.pairs.set(`${subscriptionUid} ${sink}`, { ...pair, ...known })
  }

  seedSink(sink: string, health: Partial<SinkHealth>): void {
    this.sinks.set(sink, { failures: 0, ...health, ...this.sinks.get(sink) })
  }

  seedErrors(subscriptionUid: string, { filter, format }: { filter?: FilterErrors; format?: FormatErrors }): void {
    if (filter && !this.errors.has(subscriptionUid)) this.errors.set(subscriptionUid, filter)
    if (format && !this.invalid.has(subscriptionUid)) this.invalid.set(subscriptionUid, format)
  }

  /** Forgets that a sink rests: its spec or Secret changed, or it was asked by requestedAt. */
  revive(sink: string): void {
    const health = this.sinks.get(sink)
    if (health?.failing) health.failing.rests = false
  }

  /** True where that ends a silence. */
  matched(subscriptionUid: string, match: LastMatched): boolean {
    this.matches.set(subscriptionUid, match)
    const wasSilent = this.silences.get(subscriptionUid) !== undefined
    if (wasSilent) this.silences.set(subscriptionUid, undefined)
    return wasSilent
  }

  /** Whether a subscription was found silent, when that was last judged. */
  judged(subscriptionUid: string, silence: Silence | undefined): void {
    this.silences.set(subscriptionUid, silence)
  }

  /** 'unknown' before anybody judged. */
  silence(subscriptionUid: string): Silence | undefined | 'unknown' {
    return this.silences.has(subscriptionUid) ? this.silences.get(subscriptionUid) : 'unknown'
  }

  /** True when it is the first error since the last `forgive`. */
  filterFailed(subscriptionUid: string, message: string, time: number): boolean {
    const known = this.errors.get(subscriptionUid)
    this.errors.set(subscriptionUid, { count: (known?.count ?? 0) + 1, message, time })
    return known === undefined
  }

  /** True when it is the first since the last `forgive`, or has another reason than the one before. */
  formatFailed(subscriptionUid: string, failed: FormatErrors): boolean {
    const known = this.invalid.get(subscriptionUid)
    this.invalid.set(subscriptionUid, { ...failed, count: (known?.count ?? 0) + failed.count })
    return known?.reason !== failed.reason
  }

  /** A new filter, and new formats, start without errors. */
  forgive(subscriptionUid: string): void {
    this.errors.delete(subscriptionUid)
    this.invalid.delete(subscriptionUid)
  }

  /** A deleted sink: one of its name starts anew. What subscriptions were told of it stays, where `pairs` is false. */
  forgetSink(sink: string, pairs: boolean): void {
    this.sinks.delete(sink)
    if (pairs) for (const key of this.pairs.keys()) if (key.endsWith(` ${sink}`)) this.pairs.delete(key)
  }

  forget(subscriptionUid: string): void {
    this.matches.delete(subscriptionUid)
    this.silences.delete(subscriptionUid)
    this.errors.delete(subscriptionUid)
    this.invalid.delete(subscriptionUid)
    for (const key of this.pairs.keys()) if (key.startsWith(`${subscriptionUid} `)) this.pairs.delete(key)
  }

  health(sink: string): Readonly<SinkHealth> {
    return this.sinks.get(sink) ?? { failures: 0 }
  }

  pair(subscriptionUid: string, sink: string): Readonly<Pair> {
    return this.pairs.get(`${subscriptionUid} ${sink}`) ?? {}
  }

  private healthToWrite(sink: string): SinkHealth {
    return getOrSet(this.sinks, sink, { failures: 0 })
  }

  private pairToWrite(subscriptionUid: string, sink: string): Pair {
    return getOrSet(this.pairs, `${subscriptionUid} ${sink}`, {})
  }

  lastMatched(subscriptionUid: string): LastMatched | undefined {
    return this.matches.get(subscriptionUid)
  }

  filterErrors(subscriptionUid: string): FilterErrors | undefined {
    return this.errors.get(subscriptionUid)
  }

  formatErrors(subscriptionUid: string): FormatErrors | undefined {
    return this.invalid.get(subscriptionUid)
  }
}

export const isFailing = (health: SinkHealth): boolean =>
  health.failing?.rests === true || health.failures >= failingAfter

function getOrSet<T>(map: Map<string, T>, key: string, blank: T): T {
  const known = map.get(key) ?? blank
  map.set(key, known)
  return known
}
