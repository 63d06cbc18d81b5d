import { bytesOf, lengthOf, shrunk } from '../../../src/outbox/event-bytes.ts'
import type { BatchLimits, Load, LoadOf, NewRow, Pace, Pending, Row, Settlement } from '../../../src/outbox/outbox.ts'

export type KeptRow = Row & { namespace: string; written: number; due: number; claimed: number | undefined }

/** Rows in the order of their seq; `turns`: by sink, the namespaces in the order in which it is their turn. */
export type KeptRows = {
  rows: KeptRow[]
  turns: Map<string, Set<string>>
  lastSeq: number
  isWithheld(row: Pick<KeptRow, 'sink' | 'subscription' | 'subscriptionUid'>): boolean
  /** `<sink> <subscription uid>` */
  resting: Map<string, 'rests' | 'tried'>
}

export const noRows = (): KeptRows => ({
  rows: [],
  turns: new Map(),
  lastSeq: 0,
  isWithheld: () => false,
  resting: new Map(),
})

/** Rows that do not count in their sink's load. */
const isApart = (kept: KeptRows, row: KeptRow): boolean =>
  kept.isWithheld(row) || kept.resting.has(`${row.sink} ${row.subscriptionUid}`)

/** Rows that are not handed out for now. */
export const isHeld = (kept: KeptRows, row: Omit<KeptRow, 'parked'> & { parked?: unknown }): boolean =>
  !row.parked && (kept.isWithheld(row) || kept.resting.get(`${row.sink} ${row.subscriptionUid}`) === 'rests')

/** A row as it is when it is new, with the next seq. */
export function newRow(kept: KeptRows, row: NewRow & Pick<Row, 'parked'>, enqueued: number): KeptRow {
  const { sink, subscription, subscriptionUid, objectUid, namespace, written, event, parked } = row
  kept.lastSeq += 1
  return {
    seq: kept.lastSeq,
    sink,
    subscription,
    subscriptionUid,
    objectUid,
    namespace,
    written,
    event,
    attempts: 0,
    firstAttempt: undefined,
    enqueued,
    ...(parked && { parked }),
    due: 0,
    claimed: undefined,
  }
}

/** A namespace that had no rows comes last. */
export function addRow(kept: KeptRows, row: KeptRow): void {
  let turns = kept.turns.get(row.sink)
  if (!turns) {
    turns = new Set()
    kept.turns.set(row.sink, turns)
  }
  if (!kept.rows.some(({ sink, namespace }) => sink === row.sink && namespace === row.namespace)) {
    turns.delete(row.namespace)
    turns.add(row.namespace)
  }
  kept.rows.push(row)
}

/** Takes out rows, and gives them. */
export function dropRows(kept: KeptRows, isMeant: (row: KeptRow) => boolean): KeptRow[] {
  const dropped = kept.rows.filter(isMeant)
  kept.rows = kept.rows.filter((row) => !isMeant(row))
  return dropped
}

export function inFlight({ rows }: KeptRows, seq: number): KeptRow | undefined {
  return rows.find((row) => row.seq === seq && row.claimed !== undefined)
}

/** A row that is to be tried again. One that is not the first of its lane goes on waiting for its turn. */
export function postpone(
  kept: KeptRows,
  row: KeptRow,
  settlement: Settlement & { kind: 'retry' | 'hold' | 'shrink' },
  claimed: number | undefined,
): void {
  row.firstAttempt ??= claimed
  const isHead = kept.rows.find((other) => laneOf(other) === laneOf(row)) === row
  row.due = settlement.kind === 'shrink' || !isHead ? 0 : settlement.at
  if (settlement.kind === 'shrink') row.event = shrunk(row.event) ?? row.event
}

/** A sink, a subscription and an object. */
const laneOf = ({ sink, subscriptionUid, objectUid }: KeptRow): string => `${sink} ${subscriptionUid} ${objectUid}`

/** See `Outbox.nextAttempt`. */
export function nextOf(kept: KeptRows, sink: string, delayMs: number, now: number): number | undefined {
  const heads = headsOf(kept, sink)
  const fresh = heads.find((row) => row.due === 0)
  const times = heads.filter((row) => row.due > 0).map((row) => row.due)
  if (fresh) times.push(fresh.enqueued > now ? fresh.enqueued : fresh.enqueued + delayMs)
  return times.length > 0 ? Math.min(...times) : undefined
}

/** The first row of each lane, in order, but for lanes in flight. */
export function headsOf(
  kept: KeptRows,
  sink: string,
  isMeant: (row: KeptRow) => boolean = (row) => !isHeld(kept, row),
): KeptRow[] {
  const heads = new Map<string, KeptRow>()
  for (const row of kept.rows) {
    const lane = laneOf(row)
    if (row.sink === sink && !heads.has(lane)) heads.set(lane, row)
  }
  return [...heads.values()].filter((row) => row.claimed === undefined && isMeant(row))
}

/** Takes up to `n` rows in turn. */
export function claimRows(
  kept: KeptRows,
  sink: string,
  n: number,
  now: number,
  pace?: Pace,
  most = Number.POSITIVE_INFINITY,
): Row[] {
  const turns = kept.turns.get(sink) ?? new Set()
  const queues = new Map(
    [...Map.groupBy(headsOf(kept, sink), (row) => row.namespace)].map(([name, heads]) => [name, byAge(heads, now)]),
  )
  const claimed: Row[] = []
  let length = 0
  // A namespace that was served is met again at the end; one that has nothing keeps its place.
  for (const namespace of turns) {
    if (claimed.length >= n || length >= most) break
    const queue = queues.get(namespace) ?? []
    const at = queue.findIndex(({ subscription }) => pace?.allows(subscription) ?? true)
    const [row] = at < 0 ? [] : queue.splice(at, 1)
    if (!row) continue
    pace?.took(row.subscription)
    turns.delete(namespace)
    turns.add(namespace)
    row.claimed = now
    claimed.push(handed(row))
    length += lengthOf(row.event)
  }
  return claimed
}

/** Takes the rows of one request. */
export function claimRequest(kept: KeptRows, sink: string, limits: BatchLimits, now: number, pace?: Pace): Row[] {
  const turns = kept.turns.get(sink) ?? new Set()
  const queues = Map.groupBy(headsOf(kept, sink), (row) => row.namespace)
  for (const namespace of limits.rows > 0 ? turns : []) {
    const heads = byAge(queues.get(namespace) ?? [], now).filter((row) => pace?.allows(row.subscription) ?? true)
    const start = heads.find((row, at) => row.due > 0 || isFull(kept, row, limits) || (at === 0 && isRipe(row)))
    if (!start) continue
    turns.delete(namespace)
    turns.add(namespace)
    const others = [...turns]
      .filter((other) => other !== namespace)
      .flatMap((other) => byAge(queues.get(other) ?? [], now))
    const mates = [...heads.filter((row) => row !== start), ...others].filter((row) => isOfOneRoute(row, start))
    const rows = takeLanes(kept, [start, ...mates], limits, now)
    for (const { subscription } of rows) pace?.took(subscription)
    return rows
  }
  return []

  function isRipe({ enqueued }: KeptRow): boolean {
    return enqueued > now || enqueued + limits.delayMs <= now
  }
}

const isOfOneRoute = (a: KeptRow, b: KeptRow): boolean => a.sink === b.sink && a.subscriptionUid === b.subscriptionUid

function isFull(kept: KeptRows, of: KeptRow, limits: BatchLimits): boolean {
  // What may go of these is parked, and no more is asked of it.
  if (isHeld(kept, { ...of, parked: undefined })) return false
  const free = kept.rows.filter((row) => row.claimed === undefined && isOfOneRoute(row, of))
  return free.length >= limits.rows || free.reduce((sum, row) => sum + bytesOf(row.event), 0) >= limits.bytes
}

/** Each head, then what is behind it in its lane, as long as there is room. */
function takeLanes(kept: KeptRows, heads: KeptRow[], limits: BatchLimits, now: number): Row[] {
  const taken: Row[] = []
  let bytes = 0
  for (const head of heads) {
    for (const row of kept.rows.filter((other) => laneOf(other) === laneOf(head))) {
      if (row.claimed !== undefined || isHeld(kept, row)) break
      bytes += bytesOf(row.event)
      if (taken.length === limits.rows || (taken.length > 0 && bytes > limits.bytes)) return taken
      row.claimed = now
      taken.push(handed(row))
    }
  }
  return taken
}

/** Those that may go at once in the order of commits, those that waited in the order in which they fell due, merged by age. */
function byAge(heads: KeptRow[], now: number): KeptRow[] {
  const fresh = heads.filter((row) => row.due === 0)
  const waited = heads.filter((row) => row.due > 0 && row.due <= now).sort((a, b) => a.due - b.due || a.seq - b.seq)
  const merged: KeptRow[] = []
  for (;;) {
    const [young, old] = [fresh[0]?.seq ?? Number.POSITIVE_INFINITY, waited[0]?.seq ?? Number.POSITIVE_INFINITY]
    const row = (old < young ? waited : fresh).shift()
    if (!row) return merged
    merged.push(row)
  }
}

export function handed({
  due: _due,
  claimed: _claimed,
  namespace: _namespace,
  written: _written,
  ...row
}: KeptRow): Row {
  return { ...row, event: { ...row.event } }
}

/** As after a restart: nothing is in flight, and the turns begin with the oldest row. */
export function restartRows(kept: KeptRows): void {
  kept.turns.clear()
  for (const row of kept.rows) {
    row.claimed = undefined
    const turns = kept.turns.get(row.sink) ?? new Set()
    kept.turns.set(row.sink, turns.add(row.namespace))
  }
}

export function pendingOf({ rows }: KeptRows): Pending[] {
  const byRoute = Map.groupBy(rows, (row) => `${row.subscriptionUid} ${row.sink}`)
  return [...byRoute.values()].map((some) => {
    const [oldest] = some as [KeptRow, ...KeptRow[]]
    return { sink: oldest.sink, subscription: oldest.subscription, rows: some.length, oldest: oldest.enqueued }
  })
}

export function loadOf(kept: KeptRows, { sink, namespace }: LoadOf): Load {
  const some = kept.rows.filter(
    (row) =>
      (sink === undefined || (row.sink === sink && !isApart(kept, row))) &&
      (namespace === undefined || row.subscription.startsWith(`${namespace}/`)),
  )
  return { rows: some.length, bytes: some.reduce((sum, row) => sum + bytesOf(row.event), 0) }
}

export function lowWaterOf({ rows }: KeptRows): Map<string, number> {
  const lowest = new Map<string, number>()
  for (const { subscriptionUid, sink, written } of rows) {
    const key = `${subscriptionUid} ${sink}`
    lowest.set(key, Math.min(written, lowest.get(key) ?? written))
  }
  return lowest
}
