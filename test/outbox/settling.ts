import assert from 'node:assert/strict'
import {
  batchOf,
  buried,
  commitRows,
  countsOf,
  delivered,
  eventOf,
  held,
  ids,
  only,
  released,
  retried,
  rowOf,
} from './batches.ts'
import type { It } from './contract.ts'

/** What becomes of rows, and how it is counted. */
export function settlingContract(it: It): void {
  it('dead letters keep what was given up, and free the lane', async ({ outbox, clock, claim }) => {
    await commitRows(outbox, rowOf('o1', 'e1'), rowOf('o1', 'e2'))
    const { seq } = only(claim())
    await outbox.settle(
      [buried({ ...rowOf('o1', 'x'), seq, attempts: 0, firstAttempt: undefined, enqueued: 0 })],
      clock.ms + 3,
    )
    assert.deepEqual(ids(claim()), ['e2'])
    const tooLarge = { ...rowOf('o9', 'huge', { sink: 'ns/other' }), reason: 'TooLarge', message: 'cut it down' }
    await outbox.commit(batchOf({ dead: [tooLarge] }))
    const { type } = eventOf('e1')
    const one = {
      seq,
      sink: 'ns/sink',
      subscription: 'ns/a',
      subscriptionUid: 'uid-a',
      id: 'e1',
      type,
      subject: 'runs/e1',
      reason: 'HTTP400',
      message: 'no',
      attempts: 1,
      time: clock.ms + 3,
    }
    const letters = outbox.deadLetters()
    assert.deepEqual(letters[0], one)
    assert.deepEqual(
      letters.slice(1).map(({ seq: _, ...rest }) => rest),
      [
        {
          sink: 'ns/other',
          subscription: 'ns/a',
          subscriptionUid: 'uid-a',
          id: 'huge',
          type,
          subject: 'runs/huge',
          reason: 'TooLarge',
          message: 'cut it down',
          attempts: 0,
          time: clock.ms,
        },
      ],
    )
    assert.deepEqual(outbox.deadLetters({ sink: 'ns/sink' }), [one])
    assert.deepEqual(outbox.deadLetters({ sink: 'ns/none' }), [])
    assert.equal(outbox.size('ns/other'), 0)
  })

  it('an event shared by rows and dead letters is whole for each of them, whichever goes first', async ({
    outbox,
    clock,
    claim,
  }) => {
    const event = eventOf('shared')
    const b = { subscription: 'ns/b', subscriptionUid: 'uid-b' }
    const dead = { ...rowOf('o1', event, { sink: 'ns/other' }), reason: 'TooLarge', message: '' }
    await outbox.commit(batchOf({ rows: [rowOf('o1', event), rowOf('o1', event, b)], dead: [dead] }))
    const [first, second] = claim()
    assert.deepEqual([first?.event, second?.event], [event, event])
    await outbox.settle([delivered(first ?? assert.fail()), released(second ?? assert.fail())], clock.ms)
    await outbox.settle([buried(only(claim()))], clock.ms)
    assert.deepEqual(
      outbox.deadLetters().map((letter) => letter.id),
      ['shared', 'shared'],
    )
  })

  it('a settlement is taken once, and only for rows in flight', async ({ outbox, clock, claim }) => {
    await commitRows(outbox, rowOf('o1', 'e1'), rowOf('o2', 'e2'))
    const [first, second] = claim()
    const twice = [delivered(first ?? assert.fail()), delivered(first ?? assert.fail())]
    await Promise.all([
      outbox.settle(twice, clock.ms),
      outbox.settle(twice, clock.ms),
      outbox.settle([released(second ?? assert.fail())], clock.ms),
    ])
    await outbox.settle([buried(second ?? assert.fail()), delivered(first ?? assert.fail())], clock.ms)
    assert.deepEqual(countsOf(outbox, 'uid-a', 'ns/sink'), { delivered: 1 })
    assert.deepEqual(ids(claim()), ['e2'])
  })

  it('a settlement with no sensible time is refused, and the row can be settled again', async ({
    outbox,
    clock,
    claim,
  }) => {
    await commitRows(outbox, rowOf('o1', 'e1'), rowOf('o2', 'e2'))
    const [first, second] = claim()
    for (const at of [Number.NaN, Number.POSITIVE_INFINITY, 0, -5, 1.5]) {
      await assert.rejects(
        outbox.settle([delivered(second ?? assert.fail()), retried(first ?? assert.fail(), at)], clock.ms),
        RangeError,
      )
    }
    assert.equal(outbox.size('ns/sink'), 2)
    await outbox.settle([delivered(second ?? assert.fail()), delivered(first ?? assert.fail())], clock.ms)
    assert.deepEqual(countsOf(outbox, 'uid-a', 'ns/sink'), { delivered: 2 })
  })

  it('counts equal what was settled and what commits said', async ({ outbox, clock, claim }) => {
    const to = { subscription: 'ns/a', subscriptionUid: 'uid-a' }
    const counts = [
      { ...to, sink: '', counts: { matched: 4, filtered: 2, invalid: 3 } },
      { ...to, sink: 'ns/sink', counts: { dropped: 1, deadLettered: 1 } },
      { ...to, sink: '', counts: { matched: 1 } },
    ]
    await outbox.commit(batchOf({ rows: ['1', '2', '3', '4', '5'].map((n) => rowOf(n, n)), counts }))
    const [one, two, three, four, five] = claim() as [never, never, never, never, never]
    await outbox.settle([delivered(one), delivered(two), buried(three), retried(four, clock.ms + 9)], clock.ms)
    await outbox.settle([held(five, clock.ms + 9)], clock.ms)
    const zero = { matched: 0, filtered: 0, delivered: 0, retried: 0, deadLettered: 0, dropped: 0, invalid: 0 }
    assert.deepEqual(
      outbox.counts().sort((a, b) => a.sink.length - b.sink.length),
      [
        { ...to, sink: '', counts: { ...zero, matched: 5, filtered: 2, invalid: 3 } },
        { ...to, sink: 'ns/sink', counts: { ...zero, delivered: 2, retried: 2, deadLettered: 2, dropped: 1 } },
      ],
    )
  })

  it('pending and size tell how much waits and since when, in flight included', async ({ outbox, clock, claim }) => {
    const b = { subscription: 'ns/b', subscriptionUid: 'uid-b' }
    await commitRows(outbox, rowOf('o1', 'e1'), rowOf('o2', 'e2', b))
    clock.ms += 10
    await commitRows(outbox, rowOf('o1', 'e3'), rowOf('o3', 'e4', { sink: 'ns/other' }))
    const rows = claim()
    const toB = { sink: 'ns/sink', subscription: 'ns/b', rows: 1, oldest: 1_000_000 }
    const other = { sink: 'ns/other', subscription: 'ns/a', rows: 1, oldest: 1_000_010 }
    const byName = () =>
      outbox.pending().sort((x, y) => (`${x.sink} ${x.subscription}` < `${y.sink} ${y.subscription}` ? -1 : 1))
    assert.deepEqual(byName(), [other, { sink: 'ns/sink', subscription: 'ns/a', rows: 2, oldest: 1_000_000 }, toB])
    assert.deepEqual([outbox.size('ns/sink'), outbox.size('ns/other'), outbox.size('ns/none')], [3, 1, 0])
    await outbox.settle([delivered(rows[0] ?? assert.fail())], clock.ms)
    assert.deepEqual(byName(), [other, { sink: 'ns/sink', subscription: 'ns/a', rows: 1, oldest: 1_000_010 }, toB])
    await outbox.settle([delivered(rows[1] ?? assert.fail())], clock.ms)
    await outbox.settle(claim().map(delivered), clock.ms)
    assert.deepEqual(byName(), [other])
  })
}
