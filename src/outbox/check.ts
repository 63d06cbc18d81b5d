import { closeSync, openSync, readSync, statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { damage } from './trouble.ts'

/** Up to this size all of a file is checked; of a larger one not the events, whose bytes have a checksum of their own. */
const wholeBytes = 512 * 2 ** 20

/** What stands in the first 100 bytes of every file of ours (https://sqlite.org/fileformat.html, §1.3): offset, and the values allowed. */
const header: readonly (readonly [what: string, at: number, ...values: readonly number[]])[] = [
  ['page size', 16, 0x10],
  ['page size', 17, 0],
  ['write version', 18, 1, 2],
  ['read version', 19, 1, 2],
  ['reserved space', 20, 0],
  ['payload fraction', 21, 64],
  ['payload fraction', 22, 32],
  ['payload fraction', 23, 32],
  ['schema format', 47, 0, 4],
  ['text encoding', 59, 0, 1],
]
const headerBytes = 100
const magic = 'SQLite format 3\0'

/**
 * Throws where a file is not one that was made here: some of what SQLite reads in a header it takes for a wish (a read-only file, another
 * encoding). Also where it is empty, though there is a log of its changes: it was cut to nothing.
 */
export function checkHeader(path: string): void {
  const size = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size(path) === 0) {
    if (size(`${path}-wal`) > 0) throw damage('the file is empty, though it has a write-ahead log')
    return
  }
  const found = Buffer.alloc(headerBytes)
  const file = openSync(path, 'r')
  const length = readSync(file, found, 0, headerBytes, 0)
  closeSync(file)
  if (length < headerBytes || found.toString('latin1', 0, magic.length) !== magic)
    throw damage('the file is no database')
  for (const [what, at, ...values] of header)
    if (!values.includes(found[at] as number)) throw damage(`the file's header has a wrong ${what}`)
}

/** Throws where pages, indexes or tables do not fit together. */
export function checkStructure(db: DatabaseSync): void {
  const number = (sql: string) => Number(Object.values(db.prepare(sql).get() ?? {})[0])
  const isSmall = number('PRAGMA page_count') * number('PRAGMA page_size') <= wholeBytes
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'events'").all()
  const parts = isSmall ? ['1'] : tables.map(({ name }) => `"${name}"`)
  for (const part of parts) {
    const [row] = db.prepare(`PRAGMA integrity_check(${part})`).all()
    const answer = Object.values(row ?? {})[0]
    if (answer !== 'ok') throw damage(String(answer).split('\n')[0] ?? 'integrity_check failed')
  }
}
