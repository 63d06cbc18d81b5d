import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { after } from 'node:test'
import type { Outbox } from '../../src/outbox/outbox.ts'
import { openSqliteOutbox } from '../../src/outbox/sqlite.ts'

/** Makes empty directories, which go with the test file. */
export function directories(): () => string {
  const root = mkdtempSync(join(tmpdir(), 'carillon-outbox-'))
  after(() => rmSync(root, { recursive: true }))
  return () => mkdtempSync(join(root, 'data-'))
}

export function openIn(directory: string, clock: { ms: number } = { ms: 1_000_000 }): Outbox {
  const opened = openSqliteOutbox({ directory, now: () => clock.ms })
  if (!opened.ok) throw new Error(`${opened.reason}: ${opened.message}`)
  return opened.value
}

/** Asks the file of a closed outbox; gives the first column of the first row. */
export function askFile(directory: string, sql: string): SQLOutputValue | undefined {
  const db = new DatabaseSync(join(directory, 'carillon.db'))
  try {
    return askOpen(db, sql)
  } finally {
    db.close()
  }
}

export const askOpen = (db: DatabaseSync, sql: string): SQLOutputValue | undefined =>
  Object.values(db.prepare(sql).get() ?? {})[0]
