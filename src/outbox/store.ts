import type { Changes } from './changes.ts'
import { PendingCounts } from './counts.ts'
import type { Floors } from './floors.ts'
import type { Row } from './outbox.ts'
import type { Queue } from './queues.ts'
import { type Route, Routes } from './routes.ts'
import type { StoredEvent } from './row-statements.ts'
import type { Statements } from './statements.ts'

/** A row that is in flight. */
export type Flight = {
  row: Row
  route: Route
  queue: Queue
  lane: number
  /** Null behind the head of its lane. */
  due: number | null
  event: number
  shared: number
  written: number
  bytes: number
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
  /** Dead letters that are kept, by sink. */
  letters: Map<string, number>
  floors: Floors
  /** Whether any object may have entries in `owed`. */
  owes: boolean
  changes: Changes
  now: () => number
  lastSeq: number
  /**
   * While what is committed is on its way to the disk, and nothing is handed out: the sinks that were asked for meanwhile.
   */
  unlanded: Set<string> | undefined
}

/** Whether nothing can be said of a sink's rows for now; it is rung for when that is over. */
export function isUnderWay({ unlanded }: Pick<Store, 'unlanded'>, sink: string): boolean {
  unlanded?.add(sink)
  return unlanded !== undefined
}

/** As the file has it. */
export function storeOf(sql: Statements, changes: Changes, now: () => number): Store {
  return {
    sql,
    routes: new Routes(sql),
    counts: new PendingCounts(sql),
    flights: new Map(),
    letters: new Map(sql.deadLetterSizes()),
    floors: { values: new Map(sql.floors()), listed: new Set(sql.listed().map(([watch]) => watch)) },
    owes: true,
    changes,
    now,
    lastSeq: sql.lastSeq()?.[0] ?? 0,
    unlanded: undefined,
  }
}

/** An event in the order of its columns. */
export function cellsOf({ id, type, subject, attributes, data, summary }: Row['event']): StoredEvent {
  return [id, type, subject, attributes, data ?? null, summary?.attributes ?? null, summary?.data ?? null]
}

export function readEvent(cells: StoredEvent): Row['event'] {
  const [id, type, subject, attributes, data, smaller, smallerData] = cells
  const event = { id, type, subject, attributes, data: data ?? undefined }
  return smaller === null ? event : { ...event, summary: { attributes: smaller, data: smallerData ?? undefined } }
}

export const parkedCell = (parked: Row['parked']): string | null =>
  parked ? JSON.stringify([parked.sink, parked.reason]) : null

export function readParked(cell: string | null): Pick<Row, 'parked'> {
  if (cell === null) return {}
  const [sink, reason] = JSON.parse(cell) as [string, string]
  return { parked: { sink, reason } }
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

/** One more points at an event that one does already; `shared` says whether it is known to be shared. */
export function shareEvent(sql: Statements, event: number, shared: number): void {
  if (shared) sql.takeShare(event)
  else sql.addShare(event, 2)
}

export function countLetters({ letters }: Pick<Store, 'letters'>, sink: string, more: number): void {
  const kept = (letters.get(sink) ?? 0) + more
  if (kept > 0) letters.set(sink, kept)
  else letters.delete(sink)
}
