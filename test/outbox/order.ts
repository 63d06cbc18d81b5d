import assert from 'node:assert/strict'
import { commitRows, countsOf, delivered, held, ids, only, released, retried, rowOf } from './batches.ts'
import type { It } from './contract.ts'

/** Who comes when. */
export function orderContract(it: It): void {
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

  it('however many lanes wait, those that may go are found, in order', async ({ outbox, clock, claim }) => {
    const names = Array.from({ length: 1500 }, (_, at) => `o${at}`)
    await commitRows(outbox, ...names.flatMap((name) => [rowOf(name, `${name}/1`), rowOf(name, `${name}/2`)]))
    const rows = claim(2000)
    assert.equal(rows.length, 1500)
    await outbox.settle(
      rows.map((row) => retried(row, clock.ms + 10)),
      clock.ms,
    )
    assert.deepEqual(claim(), [])
    await commitRows(outbox, rowOf('late', 'late'))
    assert.deepEqual(ids(claim()), ['late'])
    clock.ms += 10
    const again = Array.from({ length: 15 }, () => claim(100)).flat()
    assert.deepEqual(
      ids(again),
      names.map((name) => `${name}/1`),
    )
    await outbox.settle(
      again.map((row, at) => (at % 2 ? delivered(row) : released(row))),
      clock.ms,
    )
    assert.deepEqual(
      ids(claim(2000)),
      names.map((name, at) => `${name}/${1 + (at % 2)}`),
    )
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

  it('changed wakes for commits with rows, freed lanes, early retries and room, also those between claim and wait', async ({
    outbox,
    clock,
    claim,
  }) => {
    const { signal } = new AbortController()
    const wakes = async (act: () => Promise<unknown>) => {
      const seen = outbox.version('ns/sink')
      const waiting = outbox.changed('ns/sink', signal)
      await act()
      await waiting
      await outbox.changed('ns/sink', signal, seen)
      assert.notEqual(outbox.version('ns/sink'), seen)
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
    // The last row goes: nothing can be claimed, but there is room.
    await wakes(() => outbox.settle(claim().map(delivered), clock.ms))
    assert.equal(outbox.size('ns/sink'), 0)
  })

  it('changed ends with its signal, and with the outbox', async ({ outbox }) => {
    const controller = new AbortController()
    const aborted = outbox.changed('ns/sink', controller.signal)
    controller.abort()
    await aborted
    await outbox.changed('ns/sink', controller.signal)
    const closed = outbox.changed('ns/sink', new AbortController().signal)
    await outbox[Symbol.asyncDispose]()
    await closed
    await assert.rejects(commitRows(outbox, rowOf('o1', 'e1')), /closed/)
  })
}
