import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { fromJson } from '../../src/cel/json.ts'
import { compile, fixed } from '../../src/cel/program.ts'
import { recordType } from '../../src/cel/record.ts'

const milestone = recordType('Milestone', { name: 'string', time: 'timestamp', outcome: 'string' })

const object = {
  metadata: { name: 'a', labels: { team: 'payments' }, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { empty: [], nothing: null, list: ['x', 'y'], mixed: ['x', 1], map: { k: 1, constructor: 'own' } },
  status: { retries: 3, ratio: 1.5, done: true, huge: 1e300, conditions: [{ type: 'Succeeded', status: 'True' }] },
}

const variables = { object: 'dyn', milestone }

const inputs = fixed({
  object: fromJson(object),
  milestone: milestone.of({ name: 'finished', time: new Date('2026-01-01T01:00:00Z'), outcome: '' }),
})

function evaluate(source: string) {
  const program = compile(source, { variables, result: 'bool' })
  assert.ok(program.ok, program.ok ? '' : `${source}: ${program.message}`)
  return program.value.evaluate(inputs)
}

describe('evaluates', () => {
  const table: [source: string, value: boolean][] = [
    ['1 + 2 * 3 - 4 / 2 == 5 && 7 % 4 == 3 && 7 / 2 == 3', true],
    ['object.metadata.name == "a" ? true : false', true],
    ['object.metadata.name != "a" || !object.status.done', false],
    ['object.metadata.labels["team"] in ["payments", "search"]', true],
    ['"team" in object.metadata.labels && !("constructor" in object.metadata.labels)', true],
    ['object.status.retries + 1 == 4', true],
    ['object.status.retries == 3.0 && object.status.retries > 2.5 && object.status.ratio > 1', true],
    ['double(object.status.retries) + 0.5 == 3.5 && int(object.status.ratio) == 1', true],
    ['object.spec.list == ["x", "y"] && object.spec.list != ["x"]', true],
    ['object.spec.mixed.exists(m, m == 1)', true],
    ['object.spec.empty == [] && object.spec.nothing == null && object.metadata.name != null', true],
    ['has(object.status.done) && !has(object.status.failed)', true],
    ['object.?status.?failed.orValue("no") == "no"', true],
    ['object.?status.?done.hasValue() && object.metadata.labels[?"nope"].orValue("x") == "x"', true],
    ['object.status.conditions.exists(c, c.type == "Succeeded" && c.status == "True")', true],
    ['object.status.conditions.map(c, c.type).all(t, t.startsWith("Succ"))', true],
    ['object.spec.list.filter(x, x > "x").size() == 1 && object.spec.list.exists_one(x, x == "y")', true],
    ['object.metadata.labels.exists(key, object.metadata.labels[key] == "payments")', true],
    ['cel.bind(labels, object.metadata.labels, labels.team == "payments" && size(labels) == 1)', true],
    ['object.nope == 1 || true', true],
    ['object.nope == 1 && false', false],
    ['milestone.name == "finished" && milestone.outcome == ""', true],
    ['milestone.time > timestamp("2026-01-01T00:30:00Z")', true],
    ['milestone.time - timestamp(object.metadata.creationTimestamp) > duration("59m")', true],
    ['string(milestone.time) == "2026-01-01T01:00:00Z" && int(milestone.time) == 1767229200', true],
    ['object.metadata.name.matches("^[a-c]$") && matches(object.metadata.name, "a")', true],
    ['object.spec.map.constructor == "own" && object.spec.map.k == 1', true],
    ['type(object.status.huge) == double && type(object.status.retries) == int', true],
    ['[1].exists(object, object == 1)', true],
    ['object.spec.list.all(x, object.spec.list.exists(y, x == y))', true],
  ]
  for (const [source, value] of table) test(source, () => assert.deepEqual(evaluate(source), { ok: true, value }))
})

describe('fails when run, naming the key and no value', () => {
  const table: [source: string, message: RegExp][] = [
    ['object.status.failed == 1', /^no such key: object\.status\.failed$/],
    ['object.metadata.labels["app"] == "x"', /^no such key: object\.metadata\.labels\["app"\]$/],
    [
      'object.metadata.labels[object.metadata.name] == "x"',
      /^no such key: object\.metadata\.labels\[object\.metadata\.name\]$/,
    ],
    ['object\n  .status\n  .failed == 1', /^no such key: object\.status\.failed$/],
    ['object.nope.deeper == 1', /^no such key: object\.nope$/],
    ['object.spec.list[2] == "x"', /^no such element: object\.spec\.list\[2\]$/],
    ['object.constructor == 1', /^no such key: object\.constructor$/],
    ['object.__proto__ == 1', /^no such key: object\.__proto__$/],
    ['object.metadata.toString == 1', /^no such key/],
    ['object.spec.list.length == 1', /^no such key/],
    ['object.metadata.name.length == 1', /^no such key/],
    ['object.metadata.name + 1 == 2', /^line 1, column 1: no such overload: string \+ int$/],
    ['object.status.retries + 0.5 > 1.0', /^line 1, column 1: no such overload: int \+ double$/],
    [
      'object.metadata.labels.team && true',
      /^line 1, column \d+: logical operator requires bool operands, got 'string'$/,
    ],
    ['true &&\n1 / (object.status.retries - 3) == 1', /^line 2, column 1: division by zero$/],
    ['bool(object.metadata.labels.team)', /^line 1, column 1: bool conversion error$/],
    ['duration(object.metadata.labels.team) > duration("1s")', /^line 1, column 1: invalid duration$/],
    ['object.status.retries * 9223372036854775807 > 0', /^line 1, column 1: numeric overflow$/],
    ['milestone.time.getHours(object.metadata.labels.team) > 0', /^the evaluation failed$/],
    ['bytes(object.metadata.labels.team).json().x == 1', /^the evaluation failed$/],
    ['object.status.retries.matches("a")', /no matching overload for 'int\.matches\(string\)'$/],
  ]
  for (const [source, expected] of table) {
    test(source, () => {
      const result = evaluate(source)
      assert.ok(!result.ok)
      assert.match(result.message, expected)
      assert.doesNotMatch(result.message, /payments/)
    })
  }
})

describe('refuses, with line and column', () => {
  const table: [source: string, message: RegExp][] = [
    ['foo == 1', /^line 1, column 1: unknown variable: foo; the variables are object and milestone$/],
    ['true &&\n  foo == 1', /^line 2, column 3: unknown variable/],
    ['constructor == 1', /unknown variable: constructor/],
    ['milestone.nme == "a"', /^line 1, column 11: milestone has no field nme; it has name, time and outcome$/],
    ['milestone["nme"] == "a"', /milestone has no field nme/],
    ['object.metadata.name ==', /^line 1, column 24: the expression ends too early$/],
    ['object.a == "b', /^line 1, column 13: unterminated string$/],
    ['object.a == 1 )', /^line 1, column 15: /],
    ['object.a =! 1', /^line 1, column 10: /],
    ['milestone.name = "a"', /: unexpected character: .*; CEL compares with == and !=, and joins with && and \|\|$/],
    ['', /ends too early/],
    ['nope(object)', /^line 1, column 1: found no matching overload for 'nope\(dyn\)'$/],
    ['1 + "a" == 2', /^line 1, column 1: no such overload: int \+ string$/],
    ['milestone.time > "2026-01-01T00:00:00Z"', /no such overload: timestamp > string$/],
    ['milestone.name.matches("(")', /^line 1, column 24: the pattern is not valid RE2: missing closing \)/],
    ['milestone.name.matches("(?=a)")', /^line 1, column 24: the pattern is not valid RE2: /],
    ['milestone.name.matches(object.x)', /^line 1, column 24: matches takes a pattern that is written out/],
    ['matches(milestone.name, "a" + "b")', /matches takes a pattern that is written out/],
    [`milestone.name.matches("${'a'.repeat(257)}")`, /a pattern may have 256 characters, this one has 257$/],
    [`milestone.name.matches("${'.{1000}'.repeat(36)}")`, /^line 1, column 24: the pattern repeats too much/],
    ['milestone.name.matches("(abcdef){400}")', /the pattern repeats too much/],
    ['1.matches("a")', /no matching overload for 'int\.matches\(string\)'$/],
    ['milestone.name.matches_re2("a")', /there is no function matches_re2$/],
    ['object.a', /must give true or false, which only a comparison is sure to do/],
    ['milestone.name', /^the expression must give true or false, not string$/],
    ['object.a.all(x, x.all(y, y.all(z, z)))', /^line 1, column 26: all, exists, .* may stand in one another 2 deep$/],
    [`"${'a'.repeat(2048)}" == object.a`, /^the expression has 2062 characters, 2048 are allowed$/],
    [Array(80).fill('object.a == 1').join(' || '), /the expression is too large: it may have 200 parts$/],
    [`${'('.repeat(30)}true${')'.repeat(30)}`, /nested more than 20 levels deep$/],
    [`[${Array(51).fill('1').join()}] == []`, /a list may have 50 elements$/],
    [`{${Array.from({ length: 51 }, (_, i) => `${i}: 1`).join()}} == {}`, /a map may have 50 entries$/],
    [`size(${Array(9).fill('1').join()}) == 1`, /a call may have 8 arguments$/],
    [`${'!'.repeat(2000)}true`, /too large|nested too deeply/],
    ['[].all(e, e > 0)', /cannot be checked/],
  ]
  for (const [source, expected] of table) {
    test(source.length > 60 ? `${source.slice(0, 60)}…` : source || '(empty)', () => {
      const program = compile(source, { variables, result: 'bool' })
      assert.ok(!program.ok)
      assert.equal(program.reason, 'FilterInvalid')
      assert.match(program.message, expected)
      assert.doesNotMatch(program.message, /re2\(|google/)
    })
  }
})

describe('knows what it reads', () => {
  const table: [source: string, reads: string[]][] = [
    ['milestone.name == "x"', ['milestone.name']],
    [
      'object.metadata.labels["a"] == "x" && object.metadata.name == "b"',
      ['object.metadata.labels', 'object.metadata.name'],
    ],
    ['object.status.a.b == 1 || has(object.status)', ['object.status']],
    ['object["status"]["a b"] == 1', ['object.status']],
    ['object[milestone.name].x == 1', ['object', 'milestone.name']],
    ['object.?spec.?x.orValue(1) == 1', ['object.spec.x']],
    ['object == object', ['object']],
    ['object.status.list.exists(x, x == milestone.name)', ['object.status.list', 'milestone.name']],
    ['cel.bind(o, object, o.a == 1)', ['object']],
    ['true', []],
  ]
  for (const [source, reads] of table) {
    test(source, () => {
      const program = compile(source, { variables, result: 'bool' })
      assert.ok(program.ok)
      assert.deepEqual([...program.value.reads].sort(), reads.sort())
    })
  }
})

test('an expression for a value of any type gives that value', () => {
  const program = compile('{"text": milestone.name + "!", "n": [1, object.status.retries]}', {
    variables,
    result: 'dyn',
  })
  assert.ok(program.ok)
  assert.deepEqual(program.value.evaluate(inputs), { ok: true, value: { text: 'finished!', n: [1n, 3n] } })
})

test('no object, however odd, makes an evaluation throw', () => {
  const sources = [
    'object.a == 1',
    'object.a.b["c"] != null || object["a"].b > 1',
    'object.a + object.b == object.c',
    'object.a in object.b || object.b == object.a',
    'object.exists(k, object[k] == object.a || object[k] > 1)',
    'object.a.map(x, [x, x]).exists(x, size(x) == 2 && x[0] == object.b)',
    'has(object.a.b) && object.?a.?b.orValue(1) == 1',
    'size(object.a) > 1 || object.a.size() == 0 || string(object.b) == "1"',
    'object.a.matches("^[\\\\p{L}x]*$") || object.a.startsWith("é") || object.a.contains(object.b)',
    'object.constructor == object.__proto__ || has(object.toString)',
    '!object.a || -object.a == 1 || object.a',
    'timestamp(object.a) < milestone.time || duration(object.a) > duration("1s")',
  ].map((source) => {
    const program = compile(source.endsWith('|| object.a') ? `${source} == true` : source, {
      variables,
      result: 'bool',
    })
    assert.ok(program.ok, source)
    return program.value
  })
  const key = fc.oneof(
    fc.constantFrom('a', 'b', 'c', 'constructor', '__proto__', 'toString', 'length', ''),
    fc.string(),
  )
  const leaf = fc.oneof(
    fc.constantFrom(
      0,
      -0,
      1,
      1.5,
      2 ** 53,
      -(2 ** 63),
      2 ** 63,
      1e300,
      '\ud800',
      '\udfffa',
      '',
      'é',
      true,
      false,
      null,
    ),
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  )
  const { tree } = fc.letrec<{ tree: unknown; map: unknown }>((tie) => ({
    tree: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie('tree'), { maxLength: 4 }), tie('map')),
    map: fc.array(fc.tuple(key, tie('tree')), { maxLength: 6 }).map((entries) => JSON.parse(toJson(entries))),
  }))
  const toJson = (entries: [string, unknown][]) =>
    `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`
  const whole = fc.array(fc.tuple(key, tree), { maxLength: 8 }).map((entries) => JSON.parse(toJson(entries)) as unknown)
  const at = milestone.of({ name: '', time: new Date(0), outcome: '' })
  // A failure prints the seed.
  fc.assert(
    fc.property(whole, (value) => {
      const before = JSON.stringify(value)
      const bound = fixed({ object: fromJson(value), milestone: at })
      for (const program of sources) {
        const result = program.evaluate(bound)
        assert.ok(result.ok ? typeof result.value === 'boolean' : result.message.length > 0)
      }
      assert.equal(JSON.stringify(value), before)
    }),
    { numRuns: 300 },
  )
})
