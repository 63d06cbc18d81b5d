import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Answer, FailureClass, Outcome } from '../../src/delivery/attempt.ts'
import { backoff, backoffCeiling } from '../../src/delivery/backoff.ts'
import { allowance, closed, onOutcome } from '../../src/delivery/breaker.ts'
import { type AttemptFacts, decide } from '../../src/delivery/decide.ts'

const now = Date.UTC(2026, 10, 22, 12)
const hour = 3_600_000
const retry = { maxAgeMs: 72 * hour, initialDelayMs: 1000, maxDelayMs: hour }
const facts = (changes: Partial<AttemptFacts> = {}): AttemptFacts => ({
  attempts: 0,
  firstAttempt: undefined,
  now,
  random: () => 0.5,
  retry,
  canShrink: false,
  ...changes,
})
const response = (status: number, retryAfter?: string | string[]): Answer => ({
  kind: 'response',
  status,
  retryAfter,
  durationMs: 1,
})
const failure = (kind: FailureClass): Answer => ({
  kind: 'failure',
  class: kind,
  message: 'What happened.',
  durationMs: 1,
})

/** Every status by ranges, as docs/receivers.md has them; the first that fits counts. */
const expected: [from: number, to: number, kind: Outcome['kind'], reason?: string][] = [
  [200, 299, 'delivered'],
  [100, 199, 'retry'],
  [300, 399, 'hold', 'Redirected'],
  [401, 401, 'hold', 'Unauthorized'],
  [403, 403, 'hold', 'Forbidden'],
  [404, 404, 'hold', 'NotFound'],
  [407, 407, 'hold', 'ProxyAuthenticationRequired'],
  [408, 408, 'retry'],
  [410, 410, 'gone', 'Gone'],
  [413, 413, 'dead', 'TooLarge'],
  [425, 425, 'retry'],
  [429, 429, 'retry', 'TooManyRequests'],
  [400, 499, 'dead'],
  [500, 599, 'retry'],
]

describe('what is done about a status code', () => {
  for (let status = 100; status <= 599; status += 1) {
    const [, , kind, reason = `HTTP${status}`] = expected.find(([from, to]) => status >= from && status <= to) ?? []
    it(`${status}: ${kind}`, () => {
      const outcome = decide(response(status), facts())
      assert.equal(outcome.kind, kind)
      if (outcome.kind === 'delivered') return
      assert.equal(outcome.reason, reason)
      assert.match(outcome.message, new RegExp(`answered ${status}`))
      assert.ok(outcome.message.length <= 256)
    })
  }

  it('413 shrinks an event that can be had smaller', () => {
    assert.equal(decide(response(413), facts({ canShrink: true })).kind, 'shrink')
  })

  for (const status of [0, -1, 99, 600, 799, 999, 1000, Number.NaN]) {
    it(`${status}, which is none: tried again`, () => {
      assert.equal(decide(response(status), facts()).kind, 'retry')
    })
  }
})

describe('what is done about a failure', () => {
  const table: Record<FailureClass, Outcome['kind']> = {
    Timeout: 'retry',
    ConnectionRefused: 'retry',
    ConnectionReset: 'retry',
    DNSFailed: 'retry',
    NetworkFailed: 'retry',
    ProxyFailed: 'retry',
    InvalidAnswer: 'retry',
    ValidationPending: 'retry',
    Aborted: 'retry',
    HostNotFound: 'hold',
    AddressRefused: 'hold',
    PortRefused: 'hold',
    TLSFailed: 'hold',
    InvalidURL: 'hold',
    InvalidHeader: 'hold',
    CredentialsMissing: 'hold',
    ServiceNotFound: 'hold',
    ServiceNotAllowed: 'hold',
    ServiceNotReady: 'hold',
    ServiceUnreadable: 'hold',
    ValidationRefused: 'hold',
    InvalidEvent: 'dead',
    BodyNotAllowed: 'dead',
  }
  for (const [name, kind] of Object.entries(table) as [FailureClass, Outcome['kind']][]) {
    it(`${name}: ${kind}, with the class as the reason`, () => {
      const outcome = decide(failure(name), facts())
      assert.equal(outcome.kind, kind)
      assert.equal('reason' in outcome && outcome.reason, name)
      assert.equal('message' in outcome && outcome.message, 'What happened.')
    })
  }

  it('a long message is cut to 256', () => {
    const outcome = decide({ kind: 'failure', class: 'Timeout', message: 'x'.repeat(1000), durationMs: 1 }, facts())
    assert.equal('message' in outcome && outcome.message.length, 256)
  })
})

describe('maxAge', () => {
  for (const status of [503, 429, 401, 301, 410]) {
    it(`${status} at maxAge after the first attempt: dead, with the last reason`, () => {
      const old = facts({ attempts: 9, firstAttempt: now - retry.maxAgeMs })
      const [before, outcome] = [decide(response(status), facts()), decide(response(status), old)]
      assert.ok(outcome.kind === 'dead' && outcome.expired && 'reason' in before)
      assert.equal(outcome.reason, before.reason)
      assert.match(outcome.message, /^Not delivered within 72h\. The sink answered/)
    })
  }

  it('one ms earlier it is tried once more, on the deadline', () => {
    const outcome = decide(response(503), facts({ attempts: 9, firstAttempt: now - retry.maxAgeMs + 1 }))
    assert.ok(outcome.kind === 'retry')
    assert.equal(outcome.at, now + 1)
  })

  it('a delivery counts, however late', () => {
    assert.equal(decide(response(204), facts({ firstAttempt: 0 })).kind, 'delivered')
  })

  it('what the sink refuses for good has not expired', () => {
    const outcome = decide(response(400), facts({ firstAttempt: 0 }))
    assert.ok(outcome.kind === 'dead' && !outcome.expired)
  })

  it('a first attempt in the future (the clock was set back) is no age', () => {
    assert.equal(decide(response(503), facts({ firstAttempt: now + hour })).kind, 'retry')
  })
})

describe('Retry-After', () => {
  const table: [value: string | string[] | undefined, restMs: number | undefined][] = [
    ['30', 30_000],
    [['30', '60'], 60_000],
    [['60', 'soon', '-5'], 60_000],
    [['soon', 'Sun, 22 Nov 2026 12:00:30 GMT', '1'], 30_000],
    [[], undefined],
    ['30, 60', 60_000],
    ['30,', undefined],
    [' 30 ', 30_000],
    ['0', undefined],
    ['-1', undefined],
    ['+30', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
    ['1000000000', hour],
    ['9'.repeat(400), hour],
    ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
    ['Sunday, 22-Nov-26 12:00:30 GMT', 30_000],
    ['Sun Nov 22 12:00:30 2026', 30_000],
    ['Sun, 22 Nov 2026 11:59:59 GMT', undefined],
    ['Sunday, 06-Nov-94 08:49:37 GMT', undefined],
    ['Wed, 22 Nov 2126 12:00:00 GMT', hour],
    ['Sun, 22 Nov 2026 12:00:30 CET', undefined],
    ['Sun, 22 Nov 2026 25:00:30 GMT', undefined],
    ['2026-11-22T12:00:30Z', undefined],
  ]
  for (const [value, restMs] of table) {
    it(`${JSON.stringify(value)?.slice(0, 40)}: ${restMs === undefined ? 'not obeyed' : `${restMs} ms`}`, () => {
      for (const status of [429, 503]) {
        const outcome = decide(response(status, value), facts({ random: () => 0 }))
        assert.ok(outcome.kind === 'retry')
        assert.equal(outcome.restUntil, restMs === undefined ? undefined : now + restMs)
        assert.equal(outcome.at, now + (restMs ?? 0))
      }
    })
  }

  it('is a floor under the backoff', () => {
    const outcome = decide(response(503, '1'), facts({ attempts: 6, random: () => 1 }))
    assert.ok(outcome.kind === 'retry')
    assert.equal(outcome.at, now + 64_000)
    assert.equal(outcome.restUntil, now + 1000)
  })

  it('says nothing where the sink is set up wrong, took the event, refuses it or is gone', () => {
    for (const status of [200, 301, 400, 401, 403, 404, 410, 413]) {
      const outcome = decide(response(status, '30'), facts())
      assert.ok(!('restUntil' in outcome), `${status}`)
    }
  })

  it('makes the breaker rest, and prolongs a rest that is under way', () => {
    const [asked, asleep] = [decide(response(503, '30'), facts()), decide(response(503), facts())]
    assert.ok(asked.kind === 'retry' && asked.restUntil !== undefined && asleep.kind === 'retry')
    const restFor = asked.restUntil - now
    let breaker = onOutcome(closed, asked, 1000, () => 1, retry, restFor)
    assert.deepEqual([allowance(breaker, 30_999, 8), allowance(breaker, 31_000, 8)], [0, 1])
    breaker = onOutcome(breaker, asleep, 2000, () => 1, retry)
    assert.equal(allowance(breaker, 30_999, 8), 0)
    breaker = onOutcome(breaker, asked, 20_000, () => 1, retry, restFor)
    assert.deepEqual([allowance(breaker, 49_999, 8), allowance(breaker, 50_000, 8)], [0, 1])
  })

  it('is heard before the deadline', () => {
    const outcome = decide(response(503, '30'), facts({ attempts: 6, firstAttempt: now - retry.maxAgeMs + 1 }))
    assert.equal(outcome.kind === 'retry' && outcome.at, now + 30_000)
  })
})

describe('backoff', () => {
  const policies = fc.record({
    maxAgeMs: fc.integer({ min: 1, max: 1000 * hour }),
    initialDelayMs: fc.integer({ min: 1, max: hour }),
    maxDelayMs: fc.integer({ min: 1, max: 24 * hour }),
  })
  const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

  it('lies between now and now + maxDelay, and doubles from initialDelay', () => {
    fc.assert(
      fc.property(policies, fc.nat(5000), randoms, (policy, attempts, random) => {
        const delay = backoff(attempts, policy, () => random)
        const ceiling = backoffCeiling(attempts, policy)
        assert.ok(Number.isInteger(delay) && delay >= 0 && delay <= Math.ceil(ceiling))
        assert.ok(ceiling <= policy.maxDelayMs)
        assert.equal(backoffCeiling(attempts + 1, policy), Math.min(policy.maxDelayMs, ceiling * 2 || 0))
      }),
    )
  })

  it('never puts a row beyond the deadline, nor before now', () => {
    fc.assert(
      fc.property(policies, fc.nat(100), randoms, fc.nat(2000 * hour), (policy, attempts, random, age) => {
        const outcome = decide(
          response(503),
          facts({ attempts, firstAttempt: now - age, random: () => random, retry: policy }),
        )
        if (age >= policy.maxAgeMs) return assert.equal(outcome.kind, 'dead')
        assert.ok(outcome.kind === 'retry')
        assert.ok(outcome.at >= now && outcome.at <= now - age + policy.maxAgeMs)
      }),
    )
  })
})
