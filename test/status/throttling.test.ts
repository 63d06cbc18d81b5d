import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Throttling } from '../../src/status/throttling.ts'

const one = 'namespace team-a'

describe('what a quota slows', () => {
  it('is told once it has lasted, and for as long as it comes back', () => {
    let now = 0
    const throttling = new Throttling(() => now)
    const passes = (ms: number) => {
      now += ms
      return throttling.look()
    }
    throttling.note(one)
    assert.deepEqual(passes(1000), [])
    throttling.note(one)
    assert.deepEqual(passes(1500), [])
    throttling.note(one)
    assert.deepEqual(passes(0), [one])
    assert.ok(throttling.isTold(one))
    assert.deepEqual(throttling.told(), [one])
    for (let turn = 0; turn < 5; turn += 1) {
      assert.deepEqual(passes(20_000), [])
      throttling.note(one)
    }
    assert.deepEqual(passes(29_999), [])
    assert.deepEqual(passes(1), [one])
    assert.deepEqual([throttling.isTold(one), throttling.told()], [false, []])
  })

  it('is not told for a moment, and forgotten', () => {
    let now = 0
    const throttling = new Throttling(() => now)
    throttling.note(one)
    now += 40_000
    assert.deepEqual(throttling.look(), [])
    throttling.note(one)
    now += 1000
    throttling.note(one)
    assert.deepEqual(throttling.look(), [])
  })

  it('is told of what waits without a word', () => {
    let now = 0
    let waits = true
    const throttling = new Throttling(
      () => now,
      () => waits,
    )
    throttling.note('sink team-a/qe')
    now += 60_000
    assert.deepEqual(throttling.look(), ['sink team-a/qe'])
    waits = false
    now += 30_000
    assert.deepEqual(throttling.look(), ['sink team-a/qe'])
  })
})
