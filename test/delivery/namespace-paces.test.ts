import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { NamespacePaces } from '../../src/delivery/namespace-paces.ts'
import { Clock } from './clock.ts'

function stage(rates: Record<string, number | undefined>) {
  const clock = new Clock({ start: 0 })
  const held: string[] = []
  const paces = new NamespacePaces({
    rateOf: (namespace) => rates[namespace],
    monotonic: clock.now,
    sleep: clock.sleep,
    held: (namespace) => held.push(namespace),
  })
  const take = (namespace: string) => {
    const isAllowed = paces.allows(namespace)
    if (isAllowed) paces.took(namespace)
    return isAllowed
  }
  const pass = async (ms: number) => {
    clock.advance(ms)
    await setImmediate()
  }
  return { clock, held, paces, rates, take, pass }
}

describe('the pace of a namespace', () => {
  it('is kept over all sinks, and by each namespace for itself', async () => {
    const { held, pass, take } = stage({ a: 2, b: 2 })
    assert.deepEqual([take('a'), take('a'), take('b'), take('free')], [true, false, true, true])
    assert.deepEqual(held, ['a'])
    await pass(500)
    assert.deepEqual([take('a'), take('a')], [true, false])
  })

  it('owes what went together, and makes up for it', async () => {
    const { paces, pass, take } = stage({ a: 10 })
    assert.ok(paces.allows('a'))
    for (let row = 0; row < 5; row += 1) paces.took('a')
    await pass(400)
    assert.ok(!take('a'))
    await pass(100)
    assert.ok(take('a'))
  })

  it('rings those that wait one after the other, as it lets them go', async () => {
    const { clock, paces, pass, take } = stage({ a: 1 })
    take('a')
    const rung: string[] = []
    for (const sink of ['one', 'two', 'three']) {
      take('a')
      const ring = () => {
        rung.push(sink)
        assert.ok(take('a'))
      }
      paces.wait('a', ring)
      paces.wait('a', ring)
    }
    await clock.sleepsFor(1000)
    for (const [at, sink] of ['one', 'two', 'three'].entries()) {
      await pass(999)
      assert.equal(rung.length, at)
      await pass(1)
      assert.equal(rung.at(-1), sink)
    }
  })

  it('that is raised or given up lets those go that wait', async () => {
    const { paces, pass, rates, take } = stage({ a: 0.01 })
    take('a')
    assert.ok(!take('a'))
    let rung = 0
    paces.wait('a', () => {
      rung += 1
    })
    await pass(1000)
    assert.equal(rung, 0)
    rates.a = undefined
    await pass(1000)
    assert.equal(rung, 1)
  })

  it('does not ring who has gone', async () => {
    const { paces, pass, take } = stage({ a: 10 })
    take('a')
    take('a')
    const ring = () => assert.fail('rung')
    paces.wait('a', ring)
    paces.forget(ring)
    await pass(5000)
  })
})
