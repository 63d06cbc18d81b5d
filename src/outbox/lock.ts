import { closeSync, openSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { troubleOf } from './trouble.ts'

/** Opens a database file for reading and writing, making it where it is missing. */
export function openFile(path: string): DatabaseSync {
  // Created here, so that it is readable for nobody else in a directory that was there before; SQLite gives its WAL the same mode.
  closeSync(openSync(path, 'a', 0o600))
  return new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: false })
}

/** Takes the data directory, until the lock is closed or the process is killed. Throws SQLite's BUSY where somebody else has it. */
export function takeLock(directory: string): DatabaseSync {
  const path = join(directory, 'lock.db')
  try {
    return locked(path)
  } catch (error) {
    if (troubleOf(error) !== 'damaged') throw error
    // Nobody has it, or it could not even have been read, and there is nothing in it. The file stays the same for whoever waits for it.
    truncateSync(path, 0)
    return locked(path)
  }
}

function locked(path: string): DatabaseSync {
  const lock = openFile(path)
  try {
    // Taken by the first write and kept until the file is closed, also when the process is killed. SQLite, §locking_mode.
    lock.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE; PRAGMA user_version = 1; COMMIT',
    )
    return lock
  } catch (error) {
    lock.close()
    throw error
  }
}
