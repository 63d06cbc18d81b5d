import { hotReads } from './hot-reads.ts'
import type { Makers } from './makers.ts'

export type ObjectCells = [
  uid: string,
  source: string,
  namespace: string,
  name: string,
  resourceVersion: string,
  endedAt: number | null,
  body: string,
]

export const objectStatements = ({ write, seal, read, all }: Makers) => ({
  object: read<[uid: string], ObjectCells>(hotReads.object, 'what is remembered of an object'),
  putObject: seal<ObjectCells>(
    `INSERT INTO objects (uid, source, namespace, name, resource_version, ended_at, body, crc) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (uid) DO UPDATE SET source = excluded.source, namespace = excluded.namespace, name = excluded.name,
       resource_version = excluded.resource_version, ended_at = excluded.ended_at, body = excluded.body, crc = excluded.crc`,
  ),
  dropObject: write<[uid: string]>('DELETE FROM objects WHERE uid = ?'),
  named: read<[source: string, namespace: string, name: string], [uid: string]>(hotReads.named),
  remember: seal<[source: string, namespace: string, name: string, uid: string, gone: number, body: string]>(
    `INSERT INTO remembered (source, namespace, name, uid, gone, body, crc) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (source, namespace, name, uid) DO UPDATE SET gone = excluded.gone, body = excluded.body, crc = excluded.crc`,
  ),
  remembered: read<
    [source: string, namespace: string, name: string],
    [source: string, namespace: string, name: string, uid: string, gone: number, body: string]
  >(hotReads.remembered, 'what is remembered of an object that is gone'),
  forgetGone: write<[before: number]>(
    'DELETE FROM remembered WHERE rowid IN (SELECT rowid FROM remembered WHERE gone < ? ORDER BY gone LIMIT 100)',
  ),
  known: all<[source: string], [uid: string]>(hotReads.known),
  knownIn: all<[source: string, namespace: string], [uid: string]>(hotReads.knownIn),
  /** Objects in the order in which they came to be known, and whether their bodies mention the text. */
  mentioning: all<[text: string, after: number, limit: number], [id: number, uid: string, mentions: number]>(
    'SELECT rowid, uid, instr(body, ?1) > 0 FROM objects WHERE rowid > ?2 ORDER BY rowid LIMIT ?3 + 0',
  ),
  addOwed: write<[sink: string, source: string, namespace: string, uid: string]>(
    'INSERT OR IGNORE INTO owed (sink, source, namespace, uid) VALUES (?, ?, ?, ?)',
  ),
  dropOwed: write<[uid: string]>('DELETE FROM owed WHERE uid = ?'),
  owing: all<[], [sink: string, source: string, namespace: string, objects: number]>(
    'SELECT sink, source, namespace, count(*) FROM owed GROUP BY sink, source, namespace',
  ),
  cursors: all<[], [watch: string, cursor: string]>('SELECT watch, cursor, crc FROM cursors', 'a cursor'),
  setCursor: seal<[watch: string, cursor: string]>(
    `INSERT INTO cursors (watch, cursor, crc) VALUES (?, ?, ?)
     ON CONFLICT (watch) DO UPDATE SET cursor = excluded.cursor, crc = excluded.crc`,
  ),
  reached: all<[], [watch: string, time: number]>('SELECT watch, time, crc FROM reached', 'a time'),
  setReached: seal<[watch: string, time: number]>(
    `INSERT INTO reached (watch, time, crc) VALUES (?, ?, ?)
     ON CONFLICT (watch) DO UPDATE SET time = excluded.time, crc = excluded.crc`,
  ),
  activations: all<[], [key: string, since: number]>('SELECT key, since, crc FROM activations', 'an activation'),
  setActivation: seal<[key: string, since: number]>(
    `INSERT INTO activations (key, since, crc) VALUES (?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET since = excluded.since, crc = excluded.crc`,
  ),
  dropActivations: write<[prefix: string, prefix: string]>(
    'DELETE FROM activations WHERE substr(key, 1, length(?)) = ?',
  ),
})

type GapCells = [subscriptionUid: string, count: number, reason: string, message: string, time: number]

export const lifeStatements = ({ write, seal, read, all }: Makers) => ({
  /** Changes a page, so that no two commits leave the same. */
  mark: write<[]>('UPDATE sequence SET commits = commits + 1'),
  vacant: read<[], [pages: number]>('PRAGMA freelist_count'),
  life: read<[], [instance: string, begun: number]>('SELECT instance, begun, crc FROM life', 'who works here'),
  setLife: seal<[instance: string, begun: number]>('UPDATE life SET instance = ?, begun = ?, crc = ?'),
  floors: all<[], [key: string, floor: number]>('SELECT key, floor, crc FROM floors', 'a floor'),
  setFloor: seal<[key: string, floor: number]>('INSERT INTO floors (key, floor, crc) VALUES (?, ?, ?)'),
  dropFloor: write<[key: string]>('DELETE FROM floors WHERE key = ?'),
  dropFloors: write<[]>('DELETE FROM floors'),
  listed: all<[], [watch: string]>('SELECT watch FROM listed'),
  addListed: write<[watch: string]>('INSERT OR IGNORE INTO listed (watch) VALUES (?)'),
  dropListed: write<[]>('DELETE FROM listed'),
  gates: all<[], [sink: string, gate: string]>('SELECT sink, gate, crc FROM gates', 'a gate'),
  setGate: seal<[sink: string, gate: string]>(
    `INSERT INTO gates (sink, gate, crc) VALUES (?, ?, ?)
     ON CONFLICT (sink) DO UPDATE SET gate = excluded.gate, crc = excluded.crc`,
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
