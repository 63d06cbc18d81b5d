import { allowed, byAge, isHeld, peek, ripeAt, takeOff } from './claim.ts'
import type { BatchLimits, Pace, Row } from './outbox.ts'
import { beginLook, type Queue, queueOf, type SinkQueues } from './queues.ts'
import type { Route } from './routes.ts'
import { isUnderWay, type Store } from './store.ts'
import type { Head } from './window.ts'

/** So many heads are looked at for a request that its own namespace does not fill. */
const mostLooked = 1000

/** A request that is being filled. */
type Batch = { route: Route; rows: Row[]; bytes: number; limits: BatchLimits; now: number; looked: number }

/** See `Outbox.claimBatch`. Each head is looked at once, however often it is passed over. */
export function claimBatch(store: Store, name: string, limits: BatchLimits, now: number, pace?: Pace): Row[] {
  const sink = store.routes.sink(name)
  if (!sink || limits.rows < 1 || sink.load.rows === sink.inFlight || now < sink.quietUntil) return []
  if (isUnderWay(store, name)) return []
  beginLook(sink)
  const full = fullRoutes(sink, limits)
  for (const queue of sink.turns.values()) {
    const start = startOf(store, queue, full, limits, now, pace)
    if (!start) continue
    sink.turns.delete(queue.namespace)
    sink.turns.set(queue.namespace, queue)
    const rows = fill(store, queue, start, limits, now)
    for (const { subscription } of rows) pace?.took(subscription)
    return rows
  }
  return []
}

/** The routes of a sink whose rows fill a request, as far as that shows without looking at each. */
function fullRoutes(sink: SinkQueues, limits: BatchLimits): ReadonlySet<number> {
  const full = new Set<number>()
  // What all of them together don't fill, none does.
  if (sink.load.rows - sink.inFlight < limits.rows && sink.load.bytes < limits.bytes) return full
  for (const route of sink.routes) {
    const { id, load, inFlight } = route
    const [rows, bytes] = [load.rows - inFlight.rows, load.bytes - inFlight.bytes]
    if (!sink.held.has(route) && (rows >= limits.rows || bytes >= limits.bytes)) full.add(id)
  }
  return full
}

/** The head that a request begins with, if one may now. */
function startOf(
  store: Store,
  queue: Queue,
  full: ReadonlySet<number>,
  { rows, delayMs }: BatchLimits,
  now: number,
  pace: Pace | undefined,
): Head | undefined {
  if (queue.rows === queue.inFlight) return undefined
  let isFirst = true
  for (const head of allowed(store, queue, byAge(store, queue, rows, now), pace)) {
    if (head.due > 0 || full.has(peek(store, head).route)) return head
    // Of those that were never tried the first has waited longest.
    if (isFirst && isRipe(peek(store, head).enqueued, delayMs, now)) return head
    isFirst = false
    if (full.size === 0 && !pace) break
  }
  if (pace) return undefined
  const [waiting] = queue.waiting.ready
  return waiting && waiting.due <= now ? waiting : undefined
}

const isRipe = (enqueued: number, delayMs: number, now: number): boolean =>
  enqueued > now || ripeAt(enqueued, delayMs, now) <= now

function fill(store: Store, queue: Queue, start: Head, limits: BatchLimits, now: number): Row[] {
  const route = store.routes.routeOf(peek(store, start).route)
  const batch: Batch = { route, rows: [], bytes: 0, limits, now, looked: 0 }
  const goesOn = takeFrom(store, queue, batch, start)
  if (!goesOn) return batch.rows
  for (const other of route.sink.turns.values()) {
    if (route.load.rows === route.inFlight.rows || batch.looked >= mostLooked) break
    if (other !== queue && other.rows > other.inFlight && !takeFrom(store, other, batch)) break
  }
  return batch.rows
}

/** Takes the rows of its route out of a queue, `start` first; gives whether there is room for more. */
function takeFrom(store: Store, queue: Queue, batch: Batch, start?: Head): boolean {
  const taken = new Set<Head>()
  const { fresh, waiting } = queue
  const take = (head: Head): boolean => {
    const room = takeLane(store, queue, batch, head)
    if (room !== 'too large') taken.add(head)
    return room === 'more'
  }
  let goesOn = start === undefined || take(start)
  if (goesOn) {
    for (const head of byAge(store, queue, batch.limits.rows - batch.rows.length, batch.now)) {
      batch.looked += 1
      if (batch.looked > mostLooked) break
      if (head === start || peek(store, head).route !== batch.route.id) continue
      goesOn = take(head)
      if (!goesOn) break
    }
  }
  if (taken.size > 0) {
    fresh.ready = fresh.ready.filter((head) => !taken.has(head))
    waiting.ready = waiting.ready.filter((head) => !taken.has(head))
  }
  return goesOn
}

/** Takes a head, and what comes behind it in its lane. */
function takeLane(store: Store, queue: Queue, batch: Batch, head: Head): 'more' | 'full' | 'too large' {
  const { lane, bytes } = peek(store, head)
  if (!fits(batch, bytes)) return 'too large'
  const { sink, id } = batch.route
  add(store, batch, queue, head, bytes)
  const room = batch.limits.rows - batch.rows.length
  for (const [seq, route, size, namespace, isParked] of room > 0 ? store.sql.behind(lane, head.seq, room) : []) {
    // Another lane may have the same number.
    if (route !== id || store.flights.has(seq) || isHeld(batch.route, isParked === 1)) break
    if (!fits(batch, size)) return 'full'
    add(store, batch, queueOf(sink, namespace), { due: null, seq }, size)
  }
  return batch.rows.length < batch.limits.rows ? 'more' : 'full'
}

const fits = ({ rows, bytes, limits }: Batch, more: number): boolean =>
  rows.length === 0 || bytes + more <= limits.bytes

function add(store: Store, batch: Batch, queue: Queue, row: { due: number | null; seq: number }, bytes: number): void {
  batch.rows.push(takeOff(store, queue, row, batch.now))
  batch.bytes += bytes
}
