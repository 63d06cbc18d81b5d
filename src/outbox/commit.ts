import type { EncodedEvent } from '../formats/format.ts'
import { bodyOf, owedSinks } from './body.ts'
import { addCounts } from './counts.ts'
import { bytesOf } from './event-bytes.ts'
import { dropFloors, isOfOneNamespace, keysOf } from './floors.ts'
import type { Effects } from './group.ts'
import { laneOf } from './lane.ts'
import { writeRemembered } from './named.ts'
import type { CommitBatch, NewRow, ObjectRecord, Row } from './outbox.ts'
import { enter, type Route } from './routes.ts'
import { cellsOf, countLetters, parkedCell, type Store } from './store.ts'

type Stored = { key: number; uses: number; bytes: number }

/** A row that is written, and is to be counted in once that is durable. */
export type Entered = { route: Route; seq: number; namespace: string; enqueued: number; bytes: number; written: number }

/** Writes a batch within the present transaction. */
export function writeBatch(store: Store, batch: CommitBatch): Effects<void> {
  writeObjects(store, batch)
  const listed = batch.listed ? writeListed(store, batch.watch) : undefined
  const events = usesOf(batch)
  const time = store.now()
  const entered: Entered[] = []
  for (const row of batch.rows) {
    const seq = nextSeq(store)
    entered.push(writeRow(store, seq, row, writeEvent(store, seq, row.event, events), time))
  }
  for (const row of batch.dead) writeDead(store, row, events, time)
  for (const delta of batch.counts) addCounts(store.counts.of(store.routes.take(delta)), delta.counts)
  for (const { subscriptionUid, reason, message } of batch.gaps ?? [])
    store.sql.addGap(subscriptionUid, reason, message, time)
  return () => {
    listed?.()
    for (const { sink } of batch.dead) countLetters(store, sink, 1)
    enterAll(store, entered)
  }
}

/** Counts in rows that are durable, and wakes their sinks. */
export function enterAll(store: Store, entered: readonly Entered[]): void {
  for (const row of entered) enter(row.route, row)
  for (const sink of new Set(entered.map(({ route }) => route.sink.name))) store.changes.bump(sink)
}

function writeObjects(store: Store, batch: CommitBatch): void {
  const { sql } = store
  for (const record of batch.records) {
    const { uid, source, namespace, name, resourceVersion } = record
    sql.putObject(uid, source, namespace, name, resourceVersion, record.endedAt ?? null, bodyOf(record))
    writeOwed(store, record)
  }
  for (const uid of batch.forget) {
    sql.dropObject(uid)
    if (store.owes) sql.dropOwed(uid)
  }
  if (batch.remember) writeRemembered(store, batch.remember)
  if (batch.cursor !== undefined) sql.setCursor(batch.watch, batch.cursor)
  if (batch.reached !== undefined) sql.setReached(batch.watch, batch.reached)
}

/** Brings what is listed of an object into line with its record. */
export function writeOwed(
  store: Store,
  { uid, source, namespace, owed }: Pick<ObjectRecord, 'uid' | 'source' | 'namespace' | 'owed'>,
): void {
  if (store.owes) store.sql.dropOwed(uid)
  for (const sink of owedSinks(owed)) {
    store.owes = true
    store.sql.addOwed(sink, source, namespace, uid)
  }
}

function writeListed({ sql, floors }: Store, watch: string): Effects<void> | undefined {
  if (floors.values.size === 0) return undefined
  if (isOfOneNamespace(watch)) sql.addListed(watch)
  else for (const key of keysOf(floors, watch)) sql.dropFloor(key)
  return () => dropFloors(floors, watch)
}

function usesOf(batch: CommitBatch): Map<EncodedEvent, Stored> {
  const events = new Map<EncodedEvent, Stored>()
  for (const rows of [batch.rows, batch.dead]) {
    for (const { event } of rows) {
      const stored = events.get(event)
      if (stored) stored.uses += 1
      else events.set(event, { key: 0, uses: 1, bytes: 0 })
    }
  }
  return events
}

/** Where the bytes of a row's event are. */
type StoredEvent = { event: number; shared: number; bytes: number }

/** Writes a row behind all that wait in its lane. */
export function writeRow(
  store: Store,
  seq: number,
  row: Omit<NewRow, 'event'> & Pick<Row, 'parked'>,
  { event, shared, bytes }: StoredEvent,
  enqueued: number,
): Entered {
  const route = store.routes.take(row)
  const { objectUid, namespace, written } = row
  store.sql.addRow(
    seq,
    route.sink.id,
    route.id,
    laneOf(route.id, objectUid),
    event,
    shared,
    enqueued,
    objectUid,
    namespace,
    written,
    bytes,
    parkedCell(row.parked),
    0,
    null,
  )
  return { route, seq, namespace, enqueued, bytes, written }
}

function writeDead(
  store: Store,
  dead: CommitBatch['dead'][number],
  events: Map<EncodedEvent, Stored>,
  time: number,
): void {
  const seq = nextSeq(store)
  const { event, shared } = writeEvent(store, seq, dead.event, events)
  const { sink, subscription, subscriptionUid, objectUid, reason, message, namespace, written } = dead
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
    0,
    time,
    namespace,
    written,
    null,
    null,
  )
}

export function nextSeq(store: Store): number {
  store.lastSeq += 1
  return store.lastSeq
}

/** Writes an event's bytes under this seq, unless a row before in the batch has done so. */
function writeEvent({ sql }: Store, seq: number, event: EncodedEvent, events: Map<EncodedEvent, Stored>): StoredEvent {
  const stored = events.get(event) as Stored
  if (stored.key === 0) {
    stored.key = seq
    stored.bytes = bytesOf(event)
    sql.addEvent(seq, ...cellsOf(event))
    if (stored.uses > 1) sql.addShare(seq, stored.uses)
  }
  return { event: stored.key, shared: stored.uses > 1 ? 1 : 0, bytes: stored.bytes }
}

export function writeActivations({ sql }: Store, entries: ReadonlyMap<string, number>): Effects<void> {
  for (const [key, since] of entries) sql.setActivation(key, since)
  return () => undefined
}

export function writeGate({ sql }: Store, sink: string, gate: string | undefined): Effects<void> {
  if (gate === undefined) sql.dropGate(sink)
  else sql.setGate(sink, gate)
  return () => undefined
}
