import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compile, fixed } from '../../src/cel/program.ts'
import { toJson } from '../../src/cel/to-json.ts'

const limits = { values: 20, depth: 3, characters: 100 }

function made(source: string) {
  const program = compile(source, { variables: { given: 'dyn' }, result: 'dyn' })
  assert.ok(program.ok, program.ok ? '' : program.message)
  const given = { text: 'x'.repeat(60), bytes: Buffer.from('x'), constructed: new Map([['constructor', 1n]]) }
  const result = program.value.evaluate(fixed({ given }))
  assert.ok(result.ok, result.ok ? '' : result.message)
  return toJson(result.value, limits)
}

describe('what an expression gives, as JSON', () => {
  const rows: [string, unknown][] = [
    ['"a"', 'a'],
    ['1 + 1', 2],
    ['2u', 2],
    ['1.5', 1.5],
    ['null', null],
    ['[1, "a", true, null]', [1, 'a', true, null]],
    ['{"a": {"b": [1]}}', { a: { b: [1] } }],
    ['{1: true, false: "x"}', { 1: true, false: 'x' }],
    ['timestamp("2026-01-31T09:00:00Z")', '2026-01-31T09:00:00.000Z'],
    ['optional.of(3)', 3],
    ['optional.none()', undefined],
    ['given.constructed', { constructor: 1 }],
  ]
  for (const [source, expected] of rows)
    test(source, () => {
      assert.deepEqual(made(source), { ok: true, value: expected })
    })
})

describe('what JSON can not hold is refused', () => {
  const rows: [string, RegExp][] = [
    ['9007199254740993', /beyond 2\^53/],
    ['0.0 / 0.0', /a number that JSON has not/],
    ['duration("1s")', /make a string of it/],
    ['given.bytes', /make a string of it/],
    ['[[[[1]]]]', /more than 3 levels/],
    ['given.text + given.text', /too long a text/],
    ['[given.text, given.text]', /too long a text/],
    ['[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21]', /too many values/],
  ]
  for (const [source, message] of rows)
    test(source, () => {
      const json = made(source)
      assert.ok(!json.ok)
      assert.match(json.message, message)
    })
})

test('a key __proto__ is a key like any other', () => {
  const json = toJson(new Map([['__proto__', new Map([['polluted', true]])]]), limits)
  assert.ok(json.ok)
  assert.equal(JSON.stringify(json.value), '{"__proto__":{"polluted":true}}')
  assert.equal((json.value as Record<string, unknown>).polluted, undefined)
})
