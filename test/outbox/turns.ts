import assert from 'node:assert/strict'
import type { NewRow } from '../../src/outbox/outbox.ts'
import { commitRows, delivered, ids, only, released, retried, rowOf } from './batches.ts'
import type { It } from './contract.ts'

/** `n` rows of as many objects of a namespace, `<namespace><first>` and so on. */
const many = (namespace: string, n: number, first = 1): NewRow[] =>
  Array.from({ length: n }, (_, at) => rowOf(`${namespace}${first + at}`, `${namespace}${first + at}`, { namespace }))

/** How namespaces share a sink. */
export function turnsContract(it: It): void {
  it('namespaces take turns, each with its oldest row', async ({ outbox, claim }) => {
    await commitRows(outbox, ...many('a', 5), ...many('b', 2), ...many('c', 1), ...many('b', 1, 3))
    assert.deepEqual(ids(claim(4)), ['a1', 'b1', 'c1', 'a2'])
    assert.deepEqual(ids(claim()), ['b2', 'a3', 'b3', 'a4', 'a5'])
  })

  it('a turn is not lost between claims, and who comes to a sink that is busy waits for one turn of each', async ({
    outbox,
    clock,
    claim,
  }) => {
    await commitRows(outbox, ...many('a', 50), ...many('b', 50))
    assert.deepEqual(
      [1, 2, 3].flatMap(() => ids(claim(1))),
      ['a1', 'b1', 'a2'],
    )
    await commitRows(outbox, ...many('c', 1), ...many('d', 2))
    assert.deepEqual(ids(claim(5)), ['b2', 'a3', 'c1', 'd1', 'b3'])
    // Who has all of its rows settled and comes again gets no more than others do.
    await outbox.settle([], clock.ms)
    for (let round = 2; round < 5; round += 1) {
      await commitRows(outbox, ...many('e', 1, round))
      const rows = claim(4)
      assert.deepEqual(
        ids(rows).filter((id) => id.startsWith('e')),
        [`e${round}`],
      )
      assert.ok(ids(rows).some((id) => id.startsWith('a')) && ids(rows).some((id) => id.startsWith('b')))
      await outbox.settle(rows.map(delivered), clock.ms)
    }
  })

  it('a namespace whose rows may not go yet keeps its turn', async ({ outbox, clock, claim }) => {
    await commitRows(outbox, ...many('a', 2), ...many('b', 6))
    const waits = only(claim(1))
    await outbox.settle([retried(waits, clock.ms + 10)], clock.ms)
    assert.deepEqual(ids(claim(4)), ['b1', 'a2', 'b2', 'b3'])
    assert.equal(outbox.nextAttempt('ns/sink'), 1_000_000)
    clock.ms += 10
    assert.deepEqual(ids(claim(2)), ['a1', 'b4'])
  })

  it('a turn is a sink’s own, and a lane keeps its order within it', async ({ outbox, clock, claim }) => {
    const rows = [rowOf('run', 'x1', { namespace: 'a' }), rowOf('run', 'x2', { namespace: 'a' }), ...many('b', 2)]
    await commitRows(outbox, ...rows, ...rows.map((row) => ({ ...row, sink: 'ns/other' })))
    const [first, second, third] = claim()
    assert.deepEqual(ids([first, second, third] as never), ['x1', 'b1', 'b2'])
    assert.deepEqual(ids(claim(1, 'ns/other')), ['x1'])
    await outbox.settle([delivered(first ?? assert.fail()), released(third ?? assert.fail())], clock.ms)
    assert.deepEqual(ids(claim()), ['x2', 'b2'])
  })

  it('a flood of one namespace is no wait for the first row of another', async ({ outbox, claim }) => {
    await commitRows(outbox, ...many('a', 3000))
    claim(700)
    await commitRows(outbox, ...many('b', 3))
    assert.deepEqual(ids(claim(6)), ['a701', 'b1', 'a702', 'b2', 'a703', 'b3'])
  })
}
