import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Findings } from './check.ts'
import type { Cost, Excess } from './cost.ts'
import type { Fault } from './fault.ts'
import { lineOf, statementOf, summaryOf, wrongOf } from './lines.ts'
import { readOptions, usage } from './options.ts'
import type { Played } from './play.ts'

const cost: Cost = { repeats: 20, recoveryMs: 6000 }
const faults: Fault[] = ['F14', 'F15'].map((id) => ({
  id,
  title: `title of ${id}`,
  cost,
  seconds: 1,
  run: () => Promise.reject(new Error('not played')),
}))
const found: Findings = {
  missing: [],
  repeats: ['r1', 'r2', 'r3'],
  otherIds: [],
  phantoms: [],
  inversions: [],
  counters: [],
  due: 1200,
}
const none: Excess = { lost: 0, repeats: 0, otherIds: 0, inversions: 0, wrong: [] }

function played(index: number, more: Partial<Played> = {}): Played {
  const fault = faults[index] as Fault
  const counted = { deadLettered: 0, dropped: 0 }
  const ran = { healedAt: 0, did: 'what was done', notes: ['a figure'] }
  return { fault, seed: 7, seconds: 12.3, ran, found, counted, cost, recoveryMs: 1234, lost: 0, excess: none, ...more }
}

test('a line tells what was done, and what it cost beside what was stated', () => {
  assert.equal(
    lineOf(played(0)),
    'F14       ok   what was done | lost 0, repeats 3 of 20, order kept, recovered 1.2 s of 6, a figure, 1200 deliveries, 12 s',
  )
  const red = played(0, { excess: { ...none, lost: 2 }, lost: 2, found: { ...found, missing: ['m1', 'm2'] } })
  assert.match(lineOf(red), /^F14 {7}RED {2}what was done \| lost 2, /)
  assert.deepEqual(wrongOf(red), ['lost: m1', 'lost: m2'])
  assert.match(
    lineOf({ ...played(0), skipped: 'no file system here' }),
    /^F14 {7}skip title of F14: no file system here$/,
  )
})

test('what was found is named, but not without end', () => {
  const missing = Array.from({ length: 9 }, (_, index) => `m${index}`)
  const red = played(0, { excess: { ...none, lost: 9 }, found: { ...found, missing } })
  assert.deepEqual(wrongOf(red, 2), ['lost: m0', 'lost: m1', 'lost: 7 more'])
})

test('the last line is JSON of all that is beyond what was stated', () => {
  const results = [
    played(0),
    played(1, { excess: { lost: 1, repeats: 2, otherIds: 3, inversions: 4, wrong: ['w'] } }),
    played(1, { excess: { ...none, wrong: ['w'] } }),
    played(0, { skipped: 'not here' }),
  ]
  assert.deepEqual(JSON.parse(summaryOf(results)), {
    faults: 3,
    failed: ['F15'],
    lost: 1,
    repeats: 2,
    repeatsWithAnotherId: 3,
    orderInversions: 4,
  })
})

test('a statement says all that may be', () => {
  assert.equal(
    statementOf({ repeats: { each: 2 }, deadLettered: { atMost: 3 }, dropped: 'counted', recoveryMs: 1000 }),
    'lost 0, repeats ≤ 2 each, dead letters ≤ 3, dropped counted, out of order 0, recovery ≤ 1 s',
  )
})

test('options are read, and nonsense is refused', () => {
  const read = (...args: string[]) => readOptions(args, faults, () => 0.5)
  const plain = { faults, seed: 500_000, quick: false, minutes: undefined, lanes: 3, keep: undefined }
  assert.deepEqual(read(), { ok: true, value: plain })
  assert.deepEqual(read('--only', 'f15', '--seed', '9', '--minutes', '2', '--quick', '--keep', 'there'), {
    ok: true,
    value: { faults: [faults[1]], seed: 9, quick: true, minutes: 2, lanes: 3, keep: 'there' },
  })
  assert.deepEqual(read('--help'), { ok: true, value: 'help' })
  assert.deepEqual(read('--list'), { ok: true, value: 'list' })
  for (const args of [['--only', 'F99'], ['--seed', 'x'], ['--minutes', '0'], ['--lanes', '-1'], ['--what']])
    assert.equal(read(...args).ok, false, args.join(' '))
  assert.match(usage(faults), /^Usage: npm run faults/)
  assert.match(usage(faults), /F15 {7}title of F15/)
})
