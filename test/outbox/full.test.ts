import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Outbox, StorageState } from '../../src/outbox/outbox.ts'
import { openSqliteOutbox, type SqliteOutbox } from '../../src/outbox/sqlite.ts'
import { StorageError, type Trouble } from '../../src/outbox/trouble.ts'
import { batchOf, buried, delivered, eventOf, recordOf, retried, rowOf } from './batches.ts'
import { volumes } from './volume.ts'

const { breakable, directory, freeze, readOnly, resize, small } = volumes()
const sink = 'ns/sink'
const MiB = 2 ** 20
const seed = Number(process.env.CARILLON_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))

function open(at: string): SqliteOutbox {
  const opened = openSqliteOutbox({ directory: at, now: () => 1_000_000, probeMs: 20 })
  if (!opened.ok) throw new Error(`${opened.reason}: ${opened.message}`)
  return opened.value
}

/** A small file system, or none where there can't be one; then the test is skipped. */
function volume(t: TestContext, bytes: number): string | undefined {
  const at = small(bytes)
  if (at === undefined) t.skip('no file system can be mounted here')
  return at
}

const hasReserve = (at: string) => existsSync(join(at, 'carillon.reserve'))

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5)
}

const turned = (outbox: Outbox, kind: StorageState['kind']) => until(() => outbox.storage().kind === kind)

const big = (id: string, kiB: number) => ({ ...eventOf(id), data: JSON.stringify('x'.repeat(kiB * 1024)) })

const put = (outbox: Outbox, id: string, kiB: number) =>
  outbox.commit(batchOf({ rows: [rowOf(id, big(id, kiB))], records: [recordOf(id)], cursor: id }))

const troubleOf = (error: unknown): Trouble => {
  assert.ok(error instanceof StorageError, String(error))
  return error.trouble
}

/** Fills the volume by commits of rows with events of `kiB`; gives the ids that were committed. */
async function fill(outbox: Outbox, kiB: number, prefix = 'row'): Promise<string[]> {
  const ids: string[] = []
  for (;;) {
    const id = `${prefix}${ids.length}`
    try {
      await put(outbox, id, kiB)
      ids.push(id)
    } catch (error) {
      assert.equal(troubleOf(error), 'full')
      return ids
    }
  }
}

/** Settles all that can be claimed, `n` rows a transaction; gives their ids. */
async function drain(outbox: Outbox, n: number): Promise<string[]> {
  const ids: string[] = []
  for (let rows = outbox.claim(sink, n, 0); rows.length > 0; rows = outbox.claim(sink, n, 0)) {
    ids.push(...rows.map((row) => row.event.id))
    await outbox.settle(rows.map(delivered), 0)
  }
  return ids
}

test('on a full disk commits are refused, settlements get through, and it goes on when there is room', async (t) => {
  const at = volume(t, 8 * MiB)
  if (at === undefined) return
  await using outbox = open(at)
  await until(() => hasReserve(at))
  const ids = await fill(outbox, 8)
  t.diagnostic(`${ids.length} rows of 8 KiB fit into 8 MiB`)
  const state = outbox.storage()
  assert.deepEqual({ ...state, message: '' }, { kind: 'full', since: 1_000_000, message: '' })
  assert.ok(!hasReserve(at), 'the reserve is given up')
  assert.equal(outbox.cursors().get('TaskRun'), ids.at(-1), 'the cursor stands where the last commit left it')
  await assert.rejects(outbox.commit(batchOf({ cursor: 'later' })), StorageError)
  // Each in a transaction of its own.
  assert.deepEqual(await drain(outbox, 1), ids)
  // The file is no smaller for it: what is vacant in it counts as room.
  await turned(outbox, 'ok')
  await put(outbox, 'later', 8)
  assert.equal(outbox.cursors().get('TaskRun'), 'later')
})

test('whatever is written on a full disk, and however often it fills up, nothing is lost or settled twice', async (t) => {
  const at = volume(t, 5 * MiB)
  if (at === undefined) return
  t.diagnostic(`seed ${seed} (CARILLON_TEST_SEED=${seed} repeats it)`)
  let state = seed
  const random = (n: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
  await using outbox = open(at)
  await until(() => hasReserve(at))
  const owed = new Set<string>()
  let refusals = 0
  for (let round = 0; round < 4; round += 1) {
    const kiB = [1, 8, 60][random(3)] as number
    for (const id of await fill(outbox, kiB, `${round}/`)) owed.add(id)
    refusals += 1
    assert.deepEqual(new Set([owed.size]), new Set([outbox.size(sink)]))
    let left = round === 3 ? 0 : random(owed.size)
    while (owed.size > left) {
      const rows = outbox.claim(sink, 1 + random(8), 0)
      if (rows.length === 0) break
      const settlements = rows.map((row) =>
        [delivered, delivered, buried, (one: typeof row) => retried(one, 5)][random(4)]?.(row),
      )
      for (const one of settlements) {
        if (one?.kind !== 'retry') assert.ok(owed.delete(one?.row.event.id ?? ''), 'settled twice')
      }
      await outbox.settle(
        settlements.filter((one) => one !== undefined),
        0,
      )
      if (random(40) === 0) await outbox.retryNow(sink)
    }
    await outbox.retryNow(sink)
    left = 0
    if (round % 2 === 1) resize(at, (5 + round) * MiB)
    else for (const id of await drain(outbox, 20)) assert.ok(owed.delete(id))
    await turned(outbox, 'ok')
  }
  t.diagnostic(`filled up ${refusals} times, ${outbox.deadLetters().length} dead letters`)
})

test('a disk that becomes larger is found out, and holds the reserve again', async (t) => {
  const at = volume(t, 4 * MiB)
  if (at === undefined) return
  await using outbox = open(at)
  await fill(outbox, 32)
  resize(at, 32 * MiB)
  await turned(outbox, 'ok')
  await until(() => hasReserve(at))
  await put(outbox, 'more', 32)
})

test('a process that starts on a full disk opens what is there, says so, and delivers', async (t) => {
  const at = volume(t, 4 * MiB)
  if (at === undefined) return
  const before = open(at)
  await until(() => hasReserve(at))
  const ids = await fill(before, 16)
  await before[Symbol.asyncDispose]()
  // Somebody else takes the little that is left.
  assert.throws(() => writeFileSync(join(at, 'other'), Buffer.alloc(4 * MiB)), /ENOSPC/)
  await using outbox = open(at)
  await turned(outbox, 'full')
  await assert.rejects(put(outbox, 'new', 1), StorageError)
  const rows = outbox.claim(sink, ids.length, 0)
  assert.deepEqual(
    rows.map((row) => row.event.id),
    ids,
  )
})

test('a new directory on a full disk is refused, and the message says why', (t) => {
  const at = volume(t, MiB)
  if (at === undefined) return
  assert.throws(() => writeFileSync(join(at, 'other'), Buffer.alloc(2 * MiB)), /ENOSPC/)
  const opened = openSqliteOutbox({ directory: join(at, 'data'), now: () => 0 })
  assert.deepEqual(opened.ok, false)
  assert.match(
    opened.ok ? '' : opened.message,
    /^the data directory .*data cannot be used \(.*\): its volume is full: make room/,
  )
})

test('a read-only volume is refused, and the message says why', async (t) => {
  const data = directory()
  await open(data)[Symbol.asyncDispose]()
  const at = readOnly(data)
  if (at === undefined) return t.skip('nothing can be mounted read-only here')
  const opened = openSqliteOutbox({ directory: at, now: () => 0 })
  assert.match(opened.ok ? '' : `${opened.reason} ${opened.message}`, /^StorageUnavailable .*read-only.*may write/)
})

test('a volume that becomes read-only refuses all writes, and hands nothing out', async (t) => {
  const volume = breakable()
  if (!volume) return t.skip('no ext4 can be mounted here')
  const outbox = open(volume.at)
  await put(outbox, 'a', 1)
  await put(outbox, 'b', 1)
  const rows = outbox.claim(sink, 1, 0)
  volume.spoil()
  await assert.rejects(outbox.settle(rows.map(delivered), 0), (error) => troubleOf(error) === 'readOnly')
  assert.equal(outbox.storage().kind, 'readOnly')
  assert.deepEqual(outbox.claim(sink, 10, 0), [], 'what could not be settled is not worth an attempt')
  assert.equal(outbox.nextAttempt(sink), undefined)
  await assert.rejects(put(outbox, 'c', 1), (error) => troubleOf(error) === 'readOnly')
  await outbox[Symbol.asyncDispose]()
})

test('a disk that fails is tried until it works again, and those who wait are woken', async (t) => {
  const data = directory()
  await using outbox = open(data)
  await put(outbox, 'a', 1)
  await put(outbox, 'b', 1)
  const rows = outbox.claim(sink, 1, 0)
  const wal = join(data, 'carillon.db-wal')
  if (!freeze(wal, true)) return t.skip('no file can be frozen here')
  try {
    await assert.rejects(outbox.settle(rows.map(delivered), 0), (error) => troubleOf(error) === 'failing')
    assert.equal(outbox.storage().kind, 'failing')
    assert.deepEqual(outbox.claim(sink, 10, 0), [])
  } finally {
    freeze(wal, false)
  }
  await outbox.changed(sink, t.signal)
  assert.equal(outbox.storage().kind, 'ok')
  await outbox.settle(rows.map(delivered), 0)
  assert.deepEqual(
    outbox.claim(sink, 10, 0).map((row) => row.event.id),
    ['b'],
  )
})
