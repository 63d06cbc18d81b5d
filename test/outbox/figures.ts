/**
 * node test/outbox/figures.ts [--rows 100000] [--namespaces 1]: what it costs to have very much pending. Each figure comes from a
 * process of its own, which opens the same file; a line of JSON each. `blockedMs`: the longest that the event loop was held up.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { NewRow, Outbox } from '../../src/outbox/outbox.ts'
import { v8Flags } from '../operator/process.ts'
import { batchOf, buried, delivered, eventOf, recordOf, retried, rowOf } from './batches.ts'
import { openIn } from './directory.ts'

const sink = 'ns/sink'
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '100000' },
    namespaces: { type: 'string', default: '1' },
    act: { type: 'string' },
    in: { type: 'string' },
  },
})
const [rows, namespaces] = [Number(values.rows), Number(values.namespaces)]

const mib = (bytes: number) => Math.round(bytes / 1024 / 1024)
const round = (ms: number) => Math.round(ms * 10) / 10

/** Two rows of an object; an event has 1.5 kB. */
function rowAt(at: number): NewRow {
  const event = { ...eventOf(`event ${at}`), data: JSON.stringify({ at, text: 'x'.repeat(1350) }) }
  const uid = `5f0f3bd0-5a66-4d32-8c0b-${String(at >> 1).padStart(12, '0')}`
  return rowOf(uid, event, { namespace: `team-${(at >> 1) % namespaces}`, written: 1_000_000 + at })
}

async function fill(outbox: Outbox): Promise<void> {
  for (let at = 0; at < rows; at += 500) {
    const batch = Array.from({ length: 500 }, (_, more) => rowAt(at + more))
    const records = batch.map((row) => recordOf(row.objectUid, { namespace: row.namespace }))
    await outbox.commit(batchOf({ rows: batch, records }))
  }
}

/** Claims and settles as a delivery with so many places does, until nothing can be claimed. */
async function settleAll(outbox: Outbox, settle = delivered, atOnce = 64): Promise<number> {
  let settled = 0
  for (;;) {
    const claimed = outbox.claim(sink, atOnce, 1_000_000)
    if (claimed.length === 0) return settled
    settled += claimed.length
    await outbox.settle(claimed.map(settle), 1_000_000)
  }
}

const acts: Record<string, (outbox: Outbox) => Promise<unknown>> = {
  fill,
  open: async () => undefined,
  drain: async (outbox) => settleAll(outbox),
  postponeAll: async (outbox) => settleAll(outbox, (row) => retried(row, 2_000_000)),
  buryAll: async (outbox) => settleAll(outbox, (row) => buried(row)),
  retryNow: (outbox) => outbox.retryNow(sink),
  reviveAll: (outbox) => outbox.revive({ limit: rows }),
  prune: (outbox) => outbox.pruneDeadLetters(sink, { before: 0, max: 10 }),
  purge: (outbox) => outbox.purge({ sink, deadLetters: true }),
  forget: (outbox) => outbox.forgetSubscription('uid-a'),
}

async function measure(act: string, directory: string): Promise<void> {
  const before = performance.now()
  const outbox = openIn(directory)
  const openMs = performance.now() - before
  let blockedMs = 0
  let last = performance.now()
  const ticker = setInterval(() => {
    const now = performance.now()
    blockedMs = Math.max(blockedMs, now - last - 1)
    last = now
  }, 1)
  const begun = performance.now()
  const cpu = process.cpuUsage()
  const gave = await acts[act]?.(outbox)
  const took = performance.now() - begun
  const { user, system } = process.cpuUsage(cpu)
  await new Promise((resolve) => setTimeout(resolve, 5))
  clearInterval(ticker)
  const figures = {
    openMs: round(openMs),
    ms: round(took),
    cpuMs: round((user + system) / 1000),
    blockedMs: round(blockedMs),
  }
  console.log(JSON.stringify({ act, ...figures, peakRssMiB: mib(process.resourceUsage().maxRSS * 1024), gave }))
  await outbox[Symbol.asyncDispose]()
}

if (values.act && values.in) await measure(values.act, values.in)
else {
  const root = mkdtempSync(join(tmpdir(), 'carillon-figures-'))
  const at = (name: string) => join(root, name)
  const run = (act: string, directory: string) => {
    const args = [...v8Flags, fileURLToPath(import.meta.url), '--act', act, '--in', directory]
    execFileSync(process.execPath, [...args, '--rows', String(rows), '--namespaces', String(namespaces)], {
      stdio: 'inherit',
      env: { ...process.env, MALLOC_ARENA_MAX: '2' },
    })
  }
  try {
    run('fill', at('full'))
    const { size } = statSync(join(at('full'), 'carillon.db'))
    console.log(JSON.stringify({ fileMiB: mib(size), bytesPerRow: Math.round(size / rows) }))
    run('open', at('full'))
    for (const [name, ...todo] of [
      ['drained', 'drain'],
      ['postponed', 'postponeAll', 'retryNow', 'drain'],
      ['buried', 'buryAll', 'reviveAll', 'buryAll', 'prune'],
      ['purged', 'purge'],
      ['forgotten', 'forget'],
    ] as const) {
      cpSync(at('full'), at(name), { recursive: true })
      for (const act of todo) run(act, at(name))
      rmSync(at(name), { recursive: true })
    }
  } finally {
    rmSync(root, { recursive: true })
  }
}
