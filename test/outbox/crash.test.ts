import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { countsOf, delivered } from './batches.ts'
import { directories, openIn } from './directory.ts'

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

test('a process killed in the middle of commits loses nothing that was acknowledged, and leaves no half batch', async (t) => {
  const data = directory()
  const clock = { ms: Date.now() + 3_600_000 }
  let next = 1
  for (const lines of [1, 2 + Math.floor(Math.random() * 100), 400 + Math.floor(Math.random() * 400)]) {
    const said = await killed(data, next, lines)
    t.diagnostic(`killed after ${said.length} acknowledgements`)
    const outbox = openIn(data, clock)
    const known = [...outbox.known('TaskRun')].map(Number)
    const waiting = new Set<string>()
    for (
      let rows = outbox.claim('ns/sink', 5000, clock.ms);
      rows.length > 0;
      rows = outbox.claim('ns/sink', 5000, clock.ms)
    ) {
      for (const row of rows) waiting.add(row.event.id)
      await outbox.settle(rows.map(delivered), clock.ms)
    }
    for (const line of said) {
      const [what, which = ''] = line.split(' ')
      if (what === 'batch') assert.ok(known.includes(Number(which)), `${line} is lost`)
      else assert.ok(!waiting.has(which), `${line} is delivered again`)
    }
    // Every batch is there as a whole: its record, its count and its rows, of which each was delivered once, before the kill or now.
    const total = known.length * rowsPerBatch
    assert.deepEqual(countsOf(outbox, 'uid-a', 'ns/sink'), { matched: total, delivered: total })
    for (const id of waiting) assert.ok(known.includes(Number(id.split('/')[0])), `${id} has a row but no record`)
    for (const [watch, cursor] of outbox.cursors())
      assert.ok(known.includes(Number(cursor)), `cursor ${cursor} of ${watch} is ahead`)
    next = Math.max(...known) + 1
    await outbox[Symbol.asyncDispose]()
  }
})
