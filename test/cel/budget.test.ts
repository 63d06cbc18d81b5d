import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Account, type Budget, Budgets } from '../../src/cel/budget.ts'
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
    let beyond = 0
    for (; now < 60_000; now += 10) {
      for (const budget of many) beyond += take(budget, 200_000)
      assert.ok(quiet.allowed(200_000) >= 20_000)
      quiet.spent(100)
    }
    assert.ok(beyond <= most(31, 60), `${beyond}`)
    assert.ok(beyond > 60 * 5_000_000, `${beyond}`)
  })

  test('holds a thousand namespaces together from the first unit on, and parts it equally among them', () => {
    let now = 0
    const budgets = new Budgets(() => now)
    const many = Array.from({ length: 1000 }, (_, n) => budgets.of(`n${n}`))
    const taken = many.map(() => 0)
    const sum = () => taken.reduce((all, one) => all + one, 0)
    for (const [n, budget] of many.entries()) taken[n] = take(budget, 200_000)
    assert.ok(sum() <= most(1000, 0), `${sum()}`)
    assert.ok(Math.min(...taken) >= 19_000)
    const early = sum()
    for (now = 10; now <= 60_000; now += 10) {
      for (const [n, budget] of many.entries()) taken[n] = (taken[n] ?? 0) + take(budget, 200_000)
      if (now === 30_000) {
        assert.ok(sum() <= most(1000, 30), `${sum()}`)
        taken.fill(0)
      }
    }
    // Half a minute of three tenths of a core, a thousandth for each.
    assert.ok(sum() <= 30 * 6_000_000 + 1000 * 500 && sum() > 30 * 5_500_000, `${sum()} after ${early}`)
    const [least, greatest] = [Math.min(...taken), Math.max(...taken)]
    assert.ok(least > greatest / 2, `${least} to ${greatest}`)
    assert.ok(budgets.of('late').allowed(200_000) >= 20_000)
    now += 60_000
    assert.equal(budgets.of('n7').allowed(200_000), 200_000)
  })

  test('asks nothing, not even the time, of those who write usual filters', () => {
    let asked = 0
    const budgets = new Budgets(() => {
      asked += 1
      return 0
    })
    const many = Array.from({ length: 1000 }, (_, n) => budgets.of(`n${n}`))
    for (let round = 0; round < 1000; round += 1) {
      for (const budget of many) {
        assert.equal(budget.allowed(200_000), 200_000)
        budget.spent(500)
      }
    }
    assert.equal(asked, 0)
  })

  test('is remembered for as long as there are expressions, or something is owed', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const budgets = new Budgets(() => 0)
    const kept = budgets.of('kept')
    budgets.of('owing').spent(100_000)
    for (let n = 0; n < 1_000; n += 1) budgets.of(`preview-${n}`).spent(10)
    const { debts } = budgets as unknown as { debts: ReadonlyMap<string, unknown> }
    for (let round = 0; round < 50 && debts.size > 2; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      collect()
    }
    assert.deepEqual([...debts.keys()], ['kept', 'owing'])
    kept.spent(100_000)
    const most = 100_000_000
    assert.equal(budgets.of('kept').allowed(most), kept.allowed(most))
    assert.ok(budgets.of('owing').allowed(most) < new Budgets(() => 0).of('owing').allowed(most))
  })
})

/** Takes all that is allowed; gives what of it is beyond the usual. */
function take(budget: Budget, most: number): number {
  const units = budget.allowed(most)
  budget.spent(units)
  return Math.max(0, units - 500)
}

/** What so many namespaces may take in so many seconds. */
const most = (namespaces: number, seconds: number) => 12_000_000 + namespaces * 20_000 + seconds * 6_000_000
