/**
 * Commits and settles as fast as it can until it is killed. Arguments: data directory, first batch number.
 * Prints `batch <n>` after a batch is durable (three rows, a record, a count), and `delivered <event id>` or `dead <event id>` after a
 * settlement is. Every dead letter is parked at `ns/park`; some are made rows again.
 */
import { writeSync } from 'node:fs'
import type { Outbox, Row, Settlement } from '../../src/outbox/outbox.ts'
import { batchOf, delivered, eventOf, parked, recordOf, rowOf } from './batches.ts'
import { openIn } from './directory.ts'

const say = (line: string) => writeSync(1, `${line}\n`)

const rowsPerBatch = 3

async function commitForever(outbox: Outbox, first: number, step: number): Promise<never> {
  for (let batch = first; ; batch += step) {
    const rows = Array.from({ length: rowsPerBatch }, (_, at) => {
      const event = { ...eventOf(`${batch}/${at}`), summary: { attributes: '{}', data: '{}' } }
      return rowOf(`o${batch}`, event, { namespace: `team-${batch % 5}` })
    })
    const counts = [
      { subscription: 'ns/a', subscriptionUid: 'uid-a', sink: 'ns/sink', counts: { matched: rows.length } },
    ]
    await outbox.commit(
      batchOf({ watch: `w${first % step}`, cursor: String(batch), records: [recordOf(String(batch))], rows, counts }),
    )
    say(`batch ${batch}`)
  }
}

/** Some are made smaller, some are dead, all others are delivered. */
function settlementOf(row: Row): Settlement {
  const chance = Math.random()
  if (chance < 0.1 && row.event.summary) return { kind: 'shrink', row, reason: 'HTTP413', message: 'large' }
  return chance < 0.2 && !row.parked ? parked(row, 'ns/park') : delivered(row)
}

/** One of each lane, or the rows of one request. */
const takeRows = (outbox: Outbox, sink: string): Row[] =>
  Math.random() < 0.5
    ? outbox.claim(sink, 5, Date.now())
    : outbox.claimBatch(sink, { rows: 5, bytes: 1e6, delayMs: 0 }, Date.now())

/** What comes behind a row that stays is handed back. */
function inOrder(settlements: Settlement[]): Settlement[] {
  const staying = new Set<string>()
  return settlements.map((settlement) => {
    const { kind, row } = settlement
    if (staying.has(row.objectUid)) return { kind: 'release', row }
    if (kind === 'shrink') staying.add(row.objectUid)
    return settlement
  })
}

async function deliverForever(outbox: Outbox, sink: string, signal: AbortSignal): Promise<never> {
  for (;;) {
    const seen = outbox.version(sink)
    const rows = takeRows(outbox, sink)
    if (rows.length === 0) await outbox.changed(sink, signal, seen)
    const settlements = inOrder(rows.map(settlementOf))
    await outbox.settle(settlements, Date.now())
    if (sink === 'ns/park') continue
    for (const { kind, row } of settlements) if (kind !== 'shrink' && kind !== 'release') say(`${kind} ${row.event.id}`)
  }
}

async function reviveForever(outbox: Outbox): Promise<never> {
  for (;;) {
    await outbox.revive({ limit: 2 })
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const [, , directory, first] = process.argv
if (directory && first) {
  const outbox = openIn(directory)
  const { signal } = new AbortController()
  const lanes = Array.from({ length: 8 }, (_, lane) => commitForever(outbox, Number(first) + lane, 8))
  const deliveries = ['ns/sink', 'ns/park'].map((sink) => deliverForever(outbox, sink, signal))
  await Promise.all([...lanes, ...deliveries, reviveForever(outbox)])
}
