import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { KubeObject } from '../../../src/api/object.ts'
import type { Batch, Change } from '../../../src/kube/reflector.ts'
import { type Emitter, indexEmitters } from '../../../src/operator/emitter.ts'
import { type JudgeDeps, judge, withoutForgotten } from '../../../src/operator/judging/judge.ts'
import type { Phase } from '../../../src/operator/judging/routing.ts'
import { unlimited } from '../../../src/operator/overflow/admit.ts'
import { Overflow } from '../../../src/operator/overflow/overflow.ts'
import { delivered } from '../../outbox/batches.ts'
import { MemoryOutbox } from '../../outbox/memory/memory.ts'
import { cluster, condition, emitter, ms, running, sinceOf, sourceOf, succeeded, taskRun } from '../scene.ts'

type Options = { rows?: number; emitters?: Emitter[] }

/** A watch of TaskRuns into an outbox in memory, whose sinks take so many rows. */
function stage({ rows = 2, emitters = [emitter('builds')] }: Options = {}) {
  const clock = { ms: ms(61) }
  const outbox = new MemoryOutbox({ now: () => clock.ms })
  const state = { emitters, rows, asleep: false, dropped: 0 }
  const overflow = new Overflow({
    outbox,
    capOf: (kind) => ({ rows: kind === 'sink' ? state.rows : 1_000, bytes: 1e9 }),
    users: () => new Set(state.emitters.map(({ namespace }) => namespace)).size,
    owner(uid) {
      const found = state.emitters.find((one) => one.uid === uid)
      return found && { key: found.key, emitter: state.asleep ? undefined : found }
    },
    turned: () => undefined,
    dropped(deliveries) {
      state.dropped += deliveries
    },
  })
  const matched: string[] = []
  const deps: JudgeDeps = {
    outbox,
    emitters: () => indexEmitters(state.asleep ? [] : state.emitters, () => ({})),
    since: sinceOf(),
    cluster,
    now: () => clock.ms,
    matched: (taken) => matched.push(...taken.map(({ milestone }) => milestone.key)),
    filterFailed: () => assert.fail('a filter failed'),
    formatFailed: () => assert.fail('a format failed'),
    poisoned: (_source, _change, error) => assert.fail(String(error)),
  }
  const watch = { name: 'TaskRun', source: sourceOf('TaskRun') }
  const take = async (batch: Batch): Promise<string[]> => {
    using room = overflow.room()
    const commit = judge(watch, batch, deps, room)
    if (commit) await outbox.commit(commit)
    return (commit?.rows ?? []).map(
      ({ sink, event, objectUid }) => `${objectUid} ${event.type.split('.').at(-2)} ${sink}`,
    )
  }
  return {
    deps,
    watch,
    outbox,
    overflow,
    state,
    matched,
    clock,
    see: (phase: Phase, ...objects: KubeObject[]) =>
      take({
        phase,
        changes: objects.map((object): Change => ({ type: 'upsert', object })),
        cursor: phase === 'watch' ? '1' : undefined,
      } as Batch),
    gone: (object: KubeObject) =>
      take({ phase: 'watch', changes: [{ type: 'delete', object }], cursor: '2', waited: 0 }),
    listed: (...uids: string[]) =>
      take({ phase: 'listed', changes: [], cursor: '9', uids: new Set(uids), began: 0, reason: 'start' }),
    owed: (uid: string) => outbox.records([uid]).get(uid)?.owed,
    /** Delivers all that waits for a sink, and looks what is full. Gives the rows. */
    async drain(sink = 'team-a/qe') {
      const all: string[] = []
      for (let rows = outbox.claim(sink, 100, clock.ms); rows.length > 0; rows = outbox.claim(sink, 100, clock.ms)) {
        all.push(...rows.map(({ objectUid, event }) => `${objectUid} ${event.type.split('.').at(-2)}`))
        await outbox.settle(rows.map(delivered), clock.ms)
      }
      overflow.look(() => true)
      return all
    },
    counts(uid = 'uid-builds') {
      const sums = { matched: 0, delivered: 0, deadLettered: 0, dropped: 0 }
      for (const { subscriptionUid, counts } of outbox.counts())
        if (subscriptionUid === uid)
          for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += counts[name] ?? 0
      return sums
    },
  }
}

const run = (name: string, status?: Record<string, unknown>, namespace = 'team-a') =>
  taskRun(status, { name, namespace, uid: name })

const pair = 'uid-builds team-a/qe'

test('what has no room is owed, matched once, and goes with the same events when there is room', async () => {
  const { see, owed, drain, counts, matched } = stage()
  assert.deepEqual(await see('watch', run('a', succeeded())), ['a started team-a/qe', 'a finished team-a/qe'])
  assert.deepEqual(await see('watch', run('b', running())), [])
  assert.deepEqual(await see('watch', run('b', succeeded()), run('c', succeeded())), [])
  assert.deepEqual([owed('a'), owed('b')], [undefined, { [pair]: ['started', 'finished'] }])
  assert.deepEqual(await see('refresh', run('b', succeeded())), [], 'still full')
  await drain()
  assert.deepEqual(await see('refresh', run('b', succeeded()), run('c', succeeded())), [
    'b started team-a/qe',
    'b finished team-a/qe',
  ])
  assert.deepEqual([owed('b'), owed('c')], [undefined, { [pair]: ['started', 'finished'] }])
  await drain()
  assert.deepEqual(await see('refresh', run('c', succeeded())), ['c started team-a/qe', 'c finished team-a/qe'])
  assert.deepEqual(matched.sort(), ['finished', 'finished', 'finished', 'started', 'started', 'started'])
  await drain()
  assert.deepEqual(counts(), { matched: 6, delivered: 6, deadLettered: 0, dropped: 0 })
  assert.deepEqual(await see('refresh', run('c', succeeded())), [])
})

test('once something of an object is owed, what follows goes only with it, in order', async () => {
  const { see, drain, state } = stage({ rows: 3 })
  await see('watch', run('a', succeeded()))
  state.rows = 2
  assert.deepEqual(await see('watch', run('b', running())), [])
  state.rows = 3
  await drain()
  assert.deepEqual(await see('watch', run('b', succeeded())), ['b started team-a/qe', 'b finished team-a/qe'])
})

test('rows of one batch are counted as they come', async () => {
  const { see, owed } = stage({ rows: 5 })
  const rows = await see('watch', ...['a', 'b', 'c'].map((name) => run(name, succeeded())))
  assert.equal(rows.length, 4)
  assert.deepEqual(owed('c'), { [pair]: ['started', 'finished'] })
})

test('a sink that is full holds up no other, of the same subscription or another', async () => {
  const emitters = [
    emitter('builds', { sinks: [{ name: 'qe' }, { name: 'audit' }] }),
    emitter('others', {}, { namespace: 'team-b' }),
  ]
  const { see, drain, matched, state } = stage({ emitters })
  await see('watch', run('a', succeeded()))
  await drain('team-a/audit')
  assert.deepEqual(await see('watch', run('b', succeeded())), ['b started team-a/audit', 'b finished team-a/audit'])
  assert.deepEqual(await see('watch', run('x', succeeded(), 'team-b')), ['x started team-b/qe', 'x finished team-b/qe'])
  await drain()
  const before = matched.length
  assert.deepEqual(await see('refresh', run('b', succeeded())), ['b started team-a/qe', 'b finished team-a/qe'])
  assert.equal(matched.length, before)
  assert.equal(state.dropped, 0)
})

test('a tenant that fills a sink which others share is owed what is its own; theirs go at once', async () => {
  const shared = { sinks: [{ name: 'qe', namespace: 'team-a' }] }
  const emitters = [emitter('builds'), emitter('others', shared, { namespace: 'team-b' })]
  const { see, drain, owed, overflow } = stage({ rows: 4, emitters })
  const loud = ['a', 'b', 'c'].map((name) => run(name, succeeded()))
  assert.equal((await see('watch', ...loud)).length, 4)
  assert.deepEqual(await see('watch', run('x', succeeded(), 'team-b')), ['x started team-a/qe', 'x finished team-a/qe'])
  assert.deepEqual([owed('c'), owed('x')], [{ [pair]: ['started', 'finished'] }, undefined])
  overflow.look(() => true)
  assert.equal(overflow.ofSubscription('team-a/qe', 'team-b', false), undefined)
  await drain()
  assert.deepEqual(await see('refresh', run('c', succeeded())), ['c started team-a/qe', 'c finished team-a/qe'])
})

test('an object that came to its end long ago is taken up too', async () => {
  const { see, drain, clock } = stage()
  await see('watch', run('a', succeeded()), run('b', succeeded()))
  await drain()
  clock.ms += 3_600_000
  assert.equal((await see('refresh', run('b', succeeded()))).length, 2)
})

test('so is one that changes once more meanwhile, as a whole', async () => {
  const signing = emitter('builds', { events: [{ kind: 'TaskRun', milestones: ['finished', 'signed'] }] })
  const { see, drain, clock } = stage({ rows: 1, emitters: [signing] })
  await see('watch', run('a', succeeded()), run('b', succeeded()))
  await drain()
  clock.ms += 3_600_000
  const signed = taskRun(succeeded(), { name: 'b', uid: 'b', annotations: { 'chains.tekton.dev/signed': 'true' } })
  assert.deepEqual(await see('watch', signed), ['b finished team-a/qe', 'b signed team-a/qe'])
})

const watchful = emitter('builds', { events: [{ kind: 'TaskRun', milestones: ['started', 'running', 'finished'] }] })

test('observed milestones that have no room are dropped, counted and told as a gap', async () => {
  const { see, drain, counts, state, outbox } = stage({ emitters: [watchful] })
  await see('watch', run('a', succeeded()))
  await see('watch', run('b', running()))
  assert.deepEqual(counts(), { matched: 4, delivered: 0, deadLettered: 0, dropped: 1 })
  assert.equal(state.dropped, 1)
  const gap = outbox.gaps().get('uid-builds')
  assert.deepEqual([gap?.count, gap?.reason], [1, 'Overflow'])
  assert.equal(gap?.message, '1 delivery was dropped: no room for EventSink team-a/qe')
  await drain()
  assert.deepEqual(await see('watch', run('b', running()), run('b', succeeded())), [
    'b started team-a/qe',
    'b finished team-a/qe',
  ])
  await drain()
  assert.deepEqual(counts(), { matched: 5, delivered: 4, deadLettered: 0, dropped: 1 })
})

test('what is owed of an object that goes is dropped, unless its last state finds room', async () => {
  const { see, gone, drain, counts, outbox } = stage()
  await see('watch', run('a', succeeded()), run('b', running()), run('c', running()))
  assert.deepEqual(await gone(run('b', succeeded())), [])
  assert.equal(outbox.known('TaskRun').size, 2)
  assert.equal(counts().dropped, 2)
  await drain()
  assert.deepEqual(await gone(run('c', succeeded())), ['c started team-a/qe', 'c finished team-a/qe'])
  await drain()
  assert.deepEqual(counts(), { matched: 6, delivered: 4, deadLettered: 0, dropped: 2 })
})

test('so is that of one whose deletion was missed', async () => {
  const { see, listed, counts, outbox } = stage()
  await see('list', run('a', succeeded()), run('b', succeeded()))
  await listed('a')
  assert.deepEqual(counts(), { matched: 4, delivered: 0, deadLettered: 0, dropped: 2 })
  assert.deepEqual(outbox.owing(), [])
})

test('what the object does not tell any more is dropped when the rest is taken up', async () => {
  const signing = emitter('builds', { events: [{ kind: 'TaskRun', milestones: ['finished', 'signed'] }] })
  const { see, drain, counts } = stage({ rows: 1, emitters: [signing] })
  await see('watch', run('a', succeeded()))
  const annotations = { 'chains.tekton.dev/signed': 'true' }
  await see('watch', taskRun(succeeded(), { name: 'b', uid: 'b', annotations }))
  await drain()
  assert.deepEqual(await see('refresh', run('b', succeeded())), ['b finished team-a/qe'])
  assert.equal(counts().dropped, 1)
})

test('a sink that the subscription has left is owed nothing any more', async () => {
  const two = emitter('builds', { sinks: [{ name: 'qe' }, { name: 'audit' }] })
  const { see, state, owed, counts } = stage({ emitters: [two] })
  await see('watch', run('a', succeeded()), run('b', succeeded()))
  state.emitters = [emitter('builds', { sinks: [{ name: 'audit' }] })]
  await see('refresh', run('b', succeeded()))
  assert.deepEqual(owed('b'), { 'uid-builds team-a/audit': ['started', 'finished'] })
  assert.equal(counts().dropped, 2)
})

test('nor is one whose subscription has left the kind, while one that can not be compiled for now keeps what it is owed', async () => {
  const { see, state, owed, counts } = stage()
  await see('watch', run('a', succeeded()), run('b', succeeded()))
  state.asleep = true
  await see('refresh', run('b', succeeded()))
  assert.deepEqual(owed('b'), { [pair]: ['started', 'finished'] })
  state.asleep = false
  state.emitters = [emitter('builds', { events: [{ kind: 'PipelineRun' }] })]
  await see('refresh', run('b', succeeded()))
  assert.equal(owed('b'), undefined)
  assert.equal(counts().dropped, 2)
})

test('what was owed goes though the filter, the milestones or the suspension are other than then', async () => {
  const { see, state, drain } = stage()
  await see('watch', run('a', succeeded()), run('b', succeeded()))
  state.emitters = [emitter('builds', { filter: 'false', events: [{ kind: 'TaskRun', milestones: ['queued'] }] })]
  await drain()
  assert.deepEqual(await see('refresh', run('b', succeeded())), ['b started team-a/qe', 'b finished team-a/qe'])
})

test('a list that takes nothing up writes nothing', async () => {
  const { see, outbox } = stage()
  await see('watch', run('a', succeeded()), run('b', succeeded()))
  let commits = 0
  const { commit } = outbox
  outbox.commit = (batch) => {
    commits += 1
    return commit.call(outbox, batch)
  }
  await see('refresh', run('a', succeeded()), run('b', succeeded()))
  assert.equal(commits, 0)
})

test('however sights, room and deletions fall, each milestone is delivered once or counted as dropped, in order', async () => {
  const names = ['a', 'b', 'c']
  const states = [run('x'), run('x', condition('Unknown', 'Pending', 0)), run('x', running()), run('x', succeeded())]
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('see' as const), name: fc.constantFrom(...names), at: fc.nat(3) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('refresh' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('drain' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), name: fc.constantFrom(...names) }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 6 }), async (steps, rows) => {
      const { see, gone, drain, counts, outbox } = stage({ rows, emitters: [watchful] })
      const present = new Map<string, number>()
      const objectOf = (name: string, at: number) =>
        run(name, states[at]?.status as Record<string, unknown> | undefined)
      const whole = () => [...present].map(([name, at]) => objectOf(name, at))
      const told: string[] = []
      let generation = 0
      for (const one of steps) {
        if (one.do === 'drain') told.push(...(await drain()))
        else if (one.do === 'refresh') await see('refresh', ...whole())
        else if (one.do === 'see') {
          const name = [...present.keys()].find((key) => key.startsWith(one.name)) ?? `${one.name}${generation++}`
          present.set(name, Math.max(present.get(name) ?? 0, one.at))
          await see('watch', objectOf(name, present.get(name) ?? 0))
        } else {
          const name = [...present.keys()].find((key) => key.startsWith(one.name))
          if (name === undefined) continue
          await gone(objectOf(name, present.get(name) ?? 0))
          present.delete(name)
        }
      }
      for (let round = 0; outbox.owing().length > 0; round += 1) {
        assert.ok(round < 50, 'never taken up to the end')
        told.push(...(await drain()))
        await see('refresh', ...whole())
      }
      told.push(...(await drain()))
      assert.equal(new Set(told).size, told.length, 'one went twice')
      const order = ['started', 'running', 'finished']
      for (const [, own] of Map.groupBy(told, (one) => one.split(' ')[0])) {
        const places = own.map((one) => order.indexOf(one.split(' ')[1] ?? ''))
        assert.deepEqual(places, places.toSorted())
      }
      const { matched, delivered: taken, dropped } = counts()
      assert.equal(taken, told.length)
      assert.equal(taken + dropped, matched)
      for (const [name, at] of present) {
        if (at >= 2) assert.ok(told.includes(`${name} started`), `${name} started`)
        if (at === 3) assert.ok(told.includes(`${name} finished`), `${name} finished`)
      }
    }),
    { numRuns: 200 },
  )
})

test('nothing is owed to a subscription that went between judging and committing', async () => {
  const room = { ...unlimited, take: () => false }
  const { deps, watch } = stage({ emitters: [emitter('builds'), emitter('gone')] })
  const batch: Batch = {
    phase: 'watch',
    changes: [{ type: 'upsert', object: run('a', succeeded()) }],
    cursor: '1',
    waited: 0,
  }
  const commit = judge(watch, batch, deps, room)
  assert.ok(commit)
  assert.deepEqual(Object.keys(commit.records[0]?.owed ?? {}), [pair, 'uid-gone team-a/qe'])
  const kept = withoutForgotten(commit, (uid) => uid !== 'uid-gone')
  assert.deepEqual(kept.records[0]?.owed, { [pair]: ['started', 'finished'] })
})
