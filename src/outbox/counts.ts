import type { Counts } from './outbox.ts'
import type { Route } from './routes.ts'
import type { Statements } from './statements.ts'

export const countNames = [
  'matched',
  'filtered',
  'delivered',
  'retried',
  'deadLettered',
  'dropped',
] as const satisfies (keyof Counts)[]

export const noCounts = (): Counts => ({
  matched: 0,
  filtered: 0,
  delivered: 0,
  retried: 0,
  deadLettered: 0,
  dropped: 0,
})

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

  write(): void {
    for (const [id, counts] of this.deltas) {
      const { matched, filtered, delivered, retried, deadLettered, dropped } = counts
      this.sql.addCounts(matched, filtered, delivered, retried, deadLettered, dropped, id)
    }
    this.deltas.clear()
  }

  clear(): void {
    this.deltas.clear()
  }
}
