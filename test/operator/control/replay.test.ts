import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import type { Batch, ReflectorState } from '../../../src/kube/reflector.ts'
import { activationKey } from '../../../src/operator/activation.ts'
import type { ReplayProgress, ReplayRequest } from '../../../src/operator/control/api.ts'
import { replay } from '../../../src/operator/control/replay.ts'
import { Replays } from '../../../src/operator/control/replays.ts'
import { type Emitter, indexEmitters } from '../../../src/operator/emitter.ts'
import { type JudgeDeps, judge } from '../../../src/operator/judging/judge.ts'
import { type Room, unlimited } from '../../../src/operator/overflow/admit.ts'
import type { SubscriptionState } from '../../../src/operator/state.ts'
import { batchOf, buried } from '../../outbox/batches.ts'
import { MemoryOutbox } from '../../outbox/memory/memory.ts'
import {
  cluster,
  emitter,
  ms,
  type SubscriptionSpec,
  sinceOf,
  sourceOf,
  subscription,
  succeeded,
  taskRun,
} from '../scene.ts'

type Options = {
  emitters?: Emitter[]
  spec?: Parameters<typeof subscription>[0]
  since?: JudgeDeps['since']
  states?: Record<string, ReflectorState>
}

/** A watch of TaskRuns into an outbox, its objects, and subscriptions that can be replayed. */
function stage({ emitters = [both], spec = {}, since = sinceOf(), states = {} }: Options = {}) {
  const clock = { ms: ms(100), server: ms(100) }
  const now = () => clock.ms
  const outbox = new MemoryOutbox({ now })
  const replays = new Replays()
  const objects: KubeObject[] = []
  const reports = { matched: 0, refreshed: [] as string[], poisoned: [] as unknown[] }
  const deps: JudgeDeps = {
    outbox,
    emitters: () => indexEmitters(emitters, () => ({})),
    since,
    cluster,
    now,
    matched: (matched) => {
      reports.matched += matched.length
    },
    filterFailed: () => undefined,
    formatFailed: () => undefined,
    poisoned: (_source, _change, error) => reports.poisoned.push(error),
    replays,
  }
  const hooks = { beforeList: (_kind: string): Promise<void> => Promise.resolve(), room: unlimited as Room }
  const take = async (batch: Batch) => {
    const commit = judge({ name: 'TaskRun', source: sourceOf('TaskRun') }, batch, deps, hooks.room)
    if (!commit) return
    await outbox.commit(commit)
    replays.committed(commit.replayed)
  }
  const page = (phase: 'refresh' | 'list'): Batch => ({
    phase,
    changes: objects.map((object) => ({ type: 'upsert', object })),
    cursor: undefined,
  })
  const watches = {
    async refresh(kind: string, namespace: string | undefined) {
      reports.refreshed.push(`${kind} in ${namespace}`)
      await hooks.beforeList(kind)
      if (kind !== 'TaskRun') return
      await take(page('refresh'))
    },
    state: (kind: string) => ({ state: states[kind] ?? ('watching' as const) }),
  }
  const subscriptions = new Map<string, SubscriptionState>(
    emitters.map((one) => [
      one.key,
      { object: subscription(spec, { uid: one.uid }), stalled: undefined, emitter: one },
    ]),
  )
  const told: ReplayProgress[] = []
  const revived: string[] = []
  const uids = new Set(emitters.map(({ uid }) => uid))
  const replayDeps = {
    state: { subscriptions, hasSubscription: (uid: string) => uids.has(uid) },
    replays,
    watches,
    reviving: { outbox, exists: (uid: string) => uids.has(uid), maxEventBytes: () => 65_536, now },
    revived: (sinks: ReadonlySet<string>) => void revived.push(...sinks),
    now,
    serverNow: () => clock.server,
  }
  const signal = new AbortController()
  /** Delivers all that waits for a sink; gives the ids. */
  const drain = async (sink = 'team-a/qe') => {
    const ids: string[] = []
    for (let rows = outbox.claim(sink, 99, now()); rows.length > 0; rows = outbox.claim(sink, 99, now())) {
      ids.push(...rows.map(({ event }) => event.id))
      await outbox.settle(
        rows.map((row) => ({ kind: 'delivered', row })),
        now(),
      )
    }
    return ids
  }
  return {
    clock,
    outbox,
    objects,
    reports,
    hooks,
    told,
    revived,
    uids,
    subscriptions,
    signal,
    drain,
    page,
    take,
    replay: (over: Partial<ReplayRequest> = {}) =>
      replay(
        { subscription: 'team-a/builds', since: ms(0), dryRun: false, ...over },
        replayDeps,
        (progress) => told.push({ ...progress }),
        signal.signal,
      ),
    /** All that is there is seen for the first time, and delivered. */
    async settled(...seen: KubeObject[]) {
      objects.push(...seen)
      await take(page('list'))
      for (const sink of ['team-a/qe', 'team-a/audit']) await drain(sink)
    },
    waiting: (sink = 'team-a/qe') =>
      outbox.claim(sink, 99, now()).map(({ event }) => `${event.subject} ${event.type.split('.').at(-2)}`),
  }
}

const runKinds = ['TaskRun', 'PipelineRun', 'CustomRun']
const both = emitter('builds', {
  sinks: [{ name: 'qe' }, { name: 'audit' }],
  events: runKinds.map((kind) => ({ kind, milestones: ['started', 'finished'] })),
})

const run = (name: string, second = 60) => taskRun(succeeded(second), { name, uid: `uid-${name}` })

test('what went once goes again, in order, to all its sinks; only deliveries are counted once more', async () => {
  const { outbox, replay, reports, settled, waiting } = stage()
  await settled(run('one'), run('two'))
  const counts = JSON.stringify(outbox.counts())
  const matched = reports.matched
  assert.deepEqual(await replay(), {
    ok: true,
    value: { deadLetters: 0, objects: 2, events: 8, tooLarge: 0, owed: 0, deadLettersTooLarge: 0, absentKinds: [] },
  })
  assert.deepEqual(JSON.stringify(outbox.counts()), counts)
  assert.equal(reports.matched, matched)
  assert.deepEqual(reports.poisoned, [])
  assert.deepEqual(waiting(), ['taskrun/one started', 'taskrun/two started'])
  assert.deepEqual(waiting('team-a/audit'), ['taskrun/one started', 'taskrun/two started'])
  assert.equal(outbox.size('team-a/qe'), 4)
  assert.deepEqual(
    reports.refreshed,
    ['PipelineRun in team-a', 'TaskRun in team-a', 'CustomRun in team-a'].sort(byKind),
  )
})

const kinds = [...both.selection.kinds.keys()]
const byKind = (a: string, b: string) => kinds.indexOf(a.split(' ')[0] ?? '') - kinds.indexOf(b.split(' ')[0] ?? '')

test('ids are those of the first time, and a replay twice is one twice', async () => {
  const { drain, outbox, replay, settled } = stage({ emitters: [emitter('builds')] })
  await settled(run('one'))
  assert.equal((await replay()).ok, true)
  const first = await drain()
  assert.equal((await replay()).ok, true)
  assert.deepEqual(await drain(), first)
  assert.equal(first.length, 2)
  const [record] = outbox.records(['uid-one']).values()
  assert.deepEqual(record?.ledger, { 'uid-builds team-a/qe': ['started', 'finished'] })
})

test('only one sink, and only milestones within since and until, both included', async () => {
  const { replay, settled, waiting } = stage()
  await settled(run('one', 60), run('two', 61))
  const result = await replay({ since: ms(60), until: ms(60), sink: 'team-a/qe' })
  assert.ok(result.ok)
  assert.deepEqual([result.value.events, result.value.objects], [1, 2])
  assert.deepEqual(waiting(), ['taskrun/one finished'])
  assert.deepEqual(waiting('team-a/audit'), [])
})

test("what is older than the subscription's since goes, enters the ledger, and is counted as delivered only", async () => {
  const key = activationKey('uid-builds', 'team-a/qe', 'TaskRun', 'started')
  const { outbox, replay, settled, waiting } = stage({
    emitters: [emitter('builds')],
    since: sinceOf({ 'uid-builds': ms(90), [key]: ms(90) }),
  })
  await settled(run('one'))
  assert.deepEqual(waiting(), [])
  const result = await replay()
  assert.equal(result.ok && result.value.events, 2)
  assert.deepEqual(waiting(), ['taskrun/one started'])
  assert.deepEqual([...outbox.records(['uid-one']).values()][0]?.ledger, {
    'uid-builds team-a/qe': ['started', 'finished'],
  })
  assert.equal(
    outbox.counts().reduce((sum, { counts }) => sum + (counts.matched ?? 0) + (counts.filtered ?? 0), 0),
    0,
  )
})

test('a filter decides as ever, and what it refuses is not counted again', async () => {
  const { outbox, replay, settled, waiting } = stage({
    emitters: [emitter('builds', { filter: 'milestone.name == "finished"' })],
  })
  await settled(run('one'))
  const filtered = () => outbox.counts().reduce((sum, { counts }) => sum + (counts.filtered ?? 0), 0)
  const before = filtered()
  assert.equal(before, 1)
  assert.equal((await replay()).ok, true)
  assert.deepEqual(waiting(), ['taskrun/one finished'])
  assert.equal(filtered(), before)
})

test('a dry run counts, and leaves everything as it is', async () => {
  const { outbox, replay, revived, settled, objects, take, page } = stage({ emitters: [emitter('builds')] })
  await settled(run('one'))
  objects.push(run('two'))
  await take(page('refresh'))
  await outbox.settle(outbox.claim('team-a/qe', 9, ms(100)).map(buried), ms(100))
  const before = JSON.stringify([
    outbox.deadLetters(),
    [...outbox.records(['uid-one', 'uid-two'])],
    outbox.size('team-a/qe'),
  ])
  const result = await replay({ dryRun: true })
  assert.ok(result.ok)
  assert.deepEqual([result.value.events, result.value.deadLetters], [3, 1])
  assert.deepEqual(revived, [])
  const after = JSON.stringify([
    outbox.deadLetters(),
    [...outbox.records(['uid-one', 'uid-two'])],
    outbox.size('team-a/qe'),
  ])
  assert.equal(after, before)
})

test('a dead letter goes, and its event not once more beside it', async () => {
  const { clock, outbox, objects, page, replay, revived, take } = stage({ emitters: [emitter('builds')] })
  objects.push(run('one'))
  await take(page('list'))
  await outbox.settle(outbox.claim('team-a/qe', 1, clock.ms).map(buried), clock.ms)
  await outbox.settle(
    outbox.claim('team-a/qe', 1, clock.ms).map((row) => ({ kind: 'delivered', row })),
    clock.ms,
  )
  const result = await replay()
  assert.ok(result.ok)
  assert.deepEqual([result.value.deadLetters, result.value.events], [1, 1])
  assert.equal(outbox.size('team-a/qe'), 2)
  assert.deepEqual(revived, ['team-a/qe'])
  assert.deepEqual(outbox.deadLetters(), [])
})

test('dead letters of others, and those given up before since, stay', async () => {
  const { outbox, replay } = stage()
  const dead = ['uid-builds', 'uid-other'].map((subscriptionUid) => ({
    sink: 'team-a/qe',
    subscription: 'team-a/some',
    subscriptionUid,
    objectUid: 'uid-gone',
    namespace: 'team-a',
    written: ms(0),
    event: { id: subscriptionUid, type: 'a', subject: 'b', attributes: '{}', data: undefined },
    reason: 'HTTP400',
    message: 'no',
  }))
  const counts = dead.map(({ sink, subscription, subscriptionUid }) => ({
    sink,
    subscription,
    subscriptionUid,
    counts: {},
  }))
  await outbox.commit(batchOf({ dead, counts }))
  assert.equal((await replay({ since: ms(100) })).ok, true)
  assert.deepEqual(
    outbox.deadLetters().map(({ id }) => id),
    ['uid-other'],
  )
})

test('an object that two lists show, or one list that is made anew, goes once', async () => {
  const { hooks, outbox, page, replay, settled, take } = stage({ emitters: [emitter('builds')] })
  await settled(run('one'))
  hooks.beforeList = () => take(page('list'))
  const result = await replay()
  assert.ok(result.ok)
  assert.deepEqual([result.value.objects, result.value.events], [1, 2])
  assert.equal(outbox.size('team-a/qe'), 2)
})

test('what is listed for another reason while another kind has its turn does not go twice', async () => {
  const events: SubscriptionSpec['events'] = [{ kind: 'PipelineRun' }, { kind: 'TaskRun' }]
  const { hooks, outbox, page, replay, settled, take, reports } = stage({ emitters: [emitter('builds', { events })] })
  await settled(run('one'))
  hooks.beforeList = async (kind) => {
    if (kind === 'PipelineRun') await take(page('refresh'))
  }
  const result = await replay()
  assert.ok(result.ok)
  assert.deepEqual(reports.refreshed.length, 2)
  assert.deepEqual([result.value.objects, outbox.size('team-a/qe')], [1, 2])
})

test("what happened is in reach by the API server's clock, though this machine's lies behind", async () => {
  const { clock, replay, settled } = stage({ emitters: [emitter('builds')] })
  await settled(run('one', 60))
  clock.ms = ms(30)
  const result = await replay()
  assert.ok(result.ok)
  assert.equal(result.value.events, 2)
})

test('what is too large for a sink is told, and makes no dead letter of its own', async () => {
  const { outbox, replay, objects } = stage({
    emitters: [emitter('builds', {}, { maxEventBytes: () => 600 })],
    since: () => ms(90),
  })
  objects.push(run('one'))
  const result = await replay()
  assert.ok(result.ok)
  assert.deepEqual([result.value.events, result.value.tooLarge], [0, 2])
  assert.deepEqual(outbox.deadLetters(), [])
})

test('what there is no room for is owed, and goes once there is some', async () => {
  const { hooks, outbox, page, replay, settled, take, waiting } = stage({ emitters: [emitter('builds')] })
  await settled(run('one'))
  hooks.room = { ...unlimited, isFull: () => true, mayOwe: () => true }
  const result = await replay()
  assert.ok(result.ok)
  assert.deepEqual([result.value.events, result.value.owed, outbox.size('team-a/qe')], [0, 2, 0])
  hooks.room = { ...unlimited, take: () => false, mayOwe: () => true }
  const again = await replay()
  assert.ok(again.ok)
  assert.deepEqual([again.value.events, again.value.owed, outbox.size('team-a/qe')], [0, 0, 0])
  hooks.room = unlimited
  await take(page('refresh'))
  assert.deepEqual(waiting(), ['taskrun/one started'])
  assert.equal(outbox.size('team-a/qe'), 2)
  const [record] = outbox.records(['uid-one']).values()
  assert.deepEqual([record?.ledger, record?.owed], [{ 'uid-builds team-a/qe': ['started', 'finished'] }, undefined])
})

test('progress is told: each kind as it begins, and how many events so far', async () => {
  const { replay, settled, told } = stage({ emitters: [emitter('builds', { events: [{ kind: 'TaskRun' }] })] })
  await settled(run('one'), run('two'))
  await replay()
  assert.deepEqual(told, [
    { kind: 'TaskRun', deadLetters: 0, objects: 0, events: 0 },
    { kind: 'TaskRun', deadLetters: 0, objects: 1, events: 2 },
    { kind: 'TaskRun', deadLetters: 0, objects: 2, events: 4 },
  ])
})

test('one at a time for a subscription; the next can begin when it ended, however it did', async () => {
  const { hooks, replay, signal } = stage()
  const begun = Promise.withResolvers<void>()
  hooks.beforeList = () => {
    begun.resolve()
    return Promise.withResolvers<void>().promise
  }
  const first = replay()
  await begun.promise
  const second = await replay()
  assert.equal(second.ok ? '' : second.reason, 'ReplayUnderWay')
  signal.abort()
  const ended = await first
  assert.deepEqual(ended.ok ? '' : ended.message, 'interrupted: what was enqueued stays')
  const third = await replay()
  assert.equal(third.ok ? '' : third.reason, 'Interrupted')
})

test('a subscription that is deleted meanwhile ends it', async () => {
  const { hooks, replay, uids } = stage()
  hooks.beforeList = async () => uids.clear()
  const ended = await replay()
  assert.match(ended.ok ? '' : ended.message, /team-a\/builds was deleted meanwhile/)
})

const refusals: [name: string, options: Options, request: Partial<ReplayRequest>, message: RegExp][] = [
  [
    'a subscription that there is not',
    {},
    { subscription: 'team-a/none' },
    /there is no EventSubscription team-a\/none/,
  ],
  ['a suspended subscription', { spec: { suspend: true } }, {}, /is suspended: nothing is matched until/],
  [
    'a sink that it does not send to',
    {},
    { sink: 'team-a/x' },
    /does not send to team-a\/x, but to team-a\/qe, team-a\/audit/,
  ],
  ['a time to come', {}, { since: ms(101) }, /since must not be in the future/],
  ['a kind that is being read', { states: { TaskRun: 'listing' } }, {}, /TaskRuns are still being read/],
  [
    'a kind that may not be read',
    { states: { TaskRun: 'forbidden' } },
    {},
    /TaskRuns can't be read: the operator's ClusterRole/,
  ],
  ['a kind that lives in no namespace', { states: { TaskRun: 'clusterScoped' } }, {}, /TaskRuns live in no namespace/],
  ['an API server that is away', { states: { TaskRun: 'failing' } }, {}, /TaskRuns can't be read just now/],
]

for (const [name, options, request, message] of refusals) {
  test(`${name}: refused`, async () => {
    const { replay } = stage(options)
    const result = await replay(request)
    assert.match(result.ok ? '' : result.message, message)
  })
}

test('a stalled subscription is refused with its reason; kinds that the cluster lacks are passed over and told', async () => {
  const { replay, subscriptions } = stage({ states: { CustomRun: 'absent' } })
  const result = await replay()
  assert.deepEqual(result.ok && result.value.absentKinds, ['CustomRun'])
  const stalled = { kind: 'stalled', reason: 'FilterInvalid', message: 'filter, line 1' } as const
  subscriptions.set('team-a/builds', { object: subscription(), stalled, emitter: undefined })
  const refused = await replay()
  assert.match(refused.ok ? '' : refused.message, /team-a\/builds is stalled: filter, line 1/)
})
