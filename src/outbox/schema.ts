import type { DatabaseSync } from 'node:sqlite'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { damage } from './trouble.ts'

/**
 * One entry per schema version, oldest first; only ever appended to. `user_version` counts those that a file has been through.
 * Times are ms since the epoch.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE cursors (watch TEXT PRIMARY KEY, cursor TEXT NOT NULL) WITHOUT ROWID, STRICT;
  CREATE TABLE activations (key TEXT PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID, STRICT;

  -- What is remembered of watched objects; body is JSON [projection, seen, ledger].
  CREATE TABLE objects (
    uid TEXT NOT NULL UNIQUE, source TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    resource_version TEXT NOT NULL, ended_at INTEGER, body TEXT NOT NULL) STRICT;
  CREATE INDEX objects_known ON objects (source, namespace, uid);

  CREATE TABLE sinks (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

  -- One subscription toward one sink, and the counts of what went that way.
  CREATE TABLE routes (
    id INTEGER PRIMARY KEY, sink INTEGER NOT NULL, subscription TEXT NOT NULL, subscription_uid TEXT NOT NULL,
    matched INTEGER NOT NULL DEFAULT 0, filtered INTEGER NOT NULL DEFAULT 0, delivered INTEGER NOT NULL DEFAULT 0,
    retried INTEGER NOT NULL DEFAULT 0, dead_lettered INTEGER NOT NULL DEFAULT 0, dropped INTEGER NOT NULL DEFAULT 0,
    UNIQUE (subscription_uid, sink)) STRICT;

  -- An event's bytes, once; key is the seq of the first row that points at it. Gone with the last row and dead letter that do.
  CREATE TABLE events (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, subject TEXT NOT NULL,
    attributes TEXT NOT NULL, data TEXT) STRICT;
  -- How many point at an event; only for events that more than one pointed at to begin with.
  CREATE TABLE shares (event INTEGER PRIMARY KEY, uses INTEGER NOT NULL) STRICT;

  -- The last seq given out: none is ever used again.
  CREATE TABLE sequence (last INTEGER NOT NULL) STRICT;
  INSERT INTO sequence (last) VALUES (0);

  -- What is owed. A lane is a route and an object (lane.ts). due is NULL behind the head of a lane, 0 for a head that may go
  -- at once, else the time from which it may.
  CREATE TABLE rows (
    seq INTEGER PRIMARY KEY, sink INTEGER NOT NULL, route INTEGER NOT NULL, lane INTEGER NOT NULL, due INTEGER,
    event INTEGER NOT NULL, shared INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, first_attempt INTEGER,
    enqueued INTEGER NOT NULL, object TEXT NOT NULL) STRICT;
  CREATE INDEX rows_heads ON rows (sink, due) WHERE due IS NOT NULL;
  CREATE INDEX rows_lanes ON rows (lane);

  CREATE TABLE dead_letters (
    seq INTEGER PRIMARY KEY, sink TEXT NOT NULL, subscription TEXT NOT NULL, subscription_uid TEXT NOT NULL,
    object TEXT NOT NULL, event INTEGER NOT NULL, shared INTEGER NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL,
    attempts INTEGER NOT NULL, time INTEGER NOT NULL) STRICT;
  `,
  `
  -- parked is JSON [sink, reason] of the dead letter that the row is; written is when the object was, in the state that the row came of.
  ALTER TABLE rows ADD COLUMN namespace TEXT NOT NULL DEFAULT '';
  ALTER TABLE rows ADD COLUMN written INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE rows ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE rows ADD COLUMN parked TEXT;
  ALTER TABLE dead_letters ADD COLUMN namespace TEXT NOT NULL DEFAULT '';
  ALTER TABLE dead_letters ADD COLUMN written INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE dead_letters ADD COLUMN parked TEXT;
  ALTER TABLE dead_letters ADD COLUMN answer TEXT;
  -- A row whose event others share, and which was shrunk, has its own under the key -seq.
  ALTER TABLE events ADD COLUMN summary_attributes TEXT;
  ALTER TABLE events ADD COLUMN summary_data TEXT;

  -- Rows of before: an object that is forgotten had the namespace of its subscription, unless an admin's; and it was not written
  -- before the moment that its event tells of.
  UPDATE rows SET
    namespace = coalesce(
      (SELECT namespace FROM objects WHERE uid = rows.object),
      (SELECT substr(subscription, 1, instr(subscription, '/') - 1) FROM routes WHERE id = rows.route), ''),
    written = min(enqueued, (SELECT coalesce(unixepoch(json_extract(attributes, '$.time')) * 1000, rows.enqueued)
      FROM events WHERE key = rows.event)),
    bytes = (SELECT octet_length(attributes) + coalesce(octet_length(data), 0) FROM events WHERE key = rows.event);
  UPDATE dead_letters SET
    namespace = coalesce(
      (SELECT namespace FROM objects WHERE uid = dead_letters.object), substr(subscription, 1, instr(subscription, '/') - 1)),
    written = min(time, (SELECT coalesce(unixepoch(json_extract(attributes, '$.time')) * 1000, dead_letters.time)
      FROM events WHERE key = dead_letters.event));
  DROP INDEX rows_heads;
  CREATE INDEX rows_heads ON rows (sink, namespace, due) WHERE due IS NOT NULL;
  CREATE INDEX dead_letters_kept ON dead_letters (sink, time);

  -- Which sinks are owed milestones of which objects, as the bodies of these say.
  CREATE TABLE owed (
    sink TEXT NOT NULL, source TEXT NOT NULL, namespace TEXT NOT NULL, uid TEXT NOT NULL,
    PRIMARY KEY (sink, source, namespace, uid)) WITHOUT ROWID, STRICT;
  CREATE INDEX owed_objects ON owed (uid);

  -- One row: who works on this directory, and whether a life was begun in it. A file of before that knows of objects had one.
  CREATE TABLE life (instance TEXT NOT NULL, begun INTEGER NOT NULL) STRICT;
  INSERT INTO life (instance, begun) SELECT
    lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
      || substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
    EXISTS (SELECT 1 FROM cursors) OR EXISTS (SELECT 1 FROM objects);
  CREATE TABLE floors (key TEXT PRIMARY KEY, floor INTEGER NOT NULL) WITHOUT ROWID, STRICT;
  -- Watches of one namespace whose list was complete since the floors were set.
  CREATE TABLE listed (watch TEXT PRIMARY KEY) WITHOUT ROWID, STRICT;
  CREATE TABLE gates (sink TEXT PRIMARY KEY, gate TEXT NOT NULL) WITHOUT ROWID, STRICT;
  CREATE TABLE gaps (
    subscription_uid TEXT PRIMARY KEY, count INTEGER NOT NULL, reason TEXT NOT NULL, message TEXT NOT NULL,
    time INTEGER NOT NULL) WITHOUT ROWID, STRICT;
  `,
  `
  ALTER TABLE sequence ADD COLUMN commits INTEGER NOT NULL DEFAULT 0;

  -- Checksums of the cells of a row, but for those that need none; NULL in rows of before (checksum.ts).
  ALTER TABLE sequence ADD COLUMN crc INTEGER;
  ALTER TABLE cursors ADD COLUMN crc INTEGER;
  ALTER TABLE activations ADD COLUMN crc INTEGER;
  ALTER TABLE objects ADD COLUMN crc INTEGER;
  ALTER TABLE sinks ADD COLUMN crc INTEGER;
  ALTER TABLE routes ADD COLUMN crc INTEGER;
  ALTER TABLE events ADD COLUMN crc INTEGER;
  ALTER TABLE rows ADD COLUMN crc INTEGER;
  ALTER TABLE dead_letters ADD COLUMN crc INTEGER;
  ALTER TABLE life ADD COLUMN crc INTEGER;
  ALTER TABLE floors ADD COLUMN crc INTEGER;
  ALTER TABLE gates ADD COLUMN crc INTEGER;
  `,
  `
  ALTER TABLE routes ADD COLUMN invalid INTEGER NOT NULL DEFAULT 0;
  `,
  `
  DROP INDEX objects_known;
  CREATE INDEX objects_named ON objects (source, namespace, name, uid);

  -- Objects that are gone, since when, and that events of others link to; body is JSON [chain, seen].
  CREATE TABLE remembered (
    source TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL, gone INTEGER NOT NULL,
    body TEXT NOT NULL, crc INTEGER, UNIQUE (source, namespace, name, uid)) STRICT;
  CREATE INDEX remembered_named ON remembered (source, namespace, name, gone);
  CREATE INDEX remembered_gone ON remembered (gone);
  `,
  `
  -- When each watch was at its cursor, about.
  CREATE TABLE reached (watch TEXT PRIMARY KEY, time INTEGER NOT NULL, crc INTEGER) WITHOUT ROWID, STRICT;
  `,
]

/** The version that this program writes. */
export const schemaVersion = migrations.length

/** Stands in a file beside its version, so that a damaged version is known for what it is; 0 in files of before. */
const applicationId = (version: number): number => 0x4361_0000 + version

/** Refuses the file of a newer program (`StorageTooNew`); throws where the version can't be what was written. */
export function checkVersion(db: DatabaseSync): Verdict {
  const found = versionOf(db)
  const id = Number(db.prepare('PRAGMA application_id').get()?.application_id)
  if (id !== 0 && id !== applicationId(found)) throw damage('the file has a wrong schema version')
  return found > schemaVersion
    ? refuse(
        'StorageTooNew',
        `the outbox has schema version ${found}, this program knows versions up to ${schemaVersion}: run the newer Carillon that wrote it, or give another --data-dir`,
      )
    : accept(undefined)
}

/** Brings a file to this program's version. */
export function migrate(db: DatabaseSync): void {
  const found = versionOf(db)
  for (const [at, script] of migrations.entries()) {
    const version = at + 1
    if (version <= found) continue
    db.exec(
      `BEGIN IMMEDIATE; ${script} PRAGMA user_version = ${version}; PRAGMA application_id = ${applicationId(version)}; COMMIT`,
    )
  }
}

export const versionOf = (db: DatabaseSync): number => Number(db.prepare('PRAGMA user_version').get()?.user_version)
