import type { DatabaseSync } from 'node:sqlite'

/** Frames of the write-ahead log: a page each. */
const mostFrames = 2048
export const pageBytes = 4096
const frameBytes = pageBytes + 24

/** How long the log may become before it is taken into the file; short where the volume is small, and with it the reserve. */
export const logLimit = (reserveBytes: number): { frames: number; bytes: number } => {
  const frames = Math.max(16, Math.min(mostFrames, Math.floor(reserveBytes / 2 / pageBytes)))
  return { frames, bytes: frames * frameBytes }
}

export type Log = {
  /** Takes the log into the file once it is long. */
  keepShort(): void
  /** Takes the log into the file. */
  takeIn(): void
  /** Takes it in, and gives its space back to the file system. */
  empty(): void
}

/**
 * The write-ahead log of a database. SQLite leaves what it has taken into the file standing in the log until the next write: were the
 * log cut at rest, its beginning would be laid over the newer file, and parts of different ages mixed. So a small write (`restart`)
 * follows at once, and what the log holds is never older than the file: a damaged log can only take back the newest commits, whole.
 */
export function logOf(db: DatabaseSync, frames: number, restart: () => void): Log {
  const asked = db.prepare('PRAGMA wal_checkpoint(NOOP)')
  const passive = db.prepare('PRAGMA wal_checkpoint(PASSIVE)')
  const truncate = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)')
  asked.setReturnArrays(true)
  const length = () => (asked.get() as unknown as [busy: number, length: number, taken: number])[1]
  const takeIn = () => {
    passive.get()
    restart()
  }
  return {
    takeIn,
    keepShort: () => {
      if (length() >= frames) takeIn()
    },
    empty: () => void truncate.get(),
  }
}
