import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outbox } from '../../src/outbox/outbox.ts'
import { openSqliteOutbox } from '../../src/outbox/sqlite.ts'
import { batchOf, buried, commitRows, countsOf, delivered, ids, recordOf, retried, rowOf } from './batches.ts'
import { askFile, directories, openIn } from './directory.ts'

const directory = directories()
const now = 1_000_000

/** An outbox that goes through two rows at once. */
function openSliced(at: string) {
  const opened = openSqliteOutbox({ directory: at, now: () => now, sliceRows: 2 })
  if (!opened.ok) throw new Error(opened.message)
  return opened.value
}

const b = { subscription: 'ns/b', subscriptionUid: 'uid-b' }
const many = (n: number, over = {}) => Array.from({ length: n }, (_, at) => rowOf(`o${at}`, `e${at}`, over))

test('a purge leaves alone what is committed after it was called, and takes what was before', async () => {
  await using outbox = openSliced(directory())
  await commitRows(outbox, ...many(7), ...many(3, b))
  const before = commitRows(outbox, rowOf('o0', 'before'))
  const purged = outbox.purge({ sink: 'ns/sink', subscriptionUid: 'uid-a', deadLetters: false })
  const after = commitRows(outbox, rowOf('o0', 'after'), rowOf('o1', 'after too'))
  const [, { rows }] = await Promise.all([before, purged, after])
  assert.equal(rows, 8)
  assert.deepEqual(ids(outbox.claim('ns/sink', 9, now)).sort(), ['after', 'after too', 'e0', 'e1', 'e2'])
  assert.deepEqual(countsOf(outbox, 'uid-a', 'ns/sink'), { dropped: 8 })
})

test('rows are settled and claimed while a purge is under way', async () => {
  await using outbox = openSliced(directory())
  await commitRows(outbox, ...many(9), ...many(3, b))
  const rows = outbox.claim('ns/sink', 12, now)
  const [purged] = await Promise.all([
    outbox.purge({ subscriptionUid: 'uid-a', deadLetters: false }),
    outbox.settle(rows.map(delivered), now),
    outbox.settle(rows.map(delivered), now),
  ])
  const { delivered: went = 0, dropped = 0 } = countsOf(outbox, 'uid-a', 'ns/sink')
  assert.deepEqual([went + dropped, dropped], [9, purged.rows])
  assert.deepEqual([outbox.size('ns/sink'), outbox.load({ sink: 'ns/sink' }).bytes, [...outbox.lowWater()]], [0, 0, []])
  assert.deepEqual(countsOf(outbox, 'uid-b', 'ns/sink'), { delivered: 3 })
})

test('retryNow reaches every row that waits, however many', async () => {
  await using outbox = openSliced(directory())
  await commitRows(outbox, ...many(9), ...many(9).map((row) => ({ ...row, sink: 'ns/other' })))
  for (const sink of ['ns/sink', 'ns/other']) {
    const rows = outbox.claim(sink, 9, now)
    await outbox.settle(
      rows.map((row) => retried(row, now + 500)),
      now,
    )
  }
  await outbox.retryNow('ns/sink')
  assert.equal(outbox.claim('ns/sink', 20, now).length, 9)
  assert.equal(outbox.claim('ns/other', 20, now).length, 0)
})

/** What a sink counts, whoever's it is; zeros left out. */
function sumOf(outbox: Outbox): Record<string, number> {
  const sum: Record<string, number> = {}
  for (const { counts } of outbox.counts().filter(({ sink }) => sink === 'ns/sink'))
    for (const [name, n] of Object.entries(counts)) if (n > 0) sum[name] = (sum[name] ?? 0) + n
  return sum
}

test('what is delivered while its subscription is forgotten is counted once, and never as dropped', async () => {
  await using outbox = openSliced(directory())
  await commitRows(outbox, ...many(9), ...many(3, b))
  const rows = outbox.claim('ns/sink', 12, now)
  const seen: number[] = []
  const forgotten = outbox.forgetSubscription('uid-a')
  for (const row of [...rows.slice(0, 9).reverse(), ...rows.slice(9)]) {
    await outbox.settle([delivered(row)], now)
    const { delivered: went = 0, dropped = 0 } = sumOf(outbox)
    seen.push(went + dropped)
    assert.equal(went + dropped + outbox.size('ns/sink'), 12)
  }
  const dropped = await forgotten
  assert.deepEqual(
    seen,
    seen.toSorted((left, right) => left - right),
  )
  const went = 9 - dropped
  assert.ok(went > 0 && dropped > 0, `${went} were delivered, ${dropped} dropped`)
  assert.deepEqual(countsOf(outbox, '', 'ns/sink'), { delivered: went, dropped })
  assert.deepEqual(countsOf(outbox, 'uid-b', 'ns/sink'), { delivered: 3 })
  assert.deepEqual(countsOf(outbox, 'uid-a', 'ns/sink'), {})
})

test('a subscription that was forgotten in part is known by its counts, and forgotten by the next call', async () => {
  const data = directory()
  const owed = { 'uid-a ns/sink': ['started'] }
  const outbox = openSliced(data)
  await outbox.commit(batchOf({ rows: [...many(9), ...many(2, b)], records: [recordOf('u1', { owed })] }))
  await outbox.activate(new Map([['uid-a ns/sink TaskRun finished', 1]]))
  const [first] = outbox.claim('ns/sink', 1, now)
  await outbox.settle([buried(first ?? assert.fail())], now)
  const forgotten = outbox.forgetSubscription('uid-a')
  const [{ signal }, seen] = [new AbortController(), outbox.version('ns/sink')]
  const closed = outbox.changed('ns/sink', signal, seen).then(() => outbox[Symbol.asyncDispose]())
  await Promise.all([closed, assert.rejects(forgotten, /closed/)])

  const again = openSliced(data)
  assert.ok(again.counts().some((count) => count.subscriptionUid === 'uid-a'))
  const left = again.size('ns/sink') - 2
  assert.ok(left > 0 && left < 8, `${left} rows are left`)
  const before = sumOf(again)
  assert.deepEqual(before, { deadLettered: 1, dropped: 8 - left + 1 })
  assert.equal(await again.forgetSubscription('uid-a'), left)
  assert.deepEqual(
    again
      .counts()
      .map((count) => count.subscriptionUid)
      .sort(),
    ['', 'uid-b'],
  )
  assert.deepEqual(countsOf(again, '', 'ns/sink'), { ...before, dropped: 9 })
  assert.deepEqual([[...again.activations()], again.owing()], [[], []])
  assert.deepEqual(Object.keys(again.records(['u1']).get('u1')?.ledger ?? {}), ['uid-b ns/other'])
  assert.equal(again.deadLetters().length, 1)
  await again[Symbol.asyncDispose]()
  assert.equal(askFile(data, 'SELECT count(*) FROM events'), 3)
})

test('counts are exact wherever forgetting is cut off', async () => {
  const owed = { 'uid-a ns/sink': ['started', 'finished'], 'uid-b ns/sink': ['started'] }
  for (let commits = 0; commits < 9; commits += 1) {
    const data = directory()
    const outbox = openSliced(data)
    await outbox.commit(batchOf({ rows: [...many(9), ...many(2, b)], records: [recordOf('u1', { owed })] }))
    await outbox.activate(new Map([['uid-a ns/sink TaskRun finished', 1]]))
    const [first, second] = outbox.claim('ns/sink', 2, now)
    await outbox.settle([delivered(first ?? assert.fail()), retried(second ?? assert.fail(), now + 1)], now)
    const ended = Promise.allSettled([outbox.forgetSubscription('uid-a')])
    for (let n = 0; n < commits; n += 1) await outbox.activate(new Map())
    await outbox[Symbol.asyncDispose]()
    await ended

    await using again = openSliced(data)
    const before = sumOf(again)
    const rest = await again.forgetSubscription('uid-a')
    const counted = { delivered: 1, retried: 1, dropped: 10 }
    assert.deepEqual([before.delivered, before.retried, (before.dropped ?? 0) + rest], [1, 1, 10], `${commits} commits`)
    assert.deepEqual(countsOf(again, '', 'ns/sink'), counted)
    assert.deepEqual(sumOf(again), counted)
    assert.equal(await again.forgetSubscription('uid-a'), 0)
    assert.deepEqual(sumOf(again), counted)
    assert.equal(again.size('ns/sink'), 2)
  }
})

test('rows that come while their subscription is forgotten go with it', async () => {
  await using outbox = openSliced(directory())
  await commitRows(outbox, ...many(9))
  const forgotten = outbox.forgetSubscription('uid-a')
  await commitRows(outbox, rowOf('o1', 'late'), rowOf('o1', 'later'), rowOf('o2', 'latest'))
  assert.equal(await forgotten, 12)
  assert.equal(outbox.size('ns/sink'), 0)
  assert.deepEqual(
    outbox.counts().map(({ subscriptionUid, counts }) => [subscriptionUid, counts.dropped]),
    [['', 12]],
  )
})

test('dead letters are revived and pruned however many there are', async () => {
  await using outbox = openSliced(directory())
  await commitRows(outbox, ...many(9))
  const bury = async () => outbox.settle(outbox.claim('ns/sink', 9, now).map(buried), now)
  await bury()
  assert.equal(await outbox.revive({ limit: 5 }), 5)
  assert.equal(await outbox.revive({ limit: 5 }), 4)
  assert.deepEqual([outbox.size('ns/sink'), outbox.deadLetterSizes().size], [9, 0])
  await bury()
  assert.equal(await outbox.pruneDeadLetters('ns/sink', { before: 0, max: 2 }), 7)
  assert.equal((await outbox.purge({ sink: 'ns/sink', deadLetters: true })).deadLetters, 2)
})

test('all that is remembered besides rows is there again after a restart', async () => {
  const data = directory()
  const outbox = openIn(data)
  const { instance } = outbox
  const floors = new Map([['uid-a ns/sink TaskRun', 5]])
  await outbox.begin(floors)
  await outbox.commit(
    batchOf({
      watch: 'TaskRun/team-a',
      listed: true,
      gaps: [{ subscriptionUid: 'uid-a', reason: 'LedgerLost', message: 'm' }],
      rows: many(5, { written: 77 }),
      records: [recordOf('u1', { owed: { 'uid-a ns/sink': ['started'] } })],
    }),
  )
  await outbox.keepGate('ns/sink', 'closed')
  const view = (of: typeof outbox) => ({
    begun: of.begun,
    instance: of.instance,
    floors: [of.floors(), of.floors('TaskRun/team-a'), of.floors('TaskRun/team-b')],
    gaps: of.gaps(),
    gates: of.gates(),
    owing: of.owing(),
    load: [of.load({ sink: 'ns/sink' }), of.load({ namespace: 'ns' })],
    water: of.lowWater(),
  })
  const seen = view(outbox)
  assert.deepEqual([seen.floors[1]?.size, seen.water.get('uid-a ns/sink')], [0, 77])
  await outbox[Symbol.asyncDispose]()
  await using again = openIn(data)
  assert.deepEqual(view(again), seen)
  assert.equal(again.instance, instance)
  await using other = openIn(directory())
  assert.notEqual(other.instance, instance)
})

test('turns begin with the oldest row after a restart', async () => {
  const data = directory()
  const of = (namespace: string) => ({ namespace })
  const outbox = openIn(data)
  await commitRows(outbox, rowOf('o1', 'a1', of('a')), rowOf('o2', 'b1', of('b')), rowOf('o3', 'a2', of('a')))
  outbox.claim('ns/sink', 1, now)
  await outbox[Symbol.asyncDispose]()
  await using again = openIn(data)
  assert.deepEqual(ids(again.claim('ns/sink', 9, now)), ['a1', 'b1', 'a2'])
})

const look = {
  'one at a time': (outbox: Outbox) => outbox.claim('ns/sink', 8, now),
  'several in a request': (outbox: Outbox) => outbox.claimBatch('ns/sink', { rows: 8, bytes: 10_000, delayMs: 0 }, now),
}
for (const [name, claim] of Object.entries(look)) {
  test(`very much that is withheld is passed over in slices, and holds up no other namespace: ${name}`, async () => {
    await using outbox = openIn(directory())
    outbox.withholding.by(({ subscription }) => subscription === 'ns/a')
    await commitRows(outbox, ...many(5000))
    await commitRows(outbox, rowOf('o', 'behind', b), rowOf('p', 'beside', { ...b, namespace: 'team-b' }))
    const found: string[][] = []
    while (found.flat().length < 2) {
      assert.ok((outbox.nextAttempt('ns/sink') ?? Number.POSITIVE_INFINITY) <= now)
      found.push(ids(claim(outbox)))
    }
    assert.ok(found.length > 1, 'all was looked at in one go')
    assert.deepEqual(found.flat(), ['beside', 'behind'])
    assert.deepEqual(ids(claim(outbox)), [])
    assert.equal(outbox.nextAttempt('ns/sink'), undefined)
  })
}

test('what comes to be withheld is passed over, and read again when it is let go', async () => {
  await using outbox = openIn(directory())
  await commitRows(outbox, ...many(3), rowOf('o', 'b', b))
  outbox.withholding.rest('ns/sink', 'uid-a', 'rests')
  assert.deepEqual(ids(outbox.claim('ns/sink', 1, now)), ['b'])
  outbox.withholding.rest('ns/sink', 'uid-a', 'tried')
  assert.deepEqual(ids(outbox.claim('ns/sink', 9, now)), ['e0', 'e1', 'e2'])
})

test('of all that are withheld the oldest are had first, past what is under way', async () => {
  await using outbox = openIn(directory())
  outbox.withholding.by(() => true)
  const of = (at: number) => ({ subscription: `team-${at % 3}/s`, subscriptionUid: `uid-${at % 3}` })
  await commitRows(outbox, ...Array.from({ length: 9 }, (_, at) => rowOf(`o${at}`, `e${at}`, of(at))))
  const take = (n: number) => ids(outbox.withholding.claim('ns/sink', n, now))
  assert.deepEqual(
    [take(4), take(4), take(4), take(4)],
    [['e0', 'e1', 'e2', 'e3'], ['e4', 'e5', 'e6', 'e7'], ['e8'], []],
  )
})
