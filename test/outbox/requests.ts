import assert from 'node:assert/strict'
import type { BatchLimits, Outbox, Row } from '../../src/outbox/outbox.ts'
import {
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

const limitsOf = (over: Partial<BatchLimits> = {}): BatchLimits => ({ rows: 100, bytes: 1e6, delayMs: 0, ...over })

const b = { subscription: 'ns/b', subscriptionUid: 'uid-b' }

/** The rows of one request after another, until there is none. */
function requests(outbox: Outbox, now: number, limits: Partial<BatchLimits> = {}): string[][] {
  const found: string[][] = []
  for (;;) {
    const rows = outbox.claimBatch('ns/sink', limitsOf(limits), now)
    if (rows.length === 0) return found
    found.push(ids(rows))
  }
}

/** What one request takes. */
export function requestsContract(it: It): void {
  it('a request takes the rows of a lane in order, and none of that lane goes before it is settled', async ({
    outbox,
    clock,
    claim,
  }) => {
    await commitRows(outbox, rowOf('o1', 'e1'), rowOf('o2', 'f1'), rowOf('o1', 'e2'), rowOf('o1', 'e3'))
    const rows = outbox.claimBatch('ns/sink', limitsOf(), clock.ms)
    assert.deepEqual(ids(rows), ['e1', 'e2', 'e3', 'f1'])
    await commitRows(outbox, rowOf('o1', 'e4'), rowOf('o2', 'f2'))
    assert.deepEqual([requests(outbox, clock.ms), claim(), outbox.nextAttempt('ns/sink')], [[], [], undefined])
    await outbox.settle(rows.map(delivered), clock.ms)
    assert.deepEqual(requests(outbox, clock.ms), [['e4', 'f2']])
    assert.deepEqual(countsOf(outbox, 'uid-a', 'ns/sink'), { delivered: 4 })
  })

  it('a lane that is cut by a full request goes on in the next', async ({ outbox, clock }) => {
    await commitRows(outbox, ...['e1', 'e2', 'e3', 'e4', 'e5'].map((id) => rowOf('o1', id)), rowOf('o2', 'f1'))
    const first = outbox.claimBatch('ns/sink', limitsOf({ rows: 2 }), clock.ms)
    assert.deepEqual(ids(first), ['e1', 'e2'])
    assert.deepEqual(requests(outbox, clock.ms, { rows: 2 }), [['f1']])
    await outbox.settle(first.map(delivered), clock.ms)
    const second = outbox.claimBatch('ns/sink', limitsOf({ rows: 2 }), clock.ms)
    assert.deepEqual(ids(second), ['e3', 'e4'])
    assert.deepEqual(outbox.claimBatch('ns/sink', limitsOf({ rows: 0 }), clock.ms), [])
  })

  it('a request is of one subscription', async ({ outbox, clock }) => {
    await commitRows(outbox, rowOf('o1', 'e1'), rowOf('o1', 'e1b', b), rowOf('o1', 'e2b', b), rowOf('o2', 'f1'))
    assert.deepEqual(requests(outbox, clock.ms), [
      ['e1', 'f1'],
      ['e1b', 'e2b'],
    ])
  })

  it('namespaces take turns, a request each, and rows of the same subscription in others fill it', async ({
    outbox,
    clock,
  }) => {
    const at = (namespace: string, n: number, over = {}) =>
      Array.from({ length: n }, (_, i) => rowOf(`run ${namespace}${i}`, `${namespace}${i}`, { namespace, ...over }))
    await commitRows(outbox, ...at('x', 5), ...at('y', 3, b), ...at('z', 4))
    assert.deepEqual(requests(outbox, clock.ms, { rows: 3 }), [
      ['x0', 'x1', 'x2'],
      ['y0', 'y1', 'y2'],
      ['z0', 'z1', 'z2'],
      ['x3', 'x4', 'z3'],
    ])
  })

  it('a request holds no more bytes than it may, but one event however large', async ({ outbox, clock }) => {
    const event = (id: string, size: number) => ({ ...eventOf(id), attributes: '{}', data: 'x'.repeat(size - 2) })
    const sizes = { e1: 400, e2: 300, e3: 200, e4: 5000, e5: 400, e6: 600, e7: 1 }
    await commitRows(outbox, ...Object.entries(sizes).map(([id, size]) => rowOf(id, event(id, Math.max(size, 3)))))
    assert.deepEqual(requests(outbox, clock.ms, { bytes: 1000 }), [['e1', 'e2', 'e3'], ['e4'], ['e5', 'e6'], ['e7']])
  })

  it('a row waits for others for as long as it may, and not at all where they fill a request', async ({
    outbox,
    clock,
  }) => {
    const limits = { rows: 3, delayMs: 50 }
    await commitRows(outbox, rowOf('o1', 'e1'))
    clock.ms += 20
    await commitRows(outbox, rowOf('o2', 'f1', b))
    assert.deepEqual(requests(outbox, clock.ms, limits), [])
    assert.equal(outbox.nextAttempt('ns/sink', 50), 1_000_050)
    await commitRows(outbox, rowOf('o2', 'f2', b), rowOf('o3', 'g1', b))
    assert.deepEqual(requests(outbox, clock.ms, limits), [['f1', 'f2', 'g1']])
    assert.equal(outbox.nextAttempt('ns/sink', 50), 1_000_050)
    clock.ms = 1_000_050
    assert.deepEqual(requests(outbox, clock.ms, limits), [['e1']])
    const large = { ...eventOf('large'), data: 'x'.repeat(3000) }
    await commitRows(outbox, rowOf('o4', large))
    assert.deepEqual(requests(outbox, clock.ms, { ...limits, bytes: 3000 }), [['large']])
  })

  it('a row that has been tried waits for nobody, nor does one that was committed later than now', async ({
    outbox,
    clock,
  }) => {
    const limits = { delayMs: 50 }
    await commitRows(outbox, rowOf('o1', 'e1'))
    const [row] = outbox.claimBatch('ns/sink', limitsOf(), clock.ms)
    await outbox.settle([retried(row ?? assert.fail(), clock.ms + 5)], clock.ms)
    await commitRows(outbox, rowOf('o2', 'f1'), rowOf('o1', 'e2'))
    assert.deepEqual([requests(outbox, clock.ms + 4, limits), outbox.nextAttempt('ns/sink', 50)], [[], clock.ms + 5])
    assert.deepEqual(requests(outbox, clock.ms + 5, limits), [['e1', 'e2', 'f1']])
    await commitRows(outbox, rowOf('o3', 'g1'))
    clock.ms -= 1
    assert.deepEqual(requests(outbox, clock.ms, limits), [['g1']])
  })

  it('a lane is held up as a whole by its first row that is tried again, and each row keeps its own count', async ({
    outbox,
    clock,
  }) => {
    await commitRows(outbox, rowOf('o1', 'e1'), rowOf('o1', 'e2'), rowOf('o1', 'e3'), rowOf('o2', 'f1'))
    const [e1, e2, e3, f1] = outbox.claimBatch('ns/sink', limitsOf(), clock.ms) as [Row, Row, Row, Row]
    const later = clock.ms + 10
    await outbox.settle([delivered(e1), retried(e2, later), retried(e3, later), held(f1, later)], clock.ms)
    assert.deepEqual([requests(outbox, clock.ms), outbox.nextAttempt('ns/sink')], [[], later])
    clock.ms = later
    const again = outbox.claimBatch('ns/sink', limitsOf(), clock.ms)
    assert.deepEqual(
      again.map(({ event, attempts, firstAttempt }) => [event.id, attempts, firstAttempt]),
      ['e2', 'e3', 'f1'].map((id) => [id, 1, 1_000_000]),
    )
    assert.deepEqual(countsOf(outbox, 'uid-a', 'ns/sink'), { delivered: 1, retried: 3 })
  })

  it('a refused row in the midst of a lane leaves those before and behind it in order', async ({ outbox, clock }) => {
    await commitRows(outbox, ...['e1', 'e2', 'e3', 'e4'].map((id) => rowOf('o1', id)))
    const [e1, e2, e3, e4] = outbox.claimBatch('ns/sink', limitsOf(), clock.ms) as [Row, Row, Row, Row]
    await outbox.settle([delivered(e1)], clock.ms)
    assert.deepEqual(requests(outbox, clock.ms), [])
    await outbox.settle([buried(e2)], clock.ms)
    await outbox.settle([retried(e3, clock.ms + 1), released(e4)], clock.ms)
    clock.ms += 1
    assert.deepEqual(requests(outbox, clock.ms), [['e3', 'e4']])
    assert.deepEqual(
      outbox.deadLetters().map(({ id }) => id),
      ['e2'],
    )
  })

  it('rows handed back are claimed again as they were, one at a time where one is asked for', async ({
    outbox,
    clock,
    claim,
  }) => {
    await commitRows(outbox, rowOf('o1', 'e1'), rowOf('o1', 'e2'))
    const rows = outbox.claimBatch('ns/sink', limitsOf(), clock.ms)
    await outbox.settle(rows.map(released), clock.ms)
    const head = only(claim())
    assert.deepEqual([head, claim()], [rows[0], []])
    await outbox.settle([delivered(head)], clock.ms)
    assert.deepEqual(claim(), [rows[1]])
  })

  it('retryNow, purge and a forgotten subscription reach rows behind the first of a lane', async ({
    outbox,
    clock,
  }) => {
    const all = ['e1', 'e2', 'e3'].map((id) => rowOf('o1', id))
    await commitRows(outbox, ...all, rowOf('o1', 'other', b))
    const rows = outbox.claimBatch('ns/sink', limitsOf(), clock.ms)
    const far = clock.ms + 1e9
    await outbox.settle(
      rows.map((row) => retried(row, far)),
      clock.ms,
    )
    await outbox.retryNow('ns/sink')
    assert.deepEqual(requests(outbox, clock.ms), [['e1', 'e2', 'e3'], ['other']])
    await outbox.retryNow('ns/sink')
    await outbox.settle(rows.map(released), clock.ms)
    assert.deepEqual(requests(outbox, clock.ms), [['e1', 'e2', 'e3']])
    await outbox.purge({ subscriptionUid: 'uid-a', deadLetters: false })
    await outbox.settle(rows.map(delivered), clock.ms)
    assert.deepEqual([outbox.size('ns/sink'), countsOf(outbox, 'uid-a', 'ns/sink')], [1, { retried: 3, dropped: 3 }])
    await commitRows(outbox, ...all)
    assert.deepEqual(requests(outbox, clock.ms), [['e1', 'e2', 'e3']])
    await outbox.forgetSubscription('uid-a')
    assert.equal(outbox.size('ns/sink'), 1)
  })

  it('several attempts at a row are settled as one, and all of them count', async ({ outbox, clock }) => {
    const large = { ...eventOf('large'), summary: { attributes: '{}', data: undefined } }
    await commitRows(outbox, rowOf('o1', 'e1'), rowOf('o2', 'f1'), rowOf('o3', 'g1'), rowOf('o4', large))
    const [e1, f1, g1, h1] = outbox.claimBatch('ns/sink', limitsOf(), clock.ms) as [Row, Row, Row, Row]
    const why = { reason: 'HTTP400', message: 'no' }
    await assert.rejects(outbox.settle([{ kind: 'delivered', row: e1, tries: 0 }], clock.ms), /not tried 0 times/)
    await outbox.settle(
      [
        { kind: 'delivered', row: e1, tries: 3 },
        { kind: 'dead', row: f1, tries: 4, ...why },
        { kind: 'retry', row: g1, at: clock.ms + 1, tries: 2, ...why },
        { kind: 'shrink', row: h1, tries: 2, ...why },
      ],
      clock.ms,
    )
    assert.equal(outbox.deadLetters()[0]?.attempts, 4)
    clock.ms += 1
    const again = outbox.claimBatch('ns/sink', limitsOf(), clock.ms)
    assert.deepEqual(
      again.map(({ event, attempts }) => [event.id, attempts]),
      [
        ['g1', 2],
        ['large', 2],
      ],
    )
    assert.deepEqual(countsOf(outbox, 'uid-a', 'ns/sink'), { delivered: 1, retried: 2 + 3 + 2 + 2, deadLettered: 1 })
  })

  it('however many lanes of others wait, a request is found and filled', async ({ outbox, clock }) => {
    const many = Array.from({ length: 700 }, (_, at) => rowOf(`o${at}`, `e${at}`, at % 7 === 6 ? b : {}))
    await commitRows(outbox, ...many)
    const found = requests(outbox, clock.ms, { rows: 60 })
    assert.deepEqual(found.flat().toSorted(), many.map(({ event }) => event.id).toSorted())
    assert.ok(found.every((request) => new Set(request.map((id) => Number(id.slice(1)) % 7 === 6)).size === 1))
    assert.equal(found.length, 12)
  })
}
