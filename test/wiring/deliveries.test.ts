import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultPolicy } from '../../src/api/policy.ts'
import { refuse } from '../../src/api/verdict.ts'
import { Loops } from '../../src/operator/loops.ts'
import { OperatorState } from '../../src/operator/state.ts'
import { StatusBook } from '../../src/status/book.ts'
import { createMetrics } from '../../src/status/metrics.ts'
import type { AccessReader } from '../../src/wiring/access.ts'
import { deliveryStarter } from '../../src/wiring/deliveries.ts'
import type { Parts } from '../../src/wiring/parts.ts'
import { createQuotas } from '../../src/wiring/quotas.ts'
import { commitRows, rowOf } from '../outbox/batches.ts'
import { MemoryOutbox } from '../outbox/memory/memory.ts'

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

const never = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))

test('what is written down for a sink while its delivery comes to an end is delivered by the next', async () => {
  const outbox = new MemoryOutbox({ now: Date.now })
  await using loops = new Loops({ log: silent, pause: async () => undefined, failed: () => undefined })
  const policy = () => defaultPolicy
  const parts = {
    ground: { log: silent, policy, config: { graceMs: 0 } },
    loops,
    outbox,
    metrics: createMetrics(),
    quotas: createQuotas(policy),
    state: new OperatorState(new Map(), () => undefined),
    book: new StatusBook(),
    writer: { mark: () => undefined },
  }
  const access = Object.assign(async () => refuse('SinkNotFound', ''), { own: undefined, check: undefined })
  const start = deliveryStarter(
    parts as unknown as Parts,
    access as unknown as AccessReader,
    never,
    () => true,
    () => undefined,
  )
  start('ns/sink')
  const stopped = loops.stop('deliver ns/sink')
  await commitRows(outbox, rowOf('o1', 'e1'))
  start('ns/sink')
  await stopped
  assert.ok(loops.has('deliver ns/sink'))
  // Since when there is no such sink is what its delivery finds out, and keeps.
  while (!outbox.gates().has('ns/sink')) await new Promise((resolve) => setImmediate(resolve))
})
