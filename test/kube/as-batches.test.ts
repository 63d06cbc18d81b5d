import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Change } from '../../src/kube/batch.ts'
import { HeapRoom } from '../../src/kube/heap.ts'
import { asBatches } from '../../src/kube/refresh.ts'

const never = new AbortController().signal
const all = 16 * 1024 * 1024

async function* holding(room: HeapRoom, batches: number): AsyncGenerator<Change[], string> {
  using _turn = await room.take(all, never)
  for (let batch = 0; batch < batches; batch += 1) yield []
  return 'over'
}

test('who reads what a refresh was overtaken by gives its turn back, however it leaves', async () => {
  const room = new HeapRoom(all)
  for await (const { phase } of asBatches(holding(room, 3))) {
    assert.equal(phase, 'refresh')
    break
  }
  await assert.rejects(async () => {
    for await (const _ of asBatches(holding(room, 3))) throw new Error('the disk is full')
  }, /the disk is full/)
  const whole = asBatches(holding(room, 2))
  const seen = [await whole.next(), await whole.next(), await whole.next()]
  assert.deepEqual(
    seen.map(({ done, value }) => (done ? value : value.phase)),
    ['refresh', 'refresh', 'over'],
  )
  using _last = await room.take(all, AbortSignal.timeout(1000))
})
