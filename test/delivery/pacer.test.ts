import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { fullPacer, permits, refill, spend, untilNext } from '../../src/delivery/pacer.ts'

describe('the pace of a sink', () => {
  it('begins with one at a slow rate, and with a tenth of a second at a fast one', () => {
    assert.equal(permits(fullPacer(2, 0)), 1)
    assert.equal(permits(fullPacer(500, 0)), 50)
  })

  it('says when the next is due, and lets it through then', () => {
    const spent = spend(fullPacer(4, 0), 1)
    assert.equal(permits(spent), 0)
    assert.equal(untilNext(spent, 4), 250)
    assert.equal(permits(refill(spent, 4, 250)), 1)
    assert.equal(permits(refill(spent, 4, 249)), 0)
  })

  it('does not count time that runs backwards', () => {
    assert.equal(permits(refill(spend(fullPacer(1, 1000), 1), 1, 0)), 0)
  })

  it('never lets more through than the rate and one burst, and never stalls', () => {
    const rates = fc.double({ min: 0.1, max: 5000, noNaN: true })
    fc.assert(
      fc.property(rates, fc.array(fc.nat(2000), { minLength: 1, maxLength: 100 }), (rate, pauses) => {
        let [pacer, now, made] = [fullPacer(rate, 0), 0, 0]
        for (const pause of pauses) {
          now += pause
          pacer = refill(pacer, rate, now)
          const n = permits(pacer)
          pacer = spend(pacer, n)
          made += n
          assert.equal(permits(refill(pacer, rate, now + untilNext(pacer, rate))) >= 1, true)
        }
        assert.ok(made <= (rate * now) / 1000 + Math.max(1, rate / 10) + 1e-6)
      }),
    )
  })
})
