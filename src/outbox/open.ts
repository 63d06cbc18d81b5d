import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { accept, type Refusal, refuse, type Verdict } from '../api/verdict.ts'
import { migrate } from './schema.ts'

/** The open data directory. `lock` is held, and with it the directory, until it is closed. */
export type Storage = { db: DatabaseSync; lock: DatabaseSync }

/**
 * Opens `<directory>/carillon.db`, making the directory (0700) where it is missing. Refusals: `StorageUnavailable` (cannot be
 * made, read or written), `StorageInUse` (another process has it), `StorageTooNew`, `StorageDamaged` (not a database).
 */
export function openStorage(directory: string): Verdict<Storage> {
  const opened: DatabaseSync[] = []
  try {
    makeDirectory(directory)
    const lock = openFile(join(directory, 'lock.db'))
    opened.push(lock)
    // Taken by the first write and kept until the file is closed, also when the process is killed. SQLite, §locking_mode.
    lock.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE; PRAGMA user_version = 1; COMMIT',
    )
    const db = openFile(join(directory, 'carillon.db'))
    opened.push(db)
    db.exec(settings)
    const migrated = migrate(db)
    if (migrated.ok) return accept({ db, lock })
    closeAll(opened)
    return migrated
  } catch (error) {
    closeAll(opened)
    return refusalOf(directory, error)
  }
}

/**
 * `synchronous = FULL` makes a commit durable; exclusive locking (nobody else may come in, lock.db sees to that) keeps the WAL's
 * index in memory instead of a mapped file. 8 MiB of cache; checkpoints from 8 MiB of WAL on, earlier when idle.
 */
const settings = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA cache_size = -8192;
  PRAGMA mmap_size = 0;
  PRAGMA temp_store = MEMORY;
  PRAGMA wal_autocheckpoint = 2048;
  PRAGMA journal_size_limit = 16777216;
`

/** Step by step: mkdirSync's own recursion never ends where a file system answers ENOENT below a directory that exists (/proc). */
function makeDirectory(path: string): void {
  if (existsSync(path)) return
  makeDirectory(dirname(path))
  mkdirSync(path, { mode: 0o700 })
}

function openFile(path: string): DatabaseSync {
  // Created here, so that it is readable for nobody else in a directory that was there before; SQLite gives its WAL the same mode.
  closeSync(openSync(path, 'a', 0o600))
  return new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: false })
}

function closeAll(opened: readonly DatabaseSync[]): void {
  for (const db of opened.toReversed()) db.close()
}

/** SQLite's primary result codes, https://sqlite.org/rescode.html. */
const BUSY = 5
const CORRUPT = 11
const NOTADB = 26

function refusalOf(directory: string, error: unknown): Refusal {
  if (!(error instanceof Error)) throw error
  const { errcode, code } = error as Error & { errcode?: number; code?: string }
  const primary = errcode === undefined ? undefined : errcode & 0xff
  if (primary === BUSY) {
    return refuse(
      'StorageInUse',
      `another process has the data directory ${directory}: stop it, or give another --data-dir`,
    )
  }
  if (primary === CORRUPT || primary === NOTADB) {
    return refuse(
      'StorageDamaged',
      `carillon.db in ${directory} is damaged (${error.message}): move it away; what can still be derived is then sent again`,
    )
  }
  if (primary === undefined && code === undefined) throw error
  return refuse(
    'StorageUnavailable',
    `the data directory ${directory} cannot be used (${error.message}): it has to be a directory that this process may write`,
  )
}
