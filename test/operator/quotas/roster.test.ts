import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Bounds, Roster } from '../../../src/operator/quotas/roster.ts'
import { at } from '../scene.ts'

const words = { kind: 'EventSink', quota: 'quotas.sinks', costQuota: 'quotas.cost' }
const bounds = (entries?: number, cost?: number): Bounds => ({ entries, cost })
const entry = (key: string, second: number, cost = 0) => ({ key, created: at(second), cost })

describe('who is served of a namespace', () => {
  it('is the oldest, then the first by name; the others are told what to do', () => {
    const roster = new Roster(() => bounds(2), words)
    assert.deepEqual(roster.enter(entry('a/one', 1)), { standing: { ok: true, value: true }, turned: [] })
    assert.ok(roster.enter(entry('a/y', 2)).standing.ok)
    assert.deepEqual(roster.enter(entry('a/z', 2)).standing, {
      ok: false,
      reason: 'QuotaExceeded',
      message:
        'namespace a may have 2 EventSinks, and has 2 EventSinks that are older: delete one of them, or ask an administrator to raise quotas.sinks',
    })
    assert.ok(roster.enter(entry('b/one', 3)).standing.ok)
    const { standing, turned } = roster.enter(entry('a/x', 2))
    assert.ok(standing.ok)
    assert.deepEqual(turned, ['a/y'])
    assert.equal(roster.refused(), 2)
  })

  it('changes when one goes, for the next alone', () => {
    const roster = new Roster(() => bounds(1), words)
    for (const second of [1, 2, 3]) roster.enter(entry(`a/${second}`, second))
    assert.deepEqual(roster.leave('a/3'), [])
    roster.enter(entry('a/3', 3))
    assert.deepEqual(roster.leave('a/1'), ['a/2'])
    assert.deepEqual(roster.leave('a/1'), [])
    assert.ok(roster.enter(entry('a/2', 2)).standing.ok)
  })

  it('may be nobody, and is everybody where there is no quota', () => {
    let quota: Bounds = bounds(0)
    const roster = new Roster(() => quota, words)
    const refused = roster.enter(entry('a/one', 1)).standing
    assert.match(refused.ok ? '' : refused.message, /^namespace a may have 0 EventSinks, and has none to spare: /)
    quota = bounds()
    assert.ok(roster.enter(entry('a/one', 1)).standing.ok)
    assert.equal(roster.refused(), 0)
  })

  it('is decided by what expressions cost together, too: what does not fit is refused with the numbers, and lets a cheaper one by', () => {
    const roster = new Roster(() => bounds(undefined, 100), words)
    assert.ok(roster.enter(entry('a/one', 1, 60)).standing.ok)
    const dear = roster.enter(entry('a/two', 2, 50)).standing
    assert.match(dear.ok ? '' : dear.message, /cost 50, those of older ones of namespace a 60, and 100 are allowed/)
    assert.ok(roster.enter(entry('a/three', 3, 40)).standing.ok)
    const { turned } = roster.enter(entry('a/one', 1, 10))
    assert.deepEqual(turned, ['a/two'])
    assert.deepEqual(roster.enter(entry('a/one', 1, 61)).turned, ['a/two', 'a/three'])
  })

  it('is the same whatever the order in which they came, and each that turns is told', () => {
    const names = ['p', 'q', 'r', 's', 't', 'u']
    const step = fc.record({ name: fc.constantFrom(...names), second: fc.nat(3), goes: fc.boolean() })
    const property = fc.property(fc.integer({ min: 0, max: 4 }), fc.array(step, { maxLength: 40 }), (quota, steps) => {
      const roster = new Roster(() => bounds(quota), words)
      const there = new Map<string, number>()
      const served = new Map<string, boolean>()
      for (const { name, second, goes } of steps) {
        const key = `a/${name}`
        const result = goes ? { turned: roster.leave(key), standing: undefined } : roster.enter(entry(key, second))
        if (goes) there.delete(key)
        else there.set(key, second)
        if (result.standing) served.set(key, result.standing.ok)
        else served.delete(key)
        for (const one of result.turned) served.set(one, !served.get(one))
        const order = [...there].sort(([a, s], [b, t]) => s - t || (a < b ? -1 : 1)).map(([one]) => one)
        assert.deepEqual(
          order.map((one) => served.get(one)),
          order.map((_, place) => place < quota),
        )
      }
    })
    fc.assert(property, { numRuns: 200 })
  })

  it('is what judging all of them anew would make of it, with quotas and costs that change, and so are the messages', () => {
    const step = fc.record({
      name: fc.constantFrom(...'pqrstu'),
      second: fc.nat(3),
      cost: fc.nat(40),
      what: fc.constantFrom('enter', 'enter', 'enter', 'leave', 'quota'),
      quota: fc.tuple(fc.option(fc.nat(4), { nil: undefined }), fc.nat(80)),
    })
    const property = fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let quota = bounds(3, 60)
      const roster = new Roster(() => quota, words)
      const there = new Map<string, ReturnType<typeof entry>>()
      for (const { name, second, cost, what, quota: next } of steps) {
        const key = `a/${name}`
        if (what === 'leave') {
          roster.leave(key)
          there.delete(key)
        } else {
          if (what === 'quota') quota = bounds(...next)
          there.set(key, entry(key, second, cost))
          roster.enter(entry(key, second, cost))
        }
        const anew = new Roster(() => quota, words)
        for (const one of there.values()) anew.enter(one)
        assert.equal(roster.refused(), anew.refused())
        if (what === 'leave') continue
        for (const one of there.values()) assert.deepEqual(roster.enter(one), { ...anew.enter(one), turned: [] })
      }
    })
    fc.assert(property, { numRuns: 200 })
  })
})
