import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fall, lowest, lowWaterOf, rise } from '../../src/outbox/low-water.ts'

/** Rows come (`written`) or go (which of those present). */
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ written: fc.nat(1_000_000), gap: fc.integer({ min: 1, max: 300 }) }) },
    { weight: 2, arbitrary: fc.record({ leaves: fc.nat(), many: fc.integer({ min: 1, max: 40 }) }) },
  ),
  { maxLength: 600 },
)

test('the low-water mark is never after the earliest write, and gone with the last row', () => {
  const property = fc.property(steps, (run) => {
    const water = lowWaterOf()
    const rows = new Map<number, number>()
    let seq = 0
    for (const step of run) {
      if ('written' in step) {
        seq += step.gap
        rise(water, seq, step.written)
        rows.set(seq, step.written)
      } else {
        const present = [...rows.keys()]
        const from = step.leaves % Math.max(1, present.length)
        for (const gone of present.slice(from, from + step.many)) {
          fall(water, gone)
          rows.delete(gone)
        }
      }
      const earliest = rows.size > 0 ? Math.min(...rows.values()) : undefined
      const mark = lowest(water)
      assert.equal(mark === undefined, earliest === undefined)
      assert.ok((mark ?? 0) <= (earliest ?? 0))
      assert.ok(water.parts.length <= 64)
    }
  })
  fc.assert(property, { numRuns: 60 })
})

test('the mark follows a backlog of a hundred thousand as that is worked off', () => {
  const water = lowWaterOf()
  const rows = 100_000
  for (let seq = 1; seq <= rows; seq += 1) rise(water, seq, seq)
  for (let gone = 1; gone < rows; gone += 1) {
    fall(water, gone)
    const behind = gone + 1 - (lowest(water) ?? 0)
    assert.ok(behind >= 0 && behind <= rows / 32, `${behind} behind at ${gone}`)
  }
})

test('the mark of a route that is never empty keeps up', () => {
  const water = lowWaterOf()
  for (let seq = 1; seq <= 10_000; seq += 1) {
    rise(water, seq, seq)
    if (seq > 8) fall(water, seq - 8)
  }
  assert.ok((lowest(water) ?? 0) >= 10_000 - 8 - 64)
})
