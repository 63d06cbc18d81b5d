import assert from 'node:assert/strict'
import type { Outbox } from '../../src/outbox/outbox.ts'
import {
  batchOf,
  buried,
  commitRows,
  countsOf,
  delivered,
  eventOf,
  ids,
  only,
  parked,
  released,
  rowOf,
} from './batches.ts'
import type { It, Scene } from './contract.ts'

const b = { subscription: 'ns/b', subscriptionUid: 'uid-b' }
const letterIds = (outbox: Outbox, query = {}) => outbox.deadLetters(query).map((letter) => letter.id)

/** Three letters of `ns/sink` by `a`, `b` and `a`, a ms apart, and one of `ns/other` by `a`. */
async function fourLetters({ outbox, clock, claim }: Scene): Promise<number[]> {
  const rows = [rowOf('o1', 'e1'), rowOf('o2', 'e2', b), rowOf('o3', 'e3'), rowOf('o4', 'e4', { sink: 'ns/other' })]
  await commitRows(outbox, ...rows)
  for (const row of [...claim(), ...claim(9, 'ns/other')]) {
    await outbox.settle([buried(row)], clock.ms)
    clock.ms += 1
  }
  return outbox.deadLetters().map(({ seq }) => seq)
}

/** What becomes of dead letters. */
export function lettersContract(it: It): void {
  it('dead letters are listed by what is asked for, in order', async (scene) => {
    const { outbox } = scene
    const [, second = 0, third = 0] = await fourLetters(scene)
    assert.deepEqual(letterIds(outbox), ['e1', 'e2', 'e3', 'e4'])
    assert.deepEqual(letterIds(outbox, { sink: 'ns/sink' }), ['e1', 'e2', 'e3'])
    assert.deepEqual(letterIds(outbox, { subscription: 'ns/a', sink: 'ns/sink' }), ['e1', 'e3'])
    assert.deepEqual(letterIds(outbox, { subscriptionUid: 'uid-b' }), ['e2'])
    assert.deepEqual(letterIds(outbox, { since: 1_000_001, limit: 2 }), ['e2', 'e3'])
    assert.deepEqual(letterIds(outbox, { after: second }), ['e3', 'e4'])
    assert.deepEqual(letterIds(outbox, { seqs: [third, second, 99] }), ['e2', 'e3'])
    assert.deepEqual(letterIds(outbox, { seqs: [] }), [])
    assert.equal(letterIds(outbox, { limit: Number.POSITIVE_INFINITY }).length, 4)
    assert.deepEqual(Object.fromEntries(outbox.deadLetterSizes()), { 'ns/sink': 3, 'ns/other': 1 })
  })

  it('a dead letter keeps what was sent and what was answered', async ({ outbox, clock, claim }) => {
    const event = { ...eventOf('e1'), summary: { attributes: '{"id":"e1"}', data: undefined } }
    await commitRows(outbox, rowOf('o1', event), rowOf('o2', 'e2'))
    const [first, second] = claim()
    const row = first ?? assert.fail()
    await outbox.settle([{ ...buried(row), answer: 'größer' } as never, buried(second ?? assert.fail())], clock.ms)
    const [letter, other] = outbox.deadLetters()
    assert.deepEqual(outbox.deadLetter(row.seq), { ...letter, event, answer: 'größer' })
    assert.deepEqual(outbox.deadLetter(other?.seq ?? 0), { ...other, event: eventOf('e2'), answer: undefined })
    assert.equal(outbox.deadLetter(99), undefined)
  })

  it('a revived dead letter goes again, behind what waits in its lane, as if it were new', async (scene) => {
    const { outbox, clock, claim } = scene
    const event = { ...eventOf('e1'), summary: { attributes: '{}', data: '{}' } }
    await commitRows(outbox, rowOf('o1', event), rowOf('o1', 'e2'), rowOf('o1', 'e3'))
    const dead = only(claim())
    await outbox.settle([buried(dead)], clock.ms)
    clock.ms += 10
    assert.equal(await outbox.revive({ seqs: [dead.seq] }), 1)
    assert.deepEqual([outbox.deadLetters(), [...outbox.deadLetterSizes()]], [[], []])
    assert.equal(outbox.size('ns/sink'), 3)
    assert.deepEqual(countsOf(outbox, 'uid-a', 'ns/sink'), { deadLettered: 1 })
    for (const id of ['e2', 'e3']) {
      const row = only(claim())
      assert.equal(row.event.id, id)
      await outbox.settle([delivered(row)], clock.ms)
    }
    const again = only(claim())
    assert.ok(again.seq > dead.seq)
    assert.deepEqual(again, { ...dead, seq: again.seq, enqueued: clock.ms })
    await outbox.settle([delivered(again)], clock.ms)
    assert.deepEqual(countsOf(outbox, 'uid-a', 'ns/sink'), { deadLettered: 1, delivered: 3 })
    assert.equal(await outbox.revive({ seqs: [dead.seq] }), 0)
  })

  it('revive takes no more than its limit, and wakes the sink', async (scene) => {
    const { outbox, claim } = scene
    await fourLetters(scene)
    const seen = outbox.version('ns/sink')
    assert.equal(await outbox.revive({ sink: 'ns/sink', limit: 2 }), 2)
    assert.notEqual(outbox.version('ns/sink'), seen)
    assert.deepEqual(letterIds(outbox), ['e3', 'e4'])
    assert.deepEqual(ids(claim()), ['e1', 'e2'])
    assert.equal(await outbox.revive({}), 2)
  })

  it('dead letters of a subscription that is gone stay, but cannot be revived', async (scene) => {
    const { outbox } = scene
    const [first = 0] = await fourLetters(scene)
    await outbox.forgetSubscription('uid-a')
    assert.deepEqual(letterIds(outbox), ['e1', 'e2', 'e3', 'e4'])
    assert.equal(outbox.deadLetter(first)?.event.data, eventOf('e1').data)
    assert.equal(await outbox.revive({}), 1)
    assert.deepEqual(letterIds(outbox), ['e1', 'e3', 'e4'])
    assert.equal((await outbox.purge({ subscriptionUid: 'uid-a', deadLetters: true })).deadLetters, 3)
  })

  it('pruning drops the old and the oldest of too many, of one sink', async (scene) => {
    const { outbox } = scene
    await fourLetters(scene)
    const prune = (before: number, max: number) => outbox.pruneDeadLetters('ns/sink', { before, max })
    assert.equal(await prune(1_000_000, 3), 0)
    assert.equal(await prune(1_000_001, 3), 1)
    assert.deepEqual(letterIds(outbox), ['e2', 'e3', 'e4'])
    assert.equal(await prune(0, 1), 1)
    assert.deepEqual(letterIds(outbox), ['e3', 'e4'])
    assert.equal(await prune(0, 0), 1)
    assert.deepEqual(Object.fromEntries(outbox.deadLetterSizes()), { 'ns/other': 1 })
  })

  it('a dead letter is parked at another sink too, as a row of the same subscription', async ({
    outbox,
    clock,
    claim,
  }) => {
    await commitRows(outbox, rowOf('o1', 'e1', { written: 7 }), rowOf('o1', 'e2'))
    const row = only(claim())
    const seen = outbox.version('ns/park')
    await outbox.settle([parked(row, 'ns/park')], clock.ms + 5)
    assert.notEqual(outbox.version('ns/park'), seen)
    const copy = only(claim(9, 'ns/park'))
    const expected = { ...row, seq: copy.seq, sink: 'ns/park', enqueued: clock.ms + 5 }
    assert.deepEqual(copy, { ...expected, parked: { sink: 'ns/sink', reason: 'HTTP400' } })
    assert.deepEqual(letterIds(outbox, { sink: 'ns/sink' }), ['e1'])
    assert.deepEqual([outbox.size('ns/sink'), outbox.size('ns/park')], [1, 1])
    assert.equal(outbox.lowWater().get('uid-a ns/park'), 7)
    const bytes = outbox.load({ sink: 'ns/park' }).bytes
    assert.deepEqual(outbox.load({ sink: 'ns/park', namespace: 'ns' }), { rows: 1, bytes }, 'it counts to who made it')
    assert.equal(outbox.load({ namespace: 'ns' }).rows, 2)
    assert.deepEqual(countsOf(outbox, 'uid-a', 'ns/park'), {})
    await assert.rejects(outbox.settle([parked(copy, 'ns/third')], clock.ms), RangeError)
    // Dead there as well; made a row again it is still known for what it is, and one letter's end leaves the other whole.
    await outbox.settle([buried(copy)], clock.ms)
    assert.deepEqual(countsOf(outbox, 'uid-a', 'ns/park'), { deadLettered: 1 })
    assert.equal(await outbox.revive({ sink: 'ns/park' }), 1)
    const again = only(claim(9, 'ns/park'))
    assert.deepEqual([again.parked, again.event], [{ sink: 'ns/sink', reason: 'HTTP400' }, eventOf('e1')])
    await outbox.settle([delivered(again)], clock.ms)
    assert.equal(outbox.deadLetter(row.seq)?.event.data, eventOf('e1').data)
  })

  it('purge drops and counts what is pending, in flight too, and dead letters where asked for', async (scene) => {
    const { outbox, clock, claim } = scene
    const [first = 0] = await fourLetters(scene)
    const rows = [rowOf('o1', 'f1'), rowOf('o1', 'f2'), rowOf('o2', 'f3', b), rowOf('o1', 'f4', { sink: 'ns/other' })]
    await commitRows(outbox, ...rows)
    const flying = only(claim(1))
    const seen = outbox.version('ns/sink')
    const one = { sink: 'ns/sink', subscriptionUid: 'uid-a', deadLetters: false }
    assert.deepEqual(await outbox.purge(one), { rows: 2, deadLetters: 0 })
    assert.notEqual(outbox.version('ns/sink'), seen)
    await outbox.settle([delivered(flying)], clock.ms)
    assert.deepEqual(countsOf(outbox, 'uid-a', 'ns/sink'), { deadLettered: 2, dropped: 2 })
    assert.deepEqual(ids(claim()), ['f3'])
    assert.equal(outbox.deadLetters().length, 4)
    assert.deepEqual(await outbox.purge({ sink: 'ns/sink', deadLetters: true }), { rows: 1, deadLetters: 3 })
    assert.deepEqual([outbox.size('ns/sink'), outbox.deadLetter(first)], [0, undefined])
    assert.deepEqual(await outbox.purge({ subscriptionUid: 'uid-a', deadLetters: false }), { rows: 1, deadLetters: 0 })
    assert.deepEqual(countsOf(outbox, 'uid-a', 'ns/other'), { deadLettered: 1, dropped: 1 })
    assert.deepEqual(letterIds(outbox), ['e4'])
    await assert.rejects(outbox.purge({ deadLetters: true }), RangeError)
    await commitRows(outbox, rowOf('o1', 'anew'))
    assert.deepEqual(ids(claim()), ['anew'])
    await outbox.settle([released(flying)], clock.ms)
  })

  it('a row refused from the start is a dead letter that can be revived', async ({ outbox, claim }) => {
    const dead = { ...rowOf('o1', 'huge'), reason: 'TooLarge', message: 'cut it down' }
    await outbox.commit(batchOf({ rows: [rowOf('o2', 'e1')], dead: [dead] }))
    assert.equal(await outbox.revive({ sink: 'ns/sink' }), 1)
    assert.deepEqual(ids(claim()), ['e1', 'huge'])
  })
}
