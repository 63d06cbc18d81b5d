import { logBytes } from './aside.ts'
import { Disk } from './disk.ts'
import type { Storage } from './open.ts'
import { prepare, type Statements } from './statements.ts'
import { type Sync, type SyncFile, syncOf } from './sync.ts'
import { type Log, logLimit, logOf, pageBytes } from './wal.ts'

export type Footing = { sql: Statements; disk: Disk; log: Log; sync: Sync }

/** What an outbox stands on: the statements of its file, the file's log, and what is known of the disk under them. */
export function footingOf(
  { db, directory, reserve }: Storage,
  now: () => number,
  probeMs: number,
  recovered: () => void,
  syncFile: SyncFile,
): Footing {
  // What was read and brought up to date so far was made durable by SQLite itself.
  db.exec('PRAGMA synchronous = NORMAL')
  const limit = logLimit(reserve.bytes)
  const sql = prepare(db, (error) => disk.notice(error))
  const log = logOf(db, limit.frames, () => sql.mark())
  const disk: Disk = new Disk({
    directory,
    reserve,
    now,
    probeMs,
    recovered,
    prove: () => {
      sql.mark()
      log.empty()
    },
    takeIn: (shrink) => (shrink ? log.empty() : log.takeIn()),
    logHasRoom: () => reserve.seemsFree(limit.bytes - logBytes(directory)),
    vacant: () => (sql.vacant()?.[0] ?? 0) * pageBytes,
  })
  return { sql, disk, log, sync: syncOf(directory, disk, log, probeMs, syncFile) }
}
