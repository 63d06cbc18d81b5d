import { pause } from '../kube/backoff.ts'
import type { Outcome } from './attempt.ts'
import { type Moment, watchClocks } from './clock.ts'
import type { DeliveryDeps } from './delivery-deps.ts'
import { after, agreed, atTime, begin, untilRequest } from './gate.ts'
import { Keeper } from './keeper.ts'
import { writeMemory } from './memory.ts'
import type { SinkRuntime } from './sink.ts'
import { afterJump, isSameKind, look, memoryOf, noteWithheld, recall, type Standing, wasSetBack } from './standing.ts'
import type { Agreement } from './validation.ts'

/** A rest that a sink asked for and that is shorter is over before another process has started. */
const leastKeptRestMs = 1000

/** How one sink stands from moment to moment, and from one process to the next: what turns is written down. */
export class SinkStanding {
  private readonly key: string
  private readonly deps: DeliveryDeps
  private readonly keeper: Keeper
  private readonly clocks: () => Moment
  private standing: Standing
  /** Whether the wall clock was set back while no process ran. */
  private readonly setBack: boolean
  private looked = false

  constructor(key: string, deps: DeliveryDeps) {
    this.key = key
    this.deps = deps
    const { outbox, now, failed, monotonic = () => performance.now(), sleep = pause } = deps
    const kept = outbox.gates().get(key)
    this.keeper = new Keeper(key, kept, { outbox, failed, sleep })
    this.clocks = watchClocks(now, monotonic)
    const moment = this.clocks()
    this.standing = recall(kept, moment)
    this.setBack = wasSetBack(kept, moment)
  }

  /** As of the last look. */
  get current(): Standing {
    return this.standing
  }

  /** Both clocks as they are. Rows that were put off by a clock which has since been set back would wait for that much longer. */
  moment(): Moment {
    const moment = this.clocks()
    if (moment.jump === 0) return moment
    this.become(afterJump(this.standing, moment), moment)
    if (moment.jump < 0) this.retryNow()
    return moment
  }

  /** Looks at the sink; gives it if it may be sent to. */
  see(moment: Moment): SinkRuntime | undefined {
    const sink = this.deps.sink()
    const seen = sink ? ({ kind: 'present', sink } as const) : { kind: this.deps.absent() }
    const { standing, wakes } = look(this.standing, seen, moment)
    const uids = this.deps.outbox.withholding.of(this.key)
    const withheld = sink ? noteWithheld(this.standing, uids, moment.now) : standing.withheld
    this.become({ ...standing, withheld }, moment)
    if (wakes || (sink && this.isPutOffTooFar(sink, moment.now))) this.retryNow()
    return sink?.suspend ? undefined : sink
  }

  /** So many events go, in so many requests. */
  begin(events: number, requests: number): void {
    this.standing = { ...this.standing, gate: begin(this.standing.gate, events, requests) }
  }

  /** Whether one more request now would be more than the sink has allowed. */
  isAtRate(sink: SinkRuntime, { clock }: Moment): boolean {
    return untilRequest(atTime(this.standing.gate, sink, clock)) > 0
  }

  /** The sink was asked, and has agreed: the one request that waited for it goes. */
  agreed(agreement: Agreement, moment: Moment): void {
    this.become({ ...this.standing, gate: agreed(this.standing.gate, agreement, moment.clock) }, moment)
  }

  /** Takes an outcome in; gives the time (ms since the epoch) until which the sink rests, if it does. */
  learn(outcome: Outcome, sink: SinkRuntime, moment: Moment): number | undefined {
    const { now, clock } = moment
    const restFor = outcome.kind === 'retry' && outcome.restUntil !== undefined ? outcome.restUntil - now : undefined
    const clockwork = { now: clock, random: this.deps.random }
    const { gate, recovered } = after(this.standing.gate, outcome, sink, clockwork, restFor)
    this.become({ ...this.standing, gate }, moment, (restFor ?? 0) >= leastKeptRestMs)
    if (recovered) this.retryNow()
    return gate.breaker.kind === 'resting' ? now + Math.ceil(Math.max(0, gate.breaker.until - clock)) : undefined
  }

  /** Writes down how it stands now, though nothing has turned. */
  keep(moment: Moment): void {
    this.become(this.standing, moment, true)
  }

  /** Nothing is worth remembering. */
  forget(): void {
    this.keeper.keep(undefined)
  }

  /** Writes what is left to be written. */
  close(): Promise<void> {
    return this.keeper.close()
  }

  private become(standing: Standing, moment: Moment, keep = false): void {
    const isNews = keep || !isSameKind(standing, this.standing)
    this.standing = standing
    if (isNews) this.keeper.keep(writeMemory(memoryOf(standing, moment)))
  }

  /** A clock that was set back while no process ran shows by times that are later than now, or than any that would have been written. */
  private isPutOffTooFar(sink: SinkRuntime, now: number): boolean {
    if (this.looked) return false
    const { outbox } = this.deps
    const next = outbox.nextAttempt(this.key)
    const isTooFar = this.setBack || (next ?? 0) > now + sink.retry.maxDelayMs
    // Where there are rows and nothing is said of them, a commit is on its way.
    this.looked = isTooFar || next !== undefined || outbox.size(this.key) === 0
    return isTooFar
  }

  private retryNow(): void {
    this.deps.outbox.retryNow(this.key).catch((error: unknown) => this.deps.failed(error))
  }
}
