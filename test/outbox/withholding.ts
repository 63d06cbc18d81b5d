import assert from 'node:assert/strict'
import type { Pair } from '../../src/outbox/withholding.ts'
import { commitRows, delivered, ids, only, parked, released, retried, rowOf } from './batches.ts'
import type { It } from './contract.ts'

const a = { subscription: 'team-a/builds', subscriptionUid: 'uid-a' }
const b = { subscription: 'team-b/builds', subscriptionUid: 'uid-b' }
const ofTeamA = ({ subscription }: Pair) => subscription.startsWith('team-a/')

/** Rows that are not handed out for now. */
export function withholdingContract(it: It): void {
  it('what is withheld is not handed out, and the others go as if it were not there', async ({ outbox, claim }) => {
    outbox.withholding.by(ofTeamA)
    await commitRows(outbox, rowOf('o1', 'a1', a), rowOf('o2', 'a2', a), rowOf('o3', 'b1', b))
    assert.deepEqual(ids(claim()), ['b1'])
    assert.equal(outbox.nextAttempt('ns/sink'), undefined)
    assert.deepEqual([...outbox.withholding.of('ns/sink')], ['uid-a'])
    assert.deepEqual([outbox.size('ns/sink'), outbox.load({ sink: 'ns/sink' }).rows], [3, 1])
    assert.equal(outbox.load({ namespace: 'team-a' }).rows, 2)
  })

  it('what was waiting when it came to be withheld stays, and goes once it is not any more', async ({
    outbox,
    clock,
    claim,
  }) => {
    await commitRows(outbox, rowOf('o1', 'a1', a), rowOf('o2', 'a2', a), rowOf('o3', 'b1', b))
    const first = only(claim(1))
    let isLetIn = false
    outbox.withholding.by((pair) => !isLetIn && ofTeamA(pair))
    await outbox.settle([retried(first, clock.ms + 5)], clock.ms)
    clock.ms += 10
    assert.deepEqual(ids(claim()), ['b1'])
    await outbox.retryNow('ns/sink')
    assert.deepEqual(ids(claim()), [])
    isLetIn = true
    assert.deepEqual(ids(claim()), [])
    const seen = outbox.version('ns/sink')
    outbox.withholding.reconsider({ namespace: 'team-a' })
    assert.ok(outbox.version('ns/sink') > seen)
    assert.deepEqual(ids(claim()).sort(), ['a1', 'a2'])
  })

  it('a request of several holds nothing that is withheld', async ({ outbox, clock }) => {
    await commitRows(outbox, rowOf('o1', 'a1', a), rowOf('o2', 'b1', b), rowOf('o3', 'a2', a), rowOf('o4', 'b2', b))
    outbox.withholding.by(ofTeamA)
    const limits = { rows: 10, bytes: 10_000, delayMs: 0 }
    assert.deepEqual(ids(outbox.claimBatch('ns/sink', limits, clock.ms)), ['b1', 'b2'])
    assert.deepEqual(outbox.claimBatch('ns/sink', limits, clock.ms), [])
  })

  it('what is withheld can be had to be given up', async ({ outbox, clock, claim }) => {
    await commitRows(outbox, rowOf('o1', 'a1', a), rowOf('o1', 'a2', a), rowOf('o2', 'a3', a), rowOf('o3', 'b1', b))
    outbox.withholding.by(ofTeamA)
    const rows = outbox.withholding.claim('ns/sink', 10, clock.ms)
    assert.deepEqual(ids(rows), ['a1', 'a3'])
    const [first, second] = rows as [(typeof rows)[0], (typeof rows)[0]]
    await outbox.settle([parked(first, 'ns/parking'), released(second)], clock.ms)
    assert.deepEqual(ids(outbox.withholding.claim('ns/sink', 10, clock.ms)), ['a2', 'a3'])
    assert.deepEqual(ids(claim()), ['b1'])
  })

  it('dead letters that are parked are the sink owner’s: they go', async ({ outbox, clock, claim }) => {
    await commitRows(outbox, rowOf('o1', 'a1', a))
    await outbox.settle([parked(only(claim()), 'ns/parking')], clock.ms)
    outbox.withholding.by(ofTeamA)
    assert.deepEqual(ids(claim(10, 'ns/parking')), ['a1'])
  })

  it('a pair whose credentials rest is passed over, and takes no room until they are well', async ({
    outbox,
    clock,
    claim,
  }) => {
    await commitRows(outbox, rowOf('o1', 'a1', a), rowOf('o2', 'b1', b))
    outbox.withholding.rest('ns/sink', 'uid-a', 'rests')
    const row = only(claim())
    assert.equal(row.event.id, 'b1')
    await outbox.settle([delivered(row)], clock.ms)
    // By its own fault: that must not take the room of others.
    assert.deepEqual([outbox.size('ns/sink'), outbox.load({ sink: 'ns/sink' }).rows], [1, 0])
    assert.deepEqual([...outbox.withholding.of('ns/sink')], [])
    outbox.withholding.rest('ns/sink', 'uid-a', 'tried')
    assert.equal(outbox.load({ sink: 'ns/sink' }).rows, 0)
    assert.deepEqual(ids(claim()), ['a1'])
    outbox.withholding.rest('ns/sink', 'uid-a', 'well')
    assert.equal(outbox.load({ sink: 'ns/sink' }).rows, 1)
  })
}
