import assert from 'node:assert/strict'
import { test } from 'node:test'
import { suspendedSince } from '../../src/operator/activation.ts'
import { requestedAtAnnotation } from '../../src/operator/requests.ts'
import { batchOf, delivered, retried, rowOf } from '../outbox/batches.ts'
import { failed, taken } from '../status/attempts.ts'
import { renderStage } from './rendering.ts'
import { at, ms, sink, subscription } from './scene.ts'

const events = [{ kind: 'TaskRun' as const, milestones: ['started' as const, 'finished' as const] }]
const two = { sinks: [{ name: 'qe' }, { name: 'audit' }], events }
const of = { subscription: 'team-a/builds', subscriptionUid: 'uid-builds' }
const others = { subscription: 'team-a/others', subscriptionUid: 'uid-others' }

const stage = () =>
  renderStage(
    [sink(), sink({}, { name: 'audit', uid: 'uid-audit' })],
    [subscription(two), subscription({ events }, { name: 'others', uid: 'uid-others' })],
  )

test('counts and what is pending come from the outbox: of a sink over all its subscriptions, of a subscription over all its sinks', async () => {
  const { outbox, clock, ...status } = stage()
  const qe = 'team-a/qe'
  clock.ms = ms(10)
  await outbox.commit(
    batchOf({
      rows: [
        rowOf('o1', 'e1', { ...of, sink: qe }),
        rowOf('o1', 'e2', { ...of, sink: qe }),
        rowOf('o2', 'e3', { ...others, sink: qe }),
        rowOf('o1', 'e1', { ...of, sink: 'team-a/audit' }),
      ],
      counts: [{ ...of, sink: '', counts: { matched: 2, filtered: 7 } }],
    }),
  )
  const [first, second] = outbox.claim(qe, 2, ms(11))
  assert.ok(first && second)
  await outbox.settle([delivered(first), retried(second, ms(20))], ms(11))
  clock.ms = ms(100)
  const view = (given: ReturnType<typeof status.sink>) => [given?.counts, given?.pending, given?.oldestPending]
  assert.deepEqual(view(status.sink(qe)), [{ delivered: 1, retried: 1, deadLettered: 0, dropped: 0 }, 2, at(10)])
  assert.deepEqual(view(status.sink('team-a/audit')), [
    { delivered: 0, retried: 0, deadLettered: 0, dropped: 0 },
    1,
    at(10),
  ])
  const builds = status.subscription('team-a/builds')
  assert.deepEqual(builds?.counts, {
    matched: 2,
    filtered: 7,
    delivered: 1,
    retried: 0,
    deadLettered: 0,
    dropped: 0,
    invalid: 0,
    pending: 2,
  })
  assert.deepEqual(
    builds?.sinks?.map(({ namespace, name, pending, oldestPending }) => [namespace, name, pending, oldestPending]),
    [
      ['team-a', 'qe', 1, at(10)],
      ['team-a', 'audit', 1, at(10)],
    ],
  )
})

test('what was counted is good for a second, or until it is said to be stale', async () => {
  const { outbox, clock, renderer, ...status } = stage()
  const pending = () => status.subscription('team-a/builds')?.counts?.pending
  const add = (object: string) =>
    outbox.commit(batchOf({ rows: [rowOf(object, object, { ...of, sink: 'team-a/qe' })] }))
  assert.equal(pending(), 0)
  await add('o1')
  clock.ms += 999
  assert.equal(pending(), 0)
  clock.ms += 1
  assert.equal(pending(), 1)
  await add('o2')
  assert.equal(pending(), 1)
  renderer.stale()
  assert.equal(pending(), 2)
})

test('a sink that has no room for what matches shows Overflow, and so do its subscriptions', () => {
  const { overflow, ...status } = stage()
  const told = () =>
    [status.sink('team-a/qe'), status.subscription('team-a/builds'), status.subscription('team-a/others')].map(
      (one) => one?.conditions?.find(({ type }) => type === 'Overflow')?.message,
    )
  assert.deepEqual(told(), [undefined, undefined, undefined])
  const room = overflow.room()
  const need = { sink: 'team-a/qe', namespace: 'team-a', bytes: 1 }
  assert.equal(room.take({ ...need, rows: 3 }), true)
  assert.equal(room.take({ ...need, rows: 1 }), false)
  const message = '3 deliveries wait, limit 3: no more are written down until half is free'
  assert.deepEqual(told(), [message, `sink team-a/qe: ${message}`, `sink team-a/qe: ${message}`])
  assert.equal(
    status.sink('team-a/audit')?.conditions?.some(({ type }) => type === 'Overflow'),
    false,
  )
})

test('since is the earliest of what is active, per sink; nothing while suspended', () => {
  const { activate, ...status } = stage()
  activate('uid-builds', 'team-a/qe', 'started', ms(20))
  activate('uid-builds', 'team-a/qe', 'finished', ms(10))
  activate('uid-builds', 'team-a/audit', 'started', suspendedSince)
  activate('uid-builds', 'team-a/audit', 'finished', suspendedSince)
  activate('uid-builds', 'team-a/gone', 'finished', ms(1))
  activate('uid-others', 'team-a/qe', 'finished', ms(2))
  assert.deepEqual(
    status.subscription('team-a/builds')?.sinks?.map(({ since }) => since),
    [at(10), undefined],
  )
})

test('what attempts told is shown where it belongs', () => {
  const { book, ...status } = stage()
  book.attempted(taken(1))
  for (const second of [2, 3, 4]) book.attempted(failed(second, { ...others, id: `other-${second}` }))
  const builds = status.subscription('team-a/builds')
  assert.equal(builds?.lastDelivered?.id, 'event-1')
  assert.equal(builds?.lastFailure, undefined)
  assert.deepEqual(
    builds?.sinks?.map(({ delivering }) => delivering),
    [false, undefined],
  )
  assert.equal(status.subscription('team-a/others')?.lastFailure?.id, 'other-4')
  assert.equal(status.sink('team-a/qe')?.lastFailure?.subscription, 'team-a/others')
})

test('requestedAt is answered, and the generation that was looked at is told', () => {
  const metadata = { generation: 5, annotations: { [requestedAtAnnotation]: 'at noon' } }
  const { ...status } = renderStage([sink({}, metadata)], [subscription(two, metadata)])
  for (const told of [status.sink('team-a/qe'), status.subscription('team-a/builds')]) {
    assert.equal(told?.lastHandledReconcileAt, 'at noon')
    assert.equal(told?.observedGeneration, 5)
  }
})

test('a stalled subscription still tells its counts and what waits', async () => {
  const { outbox, state, ...status } = stage()
  await outbox.commit(batchOf({ rows: [rowOf('o1', 'e1', { ...of, sink: 'team-a/qe' })] }))
  const object = subscription(two)
  const stalled = { kind: 'stalled', reason: 'FilterInvalid', message: 'filter, line 1' } as const
  state.subscriptions.set('team-a/builds', { object, stalled, emitter: undefined })
  const told = status.subscription('team-a/builds')
  assert.equal(told?.counts?.pending, 1)
  assert.deepEqual(
    told?.conditions?.map(({ type, status: value }) => `${type}=${value}`),
    ['Ready=False', 'Delivering=Unknown', 'Stalled=True', 'Continuity=True'],
  )
})

test('of what is not there any more there is no status', () => {
  const { renderer } = stage()
  for (const key of ['sink team-a/gone', 'subscription team-a/gone', 'sink team-a/builds'])
    assert.equal(renderer.render(key), undefined)
})
