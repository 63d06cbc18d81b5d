import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

export const databaseName = 'carillon.db'
const damagedPrefix = `${databaseName}.damaged-`

/** So many damaged files are kept, the newest. */
const mostKept = 3

/** The parts of a database: the file and its write-ahead log, which has to keep the name that goes with the file's. */
const suffixes = ['', '-wal', '-journal', '-shm']

/**
 * Renames the database to `carillon.db.damaged-<time>`, and its write-ahead log with it, so that a new one can be begun. Gives the new
 * path. To be called before the damaged file is closed: SQLite would take its log in, and remove it. Of those set aside the newest
 * three are kept.
 */
export function setAside(directory: string, now: number): string {
  let path: string
  for (let time = now; ; time += 1) {
    path = join(directory, `${damagedPrefix}${new Date(time).toISOString().replaceAll(/[-:]/g, '')}`)
    if (!existsSync(path)) break
  }
  for (const suffix of suffixes) {
    const from = join(directory, `${databaseName}${suffix}`)
    if (existsSync(from)) renameSync(from, `${path}${suffix}`)
  }
  for (const old of damagedIn(directory).slice(0, -mostKept)) {
    for (const suffix of suffixes) rmSync(`${old}${suffix}`, { force: true })
  }
  return path
}

/** Paths of the databases that were set aside, the oldest first. */
export const damagedIn = (directory: string): string[] =>
  readdirSync(directory)
    .filter((name) => name.startsWith(damagedPrefix) && !suffixes.some((end) => end !== '' && name.endsWith(end)))
    .sort()
    .map((name) => join(directory, name))

/** How long the write-ahead log is. */
export const logBytes = (directory: string): number =>
  statSync(join(directory, `${databaseName}-wal`), { throwIfNoEntry: false })?.size ?? 0
