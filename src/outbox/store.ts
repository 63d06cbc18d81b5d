import type { Changes } from './changes.ts'
import type { Row } from './outbox.ts'
import type { PendingCounts, Route, Routes } from './routes.ts'
import type { Statements } from './statements.ts'

/** A row that is in flight. */
export type Flight = {
  row: Row
  route: Route
  lane: number
  due: number
  event: number
  shared: number
  claimed: number
  /** Its settlement is on its way to the disk. */
  settling: boolean
}

/** What the operations of the SQLite outbox work on. */
export type Store = {
  sql: Statements
  routes: Routes
  counts: PendingCounts
  flights: Map<number, Flight>
  changes: Changes
  now: () => number
  lastSeq: number
}

/** One row or dead letter fewer points at an event: with the last, its bytes go. */
export function releaseEvent(sql: Statements, event: number, shared: number): void {
  if (shared) {
    const uses = sql.releaseShare(event)?.[0] ?? 0
    if (uses > 0) return
    sql.dropShare(event)
  }
  sql.dropEvent(event)
}
