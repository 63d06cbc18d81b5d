import assert from 'node:assert/strict'
import { sinkDefaults } from '../../src/api/defaults.ts'
import { accept, type Verdict } from '../../src/api/verdict.ts'
import type { Access } from '../../src/delivery/access.ts'
import type { AttemptRecord } from '../../src/delivery/attempt.ts'
import type { DeliveryDeps } from '../../src/delivery/delivery-deps.ts'
import { compileEgress } from '../../src/delivery/egress.ts'
import type { SinkRuntime } from '../../src/delivery/sink.ts'
import type { Quota } from '../../src/delivery/sink-quota.ts'
import { httpTransport } from '../../src/delivery/transports/http.ts'
import type { NewRow, Outbox } from '../../src/outbox/outbox.ts'
import { deliver } from '../../src/pipeline.ts'
import { MemoryOutbox } from '../outbox/memory/memory.ts'
import { Clock } from './clock.ts'
import { eventOf } from './events.ts'

export const sinkKey = 'team-a/qe'
const hour = 3_600_000

export type RunningOptions = {
  clock?: Clock
  /** The wall clock, where it is not to be that one. */
  wall?: () => number
  outbox?: Outbox
  sink?: Partial<SinkRuntime>
  random?: () => number
  graceMs?: number
  /** Whether what waits for company goes at the end. */
  sendsLast?: boolean
  /** Of the sink; `sinkKey` when left out. */
  key?: string
  /** There is no sink to begin with. */
  absent?: boolean
  headers?: (fresh: boolean) => Promise<Verdict<Record<string, string>>>
  /** What namespaces may have. */
  quota?: Quota
  /** Of subscriptions (`namespace/name`): undefined where one has none. */
  own?: (subscription: string, fresh: boolean) => Verdict<string> | undefined
  /** Certificates and signatures. */
  access?: Omit<Access, 'headers'>
}

/** Rows of one object, in order. */
export const rowsOf = (object: string, ids: string[], subscription = 'team-a/builds', sink = sinkKey): NewRow[] =>
  ids.map((id) => ({
    sink,
    subscription,
    subscriptionUid: `uid of ${subscription}`,
    objectUid: object,
    namespace: 'team-a',
    written: 0,
    event: eventOf(id),
  }))

/** The delivery to one sink, with real sockets and a clock that a test moves. */
export class Running implements AsyncDisposable {
  readonly clock: Clock
  readonly outbox: Outbox
  readonly records: AttemptRecord[] = []
  readonly errors: unknown[] = []
  readonly freshness: boolean[] = []
  readonly parked: string[] = []
  private whyAbsent: 'missing' | 'unusable' = 'missing'
  private sink: SinkRuntime | undefined
  private known: SinkRuntime
  private readonly stopping = new AbortController()
  private readonly key: string
  private readonly done: Promise<void>
  private changed: (() => void)[] = []
  private waiting: (() => void)[] = []

  constructor(url: string, options: RunningOptions = {}) {
    this.clock = options.clock ?? new Clock()
    this.outbox = options.outbox ?? new MemoryOutbox({ now: options.wall ?? this.clock.now })
    const retry = { maxAgeMs: 72 * hour, initialDelayMs: 1000, maxDelayMs: hour }
    const limits = { timeoutMs: 10_000, concurrency: 4, suspend: false }
    this.key = options.key ?? sinkKey
    this.known = { key: this.key, epoch: '1', url, mode: 'binary', ...limits, retry, ...options.sink }
    this.sink = options.absent ? undefined : this.known
    this.done = deliver(this.key, this.deps(options), this.stopping.signal)
  }

  private deps({
    wall,
    random = () => 1,
    graceMs = 5000,
    headers = async () => accept({}),
    access = {},
    own,
    quota,
    sendsLast = true,
  }: RunningOptions): DeliveryDeps {
    const egress = compileEgress({ allowCidrs: ['127.0.0.0/8'] })
    assert.ok(egress.ok)
    return {
      outbox: this.outbox,
      sink: () => this.sink,
      absent: () => this.whyAbsent,
      missingMaxAgeMs: () => sinkDefaults.retry.maxAge,
      sinkChanged: (signal) =>
        new Promise((resolve) => {
          this.changed.push(resolve)
          signal.addEventListener('abort', () => resolve(), { once: true })
        }),
      transport: (sink) => httpTransport({ ...sink, connections: sink.concurrency, egress: egress.value }),
      access: async (fresh) => {
        this.freshness.push(fresh)
        const given = await headers(fresh)
        return given.ok ? accept({ headers: given.value, ...access }) : given
      },
      quota,
      ownCredentials: ({ subscription }, fresh) => {
        const found = own?.(subscription, fresh)
        return found && Promise.resolve(found)
      },
      sendsLast: () => sendsLast,
      parked: (parking) => this.parked.push(parking),
      record: (attempt) => {
        this.records.push(attempt)
        for (const wake of this.waiting.splice(0)) wake()
      },
      failed: (error) => this.errors.push(error),
      now: wall ?? this.clock.now,
      monotonic: this.clock.now,
      sleep: this.clock.sleep,
      random,
      graceMs,
    }
  }

  enqueue(...rows: NewRow[]): Promise<void> {
    return this.outbox.commit({ watch: 'TaskRun', records: [], forget: [], rows, dead: [], counts: [] })
  }

  /** Undefined takes the sink away. */
  change(sink: Partial<SinkRuntime> | undefined, whyAbsent: 'missing' | 'unusable' = 'missing'): void {
    this.sink = sink && { ...this.known, ...sink }
    this.known = this.sink ?? this.known
    this.whyAbsent = whyAbsent
    for (const wake of this.changed.splice(0)) wake()
  }

  /** Lets so much time pass once nothing is under way, and what follows of it happen. */
  async pass(ms: number): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    this.clock.advance(ms)
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }

  /** Resolves once so many attempts are on record. */
  async recorded(count: number): Promise<AttemptRecord[]> {
    while (this.records.length < count) await new Promise<void>((resolve) => this.waiting.push(resolve))
    return this.records
  }

  /** Resolves once no row is left. */
  async emptied(): Promise<void> {
    while (this.outbox.size(this.key) > 0) await this.outbox.changed(this.key, AbortSignal.timeout(5))
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    await this.done
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
