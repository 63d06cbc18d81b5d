/**
 * Commits and settles as fast as it can until it is killed. Arguments: data directory, first batch number.
 * Prints `batch <n>` after a batch is durable (three rows, a record, a count) and `delivered <event id>` after a settlement is.
 */
import { writeSync } from 'node:fs'
import type { Outbox } from '../../src/outbox/outbox.ts'
import { batchOf, delivered, recordOf, rowOf } from './batches.ts'
import { openIn } from './directory.ts'

const say = (line: string) => writeSync(1, `${line}\n`)

const rowsPerBatch = 3

async function commitForever(outbox: Outbox, first: number, step: number): Promise<never> {
  for (let batch = first; ; batch += step) {
    const rows = Array.from({ length: rowsPerBatch }, (_, at) => rowOf(`o${batch}`, `${batch}/${at}`))
    const counts = [
      { subscription: 'ns/a', subscriptionUid: 'uid-a', sink: 'ns/sink', counts: { matched: rows.length } },
    ]
    await outbox.commit(
      batchOf({ watch: `w${first % step}`, cursor: String(batch), records: [recordOf(String(batch))], rows, counts }),
    )
    say(`batch ${batch}`)
  }
}

async function deliverForever(outbox: Outbox, signal: AbortSignal): Promise<never> {
  for (;;) {
    const seen = outbox.version('ns/sink')
    const rows = outbox.claim('ns/sink', 5, Date.now())
    if (rows.length === 0) await outbox.changed('ns/sink', signal, seen)
    await outbox.settle(rows.map(delivered), Date.now())
    for (const row of rows) say(`delivered ${row.event.id}`)
  }
}

const [, , directory, first] = process.argv
if (directory && first) {
  const outbox = openIn(directory)
  const { signal } = new AbortController()
  const lanes = Array.from({ length: 8 }, (_, lane) => commitForever(outbox, Number(first) + lane, 8))
  await Promise.all([...lanes, deliverForever(outbox, signal)])
}
