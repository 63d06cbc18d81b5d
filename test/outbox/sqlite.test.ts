import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { hotReads } from '../../src/outbox/hot-reads.ts'
import { migrate } from '../../src/outbox/schema.ts'
import {
  batchOf,
  buried,
  commitRows,
  countsOf,
  delivered,
  eventOf,
  ids,
  recordOf,
  released,
  retried,
  rowOf,
} from './batches.ts'
import { outboxContract } from './contract.ts'
import { askFile, directories, openIn } from './directory.ts'

const directory = directories()

outboxContract(async (clock) => openIn(directory(), clock))

test('all is there again after a restart, and what was in flight can be claimed', async () => {
  const data = directory()
  const clock = { ms: 1_000_000 }
  const before = openIn(data, clock)
  await before.commit(
    batchOf({
      cursor: '42',
      records: [recordOf('u1', { endedAt: 5 })],
      rows: [
        rowOf('o1', 'e1'),
        rowOf('o1', 'e2'),
        rowOf('o2', 'f1'),
        rowOf('o3', 'g1'),
        rowOf('o4', 'h1', { sink: 'ns/other' }),
      ],
      counts: [{ subscription: 'ns/a', subscriptionUid: 'uid-a', sink: '', counts: { matched: 5 } }],
    }),
  )
  await before.activate(new Map([['uid-a ns/sink TaskRun finished', 77]]))
  const [e1, f1, g1] = before.claim('ns/sink', 9, clock.ms)
  assert.ok(e1 && f1 && g1)
  await before.settle([retried(f1, clock.ms + 100), buried(g1)], clock.ms)
  const seen = { pending: before.pending(), counts: before.counts(), dead: before.deadLetters() }
  await before[Symbol.asyncDispose]()

  await using outbox = openIn(data, clock)
  assert.deepEqual({ pending: outbox.pending(), counts: outbox.counts(), dead: outbox.deadLetters() }, seen)
  assert.deepEqual(outbox.cursors(), new Map([['TaskRun', '42']]))
  assert.deepEqual(outbox.records(['u1']).get('u1'), recordOf('u1', { endedAt: 5 }))
  assert.deepEqual(outbox.activations(), new Map([['uid-a ns/sink TaskRun finished', 77]]))
  assert.deepEqual(outbox.claim('ns/sink', 9, clock.ms), [e1])
  assert.equal(outbox.nextAttempt('ns/sink'), clock.ms + 100)
  assert.deepEqual(outbox.claim('ns/sink', 9, clock.ms + 100), [{ ...f1, attempts: 1, firstAttempt: clock.ms }])
})

test("an event's bytes are stored once, and dropped with the last row or dead letter that points at them", async () => {
  const data = directory()
  const step = async (act: (outbox: ReturnType<typeof openIn>) => Promise<unknown>) => {
    const outbox = openIn(data)
    await act(outbox)
    await outbox[Symbol.asyncDispose]()
    return askFile(data, 'SELECT count(*) FROM events')
  }
  const event = eventOf('shared')
  const b = { subscription: 'ns/b', subscriptionUid: 'uid-b' }
  const dead = { ...rowOf('o1', event, { sink: 'ns/other' }), reason: 'TooLarge', message: '' }
  const alone = [rowOf('o2', 'own', b), rowOf('o3', 'kept')]
  assert.equal(
    await step((outbox) =>
      outbox.commit(batchOf({ rows: [rowOf('o1', event), rowOf('o1', event, b), ...alone], dead: [dead] })),
    ),
    3,
  )
  const deliverOne = (id: string) => (outbox: ReturnType<typeof openIn>) => {
    const rows = outbox.claim('ns/sink', 9, 1_000_000)
    const at = rows.findIndex((row) => row.event.id === id)
    return outbox.settle(
      rows.map((row, n) => (n === at ? delivered(row) : released(row))),
      1_000_000,
    )
  }
  assert.equal(await step(deliverOne('shared')), 3)
  assert.equal(await step((outbox) => outbox.forgetSubscription('uid-b')), 2)
  assert.equal(await step(deliverOne('kept')), 1)
  const outbox = openIn(data)
  assert.deepEqual(
    outbox.deadLetters().map((letter) => letter.id),
    ['shared'],
  )
  await outbox[Symbol.asyncDispose]()
  assert.equal(askFile(data, 'SELECT uses FROM shares'), 1)
})

test('nothing is left of namespaces that came and went with their sinks and subscriptions', async () => {
  const data = directory()
  const outbox = openIn(data)
  const shared = { sink: 'ns/shared' }
  for (let n = 0; n < 20; n += 1) {
    const own = { subscription: `pr-${n}/a`, subscriptionUid: `uid-${n}`, namespace: `pr-${n}` }
    const sink = `pr-${n}/sink`
    await commitRows(outbox, rowOf(`o${n}`, `e${n}`, { ...own, sink }), rowOf(`o${n}`, `f${n}`, { ...own, ...shared }))
    const rows = [sink, shared.sink].flatMap((one) => outbox.claim(one, 9, 1_000_000))
    await outbox.settle(rows.map(delivered), 1_000_000)
    await outbox.forgetSubscription(own.subscriptionUid)
    await outbox.forgetSink(sink)
  }
  assert.deepEqual(countsOf(outbox, '', 'ns/shared'), { delivered: 20 })
  await outbox[Symbol.asyncDispose]()
  assert.equal(askFile(data, 'SELECT count(*) FROM routes'), 1)
  assert.equal(askFile(data, 'SELECT count(*) FROM sinks'), 1)
  await using again = openIn(data)
  await commitRows(again, rowOf('o', 'e', { sink: 'pr-1/sink' }))
  assert.deepEqual(ids(again.claim('pr-1/sink', 9, 1_000_000)), ['e'])
})

test('a row number is never given out twice, not after a restart either', async () => {
  const data = directory()
  const seqs: number[] = []
  for (let run = 0; run < 3; run += 1) {
    await using outbox = openIn(data)
    await commitRows(outbox, rowOf('o1', 'e1'), rowOf('o2', 'e2'))
    const rows = outbox.claim('ns/sink', 9, 1_000_000)
    seqs.push(...rows.map((row) => row.seq))
    await outbox.settle(rows.map(delivered), 1_000_000)
  }
  assert.equal(new Set(seqs).size, 6)
  assert.deepEqual(
    seqs,
    seqs.toSorted((a, b) => a - b),
  )
})

test('what is queued when the outbox is closed is written first', async () => {
  const data = directory()
  const outbox = openIn(data)
  const committed = commitRows(outbox, rowOf('o1', 'e1'))
  await Promise.all([committed, outbox[Symbol.asyncDispose](), outbox[Symbol.asyncDispose]()])
  await using again = openIn(data)
  assert.deepEqual(ids(again.claim('ns/sink', 9, 1_000_000)), ['e1'])
  assert.deepEqual(countsOf(again, 'uid-a', 'ns/sink'), {})
})

test('what is read for every row or object comes from an index, without a scan or a sort', () => {
  const db = new DatabaseSync(':memory:')
  migrate(db)
  for (const [name, sql] of Object.entries(hotReads)) {
    const plan = db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map((line) => String(line.detail))
    for (const line of plan)
      assert.match(line, /^SEARCH .* USING (COVERING INDEX|INDEX|INTEGER PRIMARY KEY)/, `${name}: ${line}`)
  }
  const heads = db
    .prepare(`EXPLAIN QUERY PLAN ${hotReads.tied}`)
    .all()
    .map((line) => String(line.detail))
  assert.match(heads.join(), /rows_heads \(sink=\? AND namespace=\? AND due=\? AND rowid>\?\)/)
  db.close()
})
