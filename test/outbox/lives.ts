import assert from 'node:assert/strict'
import { batchOf, recordOf } from './batches.ts'
import type { It } from './contract.ts'

const floors = new Map([
  ['uid-a ns/sink TaskRun', 5],
  ['uid-b ns/sink TaskRun', 6],
  ['uid-a ns/sink PipelineRun', 7],
])

/** What is known of an earlier life, and what has to be known in the next. */
export function livesContract(it: It): void {
  it('a life begins once, with floors that go with the first complete list of their kind', async ({ outbox }) => {
    assert.match(outbox.instance, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.deepEqual([outbox.begun, outbox.floors().size], [false, 0])
    await outbox.begin(floors)
    assert.deepEqual([outbox.begun, outbox.floors()], [true, floors])
    await outbox.commit(batchOf({ records: [recordOf('u1')] }))
    assert.deepEqual(outbox.floors(), floors)
    await outbox.commit(batchOf({ cursor: '5', listed: true }))
    assert.deepEqual([...outbox.floors()], [['uid-a ns/sink PipelineRun', 7]])
    await outbox.commit(batchOf({ watch: 'Run', listed: true }))
    assert.equal(outbox.floors().size, 1)
    await outbox.begin(new Map())
    assert.deepEqual([outbox.begun, outbox.floors().size], [true, 0])
  })

  it('where namespaces are watched one by one, a list ends the floors for its own watch alone', async ({ outbox }) => {
    await outbox.begin(floors)
    const tasks = new Map([...floors].filter(([key]) => key.endsWith('TaskRun')))
    assert.deepEqual(outbox.floors('TaskRun/team-a'), tasks)
    await outbox.commit(batchOf({ watch: 'TaskRun/team-a', listed: true }))
    assert.deepEqual([...outbox.floors('TaskRun/team-a')], [])
    assert.deepEqual(outbox.floors('TaskRun/team-b'), tasks)
    assert.deepEqual([...outbox.floors('PipelineRun/team-a').values()], [7])
    assert.deepEqual(outbox.floors(), floors)
    await outbox.begin(floors)
    assert.deepEqual(outbox.floors('TaskRun/team-a'), tasks)
  })

  it('gaps are counted by subscription, with the last one told', async ({ outbox, clock }) => {
    const gap = { subscriptionUid: 'uid-a', reason: 'LedgerLost', message: 'one' }
    await outbox.commit(batchOf({ gaps: [gap, { ...gap, subscriptionUid: 'uid-b' }] }))
    clock.ms += 5
    await outbox.commit(batchOf({ gaps: [{ ...gap, reason: 'WatchExpired', message: 'two' }] }))
    assert.deepEqual(Object.fromEntries(outbox.gaps()), {
      'uid-a': { count: 2, reason: 'WatchExpired', message: 'two', time: 1_000_005 },
      'uid-b': { count: 1, reason: 'LedgerLost', message: 'one', time: 1_000_000 },
    })
  })

  it('a gate is kept as it was written, until it is forgotten', async ({ outbox }) => {
    await outbox.keepGate('ns/sink', 'one')
    await outbox.keepGate('ns/other', '{}')
    await outbox.keepGate('ns/sink', 'größer')
    assert.deepEqual(Object.fromEntries(outbox.gates()), { 'ns/sink': 'größer', 'ns/other': '{}' })
    await outbox.keepGate('ns/sink', undefined)
    await outbox.keepGate('ns/none', undefined)
    assert.deepEqual([...outbox.gates().keys()], ['ns/other'])
  })

  it('forgetSubscription drops its floors and gaps too', async ({ outbox }) => {
    await outbox.begin(floors)
    const gap = { reason: 'LedgerLost', message: '' }
    const gaps = ['uid-a', 'uid-b'].map((subscriptionUid) => ({ subscriptionUid, ...gap }))
    await outbox.commit(batchOf({ gaps }))
    await outbox.forgetSubscription('uid-a')
    assert.deepEqual([[...outbox.floors().keys()], [...outbox.gaps().keys()]], [['uid-b ns/sink TaskRun'], ['uid-b']])
  })

  it('what is left of an object is kept with it, whether something is owed of it or not', async ({ outbox }) => {
    const remains = { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', metadata: { name: 'x', uid: 'u1' } } as never
    const both = recordOf('u2', { remains, owed: { 'uid-a ns/sink': ['started'] } })
    await outbox.commit(batchOf({ records: [recordOf('u1', { remains }), both] }))
    assert.deepEqual(
      outbox.records(['u1', 'u2']),
      new Map([
        ['u1', recordOf('u1', { remains })],
        ['u2', both],
      ]),
    )
    await outbox.forgetSubscription('uid-b')
    assert.deepEqual(outbox.records(['u1']).get('u1')?.remains, remains)
  })

  it('writes get through', ({ outbox }) => {
    assert.deepEqual(outbox.storage(), { kind: 'ok' })
    return Promise.resolve()
  })
}
