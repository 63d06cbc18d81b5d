import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventSink, EventSubscription } from '../../../src/api/generated.ts'
import { pendingOf, suspendedSince } from '../../../src/operator/activation.ts'
import { Recovery } from '../../../src/operator/recovery/recovery.ts'
import type { SubscriptionState } from '../../../src/operator/state.ts'
import type { CountDelta } from '../../../src/outbox/outbox.ts'
import { MemoryOutbox } from '../../outbox/memory/memory.ts'
import { at, emitter, ms, type SubscriptionSpec, sink, subscription } from '../scene.ts'

type Sinks = NonNullable<EventSubscription['status']>['sinks']

const key = (milestone: string, kind = 'TaskRun', sink = 'team-a/qe') => `uid-builds ${sink} ${kind} ${milestone}`

/** A beginning, with what an earlier life has told and recorded. */
async function begin(given: {
  sinks?: Sinks
  recorded?: [string, number][]
  gaps?: string
  stalled?: boolean
  outbox?: MemoryOutbox
  counts?: NonNullable<EventSubscription['status']>['counts']
  sink?: EventSink
}) {
  const { outbox = new MemoryOutbox({ now: () => ms(5000) }) } = given
  const restored = new Map<string, number>()
  const asked: string[] = []
  const recovery = new Recovery({
    outbox,
    since: {
      async read(uids) {
        asked.push(...uids)
        return new Map(given.recorded)
      },
    },
    lookingBack: {
      restore(kept) {
        for (const [one, since] of kept) restored.set(one, since)
      },
    },
    kinds: ({ metadata }) => ['TaskRun', `Certificate.${metadata.name}.io`],
    loss: () => 'lost',
    marginMs: 10_000,
    serverNow: () => ms(5000),
  })
  const object = subscription()
  const condition = {
    type: 'Continuity',
    status: 'True',
    reason: 'Continuous',
    message: given.gaps ?? '',
    lastTransitionTime: at(0),
  } as const
  if (given.sinks) object.status = { sinks: given.sinks, conditions: given.gaps ? [condition] : [] }
  if (given.counts) object.status = { ...object.status, counts: given.counts }
  const events: SubscriptionSpec['events'] = [{ kind: 'TaskRun', milestones: ['finished'] }]
  const state: SubscriptionState = {
    object,
    stalled: undefined,
    emitter: given.stalled ? undefined : emitter('builds', { events }),
  }
  await recovery.restore([object])
  const before = new Map(restored)
  await recovery.begin([state], given.sink ? [given.sink] : [])
  return { outbox, restored: before, asked, floors: outbox.floors(), gaps: outbox.gaps().get('uid-builds') }
}

const qe = { namespace: 'team-a', name: 'qe' }

test('a first life begins with no floor and no gap', async () => {
  const { outbox, floors, gaps } = await begin({ sinks: [{ ...qe }] })
  assert.equal(outbox.begun, true)
  assert.deepEqual([floors.size, gaps], [0, undefined])
})

test('a later one takes up from the checkpoint, kind by kind, and tells of the loss', async () => {
  const sinks = [{ ...qe, checkpoint: at(600), since: at(0) }]
  const recorded: [string, number][] = [
    [key('finished'), ms(0)],
    [key('finished', 'CustomRun'), ms(400)],
    [key('started'), suspendedSince],
    [key('queued'), pendingOf(ms(3))],
  ]
  const { outbox, restored, floors, gaps } = await begin({ sinks, recorded })
  assert.deepEqual(restored, new Map(recorded), 'before anything is activated')
  assert.deepEqual(outbox.activations(), new Map(recorded))
  assert.deepEqual(
    floors,
    new Map([
      ['uid-builds team-a/qe TaskRun', ms(590)],
      ['uid-builds team-a/qe CustomRun', ms(590)],
    ]),
  )
  assert.deepEqual([gaps?.count, gaps?.reason], [1, 'LedgerLost'])
  assert.match(gaps?.message ?? '', /written since 2026-11-22T12:09:50Z/)
})

test('without a checkpoint it takes up from the activation, as the status or the record tells it', async () => {
  const told = await begin({ sinks: [{ ...qe, since: at(100) }] })
  assert.deepEqual([...told.floors.values()], [ms(90)])
  const recorded = await begin({
    recorded: [
      [key('finished'), ms(200)],
      [key('started'), ms(300)],
    ],
  })
  assert.deepEqual([...recorded.floors.values()], [ms(190)])
  assert.equal(recorded.gaps?.count, 1)
})

test('a checkpoint of the future, written by a clock that was ahead, counts as now', async () => {
  const { floors } = await begin({ sinks: [{ ...qe, checkpoint: at(9000) }] })
  assert.deepEqual([...floors.values()], [ms(4990)])
})

test('where nobody understands the subscription for now, every kind has a floor that it may speak of', async () => {
  const { floors } = await begin({ sinks: [{ ...qe, checkpoint: at(600) }], stalled: true })
  assert.deepEqual([...floors.keys()], ['uid-builds team-a/qe TaskRun', 'uid-builds team-a/qe Certificate.builds.io'])
})

test('the number of gaps goes on from what the condition tells', async () => {
  const { gaps } = await begin({ sinks: [{ ...qe, checkpoint: at(600) }], gaps: '7 gaps so far, the last at' })
  assert.equal(gaps?.count, 8)
})

test('a process that was killed before the life began tells of one loss, and one that has begun of none', async () => {
  const sinks = [{ ...qe, checkpoint: at(600) }]
  const outbox = new MemoryOutbox({ now: () => ms(5000) })
  const { begin: really } = outbox
  outbox.begin = () => Promise.reject(new Error('killed'))
  await assert.rejects(begin({ sinks, outbox }), /killed/)
  outbox.begin = really
  assert.equal((await begin({ sinks, outbox })).gaps?.count, 1)
  const again = await begin({ sinks, outbox })
  assert.deepEqual([again.gaps?.count, again.asked], [1, []])
})

test('what was activated since it was recorded stands, also where the beginning is tried again, or was cut short', async () => {
  const outbox = new MemoryOutbox({ now: () => ms(5000) })
  const restored: (readonly [string, number])[] = []
  const start = () =>
    new Recovery({
      outbox,
      since: { read: async () => new Map([[key('finished'), suspendedSince]]) },
      lookingBack: { restore: (kept) => restored.push(...kept) },
      kinds: () => ['TaskRun'],
      loss: () => 'lost',
      marginMs: 10_000,
      serverNow: () => ms(5000),
    })
  const first = start()
  await first.restore([subscription()])
  assert.deepEqual(restored.splice(0), [[key('finished'), suspendedSince]])
  // It was resumed meanwhile, and the disk was full for a moment before the life could begin.
  await outbox.activate(new Map([[key('finished'), pendingOf(ms(4000))]]))
  await first.restore([subscription()])
  assert.deepEqual(restored, [])
  const second = start()
  await second.restore([subscription()])
  await second.begin([], [])
  assert.deepEqual(restored, [])
  assert.deepEqual([...outbox.activations()], [[key('finished'), pendingOf(ms(4000))]])
})

test('numbers go on from what the statuses tell, those of a subscription and those of a sink', async () => {
  const counts = { matched: 5, filtered: 1, delivered: 4, retried: 2, deadLettered: 0, dropped: 0, pending: 3 }
  const object = sink()
  object.status = { counts: { delivered: 9, retried: 2, deadLettered: 0, dropped: 1 } }
  const outbox = new MemoryOutbox({ now: () => ms(5000) })
  for (let beginnings = 0; beginnings < 2; beginnings += 1) {
    await begin({ counts, sink: object, outbox })
    const told = outbox.counts()
    const sum = (name: 'delivered' | 'matched', of: (one: CountDelta) => boolean) =>
      told.filter(of).reduce((total, one) => total + (one.counts[name] ?? 0), 0)
    assert.deepEqual(
      [
        sum('delivered', (one) => one.subscriptionUid === 'uid-builds'),
        sum('matched', (one) => one.subscriptionUid === 'uid-builds'),
      ],
      [4, 5],
    )
    assert.equal(
      sum('delivered', (one) => one.sink === 'team-a/qe'),
      9,
    )
  }
})
