import { checksum } from './checksum.ts'
import { type Entered, nextSeq, writeRow } from './commit.ts'
import { bytesOf, shrunk } from './event-bytes.ts'
import type { Effects } from './group.ts'
import type { Row, Settlement } from './outbox.ts'
import { putBack, queueOf } from './queues.ts'
import { arrive, enter, leave, lighten } from './routes.ts'
import type { RowCells } from './row-statements.ts'
import { cellsOf, countLetters, type Flight, parkedCell, releaseEvent, type Store, shareEvent } from './store.ts'
import type { Head } from './window.ts'

export type Taken = { flight: Flight; settlement: Settlement }

/** The settlements of rows that are in flight and not being settled already. */
export function take(flights: ReadonlyMap<number, Flight>, settlements: readonly Settlement[]): Taken[] {
  const taken: Taken[] = []
  for (const settlement of settlements) {
    const flight = flights.get(settlement.row.seq)
    if (!flight || flight.settling) continue
    flight.settling = true
    taken.push({ flight, settlement })
  }
  return taken
}

/** Throws where a row could never be tried again, or not in that way. */
export function checkSettlements(settled: readonly { settlement: Settlement; row: Row }[]): void {
  for (const { settlement, row } of settled) {
    const { kind, tries = 1 } = settlement
    if (!(Number.isSafeInteger(tries) && tries > 0)) throw new RangeError(`row ${row.seq} was not tried ${tries} times`)
    if ((kind === 'retry' || kind === 'hold') && !(Number.isSafeInteger(settlement.at) && settlement.at > 0))
      throw new RangeError(`row ${row.seq} cannot be tried again at ${settlement.at}`)
    if (kind === 'shrink' && !row.event.summary)
      throw new RangeError(`row ${row.seq} cannot be made smaller: its event has no summary`)
    if (kind === 'dead' && settlement.park !== undefined && row.parked)
      throw new RangeError(`row ${row.seq} cannot be parked: it is a dead letter of ${row.parked.sink} already`)
  }
}

/** The row of a lane that comes to its turn. */
export type Freed = { sink: number; namespace: string; seq: number }

/** What a settled row leads to in memory: the row is gone, or claimable again; a lane is free. */
type Landed = {
  flight: Flight
  left: boolean
  dead?: boolean
  again?: Head | undefined
  freed?: Freed | undefined
  parked?: Entered | undefined
  /** What its event takes now, where that is less. */
  bytes?: number
}

/** Writes settlements within the present transaction. */
export function writeSettlements(store: Store, taken: readonly Taken[], now: number): Effects<void> {
  checkSettlements(taken.map(({ settlement, flight }) => ({ settlement, row: flight.row })))
  const landed: Landed[] = []
  const leaving = leavingOf(taken)
  for (const one of taken) {
    const result = writeOne(store, one, leaving, now)
    if (result) landed.push(result)
  }
  return () => {
    for (const one of landed) land(store, one)
    const sinks = new Set(landed.map(({ flight }) => flight.route.sink.name))
    for (const { freed, parked } of landed) {
      if (freed) sinks.add(store.routes.sinkOf(freed.sink).name)
      if (parked) sinks.add(parked.route.sink.name)
    }
    for (const sink of sinks) store.changes.bump(sink)
  }
}

const none: ReadonlySet<number> = new Set()

/** Rows that go in this transaction and need not come to their turn before; looked for only where several of a lane are in flight. */
function leavingOf(taken: readonly Taken[]): ReadonlySet<number> {
  if (taken.every(({ flight }) => flight.due !== null)) return none
  const leave = taken.filter(({ settlement: { kind } }) => kind === 'delivered' || kind === 'dead')
  return new Set(leave.map(({ flight }) => flight.row.seq))
}

/** Nothing where the row is no longer there: its subscription was forgotten in the meantime. */
function writeOne(
  store: Store,
  { flight, settlement }: Taken,
  leaving: ReadonlySet<number>,
  now: number,
): Landed | undefined {
  const { sql, counts } = store
  const { row, event, shared, lane } = flight
  const { tries = 1 } = settlement
  switch (settlement.kind) {
    case 'delivered':
      if (sql.dropRow(row.seq) === 0) return undefined
      releaseEvent(sql, event, shared)
      counts.of(flight.route).delivered += 1
      if (tries > 1) counts.of(flight.route).retried += tries - 1
      return { flight, left: true, freed: freeLane(store, lane, leaving) }
    case 'dead': {
      if (sql.dropRow(row.seq) === 0) return undefined
      const parked = bury(store, flight, settlement, now)
      counts.of(flight.route).deadLettered += 1
      if (tries > 1) counts.of(flight.route).retried += tries - 1
      return { flight, left: true, dead: true, freed: freeLane(store, lane, leaving), parked }
    }
    case 'retry':
    case 'hold':
      if (!postpone(store, flight, tries, settlement.at, flight)) return undefined
      counts.of(flight.route).retried += tries
      return { flight, left: false, again: { due: settlement.at, seq: row.seq } }
    case 'shrink': {
      const smaller = shrunk(row.event) ?? row.event
      const bytes = bytesOf(smaller)
      const isOwn = !shared || (sql.uses(event)?.[0] ?? 1) <= 1
      // Never the key of an event that rows share: those are positive.
      const where = isOwn ? { event, shared, bytes } : { event: -row.seq, shared: 0, bytes }
      if (!postpone(store, flight, tries, 0, where)) return undefined
      counts.of(flight.route).retried += tries
      if (!isOwn) releaseEvent(sql, event, shared)
      if (isOwn) sql.setEventBytes(event, ...cellsOf(smaller))
      else sql.addEvent(where.event, ...cellsOf(smaller))
      return { flight, left: false, again: { due: 0, seq: row.seq }, bytes }
    }
    case 'release':
      // Nothing is written. Where its due time is as it stood in memory: retryNow may have come since.
      return { flight, left: false }
    default:
      throw new Error(`unknown settlement ${JSON.stringify(settlement satisfies never)}`)
  }
}

/** Gives the row at the parking sink, where there is to be one. */
function bury(
  store: Store,
  flight: Flight,
  { reason, message, answer, park, tries = 1 }: Settlement & { kind: 'dead' },
  now: number,
): Entered | undefined {
  const { row, event, written, bytes } = flight
  const { namespace } = flight.queue
  const { seq, sink, subscription, subscriptionUid, objectUid, attempts } = row
  if (park !== undefined) shareEvent(store.sql, event, flight.shared)
  const shared = park === undefined ? flight.shared : 1
  store.sql.addDeadLetter(
    seq,
    sink,
    subscription,
    subscriptionUid,
    objectUid,
    event,
    shared,
    reason,
    message,
    attempts + tries,
    now,
    namespace,
    written,
    parkedCell(row.parked),
    answer ?? null,
  )
  if (park === undefined) return undefined
  const copy = { ...row, sink: park, namespace, written, parked: { sink, reason } }
  return writeRow(store, nextSeq(store), copy, { event, shared, bytes }, now)
}

/** Counts attempts in, and says where the row's event is from now on. Gives whether the row is there. */
function postpone(
  { sql }: Store,
  { row, route, queue, lane, written, claimed }: Flight,
  tries: number,
  due: number,
  { event, shared, bytes }: Pick<Flight, 'event' | 'shared' | 'bytes'>,
): boolean {
  const { seq, enqueued, objectUid, parked } = row
  const attempts = row.attempts + tries
  const first = row.firstAttempt ?? claimed
  const fixed = [seq, route.sink.id, route.id, lane, event, shared, enqueued, objectUid, queue.namespace] as const
  const cells: RowCells = [...fixed, written, bytes, parkedCell(parked), attempts, first]
  return sql.postpone(due, attempts, first, event, shared, bytes, checksum(cells), seq) > 0
}

/** The next row of a lane whose head is gone comes to its turn. Nothing where there is none, where the head is not gone, and where the next is going. */
export function freeLane(
  { sql }: Pick<Store, 'sql'>,
  lane: number,
  leaving: ReadonlySet<number> = none,
): Freed | undefined {
  const found = sql.head(lane)
  if (!found) return undefined
  const [seq, sink, namespace, due] = found
  if (due !== null || leaving.has(seq)) return undefined
  sql.free(seq)
  return { sink, namespace, seq }
}

/** Tells in memory that a row came to its turn, which it takes when it is back where it is in flight; gives its sink. */
export function goOn({ routes, flights }: Pick<Store, 'routes' | 'flights'>, { sink, namespace, seq }: Freed): string {
  const queues = routes.sinkOf(sink)
  const flight = flights.get(seq)
  if (flight) flight.due = 0
  else putBack(queueOf(queues, namespace), { due: 0, seq })
  return queues.name
}

function land(store: Store, { flight, left, dead, again, freed, parked, bytes }: Landed): void {
  const { route, queue, row } = flight
  if (!store.flights.delete(row.seq)) return
  arrive(route, queue, flight.bytes)
  if (bytes !== undefined) lighten(route, flight.bytes - bytes)
  if (left) leave(route, queue, row.seq, flight.bytes)
  else if (flight.due !== null) putBack(queue, again ?? { due: flight.due, seq: row.seq })
  if (freed) goOn(store, freed)
  if (dead) countLetters(store, route.sink.name, 1)
  if (parked) enter(parked.route, parked)
}
