import type { Outbox } from '../outbox/outbox.ts'
import type { Moment } from './clock.ts'
import type { Conclusion } from './conclude.ts'
import { sortByAge } from './missing.ts'
import type { Settler } from './settler.ts'
import type { SinkStanding } from './sink-standing.ts'

export type WaitingDeps = {
  outbox: Pick<Outbox, 'claim' | 'nextAttempt' | 'size' | 'withholding'>
  standing: SinkStanding
  settler: Pick<Settler, 'add' | 'unsettled'>
  settle(conclusion: Conclusion): void
  missingMaxAgeMs(): number
}

/** Rows that are looked at in one go. */
const sweepRows = 256
/** When all that is withheld is under way still. */
const soonMs = 1000

/** Rows that nothing is tried for: their sink is missing, or does not let their subscription in. With time they become dead letters. */
export class Waiting {
  private readonly key: string
  private readonly deps: WaitingDeps
  /** When rows have to be looked at again. */
  private sweepAt = 0
  private withheldAt = 0
  private withheld: unknown

  constructor(key: string, deps: WaitingDeps) {
    this.key = key
    this.deps = deps
  }

  /** The clock was set. */
  reset(): void {
    this.sweepAt = 0
    this.withheldAt = 0
  }

  /** For a sink that is not there since that time; gives the ms until there is something to do again, as `next` does. */
  forSink(moment: Moment, since: number): number | undefined {
    const { outbox, settler, standing } = this.deps
    const { now } = moment
    if (settler.unsettled > 0) return undefined
    if (outbox.size(this.key) === 0) {
      standing.forget()
      return undefined
    }
    if (now < this.sweepAt) return this.sweepAt - now
    // Since when is only worth remembering while there are rows.
    standing.keep(moment)
    const rows = outbox.claim(this.key, sweepRows, now)
    if (rows.length === 0) return Math.max(1, (outbox.nextAttempt(this.key) ?? now) - now)
    this.sweepAt = this.sort(rows, since, now) ?? 0
    return undefined
  }

  /** For a sink that does not let some subscriptions in. */
  forGrants({ now }: Moment): number | undefined {
    const { outbox, settler, standing } = this.deps
    const { withheld } = standing.current
    if (withheld.size === 0 || settler.unsettled > 0) return undefined
    if (withheld !== this.withheld) this.withheldAt = 0
    this.withheld = withheld
    if (now < this.withheldAt) return this.withheldAt - now
    const rows = outbox.withholding.claim(this.key, sweepRows, now)
    this.withheldAt = rows.length === 0 ? now + soonMs : (this.sort(rows, Number.POSITIVE_INFINITY, now) ?? 0)
    return this.withheldAt === 0 ? undefined : this.withheldAt - now
  }

  /** Gives when the first of those that go on waiting is over; undefined where some were over just now. */
  private sort(rows: ReturnType<Outbox['claim']>, missingSince: number, now: number): number | undefined {
    const { missingMaxAgeMs, settle, settler, standing } = this.deps
    const { suspensions, withheld, maxAgeMs = missingMaxAgeMs() } = standing.current
    const { over, waiting, next } = sortByAge(rows, { since: missingSince, withheld, maxAgeMs, suspensions }, now)
    for (const conclusion of over) settle(conclusion)
    for (const release of waiting) settler.add(release)
    return over.length > 0 ? undefined : next
  }
}
