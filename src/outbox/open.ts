import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { accept, type Refusal, refuse, type Verdict } from '../api/verdict.ts'
import { databaseName, setAside } from './aside.ts'
import { checkHeader, checkStructure } from './check.ts'
import { openFile, takeLock } from './lock.ts'
import { Reserve, reserveBytes } from './reserve.ts'
import { checkVersion, migrate } from './schema.ts'
import { troubleOf } from './trouble.ts'
import { logLimit } from './wal.ts'

/** The open data directory. `lock` is held, and with it the directory, until it is closed. */
export type Storage = { directory: string; db: DatabaseSync; lock: DatabaseSync; reserve: Reserve }

/** Told of a database that was found damaged, with what was found, and the path under which it now is. */
export type Damaged = (what: string, path: string) => void

/**
 * Opens `<directory>/carillon.db`, making the directory (0700) where it is missing, and reads it with `read`. What turns out to be damaged on
 * the way is set aside, and a new file begun. Refusals: `StorageUnavailable` (cannot be made, read or written), `StorageInUse` (another
 * process has it), `StorageTooNew`.
 */
export function openStorage<T>(
  directory: string,
  { now, damaged, read }: { now: () => number; damaged: Damaged; read: (storage: Storage) => T },
): Verdict<T> {
  let lock: DatabaseSync | undefined
  try {
    makeDirectory(directory)
    const reserve = new Reserve(directory, reserveBytes(directory))
    const held = roomFor(reserve, () => takeLock(directory))
    lock = held
    const opened = openDatabase({ directory, lock: held, reserve }, now, damaged, read)
    if (!opened.ok) lock.close()
    return opened
  } catch (error) {
    lock?.close()
    return refusalOf(directory, error)
  }
}

function openDatabase<T>(
  place: Omit<Storage, 'db'>,
  now: () => number,
  damaged: Damaged,
  read: (storage: Storage) => T,
): Verdict<T> {
  const { directory, reserve } = place
  const path = join(directory, databaseName)
  for (let isNew = false; ; isNew = true) {
    let db: DatabaseSync | undefined
    try {
      checkHeader(path)
      const file = roomFor(reserve, () => openFile(path))
      db = file
      const verdict = roomFor(reserve, () => prepareFile(file, reserve.bytes))
      if (verdict.ok) return accept(read({ ...place, db }))
      db.close()
      return verdict
    } catch (error) {
      // A new file that is damaged at once is no accident of the past.
      if (troubleOf(error) !== 'damaged' || isNew) {
        db?.close()
        throw error
      }
      damaged((error as Error).message, leave(directory, db, now()))
    }
  }
}

/** Sets a damaged database aside, and closes it. */
export function leave(directory: string, db: DatabaseSync | undefined, now: number): string {
  const path = setAside(directory, now)
  try {
    db?.close()
  } catch {
    // It is damaged: that it can't be brought to an orderly end either says nothing new.
  }
  return path
}

function prepareFile(db: DatabaseSync, reserved: number): Verdict {
  db.exec(settings(logLimit(reserved).bytes))
  const known = checkVersion(db)
  if (!known.ok) return known
  checkStructure(db)
  migrate(db)
  return known
}

/** On a full disk the reserve makes the room that it takes to open what is there. */
function roomFor<T>(reserve: Reserve, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (troubleOf(error) !== 'full' || !reserve.giveUp()) throw error
    return run()
  }
}

/**
 * `synchronous = FULL` makes durable what opening writes (sync.ts does so later); exclusive locking (nobody else may come in, lock.db sees to that) keeps the WAL's
 * index in memory instead of a mapped file. 4 MiB of cache. When the WAL is taken into the file is told by `logOf`.
 */
const settings = (logBytes: number) => `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA cache_size = -4096;
  PRAGMA mmap_size = 0;
  PRAGMA temp_store = MEMORY;
  PRAGMA wal_autocheckpoint = 0;
  PRAGMA journal_size_limit = ${logBytes};
`

/** Step by step: mkdirSync's own recursion never ends where a file system answers ENOENT below a directory that exists (/proc). */
function makeDirectory(path: string): void {
  if (existsSync(path)) return
  makeDirectory(dirname(path))
  mkdirSync(path, { mode: 0o700 })
}

/** SQLite's primary result code, https://sqlite.org/rescode.html. */
const busyCode = 5

const mends = {
  full: 'its volume is full: make room on it, or make it larger',
  readOnly: 'it has to be a directory that this process may write',
  failing: 'it has to be a directory that this process may write',
  damaged: 'what is written there is not what is read',
}

function refusalOf(directory: string, error: unknown): Refusal {
  if (!(error instanceof Error)) throw error
  const { errcode, code } = error as Error & { errcode?: number; code?: string }
  if (errcode !== undefined && (errcode & 0xff) === busyCode) {
    return refuse(
      'StorageInUse',
      `another process has the data directory ${directory}: stop it, or give another --data-dir`,
    )
  }
  const trouble = troubleOf(error)
  if (trouble === undefined && errcode === undefined && code === undefined) throw error
  return refuse(
    'StorageUnavailable',
    `the data directory ${directory} cannot be used (${error.message}): ${mends[trouble ?? 'failing']}`,
  )
}
