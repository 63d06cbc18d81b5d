import type { Row } from './outbox.ts'
import type { SinkQueue } from './routes.ts'
import type { Statements } from './statements.ts'
import { type Flight, readEvent, readParked, type Store } from './store.ts'
import { type Head, refill } from './window.ts'

/** See `Outbox.claim`. A few statements for the order, one for each row that is handed out. */
export function claim(store: Store, name: string, n: number, now: number): Row[] {
  const sink = store.routes.sink(name)
  if (!sink || sink.load.rows === sink.inFlight || now < sink.quietUntil) return []
  readAhead(store, sink, n, now)
  const rows: Row[] = []
  while (rows.length < n) {
    const head = next(sink, now)
    if (!head) {
      sink.quietUntil = nextDue(store, sink) ?? Number.POSITIVE_INFINITY
      break
    }
    const flight = takeOff(store, head, now)
    store.flights.set(head.seq, flight)
    sink.inFlight += 1
    rows.push(flight.row)
  }
  return rows
}

/** See `Outbox.nextAttempt`. */
export function nextAttempt(store: Store, name: string, now: number): number | undefined {
  const sink = store.routes.sink(name)
  if (!sink || sink.load.rows === sink.inFlight) return undefined
  readAhead(store, sink, 1, now)
  const fresh = sink.fresh.ready[0]
  const times = [fresh && store.sql.enqueued(fresh.seq)?.[0], nextDue(store, sink)].filter((time) => time !== undefined)
  return times.length > 0 ? Math.min(...times) : undefined
}

function readAhead(store: Store, sink: SinkQueue, n: number, now: number): void {
  const { sql, flights } = store
  const inFlight = (seq: number) => flights.has(seq)
  const fresh = (floor: Head, limit: number) => sql.fresh(sink.id, floor.seq, limit).map(([seq]) => ({ due: 0, seq }))
  if (unread(sink) === 0) return
  refill(sink.fresh, n, fresh, inFlight)
  if (unread(sink) === 0) return
  refill(sink.waiting, n, (floor, limit) => readWaiting(sql, sink, floor, now, limit), inFlight)
}

/** Rows that are neither out nor read ahead: heads to be read yet, and those behind them in their lanes. */
const unread = ({ load, inFlight, fresh, waiting }: SinkQueue): number =>
  load.rows - inFlight - fresh.ready.length - waiting.ready.length

/** Heads that wait, after `floor` and due by `to`. */
function readWaiting(sql: Statements, sink: SinkQueue, floor: Head, to: number, limit: number): Head[] {
  const tied = floor.due <= to ? sql.tied(sink.id, floor.due, floor.seq, limit) : []
  const later = tied.length < limit ? sql.waiting(sink.id, floor.due, to, limit - tied.length) : []
  return [...tied, ...later].map(([due, seq]) => ({ due, seq }))
}

/** The older of the first fresh head and the first that has waited long enough. */
function next(sink: SinkQueue, now: number): Head | undefined {
  const fresh = sink.fresh.ready[0]
  const waiting = sink.waiting.ready[0]
  const due = waiting && waiting.due <= now ? waiting : undefined
  if (due && (!fresh || due.seq < fresh.seq)) return sink.waiting.ready.shift()
  return fresh && sink.fresh.ready.shift()
}

/** When the first head that waits may be tried. What was read ahead comes before all that was not. */
function nextDue({ sql, flights }: Store, sink: SinkQueue): number | undefined {
  const ready = sink.waiting.ready[0]
  if (ready) return ready.due
  if (unread(sink) === 0) return undefined
  let { floor } = sink.waiting
  for (;;) {
    const [head] = readWaiting(sql, sink, floor, Number.MAX_SAFE_INTEGER, 1)
    if (!head || !flights.has(head.seq)) return head?.due
    floor = head
  }
}

function takeOff({ sql, routes }: Store, { due, seq }: Head, now: number): Flight {
  const stored = sql.row(seq)
  if (!stored) throw new Error(`the outbox has no row ${seq}, or not its event, though its lane is waiting for it`)
  const [routeId, lane, event, shared, attempts, firstAttempt, enqueued, objectUid, ...rest] = stored
  const [namespace, written, bytes, parked, ...cells] = rest
  const route = routes.routeOf(routeId)
  const row: Row = {
    seq,
    sink: route.sink.name,
    subscription: route.subscription,
    subscriptionUid: route.subscriptionUid,
    objectUid,
    event: readEvent(cells),
    attempts,
    firstAttempt: firstAttempt ?? undefined,
    enqueued,
    ...readParked(parked),
  }
  return { row, route, lane, due, event, shared, namespace, written, bytes, claimed: now, settling: false }
}
