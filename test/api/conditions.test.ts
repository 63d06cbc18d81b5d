import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ConditionUpdate, removeCondition, setCondition } from '../../src/api/conditions.ts'
import type { Condition } from '../../src/api/generated.ts'

const earlier = '2026-01-01T00:00:00Z'
const now = Date.parse('2026-01-01T00:10:00.123Z')

const stand = (type: string, status: Condition['status'] = 'True'): Condition => ({
  type,
  status,
  observedGeneration: 1,
  lastTransitionTime: earlier,
  reason: 'Before',
  message: 'as it was',
})

const update = (type: string, status: Condition['status'], message = 'as it is'): ConditionUpdate => ({
  type,
  status,
  reason: 'After',
  message,
  observedGeneration: 2,
})

test('a status that changes moves lastTransitionTime to now, in whole seconds', () => {
  const [condition] = setCondition([stand('Ready', 'False')], update('Ready', 'True'), now)
  assert.deepEqual(condition, { ...update('Ready', 'True'), lastTransitionTime: '2026-01-01T00:10:00Z' })
})

test('a status that stays keeps lastTransitionTime, and takes reason, message and generation', () => {
  const [condition] = setCondition([stand('Ready')], update('Ready', 'True'), now)
  assert.deepEqual(condition, { ...update('Ready', 'True'), lastTransitionTime: earlier })
})

const presence: [name: string, before: Condition[], update: ConditionUpdate, types: string[]][] = [
  ['a new condition is added', [], update('Ready', 'False'), ['Ready']],
  ['Reconciling is present while true', [stand('Ready')], update('Reconciling', 'True'), ['Ready', 'Reconciling']],
  ['Reconciling is removed when false', [stand('Reconciling')], update('Reconciling', 'False'), []],
  ['Stalled is removed when unknown', [stand('Stalled'), stand('Ready')], update('Stalled', 'Unknown'), ['Ready']],
  ['Stalled that was never there stays away', [], update('Stalled', 'False'), []],
  ['Delivering stays when false', [stand('Delivering')], update('Delivering', 'False'), ['Delivering']],
  [
    'order is fixed, whatever came first',
    [stand('Zeal'), stand('Stalled'), stand('Overflow'), stand('Delivering')],
    update('Ready', 'False'),
    ['Ready', 'Delivering', 'Stalled', 'Overflow', 'Zeal'],
  ],
]

for (const [name, before, change, types] of presence) {
  test(name, () => {
    const after = setCondition(before, change, now)
    assert.deepEqual(
      after.map((condition) => condition.type),
      types,
    )
  })
}

test('what was there is left untouched', () => {
  const before = [stand('Ready')]
  setCondition(before, update('Ready', 'False'), now)
  removeCondition(before, 'Ready')
  assert.deepEqual(before, [stand('Ready')])
})

test('a removed condition is gone, and removing it again does no harm', () => {
  const after = removeCondition([stand('Ready'), stand('Overflow')], 'Overflow')
  assert.deepEqual(after, [stand('Ready')])
  assert.deepEqual(removeCondition(after, 'Overflow'), after)
})

test('a message longer than the API takes is cut', () => {
  const [condition] = setCondition([], update('Ready', 'False', 'x'.repeat(40_000)), now)
  assert.equal(condition?.message.length, 32_768)
})
