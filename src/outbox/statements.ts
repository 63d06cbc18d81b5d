import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'

type Cells = readonly SQLInputValue[]

/** A statement that writes; gives the number of rows that it changed. */
export type Write<P extends Cells> = (...cells: P) => number
/** A statement that reads one row, as an array, or nothing. */
export type Read<P extends Cells, R> = (...cells: P) => R | undefined
/** A statement that reads all of its rows, as arrays. */
export type ReadAll<P extends Cells, R> = (...cells: P) => R[]

/** A claimed row with its event, in the order of `statements.row`. */
export type StoredRow = [
  route: number,
  lane: number,
  event: number,
  shared: number,
  attempts: number,
  firstAttempt: number | null,
  enqueued: number,
  object: string,
  id: string,
  type: string,
  subject: string,
  attributes: string,
  data: string | null,
]

/**
 * The texts that have to be answered from an index alone; a test looks at their query plans. `LIMIT ? + 0`, because SQLite prepares a
 * statement with a bare `LIMIT ?` anew at each run, to plan for its value.
 */
export const hotReads = {
  fresh: 'SELECT seq FROM rows WHERE sink = ? AND due = 0 AND seq > ? ORDER BY seq LIMIT ? + 0',
  /** Two statements, for SQLite would not use the index for (due, seq) > (?, ?), and after an outage many rows share a due time. */
  tied: 'SELECT due, seq FROM rows WHERE sink = ? AND due = ? AND seq > ? ORDER BY seq LIMIT ? + 0',
  waiting: 'SELECT due, seq FROM rows WHERE sink = ? AND due > ? AND due <= ? ORDER BY due, seq LIMIT ? + 0',
  row: `SELECT r.route, r.lane, r.event, r.shared, r.attempts, r.first_attempt, r.enqueued, r.object,
      e.id, e.type, e.subject, e.attributes, e.data
    FROM rows r JOIN events e ON e.key = r.event WHERE r.seq = ?`,
  head: 'SELECT seq, sink FROM rows WHERE lane = ? ORDER BY seq LIMIT 1',
  known: 'SELECT uid FROM objects WHERE source = ?',
  knownIn: 'SELECT uid FROM objects WHERE source = ? AND namespace = ?',
  object: 'SELECT source, namespace, name, resource_version, ended_at, body FROM objects WHERE uid = ?',
} as const

export type Statements = ReturnType<typeof prepare>

/** Every statement of the outbox, prepared once. */
export function prepare(db: DatabaseSync) {
  const arrays = (sql: string): StatementSync => {
    const statement = db.prepare(sql)
    statement.setReturnArrays(true)
    return statement
  }
  const write = <P extends Cells>(sql: string): Write<P> => {
    const statement = db.prepare(sql)
    return (...cells) => statement.run(...cells).changes as number
  }
  const read = <P extends Cells, R>(sql: string): Read<P, R> => {
    const statement = arrays(sql)
    return (...cells) => statement.get(...cells) as R | undefined
  }
  const all = <P extends Cells, R>(sql: string): ReadAll<P, R> => {
    const statement = arrays(sql)
    return (...cells) => statement.all(...cells) as unknown as R[]
  }
  return { ...transactions(write), ...objects(write, read, all), ...rows(write, read, all), ...routes(write, all) }
}

type Writer = <P extends Cells>(sql: string) => Write<P>
type Reader = <P extends Cells, R>(sql: string) => Read<P, R>
type AllReader = <P extends Cells, R>(sql: string) => ReadAll<P, R>

const transactions = (write: Writer) => ({
  begin: write<[]>('BEGIN IMMEDIATE'),
  commit: write<[]>('COMMIT'),
  rollback: write<[]>('ROLLBACK'),
})

type ObjectCells = [
  source: string,
  namespace: string,
  name: string,
  resourceVersion: string,
  endedAt: number | null,
  body: string,
]

const objects = (write: Writer, read: Reader, all: AllReader) => ({
  object: read<[uid: string], ObjectCells>(hotReads.object),
  putObject: write<[uid: string, ...ObjectCells]>(
    `INSERT INTO objects (uid, source, namespace, name, resource_version, ended_at, body) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (uid) DO UPDATE SET source = excluded.source, namespace = excluded.namespace, name = excluded.name,
       resource_version = excluded.resource_version, ended_at = excluded.ended_at, body = excluded.body`,
  ),
  dropObject: write<[uid: string]>('DELETE FROM objects WHERE uid = ?'),
  known: all<[source: string], [uid: string]>(hotReads.known),
  knownIn: all<[source: string, namespace: string], [uid: string]>(hotReads.knownIn),
  mentioning: all<[text: string], [uid: string, body: string]>(
    'SELECT uid, body FROM objects WHERE instr(body, ?) > 0',
  ),
  setBody: write<[body: string, uid: string]>('UPDATE objects SET body = ? WHERE uid = ?'),
  cursors: all<[], [watch: string, cursor: string]>('SELECT watch, cursor FROM cursors'),
  setCursor: write<[watch: string, cursor: string]>(
    'INSERT INTO cursors (watch, cursor) VALUES (?, ?) ON CONFLICT (watch) DO UPDATE SET cursor = excluded.cursor',
  ),
  activations: all<[], [key: string, since: number]>('SELECT key, since FROM activations'),
  setActivation: write<[key: string, since: number]>(
    'INSERT INTO activations (key, since) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET since = excluded.since',
  ),
  dropActivations: write<[prefix: string, prefix: string]>(
    'DELETE FROM activations WHERE substr(key, 1, length(?)) = ?',
  ),
})

type EventCells = [key: number, id: string, type: string, subject: string, attributes: string, data: string | null]

type DueSeq = [due: number, seq: number]

const rows = (write: Writer, read: Reader, all: AllReader) => ({
  addEvent: write<EventCells>(
    'INSERT INTO events (key, id, type, subject, attributes, data) VALUES (?, ?, ?, ?, ?, ?)',
  ),
  dropEvent: write<[key: number]>('DELETE FROM events WHERE key = ?'),
  addShare: write<[event: number, uses: number]>('INSERT INTO shares (event, uses) VALUES (?, ?)'),
  releaseShare: read<[event: number], [uses: number]>(
    'UPDATE shares SET uses = uses - 1 WHERE event = ? RETURNING uses',
  ),
  dropShare: write<[event: number]>('DELETE FROM shares WHERE event = ?'),
  /** The row is a head where its lane is empty. */
  addRow: write<
    [
      seq: number,
      sink: number,
      route: number,
      lane: number,
      event: number,
      shared: number,
      enqueued: number,
      object: string,
    ]
  >(
    `INSERT INTO rows (seq, sink, route, lane, event, shared, enqueued, object, due)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, iif(EXISTS (SELECT 1 FROM rows WHERE lane = ?4), NULL, 0))`,
  ),
  fresh: all<[sink: number, after: number, limit: number], [seq: number]>(hotReads.fresh),
  tied: all<[sink: number, due: number, after: number, limit: number], DueSeq>(hotReads.tied),
  waiting: all<[sink: number, after: number, to: number, limit: number], DueSeq>(hotReads.waiting),
  row: read<[seq: number], StoredRow>(hotReads.row),
  enqueued: read<[seq: number], [enqueued: number]>('SELECT enqueued FROM rows WHERE seq = ?'),
  dropRow: write<[seq: number]>('DELETE FROM rows WHERE seq = ?'),
  head: read<[lane: number], [seq: number, sink: number]>(hotReads.head),
  free: write<[seq: number]>('UPDATE rows SET due = 0 WHERE seq = ?'),
  postpone: write<[due: number, firstAttempt: number, seq: number]>(
    'UPDATE rows SET due = ?, attempts = attempts + 1, first_attempt = coalesce(first_attempt, ?) WHERE seq = ?',
  ),
  rowsOf: all<[route: number], [seq: number, lane: number, event: number, shared: number]>(
    'SELECT seq, lane, event, shared FROM rows WHERE route = ?',
  ),
  allDue: write<[sink: number]>('UPDATE rows SET due = 0 WHERE sink = ? AND due > 0'),
  oldestOf: read<[route: number, from: number], [seq: number, enqueued: number]>(
    'SELECT seq, enqueued FROM rows WHERE seq >= ?2 AND route = ?1 ORDER BY seq LIMIT 1',
  ),
  tallies: all<[], [route: number, rows: number, oldest: number]>(
    'SELECT route, count(*), min(seq) FROM rows GROUP BY route',
  ),
  lastSeq: read<[], [seq: number]>('SELECT last FROM sequence'),
  setLastSeq: write<[seq: number]>('UPDATE sequence SET last = ?'),
  addDeadLetter: write<
    [
      seq: number,
      sink: string,
      subscription: string,
      subscriptionUid: string,
      object: string,
      event: number,
      shared: number,
      reason: string,
      message: string,
      attempts: number,
      time: number,
    ]
  >(
    `INSERT INTO dead_letters (seq, sink, subscription, subscription_uid, object, event, shared, reason, message, attempts, time)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ),
  deadLetters: all<
    [],
    [
      seq: number,
      sink: string,
      subscription: string,
      id: string,
      type: string,
      reason: string,
      message: string,
      attempts: number,
      time: number,
    ]
  >(
    `SELECT d.seq, d.sink, d.subscription, e.id, e.type, d.reason, d.message, d.attempts, d.time
     FROM dead_letters d JOIN events e ON e.key = d.event ORDER BY d.seq`,
  ),
})

type SixCounts = [
  matched: number,
  filtered: number,
  delivered: number,
  retried: number,
  deadLettered: number,
  dropped: number,
]

const routes = (write: Writer, all: AllReader) => ({
  sinks: all<[], [id: number, name: string]>('SELECT id, name FROM sinks'),
  addSink: write<[id: number, name: string]>('INSERT INTO sinks (id, name) VALUES (?, ?)'),
  routes: all<[], [id: number, sink: number, subscription: string, subscriptionUid: string]>(
    'SELECT id, sink, subscription, subscription_uid FROM routes',
  ),
  addRoute: write<[id: number, sink: number, subscription: string, subscriptionUid: string]>(
    'INSERT INTO routes (id, sink, subscription, subscription_uid) VALUES (?, ?, ?, ?)',
  ),
  dropRoute: write<[id: number]>('DELETE FROM routes WHERE id = ?'),
  addCounts: write<[...SixCounts, id: number]>(
    `UPDATE routes SET matched = matched + ?, filtered = filtered + ?, delivered = delivered + ?, retried = retried + ?,
       dead_lettered = dead_lettered + ?, dropped = dropped + ? WHERE id = ?`,
  ),
  counts: all<[], [subscription: string, subscriptionUid: string, sink: string, ...SixCounts]>(
    `SELECT r.subscription, r.subscription_uid, s.name, matched, filtered, delivered, retried, dead_lettered, dropped
     FROM routes r JOIN sinks s ON s.id = r.sink ORDER BY r.id`,
  ),
})
