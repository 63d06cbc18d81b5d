import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { fromJson, viewOf } from '../../src/cel/json.ts'
import { WorkExceeded } from '../../src/cel/limits.ts'

describe('numbers', () => {
  const table: [json: string, value: unknown][] = [
    ['1', 1n],
    ['1.0', 1n],
    ['-0', 0n],
    ['1.5', 1.5],
    ['9007199254740992', 9007199254740992n],
    ['-9223372036854775808', -9223372036854775808n],
    ['9223372036854775808', 2 ** 63],
    ['1e300', 1e300],
    ['[1, [2.5, 3]]', [1n, [2.5, 3n]]],
    ['{"a": {"b": 1}, "c": "1"}', { a: { b: 1n }, c: '1' }],
  ]
  for (const [json, value] of table) test(json, () => assert.deepEqual(fromJson(JSON.parse(json)), value))
})

test('what holds no whole number is given back as it is', () => {
  const value = { a: ['x', { b: null, c: 1.5, d: true }] }
  assert.equal(fromJson(value), value)
})

test('a key named constructor or __proto__ is a key like any other', () => {
  assert.deepEqual(
    fromJson(JSON.parse('{"constructor": 1, "a": 2}')),
    new Map([...Object.entries({ constructor: 1n, a: 2n })]),
  )
  const converted = fromJson(JSON.parse('{"__proto__": {"x": 1}, "a": 2}')) as object
  assert.equal(Object.getPrototypeOf(converted), Object.prototype)
  assert.deepEqual(Object.getOwnPropertyDescriptor(converted, '__proto__')?.value, { x: 1n })
})

test('too many values or too deep a nesting is refused', () => {
  assert.throws(() => fromJson(Array(100_001).fill(1)), WorkExceeded)
  assert.throws(() => fromJson(JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`)), WorkExceeded)
})

describe('a view', () => {
  const json = () => ({ kind: 'X', metadata: { generation: 1, labels: { a: 'b' } }, status: { n: 1, deep: { n: 2 } } })

  test('converts only what is asked for, and leaves the object alone', () => {
    const object = json()
    const view = viewOf(object)
    assert.deepEqual(view.with(['status', 'n'], 'object.status.n'), { ...object, status: { n: 1n, deep: { n: 2 } } })
    const seen = view.with(['metadata', 'labels'], 'object.metadata.labels') as typeof object
    assert.equal(seen.metadata.labels, object.metadata.labels)
    assert.equal(seen.metadata.generation, 1)
    assert.deepEqual(object, json())
  })

  test('gives the same values in whatever order its parts are asked for', () => {
    const paths = [
      [],
      ['status'],
      ['status', 'n'],
      ['status', 'deep'],
      ['metadata', 'generation'],
      ['nope'],
      ['nope', 'x'],
      ['kind', 'x'],
    ]
    const whole = fromJson(json()) as Record<string, unknown>
    fc.assert(
      fc.property(fc.shuffledSubarray(paths, { minLength: 1 }), (order) => {
        const object = json()
        const view = viewOf(object)
        for (const keys of order) {
          const got = view.with(keys, ['object', ...keys].join('.'))
          assert.deepEqual(at(got, keys), at(whole, keys))
        }
        assert.deepEqual(object, json())
      }),
    )
  })

  test('fails again where it failed before', () => {
    const view = viewOf({ list: Array(100_001).fill(1) })
    for (let i = 0; i < 2; i++) assert.throws(() => view.with(['list'], 'object.list'), WorkExceeded)
  })
})

const at = (value: unknown, keys: readonly string[]): unknown =>
  keys.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' ? (inner as Record<string, unknown> | undefined)?.[key] : undefined),
    value,
  )
