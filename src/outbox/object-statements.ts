import { hotReads } from './hot-reads.ts'
import type { AllReader, Reader, Writer } from './statements.ts'

type ObjectCells = [
  source: string,
  namespace: string,
  name: string,
  resourceVersion: string,
  endedAt: number | null,
  body: string,
]

export const objectStatements = (write: Writer, read: Reader, all: AllReader) => ({
  object: read<[uid: string], ObjectCells>(hotReads.object),
  putObject: write<[uid: string, ...ObjectCells]>(
    `INSERT INTO objects (uid, source, namespace, name, resource_version, ended_at, body) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (uid) DO UPDATE SET source = excluded.source, namespace = excluded.namespace, name = excluded.name,
       resource_version = excluded.resource_version, ended_at = excluded.ended_at, body = excluded.body`,
  ),
  dropObject: write<[uid: string]>('DELETE FROM objects WHERE uid = ?'),
  known: all<[source: string], [uid: string]>(hotReads.known),
  knownIn: all<[source: string, namespace: string], [uid: string]>(hotReads.knownIn),
  /** Objects in the order in which they came to be known; body where it mentions the text, so that others are not read. */
  mentioning: all<[text: string, after: number, limit: number], [id: number, uid: string, body: string | null]>(
    'SELECT rowid, uid, iif(instr(body, ?1) > 0, body, NULL) FROM objects WHERE rowid > ?2 ORDER BY rowid LIMIT ?3 + 0',
  ),
  setBody: write<[body: string, uid: string]>('UPDATE objects SET body = ? WHERE uid = ?'),
  addOwed: write<[sink: string, source: string, namespace: string, uid: string]>(
    'INSERT OR IGNORE INTO owed (sink, source, namespace, uid) VALUES (?, ?, ?, ?)',
  ),
  dropOwed: write<[uid: string]>('DELETE FROM owed WHERE uid = ?'),
  owing: all<[], [sink: string, source: string, namespace: string, objects: number]>(
    'SELECT sink, source, namespace, count(*) FROM owed GROUP BY sink, source, namespace',
  ),
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

type GapCells = [subscriptionUid: string, count: number, reason: string, message: string, time: number]

export const lifeStatements = (write: Writer, read: Reader, all: AllReader) => ({
  /** Changes a page, so that no two commits leave the same. */
  mark: write<[]>('UPDATE sequence SET commits = commits + 1'),
  vacant: read<[], [pages: number]>('PRAGMA freelist_count'),
  life: read<[], [instance: string, begun: number]>('SELECT instance, begun FROM life'),
  setBegun: write<[]>('UPDATE life SET begun = 1'),
  floors: all<[], [key: string, floor: number]>('SELECT key, floor FROM floors'),
  setFloor: write<[key: string, floor: number]>('INSERT INTO floors (key, floor) VALUES (?, ?)'),
  dropFloor: write<[key: string]>('DELETE FROM floors WHERE key = ?'),
  dropFloors: write<[]>('DELETE FROM floors'),
  listed: all<[], [watch: string]>('SELECT watch FROM listed'),
  addListed: write<[watch: string]>('INSERT OR IGNORE INTO listed (watch) VALUES (?)'),
  dropListed: write<[]>('DELETE FROM listed'),
  gates: all<[], [sink: string, gate: string]>('SELECT sink, gate FROM gates'),
  setGate: write<[sink: string, gate: string]>(
    'INSERT INTO gates (sink, gate) VALUES (?, ?) ON CONFLICT (sink) DO UPDATE SET gate = excluded.gate',
  ),
  dropGate: write<[sink: string]>('DELETE FROM gates WHERE sink = ?'),
  gaps: all<[], GapCells>('SELECT subscription_uid, count, reason, message, time FROM gaps'),
  addGap: write<[subscriptionUid: string, reason: string, message: string, time: number]>(
    `INSERT INTO gaps (subscription_uid, count, reason, message, time) VALUES (?, 1, ?, ?, ?)
     ON CONFLICT (subscription_uid) DO UPDATE SET
       count = count + 1, reason = excluded.reason, message = excluded.message, time = excluded.time`,
  ),
  dropGaps: write<[subscriptionUid: string]>('DELETE FROM gaps WHERE subscription_uid = ?'),
})
