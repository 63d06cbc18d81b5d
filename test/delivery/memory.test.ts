import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { blank, type Memory, readMemory, writeMemory } from '../../src/delivery/memory.ts'

const some: Memory = {
  at: 3000,
  epoch: 'uid 3 now',
  gone: true,
  rest: { until: 2000, rests: 4 },
  agreement: { perMinute: 120 },
  suspensions: { since: 5, past: [{ from: 1, to: 2 }] },
  missingSince: 7,
  withheld: new Map([['uid-a', 6]]),
  maxAgeMs: 60_000,
}

describe('what a delivery remembers', () => {
  it('comes back as it was written', () => {
    assert.deepEqual(readMemory(writeMemory(some)), some)
    assert.deepEqual(readMemory(writeMemory({ ...blank, epoch: 'e' })), { ...blank, epoch: 'e' })
  })

  it('is nothing where there is nothing to it', () => {
    assert.equal(writeMemory(blank), undefined)
    assert.deepEqual(readMemory(undefined), blank)
  })

  const garbage: [text: string, read: Partial<Memory>][] = [
    ['', {}],
    ['no json', {}],
    ['null', {}],
    ['[1]', {}],
    ['{"v":2,"gone":true}', {}],
    ['{"gone":true}', {}],
    ['{"v":1,"gone":"yes","epoch":3,"rest":7,"past":3,"missing":"a","maxAge":null}', {}],
    [
      '{"v":1,"gone":true,"rest":[1,"a"],"past":[[1,2],[3],[5,4],"a",[6,7]]}',
      {
        gone: true,
        suspensions: {
          since: undefined,
          past: [
            { from: 1, to: 2 },
            { from: 6, to: 7 },
          ],
        },
      },
    ],
    ['{"v":1,"rest":[1e400,1],"suspended":-3}', {}],
    ['{"v":1,"agreed":0}', { agreement: { perMinute: undefined } }],
    ['{"v":1,"agreed":"*"}', {}],
    ['{"v":1,"rest":[5,0],"more":1}', { rest: { until: 5, rests: 1 } }],
  ]
  for (const [text, read] of garbage) {
    it(`${text.slice(0, 60)}: what of it makes sense`, () => assert.deepEqual(readMemory(text), { ...blank, ...read }))
  }

  it('never throws, whatever was kept', () => {
    fc.assert(fc.property(fc.json(), (text) => void readMemory(text)))
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...Object.keys(JSON.parse(writeMemory(some) ?? ''))), fc.jsonValue()),
        (kept) => {
          const memory = readMemory(JSON.stringify({ ...kept, v: 1 }))
          assert.deepEqual(readMemory(writeMemory(memory)), memory)
        },
      ),
    )
  })
})
