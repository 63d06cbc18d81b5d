import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { fromJson } from '../../src/cel/json.ts'
import { userLimits } from '../../src/cel/limits.ts'
import { compile, fixed } from '../../src/cel/program.ts'

const many = <T>(length: number, of: (index: number) => T): T[] => Array.from({ length }, (_, index) => of(index))

/** As much as one object can hold in etcd, each part fit to be read on its own. */
const object = {
  numbers: many(50_000, (i) => i),
  items: many(49_000, (i) => ({ a: `${i}` })),
  text: 'a'.repeat(1_400_000),
  digits: '1'.repeat(30_000),
  keys: Object.fromEntries(many(11_000, (i) => [`k${i}`, 'x'])),
  some: Object.fromEntries(many(5000, (i) => [`k${i}`, 'x'])),
}
const inputs = fixed(Object.fromEntries(Object.entries(object).map(([name, value]) => [name, fromJson(value)])))
const variables = Object.fromEntries(Object.keys(object).map((name) => [name, 'dyn']))

const tooMuch = 'the expression takes too much work: it goes through lists or texts that are too long'

const either = (count: number, of: (index: number) => string): string => many(count, of).join(' || ')

describe('an evaluation that would take long is cut short', () => {
  const table: Record<string, string> = {
    'a loop in a loop': 'numbers.all(x, numbers.all(y, x + y >= 0))',
    'a loop whose every turn fails': 'items.exists(x, x.b == "1")',
    'errors swallowed by ||': `items.all(x, ${either(30, (i) => `x.b${i}`)} || true)`,
    'errors swallowed by &&': `items.all(x, !(${many(30, (i) => `x.b${i}`).join(' && ')} && false))`,
    'optional elements that are not there': 'numbers.all(x, !numbers[?x + 100000].hasValue())',
    'a pattern that backtracks elsewhere': 'text.matches("(a+)+$")',
    'a pattern with a large automaton': either(
      4,
      (i) => `text.substring(0, ${700 + i}).matches("\\\\b(a|b)*a(a|b){500}$")`,
    ),
    'a text that doubles':
      'cel.bind(a, text + text, cel.bind(b, a + a, cel.bind(c, b + b, (c + c + c).contains("b"))))',
    'a list that doubles':
      'cel.bind(a, numbers + numbers, cel.bind(b, a + a, cel.bind(c, b + b, size(c + c + c) > 1)))',
    'lists of one list, compared': 'cel.bind(a, numbers.map(x, numbers), cel.bind(b, numbers.map(x, numbers), a == b))',
    'looking through a list again and again': either(30, (i) => `"q${i}" in numbers`),
    'looking through a list in a loop': 'numbers.all(x, !(x + 100000 in numbers))',
    'telling the type of a large map': either(30, (i) => `keys.startsWith("${i}")`),
    'a duration of many digits': 'duration(digits) > duration("1s")',
    'a text split into characters': 'text.split("").exists(c, c == "b")',
    'joining long texts': 'items.map(i, text).join().size() > 1',
    'time zones in a loop': 'numbers.all(x, timestamp(x).getHours("Europe/Berlin") >= 0)',
    'searching a long text in a loop': 'some.all(k, !text.contains(k))',
    'comparing long texts in a loop': 'some.all(k, text + "b" != text)',
    'many comparisons in a loop': `some.all(k, ${many(40, (i) => `k != "${i}"`).join(' && ')})`,
    'lists made in a loop': 'numbers.map(x, x % 2 == 0 ? [x] : [x, x]).exists(l, size(l) == 3)',
  }
  for (const [name, source] of Object.entries(table)) {
    test(name, (t) => {
      const program = compile(source, { variables, result: 'bool' })
      assert.ok(program.ok, program.ok ? '' : program.message)
      const start = performance.now()
      const result = program.value.evaluate(inputs)
      t.diagnostic(`${(performance.now() - start).toFixed(1)} ms`)
      assert.deepEqual(result, { ok: false, message: tooMuch })
    })
  }
})

test('a large pattern on as long a text as is just allowed', (t) => {
  let seed = 1
  const random = () => (seed = (seed * 1103515245 + 12345) % 2 ** 31)
  const letters = fixed({ letters: many(300, () => 'ab '[(random() >> 16) % 3]).join('') })
  const source = 'letters.matches("(.*a.{300})\\\\b$")'
  const program = compile(source, { variables: { letters: 'dyn' }, result: 'bool' })
  assert.ok(program.ok)
  const start = performance.now()
  assert.equal(program.value.evaluate(letters).ok, true)
  t.diagnostic(`${(performance.now() - start).toFixed(1)} ms`)
})

describe('an expression that is large in itself is refused', () => {
  const table: Record<string, string> = {
    'a megabyte': `${'true || '.repeat(131_072)}true`,
    'two thousand parentheses': `${'('.repeat(1000)}1${')'.repeat(1000)} == 1`,
    'three loops in one another': 'numbers.all(x, numbers.all(y, numbers.all(z, x + y + z > 0)))',
  }
  for (const [name, source] of Object.entries(table)) {
    test(name, () => assert.equal(compile(source, { variables, result: 'bool' }).ok, false))
  }
})

test('what ordinary objects hold is far from the limit', () => {
  const limits = { ...userLimits, work: userLimits.work / 10 }
  const small = fixed({
    items: many(100, (i) => ({ type: `t${i}`, status: 'True' })),
    names: many(10, (i) => `t${i}`),
    text: 'x'.repeat(1000),
  })
  for (const source of [
    'items.exists(i, i.type == "none" && i.status == "True") == false',
    'names.all(n, items.exists(i, i.type == n))',
    'text.matches("^x+$") && !text.contains("y") && text == text',
  ]) {
    const program = compile(source, { variables: { items: 'dyn', names: 'dyn', text: 'dyn' }, result: 'bool', limits })
    assert.ok(program.ok)
    assert.deepEqual(program.value.evaluate(small), { ok: true, value: true })
  }
})

test('work is counted anew for each evaluation', () => {
  const program = compile('items.all(x, x.a != "")', { variables, result: 'bool' })
  assert.ok(program.ok)
  const few = fixed({ items: object.items.slice(0, 20_000) })
  for (let i = 0; i < 5; i++) assert.deepEqual(program.value.evaluate(few), { ok: true, value: true })
  assert.equal(program.value.evaluate(inputs).ok, false)
  assert.deepEqual(program.value.evaluate(few), { ok: true, value: true })
})

test('an evaluation leaves no object behind', async () => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const program = compile('object.list.exists(x, cel.bind(y, x, y.a == "none"))', {
    variables: { object: 'dyn' },
    result: 'bool',
  })
  assert.ok(program.ok)
  const run = () => {
    const once = { list: [{ a: 'x' }] }
    program.value.evaluate(fixed({ object: once }))
    return new WeakRef(once)
  }
  const left = run()
  await new Promise((resolve) => setImmediate(resolve))
  gc()
  assert.equal(left.deref(), undefined)
})
