import { hotReads } from './hot-reads.ts'
import type { AllReader, Reader, Writer } from './statements.ts'

/** A claimed row with its event, in the order of `hotReads.row`. */
export type StoredRow = [
  route: number,
  lane: number,
  event: number,
  shared: number,
  attempts: number,
  firstAttempt: number | null,
  enqueued: number,
  object: string,
  written: number,
  bytes: number,
  parked: string | null,
  ...event: StoredEvent,
]

export type StoredEvent = [
  id: string,
  type: string,
  subject: string,
  attributes: string,
  data: string | null,
  summaryAttributes: string | null,
  summaryData: string | null,
]

export type NewRowCells = [
  seq: number,
  sink: number,
  route: number,
  lane: number,
  event: number,
  shared: number,
  enqueued: number,
  object: string,
  namespace: string,
  written: number,
  bytes: number,
  parked: string | null,
]

type DueSeq = [due: number, seq: number]

/** Rows are counted by so many seqs at once. */
export const tallyPart = 4096

type Tally = [
  route: number,
  namespace: string,
  part: number,
  rows: number,
  bytes: number,
  first: number,
  written: number,
]

/** What has to be known of a row that is dropped or freed. */
export type ScannedRow = [
  seq: number,
  sink: number,
  route: number,
  lane: number,
  event: number,
  shared: number,
  bytes: number,
  due: number | null,
  namespace: string,
]

export const rowStatements = (write: Writer, read: Reader, all: AllReader) => ({
  addEvent: write<[key: number, ...StoredEvent]>(
    `INSERT INTO events (key, id, type, subject, attributes, data, summary_attributes, summary_data)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  ),
  shrinkEvent: write<[attributes: string, data: string | null, key: number]>(
    'UPDATE events SET attributes = ?, data = ?, summary_attributes = NULL, summary_data = NULL WHERE key = ?',
  ),
  dropEvent: write<[key: number]>('DELETE FROM events WHERE key = ?'),
  addShare: write<[event: number, uses: number]>('INSERT INTO shares (event, uses) VALUES (?, ?)'),
  takeShare: write<[event: number]>('UPDATE shares SET uses = uses + 1 WHERE event = ?'),
  uses: read<[event: number], [uses: number]>('SELECT uses FROM shares WHERE event = ?'),
  releaseShare: read<[event: number], [uses: number]>(
    'UPDATE shares SET uses = uses - 1 WHERE event = ? RETURNING uses',
  ),
  dropShare: write<[event: number]>('DELETE FROM shares WHERE event = ?'),
  /** The row is a head where its lane is empty. */
  addRow: write<NewRowCells>(
    `INSERT INTO rows (seq, sink, route, lane, event, shared, enqueued, object, namespace, written, bytes, parked, due)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,
       iif(EXISTS (SELECT 1 FROM rows WHERE lane = ?4), NULL, 0))`,
  ),
  fresh: all<[sink: number, namespace: string, after: number, limit: number], [seq: number]>(hotReads.fresh),
  tied: all<[sink: number, namespace: string, due: number, after: number, limit: number], DueSeq>(hotReads.tied),
  waiting: all<[sink: number, namespace: string, after: number, to: number, limit: number], DueSeq>(hotReads.waiting),
  row: read<[seq: number], StoredRow>(hotReads.row),
  enqueued: read<[seq: number], [enqueued: number]>('SELECT enqueued FROM rows WHERE seq = ?'),
  dropRow: write<[seq: number]>('DELETE FROM rows WHERE seq = ?'),
  head: read<[lane: number], [seq: number, sink: number, namespace: string]>(hotReads.head),
  free: write<[seq: number]>('UPDATE rows SET due = 0 WHERE seq = ?'),
  postpone: write<[due: number, firstAttempt: number, seq: number]>(
    'UPDATE rows SET due = ?, attempts = attempts + 1, first_attempt = coalesce(first_attempt, ?) WHERE seq = ?',
  ),
  setEvent: write<[event: number, shared: number, bytes: number, seq: number]>(
    'UPDATE rows SET event = ?, shared = ?, bytes = ? WHERE seq = ?',
  ),
  scan: all<[after: number, to: number, limit: number], ScannedRow>(
    'SELECT seq, sink, route, lane, event, shared, bytes, due, namespace FROM rows WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ? + 0',
  ),
  allDue: write<[sink: number]>('UPDATE rows SET due = 0 WHERE sink = ? AND due > 0'),
  oldestOf: read<[route: number, from: number], [seq: number, enqueued: number]>(
    'SELECT seq, enqueued FROM rows WHERE seq >= ?2 AND route = ?1 ORDER BY seq LIMIT 1',
  ),
  tallies: all<[], Tally>(
    `SELECT route, namespace, seq / ${tallyPart} AS part, count(*), sum(bytes), min(seq), min(written) FROM rows
     GROUP BY route, namespace, part ORDER BY part`,
  ),
  lastSeq: read<[], [seq: number]>('SELECT last FROM sequence'),
  setLastSeq: write<[seq: number]>('UPDATE sequence SET last = ?'),
})
