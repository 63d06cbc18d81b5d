import type { Damaged } from './open.ts'
import type { SyncFile } from './sync.ts'

export type SqliteOutboxOptions = {
  /** Made (0700) where it is missing; the files in it are Carillon's. One process at a time. */
  directory: string
  /** ms since the epoch: the time of rows' commits. */
  now: () => number
  /** The longest that a write waits for others to share its commit with, under load; ms. */
  groupMs?: number
  /** The longest that settlements wait for a commit to share while nothing else is to be sent to their sinks; ms. */
  settleMs?: number
  /** So many rows are gone through in one transaction by what concerns many (`purge`, `retryNow`, …). */
  sliceRows?: number
  /** How often it is tried whether a disk that took nothing does so again; ms. */
  probeMs?: number
  damaged?: Damaged
  /** How an open file is brought to its disk; `fdatasync` when left out. */
  syncFile?: SyncFile
}
