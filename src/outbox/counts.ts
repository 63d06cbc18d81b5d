import type { Counts } from './outbox.ts'
import type { Route } from './routes.ts'
import type { Statements } from './statements.ts'

const countNames = [
  'matched',
  'filtered',
  'delivered',
  'retried',
  'deadLettered',
  'dropped',
  'invalid',
] as const satisfies (keyof Counts)[]

export const noCounts = (): Counts => ({
  matched: 0,
  filtered: 0,
  delivered: 0,
  retried: 0,
  deadLettered: 0,
  dropped: 0,
  invalid: 0,
})

/** Under this uid the counts of forgotten subscriptions go on, by sink: what a sink counts only grows. It is no subscription's. */
export const goneUid = ''

/** What a sink keeps of the counts of a subscription that is forgotten; undefined where that is nothing. */
export function keptCounts({ delivered, retried, deadLettered, dropped }: Counts): Partial<Counts> | undefined {
  return delivered + retried + deadLettered + dropped > 0 ? { delivered, retried, deadLettered, dropped } : undefined
}

export function addCounts(to: Counts, more: Partial<Counts>): void {
  for (const name of countNames) to[name] += more[name] ?? 0
}

/** Count changes of the present transaction, written as one update a route before it is committed. */
export class PendingCounts {
  private readonly sql: Statements
  private readonly deltas = new Map<number, Counts>()

  constructor(sql: Statements) {
    this.sql = sql
  }

  of(route: Route): Counts {
    const found = this.deltas.get(route.id)
    if (found) return found
    const counts = noCounts()
    this.deltas.set(route.id, counts)
    return counts
  }

  /** A route's counts as they stand in the present transaction. */
  read(route: Route): Counts {
    const [matched = 0, filtered = 0, delivered = 0, retried = 0, deadLettered = 0, dropped = 0, invalid = 0] =
      this.sql.countsOf(route.id) ?? []
    const counts = { matched, filtered, delivered, retried, deadLettered, dropped, invalid }
    addCounts(counts, this.deltas.get(route.id) ?? {})
    return counts
  }

  write(): void {
    for (const [id, counts] of this.deltas) {
      const { matched, filtered, delivered, retried, deadLettered, dropped, invalid } = counts
      this.sql.addCounts(matched, filtered, delivered, retried, deadLettered, dropped, invalid, id)
    }
    this.deltas.clear()
  }

  clear(): void {
    this.deltas.clear()
  }
}
