import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventSink, EventSubscription } from '../../../src/api/generated.ts'
import { seedSink, seedSubscription } from '../../../src/operator/recovery/seed.ts'
import type { StatusBook } from '../../../src/status/book.ts'
import { failed, held, refused, taken } from '../../status/attempts.ts'
import { renderStage } from '../rendering.ts'
import { ms, sink, subscription } from '../scene.ts'

const events = [{ kind: 'TaskRun' as const, milestones: ['finished' as const] }]
const two = subscription({ sinks: [{ name: 'qe' }, { name: 'audit' }], events })

type Statuses = { status: EventSink['status']; audit?: EventSink['status']; of: EventSubscription['status'] }

/** The statuses of a process that starts with `before` in the API, after `act`. */
function live(before: Statuses | undefined, act: (book: StatusBook) => void): Statuses {
  const qe = withStatus(sink(), before?.status)
  const audit = withStatus(sink({}, { name: 'audit', uid: 'uid-audit' }), before?.audit)
  const builds = withStatus(two, before?.of)
  const stage = renderStage([qe, audit], [builds])
  for (const object of [qe, audit]) seedSink(stage.book, object)
  seedSubscription(stage.book, builds)
  act(stage.book)
  return {
    status: stage.sink('team-a/qe'),
    audit: stage.sink('team-a/audit'),
    of: stage.subscription('team-a/builds'),
  }
}

const withStatus = <T extends EventSink | EventSubscription>(object: T, status: T['status'] | undefined): T =>
  status ? { ...object, status } : object

const condition = ({ status }: Statuses) => {
  const found = status?.conditions?.find(({ type }) => type === 'Delivering')
  return [found?.status, found?.reason]
}

const matched = { time: ms(3), kind: 'TaskRun', namespace: 'team-a', name: 'build', milestone: 'finished' }

test('a restart changes nothing in the statuses', () => {
  const before = live(undefined, (book) => {
    book.matched('uid-builds', matched)
    book.attempted(taken(1))
    book.attempted(taken(2, { sink: 'team-a/audit' }))
    book.attempted(failed(4))
    book.attempted(refused(5))
  })
  assert.ok(before.of?.lastDelivered && before.of.lastFailure && before.of.lastMatched && before.status?.lastFailure)
  assert.equal(before.of.lastDelivered.sink, 'team-a/audit')
  assert.deepEqual(
    live(before, () => undefined),
    before,
  )
})

test('a sink that failed fails still after a restart, until it takes an event', () => {
  for (const attempts of [[failed(2), failed(3), failed(4)], [held(2)]]) {
    const before = live(undefined, (book) => {
      for (const attempt of [taken(1), ...attempts]) book.attempted(attempt)
    })
    const [status, reason] = condition(before)
    assert.equal(status, 'False')
    const after = live(before, () => undefined)
    assert.deepEqual(condition(after), ['False', reason])
    // The whole of it: since when, what for, how often, though another event was refused for another reason since.
    assert.deepEqual(after, before)
    const unrelated = live(before, (book) => book.undeliverable(refused(7), 'uid-builds'))
    const told = (statuses: Statuses) => statuses.status?.conditions?.find(({ type }) => type === 'Delivering')
    assert.deepEqual(told(live(unrelated, () => undefined)), told(before))
    assert.equal(after.of?.sinks?.[0]?.delivering, false)
    let turned = false
    const mended = live(before, (book) => {
      turned = book.attempted(taken(9))
    })
    assert.deepEqual(condition(mended), ['True', 'Delivered'])
    assert.equal(turned, true)
  }
})

test('what happens after the start is not overwritten by what came before', () => {
  const before = live(undefined, (book) => {
    book.matched('uid-builds', matched)
    book.attempted(taken(1))
  })
  const after = live(before, (book) => {
    book.attempted(taken(8))
    book.matched('uid-builds', { ...matched, name: 'later' })
    seedSink(book, withStatus(sink(), before.status))
    seedSubscription(book, withStatus(two, before.of))
  })
  assert.deepEqual([after.of?.lastDelivered?.id, after.of?.lastMatched?.name], ['event-8', 'later'])
  assert.equal(after.status?.lastDelivered?.id, 'event-8')
})

test('a status of which most is missing is taken for what it is', () => {
  const time = '2026-11-22T12:00:01Z'
  const after = live({ status: { lastFailure: { time } }, of: { lastMatched: { time } } }, () => undefined)
  assert.deepEqual([after.status?.lastFailure?.time, after.of?.lastMatched?.time], [time, time])
  assert.deepEqual(condition(after), ['Unknown', 'NothingTaken'])
})

test('events that could not be sent are told after a restart too, until the spec changes', () => {
  const before = live(undefined, (book) => {
    book.filterFailed('uid-builds', 'filter: no such key: object.x', ms(1))
    const message = 'TaskRun team-a/build, finished: declaration a: /type: must be an event of CDEvents'
    book.formatFailed('uid-builds', { count: 1, reason: 'DeclarationInvalid', message, time: ms(2) })
  })
  const told = ({ of }: Statuses) =>
    of?.conditions?.filter(({ type }) => /^F.*Errors$/.test(type)).map(({ reason, message }) => [reason, message])
  assert.equal(told(before)?.length, 2)
  assert.deepEqual(
    live(before, () => undefined),
    before,
  )
  const again = live(before, (book) => {
    book.formatFailed('uid-builds', { count: 1, reason: 'EventInvalid', message: 'later', time: ms(9) })
    seedSubscription(book, withStatus(two, before.of))
  })
  assert.deepEqual(told(again)?.[1], ['EventInvalid', 'later; it was not sent'])
  const conditions = before.of?.conditions?.map((one) => ({ ...one, observedGeneration: 0 })) ?? []
  assert.deepEqual(told(live({ ...before, of: { ...before.of, conditions } }, () => undefined)), [])
})
