import type { DatabaseSync } from 'node:sqlite'
import { accept, refuse, type Verdict } from '../api/verdict.ts'

/**
 * One entry per schema version, oldest first; only ever appended to. `user_version` counts those that a file has been through.
 * Times are ms since the epoch.
 */
const migrations: readonly string[] = [
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
]

/** The version that this program writes. */
export const schemaVersion = migrations.length

/** Brings a file to this program's version; a newer one is refused (`StorageTooNew`) and left untouched. */
export function migrate(db: DatabaseSync): Verdict {
  const found = versionOf(db)
  if (found > schemaVersion) {
    return refuse(
      'StorageTooNew',
      `the outbox has schema version ${found}, this program knows versions up to ${schemaVersion}: run the newer Carillon that wrote it, or give another --data-dir`,
    )
  }
  for (const [version, script] of migrations.entries()) {
    if (version < found) continue
    db.exec(`BEGIN IMMEDIATE; ${script} PRAGMA user_version = ${version + 1}; COMMIT`)
  }
  return accept(undefined)
}

export const versionOf = (db: DatabaseSync): number => Number(db.prepare('PRAGMA user_version').get()?.user_version)
