import assert from 'node:assert/strict'
import { test } from 'node:test'
import { capacity } from '../../src/operator/capacity.ts'
import { type OverflowDeps, relieve, roomOf } from '../../src/operator/overflow.ts'
import { MemoryOutbox } from '../../src/outbox/memory.ts'
import { commitRows, delivered, rowOf } from '../outbox/batches.ts'

const never = new AbortController().signal
const qe = 'ns/sink'

/** An outbox with so many rows for `ns/sink`, whose limit is 10. */
async function stage(rows: number) {
  const outbox = new MemoryOutbox({ now: () => 1000 })
  await commitRows(outbox, ...Array.from({ length: rows }, (_, n) => rowOf(`object-${n}`, `event-${n}`)))
  const turned: string[] = []
  const limits = new Map([[qe, 10]])
  const deps: OverflowDeps = {
    outbox,
    state: { overflowing: new Set<string>(), maxPending: (sink) => limits.get(sink) ?? 100 },
    turned: (sink) => turned.push(sink),
  }
  const take = async (count: number) => {
    const [first, ...more] = outbox.claim(qe, count, 1000).map(delivered)
    if (first) await outbox.settle([first, ...more], 1000)
  }
  return { outbox, turned, limits, deps, room: roomOf(deps), take }
}

async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false
  void promise.then(() => {
    done = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  return done
}

test('below the limit reading goes on at once', async () => {
  const { room, turned } = await stage(9)
  assert.equal(await capacity(new Set([qe, 'ns/other']), room, never), false)
  assert.equal(await capacity(new Set(), room, never), false)
  assert.deepEqual(turned, [])
})

test('at the limit reading waits until a row has gone, and the sink is told to be full once', async () => {
  const { room, turned, take, outbox } = await stage(10)
  const waiting = capacity(new Set([qe]), room, never)
  assert.equal(await settled(waiting), false)
  await commitRows(outbox, rowOf('object-x', 'event-x'))
  assert.equal(await settled(waiting), false)
  await take(1)
  assert.equal(await settled(waiting), false, 'still at the limit')
  await take(1)
  assert.equal(await waiting, true)
  assert.deepEqual(turned, [qe])
})

test('a full sink holds up only those that it gets rows from', async () => {
  const { room } = await stage(10)
  assert.equal(await capacity(new Set(['ns/other']), room, never), false)
})

test('a limit that is raised, and a subscription that goes, end the wait', async () => {
  const raised = await stage(10)
  const first = capacity(new Set([qe]), raised.room, never)
  raised.limits.set(qe, 20)
  await raised.outbox.retryNow(qe)
  assert.equal(await first, true)
  const dropped = await stage(10)
  const second = capacity(new Set([qe]), dropped.room, never)
  await dropped.outbox.forgetSubscription('uid-a')
  assert.equal(await second, true)
})

test('a wait ends when it is called off', async () => {
  const { room } = await stage(10)
  const stop = new AbortController()
  const waiting = capacity(new Set([qe]), room, stop.signal)
  assert.equal(await settled(waiting), false)
  stop.abort()
  await waiting
})

test('a sink that was full counts as such until a tenth of its room is free', async () => {
  const { room, deps, turned, take } = await stage(10)
  room.full([qe])
  room.full([qe])
  relieve(deps)
  assert.deepEqual([turned.length, deps.state.overflowing.has(qe)], [1, true])
  await take(1)
  relieve(deps)
  assert.deepEqual([turned.length, deps.state.overflowing.has(qe)], [2, false])
  relieve(deps)
  assert.equal(turned.length, 2)
})
