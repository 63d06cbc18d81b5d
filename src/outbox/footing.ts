import { logBytes } from './aside.ts'
import { Disk } from './disk.ts'
import type { Storage } from './open.ts'
import { prepare, type Statements } from './statements.ts'
import { type Log, logLimit, logOf, pageBytes } from './wal.ts'

export type Footing = { sql: Statements; disk: Disk; log: Log }

/** What an outbox stands on: the statements of its file, the file's log, and what is known of the disk under them. */
export function footingOf(
  { db, directory, reserve }: Storage,
  now: () => number,
  probeMs: number,
  recovered: () => void,
): Footing {
  const limit = logLimit(reserve.bytes)
  const sql = prepare(db, (error) => disk.notice(error))
  const log = logOf(db, limit.frames, () => sql.mark())
  const disk: Disk = new Disk({
    directory,
    reserve,
    now,
    probeMs,
    recovered,
    prove: () => sql.mark(),
    takeIn: (shrink) => (shrink ? log.empty() : log.takeIn()),
    logHasRoom: () => reserve.seemsFree(limit.bytes - logBytes(directory)),
    vacant: () => (sql.vacant()?.[0] ?? 0) * pageBytes,
  })
  return { sql, disk, log }
}
