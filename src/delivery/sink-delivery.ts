import { setImmediate } from 'node:timers/promises'
import { refuse, type Verdict } from '../api/verdict.ts'
import { pause } from '../kube/backoff.ts'
import type { Row } from '../outbox/outbox.ts'
import type { Answer, Outcome } from './attempt.ts'
import { Bell } from './bell.ts'
import { conclude } from './conclude.ts'
import { decide } from './decide.ts'
import { after, atTime, begin, free, type Gate, openGate, untilFree } from './gate.ts'
import { Settler } from './settler.ts'
import type { SinkRuntime } from './sink.ts'
import { neverSuspended, note, type Suspensions, withoutSuspension } from './suspensions.ts'
import { type Way, Ways } from './ways.ts'
import type { DeliveryDeps } from './worker.ts'

/** Looks at the outbox at least so often, should the wall clock have been set. */
const longestSleepMs = 30_000
/** After an error of the outbox. */
const restMs = 1000

/** The delivery to one sink while it runs: owns its transport and its attempts under way. */
export class SinkDelivery implements AsyncDisposable {
  private readonly key: string
  private readonly deps: DeliveryDeps
  private readonly bell = new Bell()
  private readonly settler: Settler
  private readonly stopping = new AbortController()
  private readonly calledOff = new AbortController()
  private readonly underWay = new Set<Row>()
  private readonly ways: Ways
  private followers: Promise<unknown>[] = []
  private epoch: string | undefined
  private gate: Gate = openGate
  private suspensions: Suspensions = neverSuspended
  private credentialsRefused = false

  constructor(key: string, deps: DeliveryDeps) {
    this.key = key
    this.deps = deps
    const { outbox, now } = deps
    const failed = (error: unknown) => deps.failed(error)
    this.ways = new Ways((sink) => deps.transport(sink), failed)
    this.settler = new Settler({ outbox, now, failed, sleep: this.sleep, settled: () => this.bell.ring() })
  }

  async run(signal: AbortSignal): Promise<void> {
    const stop = () => {
      this.stopping.abort()
      this.bell.ring()
    }
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    this.followers = [this.followOutbox(), this.followSink()]
    while (!signal.aborted) await this.pause(this.next())
    signal.removeEventListener('abort', stop)
  }

  /** Claims what may go now; gives the ms until there is something to do again, undefined where only a ring tells. */
  private next(): number | undefined {
    try {
      const now = this.deps.now()
      const sink = this.current(now)
      if (!sink) return undefined
      const clock = this.monotonic()
      this.gate = atTime(this.gate, sink, clock)
      const places = free(this.gate, sink, clock, this.occupied())
      if (places === 0) return untilFree(this.gate, sink, clock, this.occupied())
      const rows = this.deps.outbox.claim(this.key, places, now)
      if (rows.length > 0) this.launch(rows, sink)
      if (rows.length === places) return untilFree(this.gate, sink, clock, this.occupied())
      const due = this.deps.outbox.nextAttempt(this.key)
      return due === undefined ? undefined : Math.max(1, due - now)
    } catch (error) {
      this.deps.failed(error)
      return restMs
    }
  }

  /** What a kill would repeat stays within the sink's concurrency: a row counts until it is durably settled. */
  private occupied(): number {
    return this.underWay.size + this.settler.unsettled
  }

  /** The sink, if it may be sent to. A new epoch opens the gate, and makes what waits due. */
  private current(now: number): SinkRuntime | undefined {
    const sink = this.deps.sink()
    this.suspensions = note(this.suspensions, sink === undefined || sink.suspend, now)
    if (!sink) return undefined
    if (sink.epoch !== this.epoch) {
      if (this.epoch !== undefined) this.retryNow()
      this.epoch = sink.epoch
      this.gate = openGate
    }
    return sink.suspend ? undefined : sink
  }

  private launch(rows: Row[], sink: SinkRuntime): void {
    for (const row of rows) this.underWay.add(row)
    try {
      const way = this.ways.enter(sink, rows.length)
      this.gate = begin(this.gate, rows.length)
      void this.deliver(rows, sink, way)
    } catch (error) {
      for (const row of rows) this.release(row)
      throw error
    }
  }

  private async deliver(rows: Row[], sink: SinkRuntime, way: Way): Promise<void> {
    const headers = await this.headers()
    // The sink may have been suspended, or the operator told to stop, while a Secret was read.
    const off = this.stopping.signal.aborted || this.deps.sink()?.suspend !== false
    const bySubscription = new Map<string, Record<string, string>>()
    for (const row of rows) {
      if (off) this.handBack(row, way)
      else void this.attempt(row, sink, way, headers, bySubscription)
    }
  }

  private async attempt(
    row: Row,
    sink: SinkRuntime,
    way: Way,
    headers: Verdict<Record<string, string>>,
    shared: Map<string, Record<string, string>>,
  ): Promise<void> {
    try {
      const answer = headers.ok ? await this.send(row, way, headers.value, shared) : missing(headers.message)
      if (answer.kind === 'failure' && answer.class === 'Aborted') this.release(row)
      else this.end(row, sink, answer)
    } catch (error) {
      this.deps.failed(error)
      this.release(row)
    } finally {
      this.ways.leave(way)
      this.bell.ring()
    }
  }

  /** The rows of a batch under one subscription share their headers. */
  private send(
    row: Row,
    way: Way,
    common: Record<string, string>,
    shared: Map<string, Record<string, string>>,
  ): Promise<Answer> {
    let headers = shared.get(row.subscription)
    if (!headers) {
      headers = { ...common, 'carillon-subscription': row.subscription }
      shared.set(row.subscription, headers)
    }
    return way.transport.send(row.event, { headers, signal: this.calledOff.signal })
  }

  private end(row: Row, sink: SinkRuntime, answer: Answer): void {
    const { random, record } = this.deps
    const now = this.deps.now()
    const firstAttempt = withoutSuspension(row.firstAttempt, this.suspensions)
    const outcome = decide(answer, {
      attempts: row.attempts,
      firstAttempt,
      now,
      random,
      retry: sink.retry,
      canShrink: false,
    })
    const restsUntil = this.learn(outcome, sink, now)
    if (answer.kind === 'response') this.credentialsRefused = [401, 403, 407].includes(answer.status)
    // An answer to what the sink's spec was before says nothing of what it is now.
    const conclusion = conclude(row, answer, sink.epoch === this.epoch ? outcome : soon(outcome, now), now, restsUntil)
    if (!this.underWay.delete(row)) return
    this.settler.add(conclusion.settlement)
    record(conclusion.record)
  }

  /** Takes an outcome in; gives the time (ms since the epoch) until which the sink rests, if it does. */
  private learn(outcome: Outcome, sink: SinkRuntime, now: number): number | undefined {
    if (sink.epoch !== this.epoch) return undefined
    const clock = this.monotonic()
    const restFor = outcome.kind === 'retry' && outcome.restUntil !== undefined ? outcome.restUntil - now : undefined
    const { gate, recovered } = after(this.gate, outcome, sink, { now: clock, random: this.deps.random }, restFor)
    this.gate = gate
    if (recovered) this.retryNow()
    return gate.breaker.kind === 'resting' ? now + Math.ceil(Math.max(0, gate.breaker.until - clock)) : undefined
  }

  private async headers(): Promise<Verdict<Record<string, string>>> {
    try {
      const fresh = this.credentialsRefused
      this.credentialsRefused = false
      return await this.deps.headers(fresh)
    } catch (error) {
      this.deps.failed(error)
      return refuse('CredentialsUnreadable', 'The credentials of the sink could not be read; it is tried again.')
    }
  }

  private handBack(row: Row, way: Way): void {
    this.release(row)
    this.ways.leave(way)
  }

  private release(row: Row): void {
    if (this.underWay.delete(row)) this.settler.add({ kind: 'release', row })
  }

  private retryNow(): void {
    this.deps.outbox.retryNow(this.key).catch((error: unknown) => this.deps.failed(error))
  }

  private async followOutbox(): Promise<void> {
    const { outbox } = this.deps
    const { signal } = this.stopping
    let seen = outbox.version(this.key)
    while (!signal.aborted) {
      await outbox.changed(this.key, signal, seen)
      // Read before the ring: what changes after it is told by the next turn.
      seen = outbox.version(this.key)
      this.bell.ring()
      await setImmediate()
    }
  }

  private async followSink(): Promise<void> {
    const { signal } = this.stopping
    while (!signal.aborted) {
      await this.deps.sinkChanged(signal)
      this.bell.ring()
      await setImmediate()
    }
  }

  /** Until something rings, or `ms` have passed. What happens in one turn of the event loop is taken together. */
  private async pause(ms: number | undefined): Promise<void> {
    if (ms === undefined) await this.bell.rung()
    else await this.rungWithin(Math.min(ms, longestSleepMs))
    await setImmediate()
  }

  private async rungWithin(ms: number): Promise<void> {
    const timer = new AbortController()
    void this.sleep(ms, timer.signal).then(() => {
      if (!timer.signal.aborted) this.bell.ring()
    })
    await this.bell.rung()
    timer.abort()
  }

  private readonly monotonic = (): number => this.deps.monotonic?.() ?? performance.now()

  private readonly sleep = (ms: number, signal: AbortSignal): Promise<void> => (this.deps.sleep ?? pause)(ms, signal)

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopping.abort()
    await this.underWayEnds()
    this.calledOff.abort()
    await setImmediate()
    for (const row of this.underWay) this.release(row)
    await this.settler.close()
    await this.ways[Symbol.asyncDispose]()
    await Promise.all(this.followers)
  }

  /** All attempts have ended, or the grace is over. */
  private async underWayEnds(): Promise<void> {
    const grace = new AbortController()
    let over = false
    const passed = this.sleep(this.deps.graceMs, grace.signal).then(() => {
      over = true
      this.bell.ring()
    })
    while (this.underWay.size > 0 && !over) await this.bell.rung()
    grace.abort()
    await passed
  }
}

const missing = (message: string): Answer => ({ kind: 'failure', class: 'CredentialsMissing', message, durationMs: 0 })

const soon = (outcome: Outcome, now: number): Outcome => ('at' in outcome ? { ...outcome, at: now } : outcome)
