import { setImmediate } from 'node:timers/promises'
import { pause } from '../kube/backoff.ts'
import { lengthOf } from '../outbox/event-bytes.ts'
import type { Row } from '../outbox/outbox.ts'
import { keptText } from './answer-text.ts'
import type { Answer } from './attempt.ts'
import { BatchSize } from './batch-size.ts'
import { Bell, ringAtChanges } from './bell.ts'
import type { Moment } from './clock.ts'
import { type Conclusion, conclude } from './conclude.ts'
import { decide } from './decide.ts'
import { deliverBatch, type Learn } from './deliver-batch.ts'
import type { DeliveryDeps } from './delivery-deps.ts'
import { OwnRests } from './own-rests.ts'
import { type RowAccess, rowAccess } from './row-access.ts'
import { sendRows } from './send-rows.ts'
import { Settler } from './settler.ts'
import { isPast, type SinkRuntime } from './sink.ts'
import { concernsCredentials, SinkAccess } from './sink-access.ts'
import { noQuota, type SinkQuota, sinkQuota } from './sink-quota.ts'
import { SinkStanding } from './sink-standing.ts'
import { soon } from './soon.ts'
import { withoutSuspension } from './suspensions.ts'
import { type Turn, takeBatches, takeRows } from './turn.ts'
import { Waiting } from './waiting.ts'
import { type Way, Ways } from './ways.ts'

/** Looks at the outbox, and at the clocks, at least so often. */
const longestSleepMs = 30_000
/** After an error of the outbox. */
const restMs = 1000

/** Claim → send → decide → settle → record, for one sink; what is under way at the end gets to its end, or is handed back. */
export class SinkDelivery implements AsyncDisposable {
  private readonly key: string
  private readonly deps: DeliveryDeps
  private readonly bell = new Bell()
  private readonly settler: Settler
  private readonly standing: SinkStanding
  private readonly quota: SinkQuota
  private readonly stopping = new AbortController()
  private readonly calledOff = new AbortController()
  private readonly underWay = new Set<Row>()
  /** Requests under way: of a batch sink they are fewer than its rows. */
  private requests = 0
  private readonly size = new BatchSize()
  private readonly ways: Ways
  private followers: Promise<unknown>[] = []
  private readonly access: SinkAccess
  private readonly own: OwnRests
  private readonly waiting: Waiting

  constructor(key: string, deps: DeliveryDeps) {
    this.key = key
    this.deps = deps
    const { outbox, now } = deps
    const failed = (error: unknown) => deps.failed(error)
    this.ways = new Ways((sink) => deps.transport(sink), failed)
    this.access = new SinkAccess((fresh) => deps.access(fresh), failed)
    this.settler = new Settler({ outbox, now, failed, sleep: this.sleep, settled: () => this.bell.ring() })
    this.standing = new SinkStanding(key, deps)
    this.quota = deps.quota ? sinkQuota(key, () => this.bell.ring(), deps.quota) : noQuota
    this.own = new OwnRests(key, deps)
    this.waiting = new Waiting(key, {
      outbox,
      standing: this.standing,
      settler: this.settler,
      settle: (conclusion) => this.settle(conclusion),
      missingMaxAgeMs: () => deps.missingMaxAgeMs(),
    })
  }

  async run(signal: AbortSignal): Promise<void> {
    const stop = () => {
      this.stopping.abort()
      this.bell.ring()
    }
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    this.followers = ringAtChanges(this.key, this.deps, this.bell, this.stopping.signal)
    while (!signal.aborted) {
      const ms = this.next()
      await (ms === undefined ? this.bell.rung() : this.bell.rungWithin(Math.min(ms, longestSleepMs), this.sleep))
      // What happens in one turn of the event loop is taken together.
      await setImmediate()
    }
    signal.removeEventListener('abort', stop)
    if (this.deps.sendsLast?.() ?? true) this.next(true)
  }

  /**
   * Claims what may go now; gives the ms until there is something to do again, undefined where only a ring tells. `last`: only what waits for
   * others to go with it.
   */
  private next(last = false): number | undefined {
    try {
      const moment = this.moment()
      const sink = this.standing.see(moment)
      const { missingSince } = this.standing.current
      if (last && !sink?.batch) return undefined
      if (missingSince !== undefined) return this.waiting.forSink(moment, missingSince)
      if (!sink) return undefined
      return earliest(this.waiting.forGrants(moment), this.own.wake(moment.clock), this.send(moment, sink, last))
    } catch (error) {
      this.deps.failed(error)
      return restMs
    }
  }

  private send(moment: Moment, sink: SinkRuntime, last: boolean): number | undefined {
    const { deps, key, quota, standing } = this
    const turn: Turn = { key, outbox: deps.outbox, quota, moment, sink, gate: () => standing.current.gate }
    if (!sink.batch) {
      const launch = (rows: Row[]) => this.launch(rows, sink, rows.length, (way) => this.deliver(rows, sink, way))
      return takeRows(turn, () => this.occupied(), launch)
    }
    const { maxEvents } = sink.batch
    return takeBatches(
      turn,
      { ...sink.batch, isLast: last },
      {
        requests: () => this.requests + Math.ceil(this.settler.unsettled / maxEvents),
        bytes: () => this.size.of(sink),
        launch: (rows) => this.launch(rows, sink, 1, (way) => this.deliverBatch(rows, sink, way, last)),
      },
    )
  }

  private readonly moment = (): Moment => {
    const moment = this.standing.moment()
    if (moment.jump !== 0) this.waiting.reset()
    return moment
  }

  /** What a kill would repeat stays within the sink's concurrency: a row counts until it is durably settled. */
  private occupied(): number {
    return this.underWay.size + this.settler.unsettled
  }

  private launch(rows: Row[], sink: SinkRuntime, requests: number, deliver: (way: Way) => Promise<void>): void {
    for (const row of rows) this.underWay.add(row)
    try {
      const way = this.ways.enter(sink, requests)
      this.requests += requests
      this.quota.begin(requests, lengthOfRows(rows))
      this.standing.begin(rows.length, requests)
      void deliver(way)
    } catch (error) {
      for (const row of rows) this.release(row)
      throw error
    }
  }

  private async deliver(rows: Row[], sink: SinkRuntime, way: Way): Promise<void> {
    const accessOf = rowAccess(...(await Promise.all([this.access.read(), this.own.read(rows)])))
    // The sink may have been suspended, or the operator told to stop, while a Secret was read.
    const off = this.stopping.signal.aborted || this.deps.sink()?.suspend !== false
    for (const row of rows) {
      if (!off) void this.attempt(row, sink, way, accessOf(row))
      else {
        this.release(row)
        this.leave(way, [row])
      }
    }
  }

  private async attempt(row: Row, sink: SinkRuntime, way: Way, of: RowAccess): Promise<void> {
    const { calledOff, moment, standing } = this
    try {
      const context = { standing, moment, transport: way.transport, signal: calledOff.signal }
      const answer = await sendRows([row], sink, of, context)
      if (answer.kind === 'failure' && answer.class === 'Aborted') this.release(row)
      else this.end(row, sink, answer, of)
    } catch (error) {
      this.deps.failed(error)
      this.release(row)
    } finally {
      this.leave(way, [row])
      this.bell.ring()
    }
  }

  private async deliverBatch(rows: Row[], sink: SinkRuntime, way: Way, last: boolean): Promise<void> {
    const { deps, moment, standing, size, stopping } = this
    try {
      await deliverBatch(rows, sink, {
        deps,
        standing,
        size,
        transport: way.transport,
        accessOf: rowAccess(...(await Promise.all([this.access.read(), this.own.read(rows)]))),
        signal: this.calledOff.signal,
        isOver: (sent) => (stopping.signal.aborted && (!last || sent > 0)) || isPast(sink, deps.sink()),
        moment,
        learn: (...args) => this.learn(...args),
        settle: (conclusion) => {
          if (this.underWay.delete(conclusion.settlement.row)) this.settle(conclusion)
        },
        handBack: (settlement) => {
          if (this.underWay.delete(settlement.row)) this.settler.add(settlement)
        },
      })
    } catch (error) {
      deps.failed(error)
    } finally {
      for (const row of rows) this.release(row)
      this.leave(way, rows)
      this.bell.ring()
    }
  }

  private end(row: Row, sink: SinkRuntime, answer: Answer, of: RowAccess): void {
    const moment = this.moment()
    const outcome = decide(answer, {
      attempts: row.attempts,
      firstAttempt: withoutSuspension(row.firstAttempt, this.standing.current.suspensions),
      now: moment.now,
      random: this.deps.random,
      retry: sink.retry,
      canShrink: row.event.summary !== undefined,
    })
    const { isCurrent, circumstances } = this.learn(row, answer, outcome, sink, moment, of)
    if (!this.underWay.delete(row)) return
    this.settle(conclude(row, answer, isCurrent ? outcome : soon(outcome, moment.now), circumstances))
  }

  /** An answer to what the sink's spec was before says nothing of what it is now. */
  private learn(...[row, answer, outcome, sink, moment, { sent, isOwn }]: Parameters<Learn>): ReturnType<Learn> {
    const isCurrent = sink.epoch === this.standing.current.epoch
    const { subscriptionUid: uid } = row
    const isOfOwn = isOwn && concernsCredentials(answer)
    let restsUntil: number | undefined
    if (isOfOwn) restsUntil = this.own.learn(uid, outcome, sink, moment)
    else if (isCurrent) restsUntil = this.standing.learn(outcome, sink, moment)
    if (!isOwn) this.access.answered(answer)
    else if (!isOfOwn) this.own.worked(uid)
    const text = answer.kind === 'response' && outcome.kind === 'dead' ? keptText(answer.text, sent) : undefined
    return { isCurrent, circumstances: { now: moment.now, restsUntil, parking: sink.parking, text, isOwn: isOfOwn } }
  }

  private settle({ settlement, record }: Conclusion): void {
    this.settler.add(settlement)
    if (settlement.kind === 'dead' && settlement.park !== undefined) this.deps.parked(settlement.park)
    this.deps.record(record)
  }

  private leave(way: Way, rows: readonly Row[]): void {
    this.requests -= 1
    this.quota.end(1, lengthOfRows(rows))
    this.ways.leave(way)
  }

  private release(row: Row): void {
    if (this.underWay.delete(row)) this.settler.add({ kind: 'release', row })
  }

  private readonly sleep = (ms: number, signal: AbortSignal): Promise<void> => (this.deps.sleep ?? pause)(ms, signal)

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopping.abort()
    await this.underWayEnds()
    this.calledOff.abort()
    await setImmediate()
    for (const row of this.underWay) this.release(row)
    // How long it rests, and what time it is, are worth being exact about at the end.
    if (this.deps.outbox.size(this.key) > 0) this.standing.keep(this.moment())
    await Promise.all([this.settler.close(), this.standing.close()])
    this.own.close()
    await this.ways[Symbol.asyncDispose]()
    this.quota.close()
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

const lengthOfRows = (rows: readonly Row[]): number => rows.reduce((sum, { event }) => sum + lengthOf(event), 0)

function earliest(...times: (number | undefined)[]): number | undefined {
  const least = Math.min(...times.map((ms) => ms ?? Number.POSITIVE_INFINITY))
  return least === Number.POSITIVE_INFINITY ? undefined : least
}
