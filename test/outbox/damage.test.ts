import assert from 'node:assert/strict'
import { cpSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { damagedIn } from '../../src/outbox/aside.ts'
import { openSqliteOutbox, type SqliteOutbox } from '../../src/outbox/sqlite.ts'
import { StorageError } from '../../src/outbox/trouble.ts'
import { batchOf, commitRows, eventOf, recordOf, rowOf } from './batches.ts'
import { directories, openIn } from './directory.ts'

const directory = directories()
const fileIn = (data: string) => join(data, 'carillon.db')

/** Opens a directory whose database may be damaged; gives what was told of it, too. */
function open(
  data: string,
  now = Date.UTC(2026, 10, 22, 12),
): { outbox: SqliteOutbox; told: [what: string, path: string][] } {
  const told: [string, string][] = []
  const opened = openSqliteOutbox({
    directory: data,
    now: () => now,
    damaged: (what, path) => told.push([what, path]),
  })
  if (!opened.ok) throw new Error(`${opened.reason}: ${opened.message}`)
  return { outbox: opened.value, told }
}

/** A closed outbox with some rows of so many bytes, and records. */
async function filled(bytes = 10): Promise<string> {
  const data = directory()
  await using outbox = openIn(data)
  for (let at = 0; at < 200; at += 10) {
    const ids = Array.from({ length: 10 }, (_, n) => `${at + n}`)
    const rows = ids.map((id) => rowOf(id, { ...eventOf(id), data: 'x'.repeat(bytes) }))
    await outbox.commit(batchOf({ rows, records: ids.map((id) => recordOf(id)), cursor: `${at}` }))
  }
  return data
}

function replaceIn(file: string, text: string, other: string): void {
  const bytes = readFileSync(file)
  assert.ok(bytes.includes(text))
  // Some may be left-overs in free space.
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) bytes.write(other, at)
  writeFileSync(file, bytes)
}

const spoilings: [name: string, spoil: (file: string) => void][] = [
  ['garbage', (file) => writeFileSync(file, 'no database '.repeat(1000))],
  ['cut to a half', (file) => truncateSync(file, statSync(file).size / 2)],
  ['cut by a page', (file) => truncateSync(file, statSync(file).size - 4096)],
  ['cut within the header', (file) => truncateSync(file, 50)],
  ['a page of zeros', (file) => writeFileSync(file, readFileSync(file).fill(0, 8192, 12288))],
  ['a column with another name', (file) => replaceIn(file, 'TABLE shares (event', 'TABLE shares (evend')],
  ['a table with another name', (file) => replaceIn(file, 'TABLE gates (', 'TABLE gatef (')],
  ['made read-only by its header', (file) => writeFileSync(file, readFileSync(file).fill(7, 18, 19))],
]
for (const [name, spoil] of spoilings) {
  test(`a damaged file is set aside as it was, told of, and a new one begun: ${name}`, async () => {
    const data = await filled()
    spoil(fileIn(data))
    const found = readFileSync(fileIn(data))
    const { outbox, told } = open(data)
    assert.equal(outbox.size('ns/sink'), 0)
    assert.equal(outbox.cursors().size, 0)
    const path = join(data, 'carillon.db.damaged-20261122T120000.000Z')
    assert.deepEqual(damagedIn(data), [path])
    assert.ok(readFileSync(path).equals(found))
    assert.equal(told.length, 1)
    assert.equal(told[0]?.[1], path)
    assert.equal(outbox.setAside, path)
    await commitRows(outbox, rowOf('o', 'new'))
    await outbox[Symbol.asyncDispose]()
    const again = open(data)
    assert.deepEqual(again.told, [])
    assert.equal(again.outbox.size('ns/sink'), 1)
    await again.outbox[Symbol.asyncDispose]()
  })
}

test('a file cut to nothing beside its log is damaged, not new', async () => {
  const data = directory()
  await using running = openIn(data)
  await commitRows(running, rowOf('o', 'e'))
  const copy = directory()
  cpSync(data, copy, { recursive: true })
  truncateSync(fileIn(copy), 0)
  const { outbox, told } = open(copy)
  assert.deepEqual(
    told.map(([what]) => what),
    ['the file is empty, though it has a write-ahead log'],
  )
  assert.ok(existsSync(`${told[0]?.[1]}-wal`), 'its log is set aside with it')
  await outbox[Symbol.asyncDispose]()
})

test('three damaged files are kept, the newest', async () => {
  const data = directory()
  const paths: string[] = []
  for (let n = 0; n < 5; n += 1) {
    writeFileSync(fileIn(data), `garbage ${n}`.repeat(500))
    const { outbox, told } = open(data, 1_000_000 + n)
    paths.push(told[0]?.[1] ?? '')
    await outbox[Symbol.asyncDispose]()
  }
  assert.deepEqual(damagedIn(data), paths.slice(2))
  assert.match(readFileSync(paths[4] as string, 'utf8'), /^garbage 4/)
})

test('a damaged lock is no obstacle', async () => {
  const data = await filled()
  writeFileSync(join(data, 'lock.db'), 'garbage'.repeat(100))
  const { outbox, told } = open(data)
  assert.deepEqual(told, [])
  assert.equal(outbox.size('ns/sink'), 200)
  assert.equal(openSqliteOutbox({ directory: data, now: () => 0 }).ok, false, 'and locks')
  await outbox[Symbol.asyncDispose]()
})

test('damage that shows at run time ends all writing, and is set aside when the outbox is closed', async () => {
  // More than is kept in memory.
  const data = await filled(80_000)
  const { outbox, told } = open(data)
  writeFileSync(fileIn(data), readFileSync(fileIn(data)).fill(0xee, 4096))
  const isDamage = (error: unknown) => error instanceof StorageError && error.trouble === 'damaged'
  assert.throws(() => {
    for (let n = 0; n < 200; n += 1) outbox.claim('ns/sink', 1, 2_000_000)
  }, isDamage)
  assert.ok(outbox.damaged.aborted)
  await assert.rejects(commitRows(outbox, rowOf('o', 'e')), isDamage)
  assert.deepEqual(outbox.claim('ns/sink', 5, 2_000_000), [])
  assert.deepEqual(told, [], 'the file is in use yet')
  await outbox[Symbol.asyncDispose]()
  assert.deepEqual(damagedIn(data), [told[0]?.[1]])
  const after = open(data)
  assert.deepEqual(after.told, [])
  assert.equal(after.outbox.setAside, damagedIn(data)[0])
  await after.outbox[Symbol.asyncDispose]()
})
