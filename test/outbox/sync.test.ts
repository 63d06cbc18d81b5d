import assert from 'node:assert/strict'
import { fdatasyncSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { openSqliteOutbox, type SqliteOutbox } from '../../src/outbox/sqlite.ts'
import { batchOf, delivered, eventOf, recordOf, rowOf } from './batches.ts'
import { directories } from './directory.ts'

const directory = directories()
const sink = 'ns/sink'

type Call = { file: number; end: (error?: Error) => void }

/** An outbox whose disk takes what is written only when it is told to. */
function slow(directory: string): { outbox: SqliteOutbox; calls: Call[]; next: () => Promise<Call> } {
  const calls: Call[] = []
  const opened = openSqliteOutbox({
    directory,
    now: () => 1000,
    probeMs: 10,
    syncFile: (file) =>
      new Promise<void>((resolve, reject) => {
        const end = (error?: Error) => {
          if (error) return reject(error)
          fdatasyncSync(file)
          resolve()
        }
        calls.push({ file, end })
      }),
  })
  if (!opened.ok) throw new Error(opened.message)
  const next = async () => {
    while (calls.length === 0) await turn()
    return calls.shift() as Call
  }
  return { outbox: opened.value, calls, next }
}

const put = (outbox: SqliteOutbox, id: string) =>
  outbox.commit(batchOf({ rows: [rowOf(id, eventOf(id))], records: [recordOf(id)], cursor: id }))

const ids = (outbox: SqliteOutbox) => outbox.claim(sink, 9, 1000).map((row) => row.event.id)

const eio = () =>
  Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', errno: -5, syscall: 'fdatasync' })

test('nothing is told or handed out before the disk has it, and the process goes on meanwhile', async () => {
  const { outbox, calls, next } = slow(directory())
  await using _ = outbox
  let told = false
  const first = put(outbox, 'a').then(() => {
    told = true
  })
  const { end } = await next()
  const seen = outbox.version(sink)
  await sleep(20)
  assert.deepEqual([told, ids(outbox), outbox.nextAttempt(sink), outbox.size(sink)], [false, [], undefined, 1])
  end()
  await first
  assert.ok(outbox.version(sink) > seen)
  assert.deepEqual(ids(outbox), ['a'])
  assert.deepEqual(calls, [])
})

test('what comes while one commit is on its way goes with the next; who asked meanwhile is rung for', async () => {
  const { outbox, next, calls } = slow(directory())
  await using _ = outbox
  const first = put(outbox, 'a')
  ;(await next()).end()
  await first
  const [row] = outbox.claim(sink, 1, 1000)
  assert.ok(row)
  const others = [put(outbox, 'b'), put(outbox, 'c')]
  const { end } = await next()
  const settled = outbox.settle([delivered(row)], 1000)
  assert.deepEqual(ids(outbox), [])
  const rung = outbox.changed(sink, new AbortController().signal)
  await sleep(10)
  assert.equal(calls.length, 0)
  end()
  await Promise.all([...others, rung])
  assert.deepEqual(ids(outbox), ['b', 'c'])
  ;(await next()).end()
  await settled
  assert.equal(outbox.size(sink), 2)
})

test('what a disk did not take is taken into the file in another way, and told then', async () => {
  const at = directory()
  {
    const { outbox, next } = slow(at)
    await using _ = outbox
    const first = put(outbox, 'a')
    ;(await next()).end(eio())
    await first
    assert.deepEqual(ids(outbox), ['a'])
    assert.equal(outbox.storage().kind, 'ok')
  }
  const { outbox } = slow(at)
  await using _ = outbox
  assert.deepEqual(ids(outbox), ['a'])
})

test('closing waits for what is on its way, and writes what is queued', async () => {
  const at = directory()
  const { outbox, next } = slow(at)
  const both = [put(outbox, 'a')]
  const { end } = await next()
  both.push(put(outbox, 'b'))
  const closed = outbox[Symbol.asyncDispose]()
  end()
  ;(await next()).end()
  await Promise.all([...both, closed])
  const again = slow(at)
  await using _ = again.outbox
  assert.deepEqual(ids(again.outbox), ['a', 'b'])
})
