import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, chmodSync, chownSync, constants, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { damagedIn } from '../../src/outbox/aside.ts'
import { schemaVersion } from '../../src/outbox/schema.ts'
import { openSqliteOutbox } from '../../src/outbox/sqlite.ts'
import { commitRows, rowOf } from './batches.ts'
import { askFile, askOpen, directories, openIn } from './directory.ts'

const directory = directories()
const nobody = 65534
const open = (at: string) => openSqliteOutbox({ directory: at, now: () => 1_000_000 })

/** The refusal of a directory, as its reason and message. */
function refusalOf(at: string): { reason: string; message: string } {
  const opened = open(at)
  if (opened.ok) throw new Error('it was opened')
  return opened
}

test('a missing data directory is made, for nobody else to read', async () => {
  const data = join(directory(), 'deep', 'down')
  await using _outbox = openIn(data)
  assert.equal(statSync(data).mode & 0o777, 0o700)
  for (const file of ['carillon.db', 'carillon.db-wal', 'lock.db'])
    assert.equal(statSync(join(data, file)).mode & 0o777, 0o600, file)
})

test('a newer schema is refused and left as it is', async () => {
  const data = directory()
  await openIn(data)[Symbol.asyncDispose]()
  const db = new DatabaseSync(join(data, 'carillon.db'))
  const id = Number(askOpen(db, 'PRAGMA application_id'))
  db.exec(`PRAGMA user_version = ${schemaVersion + 1}; PRAGMA application_id = ${id + 1}`)
  db.close()
  const { reason, message } = refusalOf(data)
  assert.equal(reason, 'StorageTooNew')
  assert.match(message, new RegExp(`version ${schemaVersion + 1}.*run the newer Carillon.*--data-dir`))
  assert.equal(askFile(data, 'PRAGMA user_version'), schemaVersion + 1)
  // Refused a second time for the same reason: the first refusal let go of the lock.
  assert.equal(refusalOf(data).reason, 'StorageTooNew')
  assert.deepEqual(damagedIn(data), [])
})

test('a version that is not the one that was written is damage, not a newer file', async () => {
  const data = directory()
  await openIn(data)[Symbol.asyncDispose]()
  const db = new DatabaseSync(join(data, 'carillon.db'))
  db.exec(`PRAGMA user_version = ${schemaVersion + 8}`)
  db.close()
  await openIn(data)[Symbol.asyncDispose]()
  assert.equal(damagedIn(data).length, 1)
})

test('a directory in use is refused, to this process and to others, until it is closed or its process killed', async () => {
  const data = directory()
  const child = spawn(process.execPath, [fileURLToPath(new URL('crash-child.ts', import.meta.url)), data, '1'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  const { reason, message } = refusalOf(data)
  assert.equal(reason, 'StorageInUse')
  assert.match(message, /another process/)
  child.stdout.resume()
  child.kill('SIGKILL')
  await once(child, 'close')
  const outbox = openIn(data)
  assert.equal(refusalOf(data).reason, 'StorageInUse')
  await outbox[Symbol.asyncDispose]()
  await openIn(data)[Symbol.asyncDispose]()
})

test('a directory that cannot be, or that takes no files, is refused', () => {
  const file = join(directory(), 'file')
  writeFileSync(file, '')
  for (const at of [file, join(file, 'below'), '/proc/self', '/proc/self/carillon']) {
    const { reason, message } = refusalOf(at)
    assert.equal(reason, 'StorageUnavailable', at)
    assert.ok(message.includes(at) && /may write/.test(message), message)
  }
})

test('a read-only directory is refused', () => {
  const data = directory()
  chmodSync(data, 0o500)
  // Root may write everywhere, so somebody else tries.
  const isRoot = process.getuid?.() === 0
  if (isRoot) {
    chownSync(data, nobody, nobody)
    process.seteuid?.(nobody)
  }
  try {
    accessSync(data, constants.R_OK | constants.X_OK)
    assert.equal(refusalOf(data).reason, 'StorageUnavailable')
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
})

test('a file of the present version opens without a migration', async () => {
  const data = directory()
  const outbox = openIn(data)
  await commitRows(outbox, rowOf('o1', 'e1'))
  await outbox[Symbol.asyncDispose]()
  assert.equal(askFile(data, 'PRAGMA user_version'), schemaVersion)
  await using again = openIn(data)
  assert.equal(again.size('ns/sink'), 1)
})
