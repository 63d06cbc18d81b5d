import assert from 'node:assert/strict'
import type { EncodedEvent } from '../../src/formats/format.ts'
import { batchOf, buried, commitRows, countsOf, delivered, eventOf, only, recordOf, retried, rowOf } from './batches.ts'
import type { It } from './contract.ts'

const b = { subscription: 'team-b/b', subscriptionUid: 'uid-b' }

/** An event of so many bytes. */
const sized = (id: string, bytes: number): EncodedEvent => ({
  ...eventOf(id),
  attributes: 'ä',
  data: 'x'.repeat(bytes - 2),
})
const withSummary = (id: string): EncodedEvent => ({ ...sized(id, 90), summary: { attributes: '{}', data: 'short' } })

/** How much waits, and from when on. */
export function loadsContract(it: It): void {
  it('load adds up the rows and bytes of a sink, and of the subscriptions of a namespace', async ({
    outbox,
    clock,
    claim,
  }) => {
    const shared = sized('s', 100)
    const rows = [rowOf('o1', shared), rowOf('o1', shared, b), rowOf('o1', sized('x', 11), { sink: 'ns/other' })]
    await commitRows(outbox, ...rows)
    const loads = () => [
      outbox.load({ sink: 'ns/sink' }),
      outbox.load({ sink: 'ns/other' }),
      outbox.load({ namespace: 'ns' }),
      outbox.load({ namespace: 'team-b' }),
    ]
    const parts = () => ['ns', 'team-b'].map((namespace) => outbox.load({ sink: 'ns/sink', namespace }))
    const of = (count: number, bytes: number) => ({ rows: count, bytes })
    assert.deepEqual(loads(), [of(2, 200), of(1, 11), of(2, 111), of(1, 100)])
    assert.deepEqual(parts(), [of(1, 100), of(1, 100)])
    assert.deepEqual(outbox.load({ sink: 'ns/none', namespace: 'ns' }), of(0, 0))
    assert.deepEqual([outbox.load({ sink: 'ns/none' }), outbox.load({ namespace: 'none' })], [of(0, 0), of(0, 0)])
    const [first, second] = claim()
    assert.deepEqual(loads()[0], of(2, 200))
    await outbox.settle([delivered(first ?? assert.fail())], clock.ms)
    await outbox.settle([buried(second ?? assert.fail())], clock.ms)
    assert.deepEqual(loads(), [of(0, 0), of(1, 11), of(1, 11), of(0, 0)])
    assert.deepEqual(parts(), [of(0, 0), of(0, 0)])
    await outbox.revive({})
    assert.deepEqual(loads(), [of(1, 100), of(1, 11), of(1, 11), of(1, 100)])
    assert.deepEqual(parts(), [of(0, 0), of(1, 100)])
  })

  it('shrink puts the summary in the place of one row’s event, and tries that at once', async ({
    outbox,
    clock,
    claim,
  }) => {
    const event = withSummary('s')
    const rows = [rowOf('o1', event), rowOf('o2', 'plain'), rowOf('o1', event, b), rowOf('o3', withSummary('alone'))]
    await commitRows(outbox, ...rows)
    const before = outbox.load({ sink: 'ns/sink' }).bytes
    const [first, plain, other, alone] = claim()
    const why = { reason: 'HTTP413', message: 'large' }
    const smaller = (row = first) => ({ kind: 'shrink', row: row ?? assert.fail(), ...why }) as const
    await assert.rejects(outbox.settle([smaller(plain)], clock.ms), RangeError)
    await outbox.settle([smaller(), smaller(alone)], clock.ms)
    const [again, againAlone] = claim()
    const { id, type, subject } = event
    const small = { id, type, subject, attributes: '{}', data: 'short' }
    assert.deepEqual(again, { ...first, event: small, attempts: 1, firstAttempt: clock.ms })
    assert.deepEqual(againAlone?.event, { ...small, id: 'alone', subject: 'runs/alone' })
    assert.equal(before - outbox.load({ sink: 'ns/sink' }).bytes, 180)
    await assert.rejects(outbox.settle([smaller(again)], clock.ms), RangeError)
    await outbox.settle([retried(other ?? assert.fail(), clock.ms + 1), delivered(again ?? assert.fail())], clock.ms)
    clock.ms += 1
    assert.deepEqual(only(claim()).event, event)
    assert.deepEqual(countsOf(outbox, 'uid-a', 'ns/sink'), { retried: 2, delivered: 1 })
  })

  it('lowWater is never after the earliest write of what is pending, and gone with it', async ({
    outbox,
    clock,
    claim,
  }) => {
    const writtenAt = (written: number, over = {}) => rowOf(`o${written}`, `e${written}`, { written, ...over })
    await commitRows(outbox, writtenAt(50), writtenAt(30), writtenAt(40), writtenAt(20, b))
    assert.deepEqual(Object.fromEntries(outbox.lowWater()), { 'uid-a ns/sink': 30, 'uid-b ns/sink': 20 })
    const rows = claim()
    await outbox.settle(rows.filter((row) => row.event.id === 'e20').map(delivered), clock.ms)
    assert.deepEqual([...outbox.lowWater()], [['uid-a ns/sink', 30]])
    await outbox.settle(rows.filter((row) => row.event.id === 'e30').map(delivered), clock.ms)
    const mark = outbox.lowWater().get('uid-a ns/sink') ?? assert.fail()
    assert.ok(mark >= 30 && mark <= 40, `${mark}`)
    await outbox.settle(rows.map(delivered), clock.ms)
    assert.deepEqual([...outbox.lowWater()], [])
  })

  it('owing tells where objects are that something is owed of', async ({ outbox }) => {
    const owed = { 'uid-a ns/sink': ['started'], 'uid-b ns/sink': ['queued'], 'uid-a ns/other': [] }
    const records = [
      recordOf('u1', { owed }),
      recordOf('u2', { owed: { 'uid-a ns/sink': ['x'], 'uid-a ns/other': ['y'] } }),
      recordOf('u3', { namespace: 'team-b', owed: { 'uid-b ns/sink': ['x'] } }),
      recordOf('u4'),
    ]
    await outbox.commit(batchOf({ records }))
    assert.deepEqual(outbox.records(['u1']).get('u1')?.owed, owed)
    const owing = () =>
      outbox
        .owing()
        .map(({ sink, source, namespace, objects }) => `${sink} ${source} ${namespace} ${objects}`)
        .sort()
    const all = ['ns/other TaskRun team-a 1', 'ns/sink TaskRun team-a 2', 'ns/sink TaskRun team-b 1']
    assert.deepEqual(owing(), all)
    await outbox.commit(batchOf({ records: [recordOf('u2', { owed: {} })] }))
    assert.deepEqual(owing(), ['ns/sink TaskRun team-a 1', 'ns/sink TaskRun team-b 1'])
    await outbox.forgetSubscription('uid-b')
    assert.deepEqual(owing(), ['ns/sink TaskRun team-a 1'])
    assert.deepEqual(outbox.records(['u1']).get('u1')?.owed, { 'uid-a ns/sink': ['started'], 'uid-a ns/other': [] })
    await outbox.commit(batchOf({ forget: ['u1'] }))
    assert.deepEqual(owing(), [])
    await outbox.commit(batchOf({ records: [recordOf('u4', { owed: { 'uid-a ns/sink': ['z'] } }), recordOf('u4')] }))
    assert.deepEqual(owing(), [])
  })
}
