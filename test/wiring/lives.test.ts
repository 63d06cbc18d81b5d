import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { accept, refuse } from '../../src/api/verdict.ts'
import { openSqliteOutbox, type SqliteOutbox } from '../../src/outbox/sqlite.ts'
import { live } from '../../src/wiring/lives.ts'
import { batchOf, eventOf, rowOf } from '../outbox/batches.ts'
import { directories } from '../outbox/directory.ts'

const directory = directories()

function opener(data: string) {
  const told: string[] = []
  const open = () => openSqliteOutbox({ directory: data, now: Date.now, damaged: (_, path) => told.push(path) })
  const first = open()
  if (!first.ok) throw new Error(first.message)
  return { told, open, first: first.value }
}

const ended = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Writes more than is kept in memory, then damages it. */
async function ruin(outbox: SqliteOutbox, data: string): Promise<void> {
  const rows = Array.from({ length: 40 }, (_, n) => rowOf(`o${n}`, { ...eventOf(`${n}`), data: 'x'.repeat(300_000) }))
  for (const row of rows) await outbox.commit(batchOf({ rows: [row] }))
  for (const name of ['carillon.db', 'carillon.db-wal']) {
    const path = join(data, name)
    writeFileSync(path, readFileSync(path).fill(0xee, 4096))
  }
}

test('a life ends where its outbox turns out to be damaged, whatever it throws, and the next has a new one', async () => {
  const data = directory()
  const { told, open, first } = opener(data)
  const stop = new AbortController()
  const lives: SqliteOutbox[] = []
  const ways: ((outbox: SqliteOutbox, end: AbortSignal) => Promise<unknown>)[] = [
    // It meets the damage itself,
    async (outbox) => outbox.claim('ns/sink', 100, Date.now() + 1000),
    // or some part of it does, and it hears of that.
    async (outbox, end) => {
      assert.throws(() => outbox.claim('ns/sink', 100, Date.now() + 1000))
      await ended(end)
    },
  ]
  const result = await live(
    first,
    open,
    async (outbox, end) => {
      assert.equal(told.length, lives.length, 'the one before was closed and set aside')
      assert.equal(outbox.setAside, told.at(-1))
      assert.equal(outbox.size('ns/sink'), 0)
      lives.push(outbox)
      const way = ways.shift()
      if (way) {
        await ruin(outbox, data)
        await way(outbox, end)
      } else stop.abort()
      return accept(undefined)
    },
    stop.signal,
  )
  assert.deepEqual(result, accept(undefined))
  assert.equal(lives.length, 3)
})

test('an error that is not damage ends all', async () => {
  const { open, first } = opener(directory())
  const life = () => Promise.reject(new Error('unexpected'))
  await assert.rejects(live(first, open, life, new AbortController().signal), /unexpected/)
})

test('a life that ends by itself, or is refused, is the last', async () => {
  for (const verdict of [accept(undefined), refuse('LeaseLost', 'taken')]) {
    const { open, first } = opener(directory())
    assert.deepEqual(await live(first, open, async () => verdict, new AbortController().signal), verdict)
  }
})
