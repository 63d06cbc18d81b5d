import { hotReads } from './hot-reads.ts'
import type { Makers } from './makers.ts'

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

/** All cells of a row but for the time at which it is due, which changes too often, and is in an index besides. */
export type RowCells = [...NewRowCells, attempts: number, firstAttempt: number | null]

/** A claimed row and its event, each with its checksum, in the order of `hotReads.row`. */
export type StoredRow = [...RowCells, crc: number | null, key: number, ...StoredEvent, eventCrc: number | null]

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

export const rowStatements = ({ write, seal, read, all }: Makers) => ({
  addEvent: seal<[key: number, ...StoredEvent]>(
    `INSERT INTO events (key, id, type, subject, attributes, data, summary_attributes, summary_data, crc)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ),
  /** Puts another event in the place of one. */
  setEventBytes: seal<[key: number, ...StoredEvent]>(
    `UPDATE events SET id = ?2, type = ?3, subject = ?4, attributes = ?5, data = ?6, summary_attributes = ?7, summary_data = ?8,
       crc = ?9 WHERE key = ?1`,
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
  addRow: seal<RowCells>(
    `INSERT INTO rows (seq, sink, route, lane, event, shared, enqueued, object, namespace, written, bytes, parked, attempts,
       first_attempt, crc, due)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,
       iif(EXISTS (SELECT 1 FROM rows WHERE lane = ?4), NULL, 0))`,
  ),
  fresh: all<[sink: number, namespace: string, after: number, limit: number], [seq: number]>(hotReads.fresh),
  tied: all<[sink: number, namespace: string, due: number, after: number, limit: number], DueSeq>(hotReads.tied),
  waiting: all<[sink: number, namespace: string, after: number, to: number, limit: number], DueSeq>(hotReads.waiting),
  row: read<[seq: number], StoredRow>(hotReads.row),
  enqueued: read<[seq: number], [enqueued: number]>('SELECT enqueued FROM rows WHERE seq = ?'),
  dropRow: write<[seq: number]>('DELETE FROM rows WHERE seq = ?'),
  peek: read<[seq: number], [route: number, lane: number, bytes: number, enqueued: number, isParked: number]>(
    hotReads.peek,
  ),
  behind: all<
    [lane: number, after: number, limit: number],
    [seq: number, route: number, bytes: number, namespace: string, isParked: number]
  >(hotReads.behind),
  head: read<[lane: number], [seq: number, sink: number, namespace: string, due: number | null]>(hotReads.head),
  free: write<[seq: number]>('UPDATE rows SET due = 0 WHERE seq = ?'),
  /** What an attempt changes of a row; `crc` is that of all its cells. One that is behind its lane's head stays there. */
  postpone: write<
    [
      due: number,
      attempts: number,
      firstAttempt: number | null,
      event: number,
      shared: number,
      bytes: number,
      crc: number,
      seq: number,
    ]
  >(
    'UPDATE rows SET due = iif(due IS NULL, NULL, ?), attempts = ?, first_attempt = ?, event = ?, shared = ?, bytes = ?, crc = ? WHERE seq = ?',
  ),
  scan: all<[after: number, to: number, limit: number], ScannedRow>(
    'SELECT seq, sink, route, lane, event, shared, bytes, due, namespace FROM rows WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ? + 0',
  ),
  allDue: write<[sink: number]>('UPDATE rows SET due = 0 WHERE sink = ? AND due > 0'),
  oldestOf: read<[route: number, from: number], [seq: number, enqueued: number]>(
    'SELECT seq, enqueued FROM rows WHERE seq >= ?2 AND route = ?1 ORDER BY seq LIMIT 1',
  ),
  /** `routes`: a JSON array. There is no index on routes: all of them are found in one go. */
  headsOf: all<[routes: string, from: number, limit: number], [seq: number, namespace: string, due: number]>(
    `SELECT seq, namespace, due FROM rows WHERE seq >= ?2 AND route IN (SELECT value FROM json_each(?1)) AND due IS NOT NULL
     AND parked IS NULL ORDER BY seq LIMIT ?3 + 0`,
  ),
  tallies: all<[], Tally>(
    `SELECT route, namespace, seq / ${tallyPart} AS part, count(*), sum(bytes), min(seq), min(written) FROM rows
     GROUP BY route, namespace, part ORDER BY part`,
  ),
  lastSeq: read<[], [seq: number]>('SELECT last, crc FROM sequence', 'the last number of a row'),
  setLastSeq: seal<[seq: number]>('UPDATE sequence SET last = ?, crc = ?'),
})
