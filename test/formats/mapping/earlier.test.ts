import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lastBefore, withDetail } from '../../../src/formats/mapping/earlier.ts'
import type { Milestone } from '../../../src/sources/source.ts'

const milestone = (name: string, rank: number, details?: Record<string, string>): Milestone => ({
  name,
  key: `${name}/${rank}`,
  class: 'derived',
  time: 1,
  rank,
  ...(details && { details }),
})

test('the last of lower rank is found, whatever stands between', () => {
  const all = [milestone('a', 0), milestone('b', 10), milestone('c', 10), milestone('d', 20), milestone('e', 20)]
  const before = (rank: number, names: string) => lastBefore(all, rank, ({ name }) => names.includes(name))?.name
  assert.equal(before(20, 'abcde'), 'c')
  assert.equal(before(21, 'abcde'), 'e')
  assert.equal(before(20, 'ab'), 'b')
  assert.equal(before(10, 'bcde'), undefined)
  assert.equal(before(0, 'abcde'), undefined)
  assert.equal(
    lastBefore([], 5, () => true),
    undefined,
  )
})

test('milestones are found by a detail, in their order, and none by what is no text', () => {
  const all = [
    milestone('a', 0, { scenario: 'x' }),
    milestone('b', 1, { digest: 'x' }),
    milestone('c', 2, { scenario: 'x' }),
    milestone('d', 3),
  ]
  const names = (detail: 'scenario' | 'digest', value: unknown) =>
    withDetail(all, detail, value).map(({ name }) => name)
  assert.deepEqual(names('scenario', 'x'), ['a', 'c'])
  assert.deepEqual(names('digest', 'x'), ['b'])
  assert.deepEqual(names('scenario', 'y'), [])
  assert.deepEqual(names('scenario', undefined), [])
})
