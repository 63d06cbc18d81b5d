import type { Effects, Haste } from './group.ts'
import { leave, type Route, reread, type SinkQueue } from './routes.ts'
import type { ScannedRow } from './row-statements.ts'
import { freeLane } from './settle.ts'
import { releaseEvent, type Store } from './store.ts'

/** Adds an operation to the group commit. */
export type Add = <T>(run: () => Effects<T>, haste?: Haste) => Promise<T>

/** What one transaction did of an operation on many rows, and after which row the next goes on; undefined at the end. */
export type Slice = { rows: number; next: number | undefined }

/**
 * Goes through rows in slices of `size`, each a transaction of its own, so that the event loop is never held up for long. Rows that were
 * not there when the first slice began are left alone.
 */
export async function inSlices(
  store: Store,
  add: Add,
  write: (rows: ScannedRow[]) => Effects<number>,
  from: () => number,
  size: number,
): Promise<number> {
  let upTo: number | undefined
  let sum = 0
  for (let after: number | undefined = Number.NaN; after !== undefined; ) {
    const begin: number = after
    const slice: Slice = await add(() => {
      upTo ??= store.lastSeq
      const rows = store.sql.scan(Number.isNaN(begin) ? from() - 1 : begin, size)
      const old = rows.filter(([seq]) => seq <= (upTo as number))
      const effects = write(old)
      const next = rows.length === size && old.length === size ? old.at(-1)?.[0] : undefined
      return () => ({ rows: effects(), next })
    }, 'alone')
    sum += slice.rows
    after = slice.next
  }
  return sum
}

/** The first seq that a row of these routes may have. */
export const firstSeq = (routes: readonly Route[]): number =>
  routes.reduce(
    (least, { load, oldest, oldestFrom }) => (load.rows > 0 ? Math.min(least, oldest?.seq ?? oldestFrom) : least),
    Number.MAX_SAFE_INTEGER,
  )

/** Drops those of these rows that go one of the routes, in flight or not. */
export function writeDroppedRows(
  store: Store,
  scanned: readonly ScannedRow[],
  routes: readonly Route[],
): Effects<number> {
  const { sql, flights } = store
  const byId = new Map(routes.map((route) => [route.id, route]))
  const rows = scanned.filter(([, , route]) => byId.has(route))
  for (const [seq, , , , event, shared] of rows) {
    sql.dropRow(seq)
    releaseEvent(sql, event, shared)
  }
  // What comes behind in a lane comes to its turn: younger rows, and those of another lane that happens to have the same number.
  const sinks = new Set<SinkQueue>()
  for (const lane of new Set(rows.map(([, , , lane]) => lane))) {
    const freed = freeLane(store, lane)
    if (freed) sinks.add(freed.sink)
  }
  return () => {
    for (const [seq, , id, , , , bytes] of rows) {
      const route = byId.get(id) as Route
      if (flights.delete(seq)) route.sink.inFlight -= 1
      leave(route, seq, bytes)
      sinks.add(route.sink)
    }
    for (const sink of sinks) {
      reread(sink)
      store.changes.bump(sink.name)
    }
    return rows.length
  }
}

/** Makes those of these rows due at once that wait for a sink. */
export function writeDue(store: Store, scanned: readonly ScannedRow[], sink: SinkQueue): Effects<number> {
  const rows = scanned.filter(([, of, , , , , , due]) => of === sink.id && due !== null && due > 0)
  for (const [seq] of rows) store.sql.free(seq)
  return () => {
    for (const [seq] of rows) {
      const flight = store.flights.get(seq)
      if (flight) flight.due = 0
    }
    reread(sink)
    store.changes.bump(sink.name)
    return rows.length
  }
}

/** The same for all rows of a sink at once, where they are few. */
export function writeAllDue(store: Store, name: string): Effects<void> {
  const sink = store.routes.sink(name)
  if (sink) store.sql.allDue(sink.id)
  return () => {
    if (!sink) return
    for (const flight of store.flights.values()) if (flight.route.sink === sink) flight.due = 0
    reread(sink)
    store.changes.bump(name)
  }
}
