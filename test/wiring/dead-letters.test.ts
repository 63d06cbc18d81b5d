import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pulse } from '../../src/operator/pulse.ts'
import { OperatorState } from '../../src/operator/state.ts'
import { createMetrics } from '../../src/status/metrics.ts'
import { expireDeadLetters } from '../../src/wiring/dead-letters.ts'
import type { Parts } from '../../src/wiring/parts.ts'
import { batchOf, rowOf } from '../outbox/batches.ts'
import { MemoryOutbox } from '../outbox/memory/memory.ts'

test('what is told of dead letters of a sink that is gone goes once the last of them has', async () => {
  const outbox = new MemoryOutbox({ now: () => 0 })
  const metrics = createMetrics()
  await outbox.commit(batchOf({ dead: [{ ...rowOf('o1', 'e1'), reason: 'TooLarge', message: '' }] }))
  metrics.deadLettered.inc({ sink: 'ns/sink', reason: 'TooLarge' })
  const state = new OperatorState(new Map(), () => undefined)
  const parts = { metrics, outbox, state, writer: { mark: () => undefined } } as unknown as Parts
  const [changed, stop] = [new Pulse(), new AbortController()]
  const running = expireDeadLetters(parts, changed, stop.signal)
  const told = async () => {
    const values = await Promise.all([metrics.deadLettersExpired.get(), metrics.deadLettered.get()])
    return values.map((metric) => metric.values.length)
  }
  const until = async (...wanted: number[]) => {
    while (`${await told()}` !== `${wanted}`) {
      changed.fire()
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  await until(1, 1)
  assert.equal(outbox.deadLetterSizes().size, 0)
  await until(0, 0)
  stop.abort()
  await running
})
