import assert from 'node:assert/strict'
import type { NewRow, Pace } from '../../src/outbox/outbox.ts'
import { commitRows, delivered, ids, retried, rowOf } from './batches.ts'
import type { It } from './contract.ts'

/** So many rows may go of each namespace's subscriptions. */
function paceOf(left: Record<string, number>): Pace & { left: Record<string, number> } {
  const of = (subscription: string) => subscription.split('/')[0] ?? ''
  return {
    left,
    allows: (subscription) => (left[of(subscription)] ?? 1) > 0,
    took: (subscription) => {
      left[of(subscription)] = (left[of(subscription)] ?? 1000) - 1
    },
  }
}

/** Rows of as many objects of the subscription's own namespace. */
const many = (namespace: string, n: number, over: Partial<NewRow> = {}): NewRow[] =>
  Array.from({ length: n }, (_, at) => {
    const own = { namespace, subscription: `${namespace}/s`, subscriptionUid: `uid-${namespace}` }
    return rowOf(`object ${at + 1} of ${namespace}`, `${namespace}${at + 1}`, { ...own, ...over })
  })

/** How fast rows are handed out, by whose they are. */
export function pacingContract(it: It): void {
  it('what its pace does not allow stays, and others go before it', async ({ outbox, clock }) => {
    await commitRows(outbox, ...many('a', 5), ...many('b', 3))
    const pace = paceOf({ a: 1 })
    const rows = outbox.claim('ns/sink', 10, clock.ms, pace)
    assert.deepEqual(ids(rows), ['a1', 'b1', 'b2', 'b3'])
    assert.deepEqual(outbox.claim('ns/sink', 10, clock.ms, pace), [])
    await outbox.settle(rows.map(delivered), clock.ms)
    pace.left.a = 2
    assert.deepEqual(ids(outbox.claim('ns/sink', 10, clock.ms, pace)), ['a2', 'a3'])
    assert.deepEqual(ids(outbox.claim('ns/sink', 10, clock.ms)), ['a4', 'a5'])
  })

  it('a subscription that has no pace goes past one that waits, about the same namespace too', async ({
    outbox,
    clock,
  }) => {
    const wide = { subscription: 'admin/all', subscriptionUid: 'uid-all' }
    await commitRows(outbox, ...many('a', 8), rowOf('o', 'wide', { namespace: 'a', ...wide }), ...many('a', 4))
    assert.deepEqual(ids(outbox.claim('ns/sink', 10, clock.ms, paceOf({ a: 0 }))), ['wide'])
  })

  it('a row that waited for its retry is paced like any other', async ({ outbox, clock }) => {
    await commitRows(outbox, ...many('a', 1), ...many('b', 1))
    const rows = outbox.claim('ns/sink', 10, clock.ms)
    await outbox.settle(
      rows.map((row) => retried(row, clock.ms + 5)),
      clock.ms,
    )
    clock.ms += 10
    assert.deepEqual(ids(outbox.claim('ns/sink', 10, clock.ms, paceOf({ a: 0 }))), ['b1'])
    assert.deepEqual(ids(outbox.claim('ns/sink', 10, clock.ms, paceOf({ a: 1 }))), ['a1'])
  })

  it('a request of several that may begin goes as a whole', async ({ outbox, clock }) => {
    await commitRows(outbox, ...many('a', 5), ...many('b', 3))
    const pace = paceOf({ a: 0, b: 1 })
    const limits = { rows: 4, bytes: 10_000, delayMs: 0 }
    assert.deepEqual(ids(outbox.claimBatch('ns/sink', limits, clock.ms, pace)), ['b1', 'b2', 'b3'])
    assert.equal(pace.left.b, -2)
    assert.deepEqual(outbox.claimBatch('ns/sink', limits, clock.ms, pace), [])
    pace.left.a = 1
    assert.deepEqual(ids(outbox.claimBatch('ns/sink', limits, clock.ms, pace)), ['a1', 'a2', 'a3', 'a4'])
  })
}
