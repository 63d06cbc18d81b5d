import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AttemptRecord } from '../../src/delivery/attempt.ts'
import { isFailing, StatusBook } from '../../src/status/book.ts'
import { failed, held, refused, start, taken } from './attempts.ts'

const sink = 'team-a/qe'

test('a sink counts as failing after three failures in a row, or as soon as it rests; a success ends it', () => {
  const ok = taken(1)
  const no = failed(1)
  const cases: [name: string, attempts: AttemptRecord[], turned: boolean[], failing: boolean][] = [
    ['the first success is told', [ok], [true], false],
    ['further ones are not', [ok, ok], [true, false], false],
    ['one failure is no trouble', [ok, no], [true, false], false],
    ['nor two', [ok, no, no, ok], [true, false, false, false], false],
    ['three in a row are', [no, no, no], [false, false, true], true],
    ['more are no news', [no, no, no, no], [false, false, true, false], true],
    ['in a row, that is', [ok, no, no, ok, no, no], [true, false, false, false, false, false], false],
    ['a success ends it', [ok, no, no, no, ok], [true, false, false, true, true], false],
    ['a sink that rests is told at once', [ok, held(2)], [true, true], true],
    ['once', [ok, held(2), held(3)], [true, true, false], true],
    ['and again when it fails for another reason', [held(1), held(2, { reason: 'NotFound' })], [true, true], true],
    ['until it takes one', [held(1), ok], [true, true], false],
    ['a refused event is not its fault', [ok, refused(2), refused(3), refused(4)], [true, false, false, false], false],
    ['a delivery given up by a sink that rests is', [ok, refused(2, { rests: true })], [true, true], true],
  ]
  for (const [name, attempts, turned, failing] of cases) {
    const book = new StatusBook()
    assert.deepEqual(
      attempts.map((attempt) => book.attempted(attempt)),
      turned,
      name,
    )
    assert.equal(isFailing(book.health(sink)), failing, name)
  }
})

test('since when a sink fails is when the first in the row failed', () => {
  const book = new StatusBook()
  for (const attempt of [taken(1), failed(2), taken(3), failed(4), failed(5), failed(6)]) book.attempted(attempt)
  assert.equal(book.health(sink).failing?.since, start + 4000)
  book.attempted(taken(7))
  assert.equal(book.health(sink).failing, undefined)
})

test('the latest success and failure are kept for the sink and for each of its subscriptions', () => {
  const book = new StatusBook()
  const other = { subscription: 'team-b/other', subscriptionUid: 'uid-other' }
  for (const attempt of [taken(1), failed(2, other), taken(3, other)]) book.attempted(attempt)
  const idsOf = ({ lastDelivered, lastFailure }: ReturnType<StatusBook['pair']>) => [lastDelivered?.id, lastFailure?.id]
  assert.deepEqual(idsOf(book.health(sink)), ['event-3', 'event-2'])
  assert.deepEqual(idsOf(book.pair('uid-builds', sink)), ['event-1', undefined])
  assert.deepEqual(idsOf(book.pair('uid-other', sink)), ['event-3', 'event-2'])
})

test('an event that can not be sent is told, and leaves the health of its sink alone', () => {
  const book = new StatusBook()
  book.attempted(taken(1))
  for (let n = 2; n < 9; n += 1) book.undeliverable(refused(n), 'uid-builds')
  assert.equal(isFailing(book.health(sink)), false)
  assert.equal(book.health(sink).lastFailure?.id, 'event-8')
  assert.equal(book.pair('uid-builds', sink).lastFailure?.id, 'event-8')
})

test('a sink that is revived rests no longer, and takes three failures to fail again', () => {
  const book = new StatusBook()
  book.attempted(held(1))
  book.revive(sink)
  assert.equal(isFailing(book.health(sink)), false)
  assert.equal(book.attempted(failed(2)), false)
  assert.equal(book.attempted(failed(3)), true)
  book.revive('team-a/unknown')
})

test('what an earlier process told stays until something newer is known', () => {
  const book = new StatusBook()
  const told = { lastDelivered: { ...taken(1), httpStatus: 202 }, lastFailure: refused(1) }
  book.attempted(taken(5))
  book.seed('uid-builds', sink, told)
  book.seedSink(sink, { ...told, failures: 3 })
  assert.equal(book.pair('uid-builds', sink).lastDelivered?.id, 'event-5')
  assert.equal(book.pair('uid-builds', sink).lastFailure?.id, 'event-1')
  assert.equal(book.health(sink).lastDelivered?.id, 'event-5')
  assert.equal(book.health(sink).lastFailure?.id, 'event-1')
  assert.equal(isFailing(book.health(sink)), false)
})

test('the first failing filter is news until it is forgiven', () => {
  const book = new StatusBook()
  assert.equal(book.filterErrors('uid-builds'), undefined)
  assert.equal(book.filterFailed('uid-builds', 'no such key: a', 1), true)
  assert.equal(book.filterFailed('uid-builds', 'no such key: b', 2), false)
  assert.deepEqual(book.filterErrors('uid-builds'), { count: 2, message: 'no such key: b', time: 2 })
  book.forgive('uid-builds')
  assert.equal(book.filterErrors('uid-builds'), undefined)
  assert.equal(book.filterFailed('uid-builds', 'no such key: c', 3), true)
})

test('a deleted sink is forgotten, with or without what its subscriptions were told, and no other', () => {
  const book = new StatusBook()
  for (const key of [sink, 'other/team-a/qe', 'team-a/qe2']) book.attempted(taken(1, { sink: key }))
  const known = () =>
    [sink, 'other/team-a/qe', 'team-a/qe2'].map((key) => [
      book.health(key).lastDelivered?.id,
      book.pair('uid-builds', key).lastDelivered?.id,
    ])
  const other = ['event-1', 'event-1']
  book.forgetSink(sink, false)
  assert.deepEqual(known(), [[undefined, 'event-1'], other, other])
  book.forgetSink(sink, true)
  assert.deepEqual(known(), [[undefined, undefined], other, other])
})

test('an event that goes on as a summary says nothing of its sink', () => {
  const book = new StatusBook()
  for (let n = 1; n < 9; n += 1)
    assert.equal(book.attempted(failed(n, { outcome: 'shrink', reason: 'TooLarge', httpStatus: 413 })), false)
  assert.equal(isFailing(book.health(sink)), false)
  assert.equal(book.health(sink).lastFailure?.reason, 'TooLarge')
})

test('a deleted subscription is forgotten, and no other', () => {
  const book = new StatusBook()
  const match = { time: 1, kind: 'TaskRun', namespace: 'team-a', name: 'build', milestone: 'finished' }
  for (const uid of ['uid-1', 'uid-11']) {
    book.attempted(taken(1, { subscriptionUid: uid }))
    book.matched(uid, match)
    book.filterFailed(uid, 'no such key', 1)
  }
  book.forget('uid-1')
  const known = (uid: string) => [
    book.lastMatched(uid),
    book.filterErrors(uid)?.count,
    book.pair(uid, sink).lastDelivered?.id,
  ]
  assert.deepEqual(known('uid-1'), [undefined, undefined, undefined])
  assert.deepEqual(known('uid-11'), [match, 1, 'event-1'])
})
