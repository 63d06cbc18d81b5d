import { verify } from './checksum.ts'
import { lengthOf } from './event-bytes.ts'
import type { Pace, Row } from './outbox.ts'
import { beginLook, mostReady, type Queue, type SinkQueues } from './queues.ts'
import { depart, type Route } from './routes.ts'
import type { RowCells, StoredEvent } from './row-statements.ts'
import { type Flight, isUnderWay, readEvent, readParked, type Store } from './store.ts'
import { damage } from './trouble.ts'
import { type Head, type Peeked, type Reader, refill, type Window } from './window.ts'

/** See `Outbox.claim`. A few statements for the order, one for each row that is handed out. */
export function claim(
  store: Store,
  name: string,
  n: number,
  now: number,
  pace?: Pace,
  most = Number.POSITIVE_INFINITY,
): Row[] {
  const sink = store.routes.sink(name)
  if (!sink || sink.load.rows === sink.inFlight || now < sink.quietUntil || isUnderWay(store, name)) return []
  beginLook(sink)
  const rows: Row[] = []
  const asked = pace && noting(pace)
  let length = 0
  // A queue that was served is met again at the end; one that has nothing keeps its place.
  for (const queue of sink.turns.values()) {
    if (rows.length >= n || length >= most) return rows
    const head = asked ? nextAllowed(store, queue, asked, now) : next(store, queue, n - rows.length, now)
    if (!head) continue
    sink.turns.delete(queue.namespace)
    sink.turns.set(queue.namespace, queue)
    const row = takeOff(store, queue, head, now)
    pace?.took(row.subscription)
    rows.push(row)
    length += lengthOf(row.event)
  }
  if (rows.length < n && length < most && !asked?.refused) sink.quietUntil = nextDue(sink)
  return rows
}

/** A pace that remembers whether it refused something. */
function noting(pace: Pace): Pace & { refused: boolean } {
  const asked = {
    refused: false,
    took: (subscription: string) => pace.took(subscription),
    allows(subscription: string) {
      const isAllowed = pace.allows(subscription)
      if (!isAllowed) asked.refused = true
      return isAllowed
    },
  }
  return asked
}

/** The first head that a pace lets go, of those that are looked at. */
function nextAllowed(store: Store, queue: Queue, pace: Pace, now: number): Head | undefined {
  if (queue.rows === queue.inFlight) return undefined
  for (const head of allowed(store, queue, byAge(store, queue, 1, now), pace)) {
    const { ready } = head.due === 0 ? queue.fresh : queue.waiting
    ready.splice(ready.indexOf(head), 1)
    return head
  }
  return undefined
}

/** Those that a pace lets go of the next heads of a queue. Only so many are looked at: it is most often all of a queue that has to wait. */
export function* allowed(store: Store, queue: Queue, heads: Iterable<Head>, pace: Pace | undefined): Generator<Head> {
  const refused = new Set<number>()
  let left = mostReady(queue.sink)
  for (const head of heads) {
    if (!pace) yield head
    else {
      const { route } = peek(store, head)
      if (!refused.has(route) && pace.allows(store.routes.routeOf(route).subscription)) yield head
      else refused.add(route)
      left -= 1
      if (left === 0) return
    }
  }
}

/** See `Outbox.nextAttempt`. */
export function nextAttempt(store: Store, name: string, now: number, delayMs = 0): number | undefined {
  const sink = store.routes.sink(name)
  if (!sink || sink.load.rows === sink.inFlight || isUnderWay(store, name)) return undefined
  beginLook(sink)
  let fresh = Number.POSITIVE_INFINITY
  for (const queue of sink.turns.values()) {
    if (queue.rows === queue.inFlight) continue
    readAhead(store, queue, 1, now)
    fresh = Math.min(fresh, queue.fresh.ready[0]?.seq ?? fresh)
  }
  const enqueued = fresh < Number.POSITIVE_INFINITY ? store.sql.enqueued(fresh)?.[0] : undefined
  const ripe = enqueued === undefined ? Number.POSITIVE_INFINITY : ripeAt(enqueued, delayMs, now)
  const time = Math.min(ripe, nextDue(sink))
  return time < Number.POSITIVE_INFINITY ? time : undefined
}

/**
 * When a row that was never tried has waited for others long enough; `enqueued` where it need not, as when the clock has been set back
 * since.
 */
export const ripeAt = (enqueued: number, delayMs: number, now: number): number =>
  enqueued > now ? enqueued : enqueued + delayMs

/**
 * When the first head that waits may be tried; 0 where a look has ended before all that is withheld was passed over. All queues have been read
 * ahead, but for those that are in flight as a whole.
 */
function nextDue({ turns }: SinkQueues): number {
  let due = Number.POSITIVE_INFINITY
  for (const { rows, inFlight, fresh, waiting } of turns.values()) {
    if (rows === inFlight) continue
    const unread = fresh.ready.length === 0 ? fresh.next : due
    due = Math.min(due, unread, waiting.ready[0]?.due ?? waiting.next)
  }
  return due
}

/** The older of the first fresh head and the first that has waited long enough. */
function next(store: Store, queue: Queue, wanted: number, now: number): Head | undefined {
  if (queue.rows === queue.inFlight) return undefined
  readAhead(store, queue, wanted, now)
  const [fresh] = queue.fresh.ready
  const [waiting] = queue.waiting.ready
  const due = waiting && waiting.due <= now ? waiting : undefined
  if (due && (!fresh || due.seq < fresh.seq)) return queue.waiting.ready.shift()
  return fresh && queue.fresh.ready.shift()
}

/** Sees to it that the next head is ready where there is one. `wanted`: as many might be asked for. */
function readAhead(store: Store, queue: Queue, wanted: number, now: number): void {
  const { fresh, waiting, sink } = queue
  for (let passed = 1; passed > 0; ) {
    readOn(store, queue, wanted, now)
    passed = sink.held.size > 0 ? passOver(store, sink, fresh) + passOver(store, sink, waiting) : 0
    if (sink.passes <= 0) return
  }
}

/** Takes what is withheld off the front of a window; gives how many those are. */
function passOver(store: Store, sink: SinkQueues, { ready }: Window): number {
  const first = ready.findIndex((head) => !isWithheld(store, head))
  const { length } = ready.splice(0, first < 0 ? ready.length : first)
  sink.passes -= length
  return length
}

const isWithheld = (store: Store, head: Head): boolean => {
  const { route, isParked } = peek(store, head)
  return isHeld(store.routes.routeOf(route), isParked)
}

/** Whether a row of a route is not to be handed out; parked ones always may be. */
export const isHeld = (route: Route, isParked: boolean): boolean => !isParked && route.sink.held.has(route)

export function peek({ sql }: Pick<Store, 'sql'>, head: Head): Peeked {
  if (head.peeked) return head.peeked
  const found = sql.peek(head.seq)
  if (!found) throw damage(`there is no row ${head.seq}, though its lane is waiting for it`)
  const [route, lane, bytes, enqueued, isParked] = found
  head.peeked = { route, lane, bytes, enqueued, isParked: isParked === 1 }
  return head.peeked
}

function readOn(store: Store, queue: Queue, wanted: number, now: number): void {
  const { fresh, waiting, sink } = queue
  const isShort = ({ ready, next }: Window) => ready.length === 0 && next <= now
  if (!isShort(fresh) && !isShort(waiting)) return
  const atOnce = Math.min(mostReady(sink), Math.max(64, Math.ceil(wanted / sink.turns.size)))
  refill(fresh, 1, now, atOnce, freshReader(store, queue))
  refill(waiting, 1, now, atOnce, waitingReader(store, queue))
}

/** All heads of a queue that may go at `now`, the older first, in the order in which `claim` would hand them out; none is taken out. */
export function* byAge(store: Store, queue: Queue, wanted: number, now: number): Generator<Head> {
  const { fresh, waiting, sink } = queue
  readAhead(store, queue, wanted, now)
  const isPassedOver = (head: Head | undefined) => head && sink.held.size > 0 && isWithheld(store, head)
  for (let [young, old] = [0, 0]; ; ) {
    if (young === fresh.ready.length) refill(fresh, young + 1, now, 64, freshReader(store, queue))
    if (old === waiting.ready.length) refill(waiting, old + 1, now, 64, waitingReader(store, queue))
    const [next, waited] = [fresh.ready[young], waiting.ready[old]]
    const due = waited && waited.due <= now ? waited : undefined
    const [overNext, overDue] = [isPassedOver(next), isPassedOver(due)]
    if ((overNext || overDue) && sink.passes <= 0) return
    if (overNext) sink.passes -= fresh.ready.splice(young, 1).length
    else if (overDue) sink.passes -= waiting.ready.splice(old, 1).length
    else if (due && (!next || due.seq < next.seq)) {
      old += 1
      yield due
    } else if (next) {
      young += 1
      yield next
    } else return
  }
}

function freshReader({ sql, flights }: Store, { sink, namespace }: Queue): Reader {
  return {
    read: (floor, _now, limit) => sql.fresh(sink.id, namespace, floor.seq, limit).map(([seq]) => ({ due: 0, seq })),
    nextAfter: () => Number.POSITIVE_INFINITY,
    inFlight: (seq) => flights.has(seq),
  }
}

function waitingReader({ sql, flights }: Store, { sink, namespace }: Queue): Reader {
  const read = (floor: Head, to: number, limit: number): Head[] => {
    const tied = floor.due <= to ? sql.tied(sink.id, namespace, floor.due, floor.seq, limit) : []
    const later = tied.length < limit ? sql.waiting(sink.id, namespace, floor.due, to, limit - tied.length) : []
    return [...tied, ...later].map(([due, seq]) => ({ due, seq }))
  }
  const nextAfter = (floor: Head): number => {
    for (let from = floor; ; ) {
      const [head] = read(from, Number.MAX_SAFE_INTEGER, 1)
      if (!head) return Number.POSITIVE_INFINITY
      if (!flights.has(head.seq)) return head.due
      from = head
    }
  }
  return { read, nextAfter, inFlight: (seq) => flights.has(seq) }
}

/** So many cells of a stored row are its own. */
const rowCells = 14

/** Marks a row as in flight, and reads it. */
export function takeOff(
  { sql, routes, flights }: Store,
  queue: Queue,
  { due, seq }: Pick<Flight, 'due'> & { seq: number },
  now: number,
): Row {
  const stored = sql.row(seq)
  if (!stored) throw damage(`there is no row ${seq}, or not its event, though its lane is waiting for it`)
  const own = stored.slice(0, rowCells) as RowCells
  const [, , routeId, lane, event, shared, enqueued, objectUid, , written, bytes, parked, attempts, firstAttempt] = own
  const [key, ...cells] = stored.slice(rowCells + 1, -1) as [number, ...StoredEvent]
  verify('a row', own, stored[rowCells] as number | null)
  verify('an event', [key, ...cells], stored.at(-1) as number | null)
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
  flights.set(seq, { row, route, queue, lane, due, event, shared, written, bytes, claimed: now, settling: false })
  depart(route, queue, bytes)
  return row
}
