import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { atTime, begin, freeEvents, type Gate, openGate, untilFreeEvents } from '../../src/delivery/gate.ts'
import type { SinkRuntime } from '../../src/delivery/sink.ts'

const sinkOf = (maxEvents: number, more: Partial<SinkRuntime> = {}): SinkRuntime => ({
  key: 'a/b',
  epoch: '1',
  url: 'http://sink/',
  mode: 'batch',
  batch: { maxEvents, maxDelayMs: 0 },
  timeoutMs: 1000,
  concurrency: 3,
  retry: { maxAgeMs: 1e6, initialDelayMs: 1000, maxDelayMs: 1e5 },
  suspend: false,
  ...more,
})

const resting = (until: number): Gate => ({ ...openGate, breaker: { kind: 'resting', until, rests: 1, failures: 1 } })

describe('what the next request of a batch sink may hold', () => {
  const sink = sinkOf(50)
  const paced = (eventsPerSecond: number) => sinkOf(50, { eventsPerSecond })
  const table: [name: string, events: number, ms: number | undefined, gate: Gate, of: SinkRuntime, occupied: number][] =
    [
      ['as many as it may', 50, undefined, openGate, sink, 2],
      ['nothing where all places are taken', 0, undefined, openGate, sink, 3],
      ['nothing for a sink that is gone', 0, undefined, { ...openGate, gone: true }, sink, 0],
      ['nothing while it rests', 0, 40, resting(140), sink, 0],
      ['one event as a probe', 1, undefined, resting(100), sink, 0],
      ['no second probe', 0, undefined, resting(100), sink, 1],
      ['a tenth of a second of its pace', 20, 0, atTime(openGate, paced(200), 100), paced(200), 0],
      ['one at a slow pace', 1, 0, atTime(openGate, paced(2), 100), paced(2), 0],
      ['nothing before the pace allows as many', 0, 5, begin(atTime(openGate, paced(200), 100), 1), paced(200), 0],
      ['no more than it may, at a fast pace', 50, 0, atTime(openGate, paced(9000), 100), paced(9000), 0],
    ]
  for (const [name, events, ms, gate, of, occupied] of table) {
    it(name, () => {
      assert.equal(freeEvents(gate, of, 100, occupied), events)
      assert.equal(untilFreeEvents(gate, of, 100, occupied), ms)
    })
  }

  it('is something after the time that is told, at any pace, whatever was sent before', () => {
    const numbers = [
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 0, max: 3000 }),
    ] as const
    fc.assert(
      fc.property(...numbers, (eventsPerSecond, maxEvents, sent) => {
        const of = sinkOf(maxEvents, { eventsPerSecond })
        const gate = begin(atTime(openGate, of, 0), sent)
        const ms = untilFreeEvents(gate, of, 0, 0) ?? assert.fail('never')
        assert.ok(freeEvents(atTime(gate, of, ms), of, ms, 0) > 0)
        assert.equal(freeEvents(gate, of, 0, 0) > 0, ms === 0)
      }),
    )
  })
})
