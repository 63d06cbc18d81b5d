import type { EncodedEvent } from '../formats/format.ts'
import { bodyOf } from './body.ts'
import type { Effects } from './group.ts'
import { laneOf } from './lane.ts'
import type { CommitBatch, NewRow } from './outbox.ts'
import { countNames, type Route } from './routes.ts'
import type { Store } from './store.ts'

type Stored = { key: number; uses: number }

/** Writes a batch within the present transaction. */
export function writeBatch(store: Store, batch: CommitBatch): Effects<void> {
  writeObjects(store, batch)
  const events = usesOf(batch)
  const enqueued = store.now()
  const routes: Route[] = []
  const firstSeq = store.lastSeq + 1
  for (const row of batch.rows) routes.push(writeRow(store, row, events, enqueued))
  for (const row of batch.dead) writeDead(store, row, events, enqueued)
  for (const delta of batch.counts) {
    const counts = store.counts.of(store.routes.take(delta))
    for (const name of countNames) counts[name] += delta.counts[name] ?? 0
  }
  return () => {
    for (const [at, route] of routes.entries()) {
      if (route.rows === 0) route.oldest = { seq: firstSeq + at, enqueued }
      route.rows += 1
      route.sink.rows += 1
      route.sink.quietUntil = 0
    }
    for (const sink of new Set(routes.map((route) => route.sink.name))) store.changes.bump(sink)
  }
}

function writeObjects({ sql }: Store, batch: CommitBatch): void {
  for (const record of batch.records) {
    const { uid, source, namespace, name, resourceVersion } = record
    sql.putObject(uid, source, namespace, name, resourceVersion, record.endedAt ?? null, bodyOf(record))
  }
  for (const uid of batch.forget) sql.dropObject(uid)
  if (batch.cursor !== undefined) sql.setCursor(batch.watch, batch.cursor)
}

function usesOf(batch: CommitBatch): Map<EncodedEvent, Stored> {
  const events = new Map<EncodedEvent, Stored>()
  for (const rows of [batch.rows, batch.dead]) {
    for (const { event } of rows) {
      const stored = events.get(event)
      if (stored) stored.uses += 1
      else events.set(event, { key: 0, uses: 1 })
    }
  }
  return events
}

function writeRow(store: Store, row: NewRow, events: Map<EncodedEvent, Stored>, enqueued: number): Route {
  const { sql } = store
  const route = store.routes.take(row)
  store.lastSeq += 1
  const { key, uses } = writeEvent(store, row.event, events)
  sql.addRow(
    store.lastSeq,
    route.sink.id,
    route.id,
    laneOf(route.id, row.objectUid),
    key,
    uses > 1 ? 1 : 0,
    enqueued,
    row.objectUid,
  )
  return route
}

function writeDead(
  store: Store,
  dead: CommitBatch['dead'][number],
  events: Map<EncodedEvent, Stored>,
  time: number,
): void {
  store.lastSeq += 1
  const { key, uses } = writeEvent(store, dead.event, events)
  const { sink, subscription, subscriptionUid, objectUid, reason, message } = dead
  const shared = uses > 1 ? 1 : 0
  store.sql.addDeadLetter(
    store.lastSeq,
    sink,
    subscription,
    subscriptionUid,
    objectUid,
    key,
    shared,
    reason,
    message,
    0,
    time,
  )
}

/** Writes an event's bytes under the present seq, unless a row before in the batch has done so. */
function writeEvent({ sql, lastSeq }: Store, event: EncodedEvent, events: Map<EncodedEvent, Stored>): Stored {
  const stored = events.get(event) as Stored
  if (stored.key !== 0) return stored
  stored.key = lastSeq
  sql.addEvent(lastSeq, event.id, event.type, event.subject, event.attributes, event.data ?? null)
  if (stored.uses > 1) sql.addShare(lastSeq, stored.uses)
  return stored
}
