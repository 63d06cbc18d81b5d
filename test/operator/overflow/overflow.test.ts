import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Overflow } from '../../../src/operator/overflow/overflow.ts'
import type { Load } from '../../../src/outbox/outbox.ts'
import { batchOf, commitRows, delivered, recordOf, rowOf } from '../../outbox/batches.ts'
import { MemoryOutbox } from '../../outbox/memory/memory.ts'

const sink = 'ns/sink'
const need = (rows: number, over: Partial<{ sink: string; namespace: string; bytes: number }> = {}) => ({
  sink,
  namespace: 'ns',
  bytes: 0,
  ...over,
  rows,
})
const always = () => true

/** Sinks of 10 rows in namespaces of 15, into an outbox in memory. */
function stage() {
  const outbox = new MemoryOutbox({ now: () => 1000 })
  const turned: string[] = []
  const state = { users: 1 }
  const caps = { sink: { rows: 10, bytes: 100_000 }, namespace: { rows: 15, bytes: 1_000_000 } } as Record<string, Load>
  const overflow = new Overflow({
    outbox,
    capOf: (kind) => caps[kind] as Load,
    users: () => state.users,
    owner: () => undefined,
    turned: (kind, name, how) => turned.push(`${kind} ${name} ${how}`),
    dropped: () => undefined,
  })
  return {
    outbox,
    caps,
    state,
    overflow,
    turned: () => turned.splice(0),
    fill: (count: number, to = sink) =>
      commitRows(outbox, ...Array.from({ length: count }, (_, n) => rowOf(`o${n}`, `${to} e${n}`, { sink: to }))),
    async drain(count: number) {
      await outbox.settle(outbox.claim(sink, count, 2000).map(delivered), 2000)
    },
    owe: (...uids: string[]) =>
      outbox.commit(
        batchOf({ records: uids.map((uid) => recordOf(uid, { owed: { 'uid-a ns/sink': ['finished'] } })) }),
      ),
  }
}

test('what a batch takes counts for it and for those beside it, until it is committed', async () => {
  const { overflow, fill } = stage()
  await fill(4)
  {
    using one = overflow.room()
    using other = overflow.room()
    assert.equal(one.take(need(3)), true)
    assert.equal(one.take(need(1)), true)
    assert.equal(other.take(need(2)), true)
    assert.equal(other.take(need(1)), false)
  }
  overflow.look(always)
  using later = overflow.room()
  assert.equal(later.take(need(6)), true)
})

test('one that has refused stays shut until half is free, for all that is asked of it', async () => {
  const { overflow, fill, drain, turned } = stage()
  await fill(10)
  using room = overflow.room()
  assert.equal(room.take(need(1)), false)
  assert.deepEqual(turned(), ['part ns/sink ns conditions'])
  assert.equal(room.isFull(sink, 'ns'), true)
  await drain(4)
  overflow.look(always)
  assert.equal(overflow.room().isFull(sink, 'ns'), true)
  assert.deepEqual(turned(), [])
  await drain(1)
  overflow.look(always)
  assert.deepEqual(turned(), ['part ns/sink ns conditions'])
  assert.equal(overflow.room().take(need(1)), true)
})

test('a cap that is raised opens it at once', async () => {
  const { overflow, fill, caps } = stage()
  await fill(10)
  assert.equal(overflow.room().take(need(1)), false)
  caps.sink = { rows: 12, bytes: 100_000 }
  assert.equal(overflow.look(always).raised, true)
  assert.equal(overflow.room().take(need(1)), true)
})

test('a namespace that is full shuts the way to all its sinks, and to no other', async () => {
  const { overflow, fill } = stage()
  await fill(8)
  await fill(7, 'ns/other')
  using room = overflow.room()
  assert.equal(room.take(need(1)), false)
  assert.equal(room.isFull('ns/third', 'ns'), true)
  assert.equal(room.isFull(sink, 'elsewhere'), false)
  assert.equal(room.take(need(1, { namespace: 'elsewhere' })), true)
  assert.equal(overflow.of('ns/third', ['ns'])?.reason, 'NamespaceQuotaReached')
  assert.match(
    overflow.of('ns/third', ['ns'])?.message ?? '',
    /^15 deliveries wait for all sinks of namespace ns, limit/,
  )
  assert.equal(overflow.of(sink, ['elsewhere']), undefined)
  assert.deepEqual([overflow.takes(sink, ['ns', 'elsewhere']), overflow.takes(sink, ['ns'])], [true, false])
})

test('bytes are capped as rows are', async () => {
  const { overflow, fill } = stage()
  await fill(1)
  using room = overflow.room()
  assert.equal(room.take(need(1, { bytes: 100_000 })), false)
  assert.match(overflow.of(sink, ['ns'])?.message ?? '', /^1 delivery with \d+ waits, limit 97.7Ki: no more/)
})

test('what is owed shows until nothing is, also where an earlier process owed it', async () => {
  const { overflow, owe, outbox, turned } = stage()
  await owe('a', 'b')
  assert.equal(overflow.heldAt('uid-a', sink), 'unknown')
  assert.equal(overflow.room().mayOwe(), true)
  const [entry, ...more] = overflow.look(always).owing
  assert.deepEqual([entry?.sink, entry?.objects, more.length], [sink, 2, 0])
  assert.deepEqual(turned(), ['sink ns/sink conditions'])
  assert.deepEqual(overflow.of(sink, ['ns']), {
    reason: 'MaxPendingReached',
    message: 'there is room again; 2 objects wait to be taken up',
  })
  assert.equal(overflow.heldAt('uid-a', sink), 'unknown')
  await outbox.commit(batchOf({ forget: ['a'] }))
  overflow.look(always)
  assert.deepEqual(turned(), ['sink ns/sink counters'])
  assert.match(overflow.of(sink, ['ns'])?.message ?? '', /1 object waits to be taken up$/)
  await outbox.commit(batchOf({ forget: ['b'] }))
  assert.deepEqual(overflow.look(always).owing, [])
  assert.deepEqual(turned(), ['sink ns/sink conditions'])
  assert.equal(overflow.of(sink, ['ns']), undefined)
  assert.equal(overflow.heldAt('uid-a', sink), undefined)
  assert.equal(overflow.room().mayOwe(), false)
})

test('a checkpoint is held at the earliest write of what is owed, from the judgement on', async () => {
  const { overflow, owe, outbox } = stage()
  overflow.look(always)
  assert.equal(overflow.heldAt('uid-a', sink), undefined)
  {
    using room = overflow.room()
    room.owe('uid-a ns/sink', 500, 'ns')
    room.owe('uid-a ns/sink', 300, 'ns')
    room.owe('uid-a ns/sink', 900, 'ns')
    assert.equal(overflow.heldAt('uid-a', sink), 300)
    overflow.look(always)
    assert.equal(overflow.heldAt('uid-a', sink), 300, 'it is not in the outbox yet')
    await owe('a')
  }
  overflow.look(always)
  assert.deepEqual([overflow.heldAt('uid-a', sink), overflow.heldAt('uid-b', sink)], [300, 'unknown'])
  await outbox.commit(batchOf({ forget: ['a'] }))
  overflow.look(always)
  assert.equal(overflow.heldAt('uid-a', sink), undefined)
})

test('what is owed anew tells nothing of when it was written what an earlier process owed', async () => {
  const { overflow, owe, outbox } = stage()
  await owe('old')
  overflow.look(always)
  {
    using room = overflow.room()
    room.owe('uid-a ns/sink', 900, 'ns')
    await owe('new')
  }
  overflow.look(always)
  assert.equal(overflow.heldAt('uid-a', sink), 'unknown')
  await outbox.commit(batchOf({ forget: ['old', 'new'] }))
  overflow.look(always)
  using room = overflow.room()
  room.owe('uid-a ns/sink', 950, 'ns')
  assert.equal(overflow.heldAt('uid-a', sink), 950)
})

test('what is owed of kinds that nobody watches now is kept in mind, but not told', async () => {
  const { overflow, owe } = stage()
  await owe('a')
  assert.deepEqual(overflow.look(() => false).owing, [])
  assert.equal(overflow.of(sink, ['ns']), undefined)
  assert.equal(overflow.heldAt('uid-a', sink), 'unknown')
  assert.equal(overflow.look(always).owing.length, 1)
})
