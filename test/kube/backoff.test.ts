import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { delayAfter, fullJitter, pause } from '../../src/kube/backoff.ts'
import type { Failure } from '../../src/kube/failure.ts'

const seed = Math.floor(Math.random() * 2 ** 31)
const failing = (retryAfterMs?: number): Failure => ({
  kind: 'failing',
  reason: 'throttled',
  message: '',
  ...(retryAfterMs !== undefined && { retryAfterMs }),
})

describe('backoff', () => {
  it(`is spread over 0 to 0.25 s, doubled up to 30 s (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, random) => {
        const most = Math.min(30_000, 250 * 2 ** Math.min(attempt, 20))
        const delay = fullJitter(attempt, () => random)
        assert.ok(delay >= 0 && delay < most && Number.isInteger(delay))
      }),
      { seed },
    )
  })

  const cases: { name: string; failure: Failure; attempt: number; least: number; most: number }[] = [
    { name: 'no wait before the first list after a 410', failure: { kind: 'expired' }, attempt: 0, least: 0, most: 0 },
    { name: 'a wait before the next', failure: { kind: 'expired' }, attempt: 1, least: 0, most: 500 },
    { name: 'absent: 15 s at most', failure: { kind: 'absent', message: '' }, attempt: 50, least: 0, most: 15_000 },
    {
      name: 'forbidden: 10 s at most',
      failure: { kind: 'forbidden', message: '' },
      attempt: 50,
      least: 0,
      most: 10_000,
    },
    { name: 'failing: 30 s at most', failure: failing(), attempt: 50, least: 0, most: 30_000 },
    { name: 'Retry-After is a least', failure: failing(7000), attempt: 50, least: 7000, most: 8000 },
    { name: 'Retry-After of 0 means nothing', failure: failing(0), attempt: 0, least: 0, most: 250 },
    {
      name: 'Retry-After is obeyed up to 5 min',
      failure: failing(86_400_000),
      attempt: 0,
      least: 300_000,
      most: 300_250,
    },
  ]
  for (const { name, failure, attempt, least, most } of cases) {
    it(name, () => {
      assert.equal(
        delayAfter(failure, attempt, () => 0),
        least,
      )
      assert.equal(
        delayAfter(failure, attempt, () => 1),
        most,
      )
    })
  }

  it('ends a pause when the signal is aborted, or was', async () => {
    const stop = new AbortController()
    const pausing = pause(3_600_000, stop.signal)
    stop.abort()
    await pausing
    await pause(3_600_000, stop.signal)
  })
})
