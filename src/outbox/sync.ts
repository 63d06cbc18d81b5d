import { closeSync, fdatasync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { databaseName } from './aside.ts'
import type { Disk } from './disk.ts'
import type { Log } from './wal.ts'

/** Resolves once what was written into an open file is on its disk. */
export type SyncFile = (file: number) => Promise<void>

export const syncFile: SyncFile = promisify(fdatasync)

/** Makes durable what SQLite has committed. */
export type Sync = {
  /** Resolves once all that was committed before is durable: tried until it is. Rejects where the file is damaged, and where it is closed first. */
  all(): Promise<void>
  /** Has it given up where the disk takes nothing: what is tried now is the last. */
  end(): void
  close(): void
}

/**
 * `synchronous = NORMAL` has SQLite order its writes such that the file is whole after a crash, but not wait for them
 * (https://sqlite.org/pragma.html#pragma_synchronous). The waiting is done here, for the write-ahead log, and beside the event loop: a disk of
 * a cloud takes milliseconds for it. After an error the kernel forgets what it could not write, and says so once only (fsync(2)); so the log
 * is not asked again: all that it holds is taken into the file, and that is synced.
 */
export function syncOf(directory: string, disk: Disk, log: Pick<Log, 'empty'>, probeMs: number, sync: SyncFile): Sync {
  const ending = new AbortController()
  let file: number | undefined
  const mend = async (first: unknown): Promise<void> => {
    for (let error = first; ; ) {
      const failed = disk.failed(error, true)
      if (disk.damaged.aborted) throw failed.error
      try {
        return log.empty()
      } catch (other) {
        error = other
      }
      if (ending.signal.aborted) throw failed.error
      await delay(probeMs, undefined, { signal: ending.signal }).catch(() => undefined)
    }
  }
  return {
    async all() {
      try {
        file ??= openSync(join(directory, `${databaseName}-wal`), 'r')
        await sync(file)
      } catch (error) {
        await mend(error)
      }
      disk.wrote()
    },
    end: () => ending.abort(),
    close() {
      if (file !== undefined) closeSync(file)
      file = undefined
    },
  }
}
