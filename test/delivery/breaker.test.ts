import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Outcome } from '../../src/delivery/attempt.ts'
import { allowance, type Breaker, closed, onOutcome, wasDown } from '../../src/delivery/breaker.ts'

const policy = { maxAgeMs: 1e9, initialDelayMs: 1000, maxDelayMs: 3_600_000 }
const delivered: Outcome = { kind: 'delivered' }
const retry: Outcome = { kind: 'retry', at: 0, reason: 'HTTP503', message: '' }
const hold: Outcome = { kind: 'hold', at: 0, reason: 'Forbidden', message: '' }
const refused: Outcome = { kind: 'dead', reason: 'HTTP400', message: '', expired: false }
const expired: Outcome = { kind: 'dead', reason: 'HTTP503', message: '', expired: true }

const feed = (breaker: Breaker, outcomes: Outcome[], now = 0): Breaker =>
  outcomes.reduce((state, outcome) => onOutcome(state, outcome, now, () => 1, policy), breaker)
const many = (outcome: Outcome, times: number) => Array.from({ length: times }, () => outcome)

describe('the breaker of a sink', () => {
  it('lets through what concurrency allows while all is well', () => {
    assert.equal(allowance(closed, 0, 8), 8)
  })

  it('rests after one hold', () => {
    const state = feed(closed, [hold])
    assert.deepEqual(state, { kind: 'resting', until: 1000, rests: 1, failures: 1 })
    assert.equal(allowance(state, 999, 8), 0)
  })

  it('rests after ten failures in a row, not after nine', () => {
    assert.equal(feed(closed, many(retry, 9)).kind, 'closed')
    assert.equal(feed(closed, many(retry, 10)).kind, 'resting')
  })

  it('counts only failures in a row: one bad event among good ones stops nothing', () => {
    assert.deepEqual(feed(closed, Array.from({ length: 50 }, () => [retry, retry, delivered]).flat()), closed)
  })

  it('takes a refused event as a sign of life, and an expired one as a failure', () => {
    assert.deepEqual(feed(closed, [...many(retry, 9), refused]), closed)
    assert.equal(feed(closed, many(expired, 10)).kind, 'resting')
  })

  it('probes with one after the rest, and closes when it is answered', () => {
    const state = feed(closed, [hold])
    assert.equal(allowance(state, 1000, 8), 1)
    assert.deepEqual(feed(state, [delivered], 1000), closed)
  })

  it('rests longer after each failed probe, 40 s at most', () => {
    let state = feed(closed, [hold])
    const lengths: number[] = []
    for (let probes = 0; probes < 8; probes += 1) {
      const now = state.kind === 'resting' ? state.until : 0
      state = feed(state, [hold], now)
      lengths.push(state.kind === 'resting' ? state.until - now : 0)
    }
    assert.deepEqual(lengths, [2000, 4000, 8000, 16_000, 32_000, 40_000, 40_000, 40_000])
  })

  it('never rests longer than maxDelay', () => {
    const short = { ...policy, initialDelayMs: 50, maxDelayMs: 70 }
    let state = onOutcome(closed, hold, 0, () => 1, short)
    state = onOutcome(state, hold, 50, () => 1, short)
    assert.ok(state.kind === 'resting' && state.until === 120)
  })

  it('is not moved by answers to attempts that began before the rest', () => {
    const state = feed(closed, [hold])
    assert.equal(feed(state, [hold, retry, delivered], 500), state)
  })

  it('rests as long as Retry-After says, from the first such answer on', () => {
    const state = onOutcome(closed, retry, 0, () => 0, policy, 30_000)
    assert.equal(allowance(state, 29_999, 8), 0)
    assert.equal(allowance(state, 30_000, 8), 1)
    const longer = onOutcome(state, retry, 5000, () => 0, policy, 30_000)
    assert.equal(allowance(longer, 34_999, 8), 0)
    assert.equal(
      onOutcome(longer, retry, 6000, () => 0, policy, 1000).kind === 'resting' && allowance(longer, 34_999, 8),
      0,
    )
  })

  it('tells a sink that was down from one that stumbled', () => {
    assert.equal(wasDown(feed(closed, [hold])), false)
    assert.equal(wasDown(feed(feed(closed, [hold]), [hold], 1000)), true)
  })

  it('always comes to a probe within 40 s or Retry-After, and to all after a success', () => {
    const outcomes = fc.constantFrom(delivered, retry, hold, refused, expired)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(outcomes, fc.nat(50_000)), { maxLength: 60 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (steps, random) => {
          let [state, now]: [Breaker, number] = [closed, 0]
          for (const [outcome, pause] of steps) {
            now += pause
            state = onOutcome(state, outcome, now, () => random, policy)
          }
          assert.ok(allowance(state, now + 40_000, 8) >= 1)
          assert.equal(
            allowance(
              onOutcome(state, delivered, now + 40_000, () => random, policy),
              now + 40_000,
              8,
            ),
            8,
          )
        },
      ),
    )
  })
})
