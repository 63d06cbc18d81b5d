import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { viewOf } from '../../src/cel/json.ts'
import { bodyLimits, userLimits } from '../../src/cel/limits.ts'
import { type CompileOptions, compile, type Inputs } from '../../src/cel/program.ts'

const many = <T>(length: number, of: (index: number) => T): T[] => Array.from({ length }, (_, index) => of(index))

/** An object as a filter is given it, converted anew for each evaluation. */
function inputsOf(object: Record<string, unknown>): Inputs {
  const view = viewOf(object)
  return {
    bind(paths) {
      const values: Record<string, unknown> = {}
      for (const { keys, name } of paths) values.object = view.with(keys, name)
      return values
    },
  }
}

const options: CompileOptions = { variables: { object: 'dyn' }, result: 'dyn' }

/** Objects of up to a megabyte and a half, as etcd takes them, each the worst of its sort. */
const objects = {
  'a list of numbers': { spec: many(99_000, (i) => i) },
  'a list of maps': { spec: many(33_000, (i) => ({ name: `${i}` })) },
  'a map of 90 000 keys': { spec: Object.fromEntries(many(90_000, (i) => [i.toString(36), 1])) },
  'a map of 11 000 keys': { spec: Object.fromEntries(many(11_000, (i) => [i.toString(36), 1])) },
  'a map in a map, 90 deep': { spec: many(90, (i) => i).reduce<unknown>((inner) => ({ a: inner }), 'x') },
  'a map in a map, 10 000 deep': {
    spec: JSON.parse(`${'['.repeat(5_000)}1${']'.repeat(5_000)}`),
  },
  'a long text': { spec: 'ab'.repeat(700_000) },
  'long digits': { spec: '9'.repeat(1_400_000) },
  'many texts': { spec: many(40_000, (i) => `text ${i}`) },
}

const expressions: Record<string, string> = {
  'is read': 'object.spec == object.spec',
  'is gone through': 'object.spec.all(x, x == x)',
  'is gone through in a loop': 'object.spec.all(x, object.spec.all(y, x != y))',
  'is mapped to itself': 'object.spec.map(x, object.spec.map(y, [x, y]))',
  'is filtered again and again': 'object.spec.filter(x, object.spec.filter(y, true).size() > 0)',
  'is matched': 'object.spec.matches("(a+)+$") || object.spec.matches("(a|b|ab)*c")',
  'is matched by a pattern with large repetitions': 'object.spec.matches("(a.{20}){40}b")',
  'is replaced by more, twice': `object.spec.replace("", "${'x'.repeat(900)}").replace("x", "${'y'.repeat(900)}")`,
  'is split and joined': 'object.spec.split("").join("abcdefgh").split("a").size() > 0',
  'is turned about': 'object.spec.lowerAscii().upperAscii().trim().indexOf("zz") > 0',
  'is a duration': 'duration(object.spec) > duration("1s")',
  'is a timestamp': 'timestamp(object.spec) > timestamp("2026-01-01T00:00:00Z")',
  'is a number': 'int(object.spec) > 0 || double(object.spec) > 0.0',
  'is written out': 'string(object.spec).size() > 0 || bytes(object.spec).size() > 0',
  'is looked for in itself': 'object.spec in object.spec || [object.spec] in [object.spec]',
  doubles:
    'cel.bind(a, object.spec + object.spec, cel.bind(b, a + a, cel.bind(c, b + b, cel.bind(d, c + c, d + d == d))))',
}

/** Whatever one evaluation is given, by the largest of the limits. */
describe('no expression on any object takes more than its limit', () => {
  for (const limits of [userLimits, bodyLimits]) {
    const which = limits === userLimits ? 'filter' : 'body'
    for (const [text, source] of Object.entries(expressions)) {
      test(`of a ${which}, what ${text}`, (t) => {
        const compiled = compile(source, { ...options, limits })
        if (!compiled.ok) return t.diagnostic(`refused: ${compiled.message}`)
        let [worst, of] = [0, '']
        for (const [name, object] of Object.entries(objects)) {
          const inputs = inputsOf(object)
          const start = process.threadCpuUsage()
          const result = compiled.value.evaluate(inputs)
          const { user, system } = process.threadCpuUsage(start)
          if (user + system > worst) [worst, of] = [user + system, name]
          if (!result.ok) assert.doesNotMatch(result.message, /999|text 1|ababab/)
        }
        t.diagnostic(`${(worst / 1000).toFixed(1)} ms of CPU at most, for ${of}`)
      })
    }
  }
})

describe('what is written to be large is refused before anything runs', () => {
  const table: Record<string, string> = {
    'a megabyte of text': `"${'x'.repeat(1_000_000)}" == object.a`,
    '100 000 brackets': `${'['.repeat(50_000)}${']'.repeat(50_000)} == object.a`,
    'a chain of 10 000 calls': `object.a${'.trim()'.repeat(10_000)} == ""`,
    'three loops in one another': 'object.a.all(x, object.a.all(y, object.a.all(z, x + y > z)))',
    'a thousand terms': `${many(1000, (i) => `object.a${i}`).join(' == ')}`,
    'a list of 200 elements': `size([${many(200, (i) => `${i}`).join()}]) == 1`,
    'a map of 200 entries': `size({${many(200, (i) => `${i}: ${i}`).join()}}) == 1`,
    'a pattern that is made when it runs': 'object.a.matches(object.b)',
    'a pattern of 300 characters': `object.a.matches("${'(a+)+'.repeat(60)}")`,
    'a pattern that repeats repetitions': 'object.a.matches("((a{100}){100}){100}")',
    'a pattern that looks back': 'object.a.matches("(a+)\\\\1$")',
    'not and not again': `${'!'.repeat(500)}object.a`,
    'a condition in a condition': `${'true ? object.a : ('.repeat(200)}1${')'.repeat(200)}`,
  }
  for (const [name, source] of Object.entries(table)) {
    test(name, (t) => {
      const start = process.threadCpuUsage()
      const compiled = compile(source, options)
      const { user, system } = process.threadCpuUsage(start)
      t.diagnostic(`${((user + system) / 1000).toFixed(1)} ms of CPU`)
      assert.ok(!compiled.ok && compiled.reason === 'FilterInvalid', compiled.ok ? 'compiled' : compiled.reason)
      assert.ok(compiled.message.length < 400, compiled.message)
    })
  }
})

test('a map of so many keys that its like would take long to copy is not read, and not looked at again for other filters', () => {
  const inputs = inputsOf(objects['a map of 90 000 keys'])
  for (const source of ['size(object.spec) > 1', 'object.spec.all(x, true)']) {
    const compiled = compile(source, options)
    assert.ok(compiled.ok)
    assert.deepEqual(compiled.value.evaluate(inputs), {
      ok: false,
      message: 'a part of the object that is read holds more than 100000 values',
    })
  }
})
