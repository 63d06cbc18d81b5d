import type { Effects } from './group.ts'
import type { Row, Settlement } from './outbox.ts'
import type { SinkQueue } from './routes.ts'
import { type Flight, releaseEvent, type Store } from './store.ts'
import { type Head, offer } from './window.ts'

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

/** Throws where a row could never be tried again. */
export function checkTimes(settlements: readonly Settlement[]): void {
  for (const settlement of settlements) {
    if (
      (settlement.kind === 'retry' || settlement.kind === 'hold') &&
      !(Number.isSafeInteger(settlement.at) && settlement.at > 0)
    ) {
      throw new RangeError(`row ${settlement.row.seq} cannot be tried again at ${settlement.at}`)
    }
  }
}

/** What a settled row leads to in memory: the row is gone, or claimable again; a lane is free. */
type Landed = {
  flight: Flight
  left: boolean
  again?: Head | undefined
  freed?: { sink: SinkQueue; head: Head } | undefined
}

/** Writes settlements within the present transaction. */
export function writeSettlements(store: Store, taken: readonly Taken[], now: number): Effects<void> {
  checkTimes(taken.map(({ settlement }) => settlement))
  const landed: Landed[] = []
  for (const one of taken) {
    const result = writeOne(store, one, now)
    if (result) landed.push(result)
  }
  return () => {
    for (const one of landed) land(store, one)
    const sinks = new Set(landed.map(({ flight }) => flight.route.sink.name))
    for (const { freed } of landed) if (freed) sinks.add(freed.sink.name)
    for (const sink of sinks) store.changes.bump(sink)
  }
}

/** Nothing where the row is no longer there: its subscription was forgotten in the meantime. */
function writeOne(store: Store, { flight, settlement }: Taken, now: number): Landed | undefined {
  const { sql, counts } = store
  const { row, event, shared, lane } = flight
  switch (settlement.kind) {
    case 'delivered':
      if (sql.dropRow(row.seq) === 0) return undefined
      releaseEvent(sql, event, shared)
      counts.of(flight.route).delivered += 1
      return { flight, left: true, freed: freeLane(store, lane) }
    case 'dead':
      if (sql.dropRow(row.seq) === 0) return undefined
      bury(store, flight, row, settlement, now)
      counts.of(flight.route).deadLettered += 1
      return { flight, left: true, freed: freeLane(store, lane) }
    case 'retry':
    case 'hold':
      if (sql.postpone(settlement.at, flight.claimed, row.seq) === 0) return undefined
      counts.of(flight.route).retried += 1
      return { flight, left: false, again: { due: settlement.at, seq: row.seq } }
    case 'release':
      // Nothing is written. Where its due time is as it stood in memory: retryNow may have come since.
      return { flight, left: false }
    default:
      throw new Error(`unknown settlement ${JSON.stringify(settlement satisfies never)}`)
  }
}

function bury(
  store: Store,
  { event, shared }: Flight,
  row: Row,
  { reason, message }: Settlement & { kind: 'dead' },
  now: number,
): void {
  const { seq, sink, subscription, subscriptionUid, objectUid, attempts } = row
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
    attempts + 1,
    now,
  )
}

/** The next row of a lane whose head is gone comes to its turn. */
export function freeLane({ sql, routes }: Pick<Store, 'sql' | 'routes'>, lane: number): Landed['freed'] {
  const found = sql.head(lane)
  if (!found) return undefined
  const [seq, sink] = found
  sql.free(seq)
  return { sink: routes.sinkOf(sink), head: { due: 0, seq } }
}

function land({ flights }: Store, { flight, left, again, freed }: Landed): void {
  const { route, row } = flight
  if (!flights.delete(row.seq)) return
  const { sink } = route
  sink.inFlight -= 1
  if (left) {
    route.rows -= 1
    sink.rows -= 1
    if (route.oldest?.seq === row.seq) {
      route.oldestFrom = row.seq
      route.oldest = undefined
    }
  } else putBack(sink, again ?? { due: flight.due, seq: row.seq })
  if (freed) putBack(freed.sink, freed.head)
}

function putBack(sink: SinkQueue, head: Head): void {
  offer(head.due === 0 ? sink.fresh : sink.waiting, head)
  sink.quietUntil = 0
}
