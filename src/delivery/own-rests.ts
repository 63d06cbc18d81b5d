import type { Verdict } from '../api/verdict.ts'
import type { Outbox, Row } from '../outbox/outbox.ts'
import type { Outcome } from './attempt.ts'
import { type Breaker, closed, onOutcome, wasDown } from './breaker.ts'
import type { Moment } from './clock.ts'
import type { DeliveryDeps } from './delivery-deps.ts'
import type { SinkRuntime } from './sink.ts'

export type OwnRestsDeps = Pick<DeliveryDeps, 'ownCredentials' | 'failed' | 'random'> & {
  outbox: Pick<Outbox, 'withholding' | 'retryNow'>
}

/**
 * The credentials that subscriptions have of their own for one sink. What a sink refuses of one of them is no trouble of the sink: that
 * subscription alone rests, by the rules of a sink's breaker, and its rows are withheld meanwhile.
 */
export class OwnRests {
  private readonly key: string
  private readonly deps: OwnRestsDeps
  private readonly breakers = new Map<string, Breaker>()
  private readonly refused = new Set<string>()

  constructor(key: string, deps: OwnRestsDeps) {
    this.key = key
    this.deps = deps
  }

  /** The values of Authorization for these rows, by subscription uid, of those that have their own. Never rejects. */
  async read(rows: readonly Row[]): Promise<ReadonlyMap<string, Verdict<string>>> {
    const found = new Map<string, Verdict<string>>()
    const { failed, ownCredentials } = this.deps
    if (!ownCredentials) return found
    const firsts = new Map(rows.map((row) => [row.subscriptionUid, row]))
    await Promise.all(
      [...firsts].map(async ([uid, row]) => {
        try {
          const value = await ownCredentials(row, this.refused.has(uid))
          if (value) found.set(uid, value)
          if (value?.ok) this.refused.delete(uid)
        } catch (error) {
          failed(error)
          const message = 'The credentials of the subscription could not be read; it is tried again.'
          found.set(uid, { ok: false, reason: 'SecretUnreadable', message })
        }
      }),
    )
    return found
  }

  /** Takes what came of an attempt with own credentials, where it says something of them: gives until when (ms) the subscription rests. */
  learn(uid: string, outcome: Outcome, sink: SinkRuntime, { now, clock }: Moment): number | undefined {
    const breaker = onOutcome(this.breakers.get(uid) ?? closed, outcome, clock, this.deps.random, sink.retry)
    this.breakers.set(uid, breaker)
    this.refused.add(uid)
    if (breaker.kind !== 'resting') return undefined
    this.deps.outbox.withholding.rest(this.key, uid, 'rests')
    return now + Math.ceil(Math.max(0, breaker.until - clock))
  }

  /** The sink has taken them, or failed for another reason. */
  worked(uid: string): void {
    const breaker = this.breakers.get(uid)
    if (!breaker) return
    this.breakers.delete(uid)
    this.deps.outbox.withholding.rest(this.key, uid, 'well')
    if (wasDown(breaker)) this.deps.outbox.retryNow(this.key).catch((error: unknown) => this.deps.failed(error))
  }

  /** Nobody rests any more: who delivers next finds out anew. */
  close(): void {
    for (const uid of this.breakers.keys()) this.deps.outbox.withholding.rest(this.key, uid, 'well')
    this.breakers.clear()
  }

  /** Lets those go whose rest is over; gives the ms until the next one is. */
  wake(clock: number): number | undefined {
    let next: number | undefined
    for (const [uid, breaker] of this.breakers) {
      if (breaker.kind !== 'resting') continue
      if (breaker.until <= clock) this.deps.outbox.withholding.rest(this.key, uid, 'tried')
      else next = Math.min(next ?? Number.POSITIVE_INFINITY, breaker.until - clock)
    }
    return next
  }
}
