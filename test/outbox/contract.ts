import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outbox } from '../../src/outbox/outbox.ts'
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
  recordOf,
  released,
  retried,
  rowOf,
} from './batches.ts'

export type Clock = { ms: number }

type Scene = { outbox: Outbox; clock: Clock; claim: (n?: number, sink?: string) => ReturnType<Outbox['claim']> }

/** What every outbox has to do. `open` gives an empty one, closed by `await using`; its clock is `clock.ms`. */
export function outboxContract(open: (clock: Clock) => Promise<Outbox>): void {
  const it = (name: string, body: (scene: Scene) => Promise<void>) =>
    test(name, async () => {
      const clock = { ms: 1_000_000 }
      await using outbox = await open(clock)
      await body({ outbox, clock, claim: (n = 100, sink = 'ns/sink') => outbox.claim(sink, n, clock.ms) })
    })

  it('a row comes back as it was committed', async ({ outbox, claim }) => {
    const bare = { ...eventOf('e2'), data: undefined }
    await commitRows(outbox, rowOf('o1', 'e1'), rowOf('o2', bare))
    const [first, second] = claim()
    const { seq, ...rest } = first ?? assert.fail('no row')
    assert.equal(typeof seq, 'number')
    assert.deepEqual(rest, { ...rowOf('o1', 'e1'), attempts: 0, firstAttempt: undefined, enqueued: 1_000_000 })
    assert.deepEqual(second?.event, bare)
  })

  it('a batch that cannot be written leaves nothing of itself, and harms no other', async ({ outbox, claim }) => {
    const circular: Record<string, never> = {}
    Object.assign(circular, { circular })
    const bad = batchOf({
      cursor: '9',
      records: [recordOf('u1'), recordOf('u2', { projection: circular })],
      rows: [rowOf('o1', 'bad')],
    })
    const [good, failed, later] = await Promise.allSettled([
      commitRows(outbox, rowOf('o1', 'good')),
      outbox.commit(bad),
      outbox.commit(batchOf({ cursor: '10', rows: [rowOf('o2', 'later', { sink: 'ns/new' })] })),
    ])
    assert.deepEqual([good.status, failed.status, later.status], ['fulfilled', 'rejected', 'fulfilled'])
    assert.deepEqual(ids(claim()), ['good'])
    assert.deepEqual(ids(claim(9, 'ns/new')), ['later'])
    assert.deepEqual([...outbox.records(['u1', 'u2'])], [])
    assert.deepEqual([...outbox.cursors()], [['TaskRun', '10']])
    assert.equal(outbox.size('ns/sink') + outbox.size('ns/new'), 2)
  })

  it('rows of a lane come in order and one at a time', async ({ outbox, clock, claim }) => {
    await commitRows(outbox, rowOf('o1', 'e1'), rowOf('o1', 'e2'), rowOf('o2', 'f1'), rowOf('o1', 'e3'))
    const [e1, f1] = claim()
    assert.deepEqual([e1?.event.id, f1?.event.id], ['e1', 'f1'])
    assert.deepEqual(claim(), [])
    await commitRows(outbox, rowOf('o1', 'e4'))
    assert.deepEqual(claim(), [])
    let head = e1 ?? assert.fail()
    for (const id of ['e2', 'e3', 'e4']) {
      await outbox.settle([delivered(head)], clock.ms)
      head = only(claim())
      assert.equal(head.event.id, id)
    }
  })

  it('other subscriptions and other sinks have lanes of their own', async ({ outbox, claim }) => {
    const b = { subscription: 'ns/b', subscriptionUid: 'uid-b' }
    await commitRows(outbox, rowOf('o1', 'e1'), rowOf('o1', 'e1', b), rowOf('o1', 'e1', { sink: 'ns/other' }))
    assert.deepEqual(
      claim().map((row) => row.subscription),
      ['ns/a', 'ns/b'],
    )
    assert.deepEqual(ids(claim(5, 'ns/other')), ['e1'])
    assert.deepEqual(claim(5, 'ns/unknown'), [])
  })

  it('claim hands out no more than asked for, oldest first', async ({ outbox, claim }) => {
    const names = Array.from({ length: 700 }, (_, at) => `e${at}`)
    await commitRows(outbox, ...names.map((name) => rowOf(name, name)))
    assert.deepEqual(claim(0), [])
    assert.deepEqual([...ids(claim(3)), ...ids(claim(600)), ...ids(claim(600))], names)
  })

  it('a retried row waits, keeps its lane waiting, and comes before what is younger', async ({
    outbox,
    clock,
    claim,
  }) => {
    await commitRows(outbox, rowOf('o1', 'e1'), rowOf('o1', 'e2'))
    clock.ms += 5
    await outbox.settle([retried(only(claim()), clock.ms + 50)], clock.ms + 1)
    assert.deepEqual(claim(), [])
    clock.ms += 50
    await commitRows(outbox, rowOf('o2', 'f1'))
    const [again, younger] = claim()
    assert.deepEqual(
      [again?.event.id, again?.attempts, again?.firstAttempt, younger?.event.id],
      ['e1', 1, 1_000_005, 'f1'],
    )
    await outbox.settle([retried(again ?? assert.fail(), clock.ms + 1)], clock.ms)
    clock.ms += 1
    const third = only(claim())
    assert.deepEqual([third.event.id, third.attempts, third.firstAttempt], ['e1', 2, 1_000_005])
    await outbox.settle([delivered(third)], clock.ms)
    assert.deepEqual(ids(claim()), ['e2'])
    assert.deepEqual(countsOf(outbox, 'uid-a', 'ns/sink'), { retried: 2, delivered: 1 })
  })

  it('rows that waited come in the order in which they fell due', async ({ outbox, clock, claim }) => {
    await commitRows(outbox, ...['a', 'b', 'c', 'd'].map((name) => rowOf(name, name)))
    const waits = { a: 30, b: 10, c: 20, d: 10 }
    const rows = claim()
    await outbox.settle(
      rows.map((row) => retried(row, clock.ms + waits[row.event.id as 'a'])),
      clock.ms,
    )
    clock.ms += 25
    assert.deepEqual(ids(claim()), ['b', 'd', 'c'])
    clock.ms += 25
    assert.deepEqual(ids(claim()), ['a'])
  })

  it('a held row waits in its lane, others of the sink can be claimed, and it counts as an attempt', async ({
    outbox,
    clock,
    claim,
  }) => {
    await commitRows(outbox, rowOf('o1', 'e1'), rowOf('o1', 'e2'), rowOf('o2', 'f1'))
    await outbox.settle([held(only(claim(1)), clock.ms + 1000)], clock.ms)
    assert.deepEqual(ids(claim()), ['f1'])
    assert.equal(outbox.nextAttempt('ns/sink'), clock.ms + 1000)
    clock.ms += 1000
    const row = only(claim())
    assert.deepEqual([row.event.id, row.attempts, row.firstAttempt], ['e1', 1, 1_000_000])
    assert.deepEqual(countsOf(outbox, 'uid-a', 'ns/sink'), { retried: 1 })
  })

  it('release hands a row back untouched, in its place', async ({ outbox, clock, claim }) => {
    await commitRows(outbox, rowOf('o1', 'e1'), rowOf('o2', 'e2'), rowOf('o3', 'e3'))
    const [first, second, third] = claim()
    await outbox.settle(
      [second, first].map((row) => released(row ?? assert.fail())),
      clock.ms,
    )
    assert.deepEqual(claim(), [first, second])
    await outbox.settle([retried(third ?? assert.fail(), clock.ms + 7)], clock.ms)
    clock.ms += 7
    const waited = only(claim())
    await outbox.settle([released(waited)], clock.ms)
    assert.deepEqual(claim(), [waited])
    assert.deepEqual(countsOf(outbox, 'uid-a', 'ns/sink'), { retried: 1 })
  })

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
      id: 'e1',
      type,
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
          id: 'huge',
          type,
          reason: 'TooLarge',
          message: 'cut it down',
          attempts: 0,
          time: clock.ms,
        },
      ],
    )
    assert.deepEqual(outbox.deadLetters('ns/sink'), [one])
    assert.deepEqual(outbox.deadLetters('ns/none'), [])
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
      { ...to, sink: '', counts: { matched: 4, filtered: 2 } },
      { ...to, sink: 'ns/sink', counts: { dropped: 1, deadLettered: 1 } },
      { ...to, sink: '', counts: { matched: 1 } },
    ]
    await outbox.commit(batchOf({ rows: ['1', '2', '3', '4', '5'].map((n) => rowOf(n, n)), counts }))
    const [one, two, three, four, five] = claim() as [never, never, never, never, never]
    await outbox.settle([delivered(one), delivered(two), buried(three), retried(four, clock.ms + 9)], clock.ms)
    await outbox.settle([held(five, clock.ms + 9)], clock.ms)
    const zero = { matched: 0, filtered: 0, delivered: 0, retried: 0, deadLettered: 0, dropped: 0 }
    assert.deepEqual(
      outbox.counts().sort((a, b) => a.sink.length - b.sink.length),
      [
        { ...to, sink: '', counts: { ...zero, matched: 5, filtered: 2 } },
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

  it('nextAttempt tells when the next row may be tried', async ({ outbox, clock, claim }) => {
    assert.equal(outbox.nextAttempt('ns/sink'), undefined)
    await commitRows(outbox, rowOf('o1', 'e1'), rowOf('o2', 'e2'), rowOf('o2', 'e3'))
    assert.equal(outbox.nextAttempt('ns/sink'), clock.ms)
    const [first, second] = claim()
    assert.equal(outbox.nextAttempt('ns/sink'), undefined)
    await outbox.settle([retried(first ?? assert.fail(), clock.ms + 70)], clock.ms)
    assert.equal(outbox.nextAttempt('ns/sink'), clock.ms + 70)
    await outbox.settle([retried(second ?? assert.fail(), clock.ms + 60)], clock.ms)
    assert.equal(outbox.nextAttempt('ns/sink'), clock.ms + 60)
  })

  it('retryNow makes what waits due at once, also what is handed back later', async ({ outbox, clock, claim }) => {
    await commitRows(outbox, rowOf('o1', 'e1'), rowOf('o2', 'e2'), rowOf('o3', 'f', { sink: 'ns/other' }))
    const far = clock.ms + 1e9
    await outbox.settle(
      [...claim(), ...claim(1, 'ns/other')].map((row) => retried(row, far)),
      clock.ms,
    )
    await outbox.retryNow('ns/sink')
    await outbox.retryNow('ns/none')
    const rows = claim()
    assert.deepEqual(ids(rows), ['e1', 'e2'])
    assert.deepEqual(claim(1, 'ns/other'), [])
    await outbox.retryNow('ns/sink')
    assert.deepEqual(claim(), [])
    await outbox.settle(rows.map(released), clock.ms)
    assert.deepEqual(claim(), rows)
  })

  it('forgetSubscription drops its rows, ledger entries, activations and counts, and nothing else', async ({
    outbox,
    clock,
    claim,
  }) => {
    const b = { subscription: 'ns/b', subscriptionUid: 'uid-b' }
    const event = eventOf('shared')
    await outbox.commit(
      batchOf({
        records: [recordOf('u1')],
        rows: [rowOf('o1', event), rowOf('o1', 'e2'), rowOf('o1', event, b), rowOf('o2', 'e3')],
      }),
    )
    await outbox.activate(
      new Map([
        ['uid-a ns/sink TaskRun finished', 1],
        ['uid-b ns/sink TaskRun finished', 2],
      ]),
    )
    const rows = claim()
    await outbox.settle(rows.filter((row) => row.event.id === 'e3').map(buried), clock.ms)
    assert.equal(await outbox.forgetSubscription('uid-a'), 2)
    await outbox.settle(
      rows.filter((row) => row.subscription === 'ns/a').map((row) => retried(row, clock.ms + 1)),
      clock.ms,
    )
    clock.ms += 1
    assert.deepEqual([claim(), outbox.size('ns/sink')], [[], 1])
    assert.deepEqual(outbox.records(['u1']).get('u1')?.ledger, { 'uid-b ns/other': ['started'] })
    assert.deepEqual([...outbox.activations()], [['uid-b ns/sink TaskRun finished', 2]])
    assert.deepEqual(
      outbox.counts().map((delta) => delta.subscription),
      ['ns/b'],
    )
    assert.deepEqual(
      outbox.deadLetters().map((letter) => letter.id),
      ['e3'],
    )
    assert.equal(await outbox.forgetSubscription('uid-a'), 0)
    await outbox.settle(rows.filter((row) => row.subscription === 'ns/b').map(released), clock.ms)
    assert.deepEqual(only(claim()).event, event)
    await commitRows(outbox, rowOf('o1', 'anew'))
    assert.deepEqual(ids(claim()), ['anew'])
  })

  it('activations are set, replaced and kept', async ({ outbox }) => {
    await outbox.activate(
      new Map([
        ['u s TaskRun started', 5],
        ['u s TaskRun finished', 6],
      ]),
    )
    await outbox.activate(
      new Map([
        ['u s TaskRun finished', Number.MAX_SAFE_INTEGER],
        ['u s PipelineRun finished', 0],
      ]),
    )
    const expected = {
      'u s TaskRun started': 5,
      'u s TaskRun finished': Number.MAX_SAFE_INTEGER,
      'u s PipelineRun finished': 0,
    }
    assert.deepEqual(Object.fromEntries(outbox.activations()), expected)
  })

  it('records come back as they were, odd strings and keys too', async ({ outbox }) => {
    const odd = recordOf('u1', {
      endedAt: 1_700_000_000_123,
      projection: JSON.parse(
        '{"__proto__": "x", "lone": "\\ud800", "nul": "\\u0000", "quote": "\\"\\\\", "big": 1e300, "emoji": "🛎"}',
      ),
      seen: ['\ud83d', '__proto__', ''],
      ledger: JSON.parse('{"__proto__": ["toString"], "constructor": []}'),
    })
    await outbox.commit(batchOf({ records: [odd, recordOf('u2')] }))
    assert.deepEqual(
      outbox.records(['u1', 'u2', 'u3']),
      new Map([
        ['u1', odd],
        ['u2', recordOf('u2')],
      ]),
    )
    await outbox.commit(batchOf({ records: [recordOf('u1', { name: 'again' })], forget: ['u2', 'u3'] }))
    assert.deepEqual(outbox.records(['u1', 'u2']), new Map([['u1', recordOf('u1', { name: 'again' })]]))
  })

  it('known tells the objects of a source, and of a namespace', async ({ outbox }) => {
    const records = [recordOf('u1'), recordOf('u2', { namespace: 'team-b' }), recordOf('u3', { source: 'PipelineRun' })]
    await outbox.commit(batchOf({ records }))
    assert.deepEqual(outbox.known('TaskRun'), new Set(['u1', 'u2']))
    assert.deepEqual(outbox.known('TaskRun', 'team-b'), new Set(['u2']))
    assert.deepEqual(outbox.known('CustomRun'), new Set())
  })

  it('cursors move with their batch, and stay where a batch has none', async ({ outbox }) => {
    await outbox.commit(batchOf({ cursor: '5' }))
    await outbox.commit(batchOf({ watch: 'PipelineRun/team-a', cursor: '6' }))
    await outbox.commit(batchOf({ records: [recordOf('u1')] }))
    assert.deepEqual(Object.fromEntries(outbox.cursors()), { TaskRun: '5', 'PipelineRun/team-a': '6' })
  })

  it('changed wakes for commits with rows, freed lanes and early retries, also those between claim and wait', async ({
    outbox,
    clock,
    claim,
  }) => {
    const { signal } = new AbortController()
    const wakes = async (act: () => Promise<unknown>) => {
      const seen = outbox.version()
      const waiting = outbox.changed(signal)
      await act()
      await waiting
      await outbox.changed(signal, seen)
      assert.notEqual(outbox.version(), seen)
    }
    await wakes(() => commitRows(outbox, rowOf('o1', 'e1'), rowOf('o1', 'e2')))
    await wakes(() => outbox.settle(claim().map(delivered), clock.ms))
    await wakes(() => outbox.settle(claim().map(released), clock.ms))
    await wakes(() =>
      outbox.settle(
        claim().map((row) => retried(row, clock.ms + 1e6)),
        clock.ms,
      ),
    )
    await wakes(() => outbox.retryNow('ns/sink'))
  })

  it('changed ends with its signal, and with the outbox', async ({ outbox }) => {
    const controller = new AbortController()
    const aborted = outbox.changed(controller.signal)
    controller.abort()
    await aborted
    await outbox.changed(controller.signal)
    const closed = outbox.changed(new AbortController().signal)
    await outbox[Symbol.asyncDispose]()
    await closed
    await assert.rejects(commitRows(outbox, rowOf('o1', 'e1')), /closed/)
  })

  it('what is written at the same time takes effect in the order of the calls', async ({ outbox, clock, claim }) => {
    await commitRows(outbox, rowOf('o1', 'e1'))
    const row = only(claim())
    await Promise.all([
      commitRows(outbox, rowOf('o1', 'e2'), rowOf('o2', 'f1')),
      outbox.settle([delivered(row)], clock.ms),
      commitRows(outbox, rowOf('o1', 'e3')),
      outbox.commit(batchOf({ cursor: '1' })),
      outbox.commit(batchOf({ cursor: '2' })),
    ])
    assert.deepEqual(ids(claim()), ['e2', 'f1'])
    assert.equal(outbox.cursors().get('TaskRun'), '2')
  })
}
