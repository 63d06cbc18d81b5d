import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Outbox } from '../../src/outbox/outbox.ts'
import { countsOf, delivered } from './batches.ts'
import { askFile, directories, openIn } from './directory.ts'

const directory = directories()
const child = fileURLToPath(new URL('crash-child.ts', import.meta.url))
const rowsPerBatch = 3

/** Lets the child work until it has said `lines` lines, kills it, and gives all that it said. */
async function killed(data: string, first: number, lines: number): Promise<string[]> {
  const running = spawn(process.execPath, [child, data, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  for await (const chunk of running.stdout.setEncoding('utf8')) {
    said += chunk
    if (said.split('\n').length > lines) running.kill('SIGKILL')
  }
  return said.split('\n').slice(0, -1)
}

/** Delivers all that is left for a sink; gives the events' ids. */
async function drain(outbox: Outbox, sink: string, now: number): Promise<Set<string>> {
  const waiting = new Set<string>()
  for (let rows = outbox.claim(sink, 5000, now); rows.length > 0; rows = outbox.claim(sink, 5000, now)) {
    for (const row of rows) waiting.add(row.event.id)
    await outbox.settle(rows.map(delivered), now)
  }
  return waiting
}

test('a process killed in the middle of commits loses nothing that was acknowledged, and leaves no half batch', async (t) => {
  const data = directory()
  const clock = { ms: Date.now() + 3_600_000 }
  let next = 1
  for (const lines of [1, 2 + Math.floor(Math.random() * 100), 400 + Math.floor(Math.random() * 400)]) {
    const said = await killed(data, next, lines)
    t.diagnostic(`killed after ${said.length} acknowledgements`)
    const outbox = openIn(data, clock)
    const known = [...outbox.known('TaskRun')].map(Number)
    const dead = new Set(outbox.deadLetters({ sink: 'ns/sink', limit: 100_000 }).map(({ id }) => id))
    const waiting = await drain(outbox, 'ns/sink', clock.ms)
    for (const line of said) {
      const [what, which = ''] = line.split(' ')
      if (what === 'batch') assert.ok(known.includes(Number(which)), `${line} is lost`)
      else if (what === 'delivered') assert.ok(!waiting.has(which) && !dead.has(which), `${line} is delivered again`)
    }
    // Every batch is there as a whole: its record, its count and its rows, of which each was delivered once, before the kill or now,
    // or is a dead letter.
    assert.equal(await outbox.revive({ sink: 'ns/sink', limit: 100_000 }), dead.size)
    assert.deepEqual(await drain(outbox, 'ns/sink', clock.ms), dead)
    await drain(outbox, 'ns/park', clock.ms)
    const total = known.length * rowsPerBatch
    const { matched, delivered: went, deadLettered = 0 } = countsOf(outbox, 'uid-a', 'ns/sink')
    assert.deepEqual([matched, went], [total, total])
    assert.equal(countsOf(outbox, 'uid-a', 'ns/park').delivered ?? 0, deadLettered)
    for (const id of waiting) assert.ok(known.includes(Number(id.split('/')[0])), `${id} has a row but no record`)
    for (const [watch, cursor] of outbox.cursors())
      assert.ok(known.includes(Number(cursor)), `cursor ${cursor} of ${watch} is ahead`)
    assert.deepEqual([outbox.load({ sink: 'ns/sink' }), [...outbox.lowWater()]], [{ rows: 0, bytes: 0 }, []])
    next = Math.max(...known) + 1
    await outbox[Symbol.asyncDispose]()
    for (const table of ['rows', 'events', 'shares', 'dead_letters'])
      assert.equal(askFile(data, `SELECT count(*) FROM ${table}`), 0, table)
  }
})
