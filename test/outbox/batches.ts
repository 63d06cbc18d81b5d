import type { EncodedEvent } from '../../src/formats/format.ts'
import type { CommitBatch, CountDelta, NewRow, ObjectRecord, Outbox, Row, Settlement } from '../../src/outbox/outbox.ts'

export const eventOf = (id: string): EncodedEvent => ({
  id,
  type: 'dev.carillon.tekton.taskrun.finished.v1',
  subject: `runs/${id}`,
  attributes: JSON.stringify({ specversion: '1.0', id }),
  data: JSON.stringify({ id, text: 'größer ✓ 𝄞 \u0000 "quoted"' }),
})

/** A row; by default of subscription `a`, toward sink `ns/sink`. The uid of a subscription is `uid-<name>`. */
export const rowOf = (object: string, event: string | EncodedEvent, over: Partial<NewRow> = {}): NewRow => ({
  sink: 'ns/sink',
  subscription: 'ns/a',
  subscriptionUid: 'uid-a',
  objectUid: object,
  namespace: 'team-a',
  written: 900_000,
  event: typeof event === 'string' ? eventOf(event) : event,
  ...over,
})

export const recordOf = (uid: string, over: Partial<ObjectRecord> = {}): ObjectRecord => ({
  uid,
  source: 'TaskRun',
  namespace: 'team-a',
  name: `run-${uid}`,
  resourceVersion: '7',
  projection: { status: 'True', tries: 2, done: false, skipped: ['a', 'b'] },
  seen: ['queued', 'started'],
  ledger: { 'uid-a ns/sink': ['queued'], 'uid-b ns/other': ['started'] },
  ...over,
})

export const batchOf = (over: Partial<CommitBatch> = {}): CommitBatch => ({
  watch: 'TaskRun',
  records: [],
  forget: [],
  rows: [],
  dead: [],
  counts: [],
  ...over,
})

export const commitRows = (outbox: Outbox, ...rows: NewRow[]): Promise<void> => outbox.commit(batchOf({ rows }))

export const ids = (rows: readonly Row[]): string[] => rows.map((row) => row.event.id)

export const delivered = (row: Row): Settlement => ({ kind: 'delivered', row })
export const released = (row: Row): Settlement => ({ kind: 'release', row })
export const retried = (row: Row, at: number): Settlement => ({
  kind: 'retry',
  row,
  at,
  reason: 'HTTP503',
  message: 'busy',
})
export const held = (row: Row, at: number): Settlement => ({
  kind: 'hold',
  row,
  at,
  reason: 'HTTP401',
  message: 'who?',
})
export const parked = (row: Row, park: string): Settlement => ({ ...buried(row), park }) as Settlement
export const buried = (row: Row): Settlement => ({ kind: 'dead', row, reason: 'HTTP400', message: 'no' })

/** The counts of a subscription toward a sink that aren't zero. */
export function countsOf(outbox: Outbox, subscriptionUid: string, sink: string): CountDelta['counts'] {
  const found = outbox.counts().find((delta) => delta.subscriptionUid === subscriptionUid && delta.sink === sink)
  return Object.fromEntries(Object.entries(found?.counts ?? {}).filter(([, n]) => n > 0))
}

/** The only row of a claim. */
export function only(rows: readonly Row[]): Row {
  const [row] = rows
  if (!row || rows.length !== 1) throw new Error(`expected one row, got ${rows.length}`)
  return row
}
