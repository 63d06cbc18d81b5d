import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { NamespacePlaces, type Share } from '../../src/delivery/namespace-places.ts'

/** Takes all that is given of what it wants, and waits for the rest. */
function stage(limit: number | undefined) {
  const held: string[] = []
  const rung: string[] = []
  const places = new NamespacePlaces({ limitOf: () => limit, held: (sink) => held.push(sink) })
  const enter = (sink: string) => places.enter(sink, () => rung.push(sink))
  const take = (share: Share, wanted: number) => {
    const given = places.places(share, wanted, wanted + share.used)
    places.begin(share, given)
    if (given < wanted) places.wait(share)
    return given
  }
  return { held, rung, places, enter, take }
}

describe('the connections of a namespace', () => {
  it('are not bound where no quota is', () => {
    const { enter, held, take } = stage(undefined)
    assert.equal(take(enter('a/one'), 5000), 5000)
    assert.deepEqual(held, [])
  })

  it('are all for a sink that is alone', () => {
    const { enter, take } = stage(10)
    assert.equal(take(enter('a/one'), 256), 10)
  })

  for (const [limit, sinks, first, others] of [
    [10, 2, 8, 2],
    [256, 4, 232, 8],
    [256, 100, 157, 1],
    [2, 2, 1, 1],
    [4, 3, 2, 1],
  ] as const) {
    it(`of ${limit}, one of ${sinks} sinks that hangs with all it can get has ${first}, and each other can begin ${others} and more`, () => {
      const { enter, take } = stage(limit)
      const [greedy, ...rest] = Array.from({ length: sinks }, (_, n) => enter(`a/sink-${n}`))
      assert.ok(greedy)
      assert.equal(take(greedy, 1000), first)
      for (const share of rest) assert.ok(take(share, others) === others, `${share.sink} has ${share.used}`)
      assert.equal(take(greedy, 1), 0)
    })
  }

  it('are of each namespace by itself', () => {
    const { enter, take } = stage(4)
    assert.equal(take(enter('a/one'), 9), 4)
    assert.equal(take(enter('b/one'), 9), 4)
  })

  it('that come free are for who waits with the fewest, who is rung', async () => {
    const { enter, places, rung, take } = stage(10)
    const [one, two] = [enter('a/one'), enter('a/two')]
    take(one, 100)
    take(two, 100)
    assert.deepEqual([one.used, two.used], [8, 2])
    places.end(one, 1)
    assert.deepEqual(rung.splice(0), ['a/two'])
    assert.equal(take(one, 1), 0)
    assert.equal(take(two, 8), 1)
    await new Promise<void>((resolve) => queueMicrotask(resolve))
    for (let turn = 0; turn < 2; turn += 1) {
      places.end(one, 1)
      assert.equal(take(two, 5), 1)
    }
    assert.deepEqual([one.used, two.used], [5, 5])
  })

  it('that one who was rung has no use for are for the next', async () => {
    const { enter, places, rung, take } = stage(4)
    const [one, two, three] = [enter('a/one'), enter('a/two'), enter('a/three')]
    take(one, 100)
    take(two, 100)
    take(three, 100)
    assert.deepEqual([one.used, two.used, three.used], [2, 1, 1])
    rung.length = 0
    places.end(one, 1)
    assert.deepEqual(rung.splice(0), ['a/one'])
    assert.equal(places.places(one, 0, 100), 0)
    await Promise.resolve()
    assert.deepEqual(rung, ['a/two'])
  })

  it('of a sink that goes are free', () => {
    const { enter, places, rung, take } = stage(4)
    const [one, two] = [enter('a/one'), enter('a/two')]
    take(one, 100)
    take(two, 100)
    places.leave(one)
    assert.deepEqual(rung.at(-1), 'a/two')
    places.end(one, 3)
    assert.equal(take(two, 100), 3)
  })

  it('are never more than the quota, and none is left while somebody waits, whatever happens', async () => {
    const step = fc.record({ sink: fc.nat(4), want: fc.integer({ min: 1, max: 9 }), ends: fc.boolean() })
    const property = fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.array(step), async (limit, steps) => {
      const places = new NamespacePlaces({ limitOf: () => limit, held: () => undefined })
      const needs = [0, 0, 0, 0, 0]
      const ask = (at: number) => {
        const share = shares[at] as Share
        const need = needs[at] ?? 0
        const given = places.places(share, need, 16)
        places.begin(share, given)
        needs[at] = need - given
        if (given < need) places.wait(share)
      }
      const shares: Share[] = needs.map((_, at) => places.enter(`a/${at}`, () => queueMicrotask(() => ask(at))))
      for (const { sink, want, ends } of steps) {
        const share = shares[sink] as Share
        if (ends && share.used > 0) places.end(share, 1)
        else {
          needs[sink] = (needs[sink] ?? 0) + want
          ask(sink)
        }
        await new Promise(setImmediate)
        const used = shares.reduce((sum, one) => sum + one.used, 0)
        assert.ok(used <= limit)
        // Who waits has had its part, as far as there are places at all.
        for (const [at, one] of shares.entries()) assert.ok(!needs[at] || one.used > 0 || used === limit)
      }
      while (shares.some(({ used }) => used > 0)) {
        const busy = shares.find(({ used }) => used > 0) as Share
        places.end(busy, 1)
        await new Promise(setImmediate)
      }
      assert.deepEqual(needs, [0, 0, 0, 0, 0])
    })
    await fc.assert(property, { numRuns: 60 })
  })
})
