import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Overflow } from '../../../src/operator/overflow/overflow.ts'
import { batchOf, commitRows, delivered, recordOf, rowOf } from '../../outbox/batches.ts'
import { MemoryOutbox } from '../../outbox/memory/memory.ts'

const sink = 'platform/shared'
const always = () => true
const of = (namespace: string) => ({
  sink,
  subscription: `${namespace}/builds`,
  subscriptionUid: `uid-${namespace}`,
  namespace,
})
const need = (namespace: string, rows = 1, bytes = 0) => ({ sink, namespace, rows, bytes })

/** A sink of 12 rows that so many namespaces use, into an outbox in memory. */
function stage(users = 3) {
  const outbox = new MemoryOutbox({ now: () => 1000 })
  const turned: string[] = []
  const state = { users, cap: { rows: 12, bytes: 1_200_000 } }
  const overflow = new Overflow({
    outbox,
    capOf: (kind) => (kind === 'sink' ? state.cap : { rows: 1_000, bytes: 1e9 }),
    users: () => state.users,
    owner: () => undefined,
    turned: (kind, name, how) => turned.push(`${kind} ${name} ${how}`),
    dropped: () => undefined,
  })
  let events = 0
  return {
    outbox,
    overflow,
    state,
    turned: () => turned.splice(0),
    async fill(namespace: string, count: number) {
      const rows = Array.from({ length: count }, () => {
        events += 1
        return rowOf(`o${events}`, `e${events}`, of(namespace))
      })
      await commitRows(outbox, ...rows)
    },
    /** Delivers so many of a namespace's rows. */
    async drain(namespace: string, count: number) {
      const rows = outbox.claim(sink, 100, 2000)
      const own = rows.filter((row) => row.subscription.startsWith(`${namespace}/`)).slice(0, count)
      const settled = rows.map((row) => (own.includes(row) ? delivered(row) : { kind: 'release' as const, row }))
      await outbox.settle(settled, 2000)
      overflow.look(always)
    },
    takes(namespace: string, rows = 1, bytes = 0) {
      using room = overflow.room()
      return !room.isFull(sink, namespace) && room.take(need(namespace, rows, bytes))
    },
  }
}

test('one that fills a shared sink waits; each other has its part there all the same, and no more', async () => {
  const { fill, takes, overflow } = stage()
  await fill('loud', 12)
  assert.equal(takes('loud'), false)
  using room = overflow.room()
  assert.equal(room.isFull(sink, 'loud'), true)
  assert.equal(room.isFull(sink, 'quiet'), false)
  assert.equal(room.take(need('quiet', 3)), true)
  assert.equal(room.take(need('quiet', 2)), false, 'with what it has taken already that is more than 4')
  assert.equal(room.take(need('third', 4)), true)
  assert.deepEqual(
    ['loud', 'quiet', 'third'].map((namespace) => overflow.takes(sink, [namespace])),
    [false, false, true],
  )
})

test('a part counts bytes as it counts rows, and what other batches bring for it', async () => {
  const { fill, takes, overflow } = stage()
  await fill('loud', 12)
  using other = overflow.room()
  assert.equal(other.take(need('quiet', 1, 300_000)), true)
  assert.equal(takes('quiet', 1, 100_000), true)
  assert.equal(takes('quiet', 1, 100_001), false)
})

test('one alone may use it all, and so may all of them while there is room', async () => {
  const { fill, takes } = stage()
  await fill('loud', 11)
  assert.equal(takes('loud'), true)
  await fill('quiet', 1)
  assert.equal(takes('loud'), false)
  const room = stage()
  await room.fill('loud', 4)
  await room.fill('quiet', 7)
  assert.equal(room.takes('quiet'), true, 'more than its part, and none lacks it')
})

test('one that waited goes on once half of its part is free, or half of the sink', async () => {
  const { fill, drain, overflow, takes, turned } = stage()
  await fill('loud', 12)
  assert.equal(takes('loud'), false)
  await fill('quiet', 4)
  await fill('third', 4)
  assert.deepEqual(turned(), ['part platform/shared loud conditions'])
  await drain('loud', 9)
  assert.equal(overflow.takes(sink, ['loud']), false)
  await drain('loud', 1)
  assert.equal(overflow.takes(sink, ['loud']), true, '2 of 4, though 10 of 12 wait')
  assert.deepEqual(turned(), ['part platform/shared loud conditions'])

  const alone = stage()
  await alone.fill('loud', 12)
  assert.equal(alone.takes('loud'), false)
  await alone.drain('loud', 6)
  assert.equal(alone.takes('loud'), true)
})

test('dead letters of tenants that are parked at a sink take nothing of the room of who uses it', async () => {
  const { fill, takes, overflow } = stage(1)
  await fill('tenant', 20)
  await fill('platform', 5)
  assert.equal(takes('platform', 7), true)
  assert.equal(takes('platform', 8), false)
  assert.equal(overflow.takes(sink, ['platform']), true, '5 of 12 are its own')
})

test('parts grow as namespaces stop using it', async () => {
  const { fill, takes, state, overflow } = stage()
  await fill('loud', 12)
  await fill('quiet', 4)
  state.users = 2
  assert.equal(takes('quiet', 2), true)
  assert.equal(takes('quiet', 3), false)
  state.cap = { rows: 20, bytes: 1_200_000 }
  assert.equal(overflow.look(always).raised, true)
  assert.equal(takes('quiet', 3), true)
})

test('each is told of its own: a sink of all that waits, a subscription of nothing that is others’', async () => {
  const { fill, takes, overflow, outbox } = stage()
  await fill('loud', 12)
  takes('loud')
  await outbox.commit(
    batchOf({ records: [recordOf('a', { namespace: 'loud', owed: { [`uid-loud ${sink}`]: ['finished'] } })] }),
  )
  overflow.look(always)
  assert.deepEqual(overflow.of(sink, ['quiet', 'loud']), {
    reason: 'MaxPendingReached',
    message: '12 deliveries wait, limit 12: no more are written down until half is free; 1 object waits to be taken up',
  })
  assert.deepEqual(overflow.ofSubscription(sink, 'loud', false), {
    reason: 'MaxPendingReached',
    message:
      '12 deliveries wait from namespace loud, its part is 4: no more are written down until half is free; 1 object waits to be taken up',
  })
  assert.equal(overflow.ofSubscription(sink, 'quiet', false), undefined)
  assert.match(overflow.ofSubscription(sink, 'platform', true)?.message ?? '', /^there is room again; 1 object waits/)
})

test('whatever comes and goes, nobody within its part is refused, nobody at all while there is room, and twice the cap is never reached', () => {
  const step = fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 4 }), fc.boolean())
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const waiting = new Map<string, number>()
      const total = () => waiting.values().reduce((sum, rows) => sum + rows, 0)
      const cap = { rows: 16, bytes: 1e9 }
      const overflow = new Overflow({
        outbox: {
          load: ({ sink: to, namespace = '' }) => ({
            rows: to === undefined ? 0 : namespace === '' ? total() : (waiting.get(namespace) ?? 0),
            bytes: 0,
          }),
          owing: () => [],
        },
        capOf: (kind) => (kind === 'sink' ? cap : { rows: 1e6, bytes: 1e9 }),
        users: () => 4,
        owner: () => undefined,
        turned: () => undefined,
        dropped: () => undefined,
      })
      for (const [who, rows, isAsked] of steps) {
        const namespace = `team-${who}`
        const own = waiting.get(namespace) ?? 0
        if (!isAsked) waiting.set(namespace, Math.max(0, own - rows))
        else {
          using room = overflow.room()
          const wasShut = room.isFull(sink, namespace)
          const taken = !wasShut && room.take(need(namespace, rows))
          if (!wasShut && (own + rows <= 4 || total() + rows <= 16)) assert.equal(taken, true)
          if (wasShut) assert.ok(own > 2 && total() > 8, 'kept shut though there is room')
          if (taken) waiting.set(namespace, own + rows)
        }
        assert.ok(total() < 32, `${total()} wait`)
      }
    }),
  )
})
