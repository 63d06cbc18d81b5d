import type { Effects, Haste } from './group.ts'
import { type Queue, queueOf, reread, type SinkQueues } from './queues.ts'
import { arrive, leave, type Route } from './routes.ts'
import type { ScannedRow } from './row-statements.ts'
import { freeLane, goOn } from './settle.ts'
import { releaseEvent, type Store } from './store.ts'

/** Adds an operation to the group commit. */
export type Add = <T>(run: () => Effects<T>, haste?: Haste) => Promise<T>

/**
 * Goes through rows in slices of `size`, each a transaction of its own, so that the event loop is never held up for long. Rows that were
 * not there when the first slice began are left alone. `first`: no row before this seq is concerned, Infinity where none is.
 */
export async function inSlices(
  store: Store,
  add: Add,
  write: (rows: ScannedRow[]) => Effects<number>,
  first: () => number,
  size: number,
): Promise<number> {
  let upTo: number | undefined
  let after = 0
  let sum = 0
  for (let isDone = false; !isDone; ) {
    await add(() => {
      const from = Math.max(after, first() - 1)
      upTo ??= store.lastSeq
      const rows = from < upTo ? store.sql.scan(from, upTo, size) : []
      const effects = write(rows)
      return () => {
        sum += effects()
        after = rows.at(-1)?.[0] ?? from
        isDone = rows.length < size
      }
    }, 'alone')
  }
  return sum
}

/** The first seq that a row of these routes may have. */
export const firstSeq = (routes: readonly Route[]): number =>
  routes.reduce(
    (least, { load, oldest, oldestFrom }) => (load.rows > 0 ? Math.min(least, oldest?.seq ?? oldestFrom) : least),
    Number.POSITIVE_INFINITY,
  )

/** Drops those of these rows that go one of the routes, in flight or not, and counts them as dropped. */
export function writeDroppedRows(
  store: Store,
  scanned: readonly ScannedRow[],
  routes: readonly Route[],
): Effects<number> {
  const { sql, flights } = store
  const byId = new Map(routes.map((route) => [route.id, route]))
  const rows = scanned.filter(([, , route]) => byId.has(route))
  for (const [seq, , route, , event, shared] of rows) {
    store.counts.of(byId.get(route) as Route).dropped += 1
    sql.dropRow(seq)
    releaseEvent(sql, event, shared)
  }
  // What comes behind in a lane comes to its turn: younger rows, and those of another lane that happens to have the same number.
  const freed = [...new Set(rows.map(([, , , lane]) => lane))].flatMap((lane) => freeLane(store, lane) ?? [])
  return () => {
    const queues = new Set<Queue>()
    for (const [seq, , id, , , , bytes, , namespace] of rows) {
      const route = byId.get(id) as Route
      const queue = queueOf(route.sink, namespace)
      queues.add(queue)
      if (flights.delete(seq)) arrive(route, queue, bytes)
      leave(route, queue, seq, bytes)
    }
    for (const queue of queues) reread(queue)
    const sinks = new Set([...queues].map((queue) => queue.sink.name))
    for (const one of freed) sinks.add(goOn(store, one))
    for (const sink of sinks) store.changes.bump(sink)
    return rows.length
  }
}

/** Makes those of these rows due at once that wait for a sink. */
export function writeDue(store: Store, scanned: readonly ScannedRow[], sink: SinkQueues): Effects<number> {
  const rows = scanned.filter(([, of, , , , , , due]) => of === sink.id && due !== null && due > 0)
  for (const [seq] of rows) store.sql.free(seq)
  return () => {
    for (const [seq] of rows) {
      const flight = store.flights.get(seq)
      if (flight) flight.due = 0
    }
    for (const queue of sink.turns.values()) reread(queue)
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
    for (const flight of store.flights.values()) if (flight.route.sink === sink && flight.due !== null) flight.due = 0
    for (const queue of sink.turns.values()) reread(queue)
    store.changes.bump(name)
  }
}
