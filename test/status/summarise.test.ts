import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Condition } from '../../src/api/generated.ts'
import { kubeTime } from '../../src/api/time.ts'
import type { AttemptRecord } from '../../src/delivery/attempt.ts'
import type { StorageState } from '../../src/outbox/outbox.ts'
import { StatusBook } from '../../src/status/book.ts'
import { delivering } from '../../src/status/delivering.ts'
import {
  type Readiness,
  type SinkFacts,
  type SinkView,
  type SubscriptionFacts,
  summariseSink,
  summariseSubscription,
} from '../../src/status/summarise.ts'
import { failed, held, refused, start, taken } from './attempts.ts'

const ready: Readiness = { kind: 'ready', reason: 'Ready', message: 'ready to deliver' }
const waiting: Readiness = { kind: 'waiting', reason: 'SecretNotFound', message: 'Secret qe is missing' }
const stalled: Readiness = { kind: 'stalled', reason: 'FilterInvalid', message: 'filter, line 1' }
const none = { matched: 0, filtered: 0, delivered: 0, retried: 0, deadLettered: 0, dropped: 0, invalid: 0 }

const ok: StorageState = { kind: 'ok' }
const common = {
  generation: 3,
  previous: [],
  readiness: ready,
  requestedAt: undefined,
  storage: ok,
  forceAt: undefined,
  now: start,
}

const sinkFacts = (over: Partial<SinkFacts> = {}): SinkFacts => ({
  ...common,
  health: { failures: 0 },
  pending: 0,
  oldestPending: undefined,
  overflow: undefined,
  deadLetters: 0,
  counts: none,
  ...over,
})

const view = (name: string, over: Partial<SinkView> = {}): SinkView => ({
  namespace: 'team-a',
  name,
  health: { failures: 0 },
  overflow: undefined,
  lastDelivered: undefined,
  lastFailure: undefined,
  pending: 0,
  oldestPending: undefined,
  since: undefined,
  checkpoint: undefined,
  ...over,
})

const subscriptionFacts = (over: Partial<SubscriptionFacts> = {}): SubscriptionFacts => ({
  ...common,
  counts: none,
  pending: 0,
  lastMatched: undefined,
  filterErrors: undefined,
  formatErrors: undefined,
  silence: undefined,
  gaps: undefined,
  duplicateSender: undefined,
  acknowledged: undefined,
  sinks: [view('qe')],
  ...over,
})

function healthAfter(...attempts: AttemptRecord[]) {
  const book = new StatusBook()
  for (const attempt of attempts) book.attempted(attempt)
  return book.health('team-a/qe')
}

/** But for Continuity, of which `continuity.test.ts` tells. */
const others = (conditions: readonly Condition[] = []) => conditions.filter(({ type }) => type !== 'Continuity')

const brief = (conditions?: readonly Condition[]) =>
  others(conditions).map(({ type, status, reason }) => `${type}=${status}/${reason}`)

test('conditions follow kstatus: Reconciling and Stalled are there only while true', () => {
  const untried = 'Delivering=Unknown/NothingSent'
  const cases: [readiness: Readiness, conditions: string[]][] = [
    [ready, ['Ready=True/Ready', untried]],
    [waiting, ['Ready=False/SecretNotFound', untried, 'Reconciling=True/SecretNotFound']],
    [stalled, ['Ready=False/FilterInvalid', untried, 'Stalled=True/FilterInvalid']],
  ]
  for (const [before] of cases) {
    const { conditions: previous = [] } = summariseSink(sinkFacts({ readiness: before }))
    for (const [readiness, conditions] of cases) {
      assert.deepEqual(brief(summariseSink(sinkFacts({ readiness, previous })).conditions), conditions)
      assert.deepEqual(brief(summariseSubscription(subscriptionFacts({ readiness, previous })).conditions), conditions)
    }
  }
})

test('every condition speaks of the generation that was looked at, and moves its time only with its status', () => {
  const first = summariseSink(sinkFacts({ readiness: waiting }))
  const second = summariseSink(
    sinkFacts({
      readiness: { ...waiting, reason: 'SinkNotFound' },
      previous: first.conditions ?? [],
      generation: 4,
      now: start + 5000,
    }),
  )
  const third = summariseSink(sinkFacts({ previous: second.conditions ?? [], generation: 4, now: start + 9000 }))
  const times = [first, second, third].map(({ conditions = [] }) => conditions[0]?.lastTransitionTime)
  assert.deepEqual(times, ['2026-11-22T12:00:00Z', '2026-11-22T12:00:00Z', '2026-11-22T12:00:09Z'])
  for (const { observedGeneration } of third.conditions ?? []) assert.equal(observedGeneration, 4)
  assert.equal(third.observedGeneration, 4)
})

test('Delivering tells what the last attempts say', () => {
  const down = [failed(2), failed(3), failed(4)]
  const cases: [name: string, attempts: AttemptRecord[], status: string, reason: string, message: string][] = [
    ['nothing was tried', [], 'Unknown', 'NothingSent', 'no event was sent yet'],
    ['all was refused', [refused(1)], 'Unknown', 'NothingTaken', 'no event was taken yet; lastFailure says why'],
    ['all is well', [taken(1)], 'True', 'Delivered', 'the last attempts were taken'],
    ['two failures', [taken(1), failed(2), failed(3)], 'True', 'Delivered', 'the last attempts were taken'],
    ['only refused events', [taken(1), refused(2)], 'True', 'Delivered', 'the last attempts were taken'],
    [
      'three failures',
      [taken(1), ...down],
      'False',
      'HTTP503',
      'answered 503 Service Unavailable; failing since 2026-11-22T12:00:02Z (3 attempts); events wait',
    ],
    [
      'it rests',
      [taken(1), held(2)],
      'False',
      'HTTP401',
      'answered 401 Unauthorized; failing since 2026-11-22T12:00:02Z (1 attempt); events wait',
    ],
    ['taken again', [taken(1), ...down, taken(5)], 'True', 'Delivered', 'the last attempts were taken'],
  ]
  for (const [name, attempts, status, reason, message] of cases) {
    const verdict = delivering([{ health: healthAfter(...attempts) }])
    assert.deepEqual(verdict, { status, reason, message }, name)
  }
})

test('a sink that fails never turns Ready false, neither its own nor that of its subscriptions', () => {
  const health = healthAfter(held(1), held(2), held(3))
  const told = ['Ready=True/Ready', 'Delivering=False/HTTP401']
  assert.deepEqual(brief(summariseSink(sinkFacts({ health })).conditions), told)
  assert.deepEqual(
    brief(summariseSubscription(subscriptionFacts({ sinks: [view('qe', { health })] })).conditions),
    told,
  )
})

test('of several sinks one that fails decides, and is named', () => {
  const down = healthAfter(held(1))
  const sinks = [
    view('fine', { health: healthAfter(taken(1)) }),
    view('one', { health: down }),
    view('two', { health: down }),
  ]
  const [, condition] = summariseSubscription(subscriptionFacts({ sinks })).conditions ?? []
  assert.equal(condition?.status, 'False')
  assert.match(condition?.message ?? '', /^sink team-a\/one: answered 401 .*; 1 more of its sinks fail; events wait$/)
})

test('a disk that takes nothing shows on every sink and subscription, before any cap, and since when', () => {
  const overflow = { reason: 'MaxPendingReached', message: 'many wait' }
  const states = [
    ['full', 'StorageFull'],
    ['readOnly', 'StorageReadOnly'],
    ['failing', 'StorageFailing'],
  ] as const
  for (const [kind, reason] of states) {
    const storage: StorageState = { kind, since: start - 60_000, message: 'so it is' }
    const sink = summariseSink(sinkFacts({ storage, overflow }))
    const subscription = summariseSubscription(subscriptionFacts({ storage }))
    for (const { conditions } of [sink, subscription]) {
      const found = conditions?.filter(({ type }) => type === 'Overflow')
      assert.deepEqual(brief(found), [`Overflow=True/${reason}`])
      const { message = '' } = found?.[0] ?? {}
      assert.ok(
        message.startsWith(`the operator's disk takes nothing since ${kubeTime(start - 60_000)}, so it is: `),
        message,
      )
    }
    const after = summariseSink(sinkFacts({ previous: sink.conditions ?? [], overflow }))
    assert.deepEqual(brief(after.conditions).slice(2), ['Overflow=True/MaxPendingReached'])
  }
})

test('a sink that is full shows Overflow, and is without it afterwards', () => {
  const full = summariseSink(sinkFacts({ overflow: { reason: 'MaxPendingReached', message: '100 deliveries wait' } }))
  assert.deepEqual(brief(full.conditions).slice(2), ['Overflow=True/MaxPendingReached'])
  assert.equal(full.conditions?.[2]?.message, '100 deliveries wait')
  const relieved = summariseSink(sinkFacts({ previous: full.conditions ?? [] }))
  assert.deepEqual(brief(relieved.conditions).slice(2), [])
})

test('a subscription tells which of its sinks is full', () => {
  const overflow = { reason: 'NamespaceQuotaReached', message: '9 deliveries wait' }
  const told = (...sinks: SinkView[]) => others(summariseSubscription(subscriptionFacts({ sinks })).conditions)[2]
  assert.equal(told(view('fine')), undefined)
  const one = told(view('fine'), view('qe', { overflow }))
  assert.deepEqual([one?.status, one?.reason], ['True', 'NamespaceQuotaReached'])
  assert.equal(one?.message, 'sink team-a/qe: 9 deliveries wait')
  const two = told(view('qe', { overflow }), view('audit', { overflow }))
  assert.equal(two?.message, 'sink team-a/qe: 9 deliveries wait; so is 1 more of its sinks')
})

test('a filter that failed shows FilterErrors until it is forgiven', () => {
  const filterErrors = { count: 2, message: 'filter: no such key: team' }
  const told = summariseSubscription(subscriptionFacts({ filterErrors }))
  assert.equal(others(told.conditions)[2]?.message, 'filter: no such key: team; where it fails nothing matches')
  assert.deepEqual(brief(told.conditions).slice(2), ['FilterErrors=True/FilterFailed'])
  const mended = summariseSubscription(subscriptionFacts({ previous: told.conditions ?? [] }))
  assert.deepEqual(brief(mended.conditions).slice(2), [])
})

test('an event that was not sent shows FormatErrors with path and rule until it is forgiven', () => {
  const formatErrors = {
    count: 2,
    reason: 'EventInvalid',
    message: 'TaskRun team-a/build, finished: /subject/id is empty',
  }
  const told = summariseSubscription(subscriptionFacts({ formatErrors }))
  assert.equal(others(told.conditions)[2]?.message, `${formatErrors.message}; it was not sent`)
  assert.deepEqual(brief(told.conditions).slice(2), ['FormatErrors=True/EventInvalid'])
  const mended = summariseSubscription(subscriptionFacts({ previous: told.conditions ?? [] }))
  assert.deepEqual(brief(mended.conditions).slice(2), [])
})

test("a sink's status in full", () => {
  const status = summariseSink(
    sinkFacts({
      requestedAt: 'now',
      forceAt: 'then',
      deadLetters: 2,
      health: healthAfter(taken(1), failed(2)),
      pending: 2,
      oldestPending: start + 1999,
      counts: { ...none, delivered: 1, retried: 1, deadLettered: 3, dropped: 4 },
    }),
  )
  const { conditions: _, ...rest } = status
  assert.deepEqual(rest, {
    observedGeneration: 3,
    lastHandledReconcileAt: 'now',
    lastHandledForceAt: 'then',
    deadLetters: 2,
    counts: { delivered: 1, retried: 1, deadLettered: 3, dropped: 4 },
    pending: 2,
    oldestPending: '2026-11-22T12:00:01Z',
    lastDelivered: {
      time: '2026-11-22T12:00:01Z',
      id: 'event-1',
      type: 'dev.carillon.tekton.taskrun.finished.v1',
      subject: 'taskrun/build',
      subscription: 'team-a/builds',
      httpStatus: 202,
      attempts: 1,
      durationMs: 13,
    },
    lastFailure: {
      time: '2026-11-22T12:00:02Z',
      id: 'event-2',
      type: 'dev.carillon.tekton.taskrun.finished.v1',
      subscription: 'team-a/builds',
      reason: 'HTTP503',
      message: 'answered 503 Service Unavailable',
      attempts: 1,
      nextAttempt: '2026-11-22T12:00:03Z',
    },
  })
})

test('texts that others chose are no longer than the API server takes in a status', () => {
  const long = 'x'.repeat(2000)
  const facts = { requestedAt: long, forceAt: long }
  const pair = {
    lastDelivered: { ...taken(1, { type: long, subject: long }), httpStatus: 202 },
    lastFailure: refused(1, { type: long }),
  }
  const { lastHandledReconcileAt, lastHandledForceAt, lastDelivered, lastFailure, sinks } = summariseSubscription(
    subscriptionFacts({ ...facts, sinks: [view('one', pair)] }),
  )
  assert.deepEqual(
    [lastHandledReconcileAt, lastHandledForceAt, lastDelivered?.subject, lastDelivered?.type, lastFailure?.type].map(
      (text) => text?.length,
    ),
    [1024, 1024, 1024, 256, 256],
  )
  assert.deepEqual([sinks?.[0]?.lastDelivered?.subject?.length, sinks?.[0]?.lastFailure?.type?.length], [1024, 256])
})

test("a subscription's status in full: the latest of all sinks, and each sink on its own", () => {
  const asDelivered = (attempt: AttemptRecord) => ({ ...attempt, httpStatus: 202 })
  const one = view('one', {
    health: healthAfter(taken(1)),
    lastDelivered: asDelivered(taken(5, { sink: 'team-a/one' })),
    lastFailure: refused(2, { sink: 'team-a/one' }),
    since: start,
  })
  const two = view('two', {
    health: healthAfter(held(6)),
    lastDelivered: asDelivered(taken(3, { sink: 'team-a/two' })),
    pending: 4,
    oldestPending: start + 6000,
  })
  const lastMatched = { time: start + 7999, kind: 'TaskRun', namespace: 'team-a', name: 'build', milestone: 'finished' }
  const counts = { ...none, matched: 9, filtered: 1, delivered: 4 }
  const { conditions: _, ...status } = summariseSubscription(
    subscriptionFacts({ counts, pending: 4, lastMatched, sinks: [one, two, view('three')] }),
  )
  assert.deepEqual(status.counts, { ...counts, pending: 4 })
  assert.deepEqual(status.lastMatched, { ...lastMatched, time: '2026-11-22T12:00:07Z' })
  assert.deepEqual([status.lastDelivered?.sink, status.lastDelivered?.time], ['team-a/one', '2026-11-22T12:00:05Z'])
  assert.deepEqual([status.lastFailure?.sink, status.lastFailure?.reason], ['team-a/one', 'HTTP400'])
  assert.equal(status.lastFailure && 'nextAttempt' in status.lastFailure, false)
  const [first, second, third] = status.sinks ?? []
  assert.deepEqual(
    [first?.delivering, first?.since, first?.pending, first?.lastDelivered?.id],
    [true, '2026-11-22T12:00:00Z', 0, 'event-5'],
  )
  assert.deepEqual([second?.delivering, second?.pending, second?.oldestPending], [false, 4, '2026-11-22T12:00:06Z'])
  assert.deepEqual(third, { namespace: 'team-a', name: 'three', pending: 0 })
})

test('what is not known is left out, so that server-side apply gives the field up', () => {
  const { conditions: _, counts, ...sink } = summariseSink(sinkFacts())
  assert.deepEqual(sink, { observedGeneration: 3, pending: 0, deadLetters: 0 })
  assert.deepEqual(counts, { delivered: 0, retried: 0, deadLettered: 0, dropped: 0 })
  const { conditions: __, counts: ___, sinks: ____, ...subscription } = summariseSubscription(subscriptionFacts())
  assert.deepEqual(subscription, { observedGeneration: 3 })
})
