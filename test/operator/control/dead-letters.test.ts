import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pagesOf, pruneDeadLetters, reviveDeadLetters } from '../../../src/operator/control/dead-letters.ts'
import { purge } from '../../../src/operator/control/purge.ts'
import type { NewRow } from '../../../src/outbox/outbox.ts'
import { batchOf, buried, ids, rowOf } from '../../outbox/batches.ts'
import { MemoryOutbox } from '../../outbox/memory/memory.ts'

const clock = { ms: 1_000_000 }
const now = () => clock.ms

const letter = (id: string, over: Partial<NewRow> & { reason?: string } = {}) => ({
  ...rowOf(`object-of-${id}`, id, over),
  reason: over.reason ?? 'HTTP422',
  message: 'refused',
})

/** An outbox where subscriptions `uid-a` and `uid-b` are known, with these dead letters. */
async function stage(...dead: ReturnType<typeof letter>[]) {
  clock.ms = 1_000_000
  const outbox = new MemoryOutbox({ now })
  const known = ['a', 'b'].map((name) => ({
    subscription: `ns/${name}`,
    subscriptionUid: `uid-${name}`,
    sink: '',
    counts: {},
  }))
  await outbox.commit(batchOf({ counts: known, dead }))
  const deps = { outbox, exists: (uid: string) => uid !== 'uid-gone', maxEventBytes: () => 10, now }
  return { outbox, deps, waiting: () => ids(outbox.claim('ns/sink', 10_000, now())) }
}

const of = (name: string) => ({ subscription: `ns/${name}`, subscriptionUid: `uid-${name}` })

test('dead letters go again in their order; those of a subscription that is gone stay', async () => {
  const { outbox, deps, waiting } = await stage(letter('one'), letter('two', of('gone')), letter('three', of('b')))
  const result = await reviveDeadLetters({ sink: 'ns/sink' }, deps)
  assert.deepEqual(result, { revived: 2, orphaned: 1, tooLarge: 0, sinks: new Set(['ns/sink']) })
  assert.deepEqual(waiting(), ['one', 'three'])
  assert.deepEqual(
    outbox.deadLetters().map(({ id }) => id),
    ['two'],
  )
})

test('one that was too large goes once its sink takes it', async () => {
  const { deps, waiting } = await stage(letter('large', { reason: 'TooLarge' }), letter('other'))
  assert.equal((await reviveDeadLetters({}, deps)).tooLarge, 1)
  const wider = { ...deps, maxEventBytes: () => 1_000 }
  assert.deepEqual(await reviveDeadLetters({}, wider), {
    revived: 1,
    orphaned: 0,
    tooLarge: 0,
    sinks: new Set(['ns/sink']),
  })
  assert.deepEqual(waiting().sort(), ['large', 'other'])
})

test('thousands go page by page, however many of them stay, and one that is refused at once does not go round for ever', async () => {
  const gone = Array.from({ length: 1_500 }, (_, n) => letter(`gone-${n}`, of('gone')))
  const mine = Array.from({ length: 1_500 }, (_, n) => letter(`mine-${n}`))
  const { outbox, deps } = await stage(...gone, ...mine)
  clock.ms += 1_000
  // A sink that refuses whatever comes, before the next page is looked at.
  const refusing = Object.create(outbox, {
    revive: {
      async value(query: Parameters<MemoryOutbox['revive']>[0]) {
        const revived = await outbox.revive(query)
        clock.ms += 1
        await outbox.settle(outbox.claim('ns/sink', 10_000, now()).map(buried), now())
        return revived
      },
    },
  }) as MemoryOutbox
  const began = clock.ms
  const result = await reviveDeadLetters({}, { ...deps, outbox: refusing, now: () => began })
  assert.deepEqual([result.revived, result.orphaned], [1_500, 1_500])
  assert.equal(outbox.deadLetters({ limit: 5_000 }).length, 3_000)
})

test('since and until are of the time when a dead letter was given up', async () => {
  const { outbox } = await stage(letter('early'))
  clock.ms += 10
  await outbox.commit(batchOf({ dead: [letter('mid')] }))
  clock.ms += 10
  await outbox.commit(batchOf({ dead: [letter('late')] }))
  const chosen = async (since: number, until: number) => {
    const ids: string[] = []
    for await (const page of pagesOf(outbox, { since, until }, now())) ids.push(...page.map(({ id }) => id))
    return ids
  }
  assert.deepEqual(await chosen(1_000_000, 1_000_020), ['early', 'mid', 'late'])
  assert.deepEqual(await chosen(1_000_001, 1_000_019), ['mid'])
})

test('the old and the superfluous are dropped, each sink by what it says, and counted', async () => {
  const { outbox } = await stage(letter('a1'), letter('b1', { sink: 'ns/other' }))
  clock.ms += 1_000
  await outbox.commit(batchOf({ dead: ['a2', 'a3', 'a4'].map((id) => letter(id)) }))
  const expired: Record<string, number> = {}
  const prune = (keep: (sink: string) => { retention: number; max: number }) =>
    pruneDeadLetters({ outbox, keep, expired: (sink, letters) => Object.assign(expired, { [sink]: letters }), now })
  await prune((sink) => (sink === 'ns/other' ? { retention: 1_000, max: 1 } : { retention: 999, max: 2 }))
  assert.deepEqual(expired, { 'ns/sink': 2 })
  assert.deepEqual(
    outbox.deadLetters().map(({ id }) => id),
    ['b1', 'a3', 'a4'],
  )
  await prune(() => ({ retention: 0, max: 0 }))
  assert.equal(outbox.deadLetters().length, 0)
})

async function purgeStage() {
  const { outbox } = await stage(letter('dead-a'), letter('dead-b', of('b')), letter('dead-gone', of('gone')))
  const rows = [rowOf('o1', 'a1'), rowOf('o2', 'a2', { sink: 'ns/other' }), rowOf('o3', 'b1', of('b'))]
  await outbox.commit(batchOf({ rows }))
  const told: object[] = []
  const subscriptions = new Map(
    ['a', 'b'].map((name) => [`ns/${name}`, { object: { metadata: { uid: `uid-${name}` } } }]),
  ) as never
  const deps = { outbox, state: { subscriptions }, purged: (...of: object[]) => void told.push(...of), now }
  return { outbox, told, purge: (request: object) => purge({ deadLetters: false, dryRun: false, ...request }, deps) }
}

test('a purge drops what waits for a sink, and tells whose status changes', async () => {
  const { outbox, purge, told } = await purgeStage()
  assert.deepEqual(await purge({ sink: 'ns/sink', dryRun: true, deadLetters: true }), {
    ok: true,
    value: { rows: 2, deadLetters: 3 },
  })
  assert.equal(outbox.size('ns/sink'), 2)
  assert.deepEqual(await purge({ sink: 'ns/sink' }), { ok: true, value: { rows: 2, deadLetters: 0 } })
  assert.equal(outbox.size('ns/sink'), 0)
  assert.equal(outbox.deadLetters().length, 3)
  assert.deepEqual(told, [
    { rows: 2, deadLetters: 0 },
    { sinks: new Set(['ns/sink']), subscriptions: new Set(['ns/a', 'ns/b']) },
  ])
})

test('a purge of a subscription, toward one sink or all, leaves the others', async () => {
  const { outbox, purge } = await purgeStage()
  assert.deepEqual(await purge({ subscription: 'ns/a', sink: 'ns/other' }), {
    ok: true,
    value: { rows: 1, deadLetters: 0 },
  })
  assert.deepEqual(await purge({ subscription: 'ns/a', deadLetters: true }), {
    ok: true,
    value: { rows: 1, deadLetters: 1 },
  })
  assert.deepEqual(ids(outbox.claim('ns/sink', 9, now())), ['b1'])
  const dropped = outbox.counts().filter(({ counts }) => (counts.dropped ?? 0) > 0)
  assert.deepEqual(
    dropped.map(({ subscription, sink, counts }) => [subscription, sink, counts.dropped]),
    [
      ['ns/a', 'ns/sink', 1],
      ['ns/a', 'ns/other', 1],
    ],
  )
})

test('of a subscription that is gone dead letters can be purged, and one that never was is told', async () => {
  const { outbox, purge } = await purgeStage()
  const missing = await purge({ subscription: 'ns/gone' })
  assert.equal(missing.ok ? '' : missing.reason, 'SubscriptionNotFound')
  assert.deepEqual(await purge({ subscription: 'ns/gone', deadLetters: true }), {
    ok: true,
    value: { rows: 0, deadLetters: 1 },
  })
  assert.equal(outbox.deadLetters().length, 2)
})
