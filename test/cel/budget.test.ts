import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Account, Budgets } from '../../src/cel/budget.ts'
import { bodyLimits } from '../../src/cel/limits.ts'
import { compile, fixed } from '../../src/cel/program.ts'

const variables = { object: 'dyn' }

function costOf(source: string): number {
  const account: Account = { cost: 0 }
  const compiled = compile(source, { variables, result: 'dyn', limits: bodyLimits, account })
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.message)
  return account.cost
}

describe('what an expression costs', () => {
  const table: [source: string, cost: number][] = [
    ['true', 1],
    ['object.metadata.name == "build"', 5],
    ['object.metadata.labels["app"].startsWith("a") && object.spec.x > 1', 13],
    ['object.items.all(i, i.ready)', 43],
    ['object.items.exists(i, object.others.exists(o, o.name == i.name))', 2063],
  ]
  for (const [source, cost] of table) test(`${source}: ${cost}`, () => assert.equal(costOf(source), cost))

  test('a pattern costs by its size, and nothing costs more than it may take', () => {
    assert.ok(costOf('object.a.matches("^build-")') > 100)
    assert.ok(costOf('object.a.matches("(a|b){20}")') > costOf('object.a.matches("(a|b){2}")'))
    const dear = Array.from({ length: 40 }, (_, i) => `object.a.all(x, object.b.all(y, y.matches("a{${i}}")))`)
    assert.equal(costOf(dear.join(' && ')), 200_000)
  })
})

describe('what the expressions of a namespace may take', () => {
  const list = Array.from({ length: 100_000 }, (_, i) => i)
  const dear = fixed({ object: list })
  const source = 'object.all(x, object.all(y, x == x))'

  test('is so much a second: then what is costly ends early, and what is cheap goes on', () => {
    let now = 0
    const budgets = new Budgets(() => now)
    const program = (of: string, text: string) => {
      const compiled = compile(text, { variables, result: 'bool', account: { cost: 0, budget: budgets.of(of) } })
      assert.ok(compiled.ok)
      return compiled.value
    }
    const [costly, cheap, other] = [program('a', source), program('a', 'object[7] == 7'), program('b', source)]
    const told = () => {
      const result = costly.evaluate(dear)
      return result.ok ? '' : result.message
    }
    let evaluations = 0
    while (/too much work/.test(told())) evaluations += 1
    assert.ok(evaluations >= 15 && evaluations <= 25, `${evaluations}`)
    assert.match(told(), /^the expressions of this namespace have taken more of the CPU than they may/)
    for (let turn = 0; turn < 1000; turn += 1) assert.deepEqual(cheap.evaluate(dear), { ok: true, value: true })
    const stranger = other.evaluate(dear)
    assert.match(stranger.ok ? '' : stranger.message, /too much work/)
    now += 1000
    assert.match(told(), /too much work/)
  })

  test('is a part of what all may take: who takes much gets less where many do, and who takes little does not', () => {
    let now = 0
    const budgets = new Budgets(() => now)
    const many = Array.from({ length: 30 }, (_, n) => budgets.of(`n${n}`))
    const quiet = budgets.of('quiet')
    let spent = 0
    for (; now < 60_000; now += 10) {
      for (const budget of many) {
        const units = budget.allowed(200_000)
        budget.spent(units)
        spent += units
      }
      assert.equal(quiet.allowed(200_000), 200_000)
      quiet.spent(100)
    }
    // At once, and for a minute; and what is always allowed.
    const bound = 30 * 4_000_000 + 12_000_000 + 60 * 6_000_000 + 30 * 6000 * 500
    assert.ok(spent < bound, `${spent}`)
    assert.ok(spent > 60 * 5_000_000)
  })
})
