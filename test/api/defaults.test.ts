import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type SinkDefaults, sinkSettings as settingsWith, sinkDefaults } from '../../src/api/defaults.ts'
import type { EventSinkSpec, SinkRetry } from '../../src/api/generated.ts'

const http = { url: 'https://events.example.com/' }
const hour = 3_600_000
const sinkSettings = (spec: EventSinkSpec, defaults = sinkDefaults) => settingsWith(spec, defaults)

test('a sink that says nothing gets every default', () => {
  assert.deepEqual(sinkSettings({ http }), {
    ok: true,
    value: {
      mode: 'binary',
      batch: undefined,
      timeout: 15_000,
      retry: { maxAge: 72 * hour, initialDelay: 1_000, maxDelay: hour },
      limits: {
        concurrency: 8,
        eventsPerSecond: undefined,
        maxEventBytes: 65_536,
        maxPending: 100_000,
        maxPendingBytes: 268_435_456,
      },
      deadLetters: { retention: 168 * hour, max: 10_000, sink: undefined },
      suspend: false,
    },
  })
})

test("where a sink says nothing, the administrator's defaults count, fitted to what it says", () => {
  const defaults: SinkDefaults = {
    timeout: 5_000,
    retry: { maxAge: hour, initialDelay: 10_000, maxDelay: 600_000 },
    limits: { concurrency: 2, eventsPerSecond: 20, maxEventBytes: 32_768, maxPending: 1_000, maxPendingBytes: 2 ** 20 },
    deadLetters: { retention: 0, max: 5 },
  }
  const settings = (spec: Omit<EventSinkSpec, 'http'>) => {
    const read = sinkSettings({ http, ...spec }, defaults)
    assert.ok(read.ok)
    return read.value
  }
  const silent = settings({})
  assert.deepEqual(
    [silent.timeout, silent.retry, silent.limits, silent.deadLetters],
    [5_000, defaults.retry, defaults.limits, { retention: 0, max: 5, sink: undefined }],
  )
  assert.deepEqual(settings({ retry: { maxAge: '5s' } }).retry, { maxAge: 5_000, initialDelay: 5_000, maxDelay: 5_000 })
  assert.deepEqual(settings({ retry: { maxDelay: '2h' } }).retry, {
    maxAge: 2 * hour,
    initialDelay: 10_000,
    maxDelay: 2 * hour,
  })
  assert.deepEqual(settings({ limits: { eventsPerSecond: 500 } }).limits, { ...defaults.limits, eventsPerSecond: 500 })
  assert.deepEqual(settings({ deadLetters: { max: 7 } }).deadLetters, { retention: 0, max: 7, sink: undefined })
})

test('what a sink says is taken', () => {
  const settings = sinkSettings({
    http: { ...http, mode: 'structured', timeout: '2s' },
    retry: { maxAge: '10m', initialDelay: '2s', maxDelay: '1m' },
    limits: { concurrency: 1, eventsPerSecond: 5, maxEventBytes: 2_048, maxPending: 10, maxPendingBytes: 1_048_576 },
    deadLetters: { retention: '30m', max: 5, sinkRef: { name: 'parking' } },
    suspend: true,
  })
  assert.deepEqual(settings, {
    ok: true,
    value: {
      mode: 'structured',
      batch: undefined,
      timeout: 2_000,
      retry: { maxAge: 600_000, initialDelay: 2_000, maxDelay: 60_000 },
      limits: { concurrency: 1, eventsPerSecond: 5, maxEventBytes: 2_048, maxPending: 10, maxPendingBytes: 1_048_576 },
      deadLetters: { retention: hour / 2, max: 5, sink: 'parking' },
      suspend: true,
    },
  })
})

test('a batch sink has its own settings, and its defaults', () => {
  const batchOf = (batch?: { maxEvents?: number; maxDelay?: string }) => {
    const settings = sinkSettings({ http: { ...http, mode: 'batch', ...(batch && { batch }) } })
    return settings.ok ? settings.value.batch : settings.message
  }
  assert.deepEqual(batchOf(), { maxEvents: 100, maxDelay: 1_000 })
  assert.deepEqual(batchOf({ maxEvents: 7 }), { maxEvents: 7, maxDelay: 1_000 })
  assert.deepEqual(batchOf({ maxDelay: '0s' }), { maxEvents: 100, maxDelay: 0 })
  assert.match(String(batchOf({ maxDelay: 'soon' })), /^http\.batch\.maxDelay: 'soon' is no duration/)
})

const retries: [name: string, given: SinkRetry, initialDelay: number, maxDelay: number, maxAge: number][] = [
  ['a short maxAge shortens both delays', { maxAge: '500ms' }, 500, 500, 500],
  ['a long initialDelay lengthens maxDelay', { initialDelay: '1h' }, hour, hour, 72 * hour],
  ['a short maxDelay shortens initialDelay', { maxDelay: '100ms' }, 100, 100, 72 * hour],
  ['a long maxDelay leaves the rest', { maxDelay: '24h' }, 1_000, 24 * hour, 72 * hour],
]

for (const [name, given, initialDelay, maxDelay, maxAge] of retries) {
  test(name, () => {
    const settings = sinkSettings({ http, retry: given })
    assert.ok(settings.ok)
    assert.deepEqual(settings.value.retry, { maxAge, initialDelay, maxDelay })
  })
}

test('dead letters need not be kept at all', () => {
  for (const retention of ['0s', '0h0m']) {
    const settings = sinkSettings({ http, deadLetters: { retention, max: 0 } })
    assert.ok(settings.ok)
    assert.deepEqual(settings.value.deadLetters, { retention: 0, max: 0, sink: undefined })
  }
})

const refused: [name: string, spec: Parameters<typeof sinkSettings>[0], reason: string, message: RegExp][] = [
  ['a timeout that is none', { http: { ...http, timeout: 'soon' } }, 'DurationInvalid', /^http\.timeout: 'soon'/],
  [
    'a retention that is none',
    { http, deadLetters: { retention: '7d' } },
    'DurationInvalid',
    /^deadLetters\.retention: '7d'/,
  ],
  ['a maxAge that is none', { http, retry: { maxAge: '3d' } }, 'DurationInvalid', /^retry\.maxAge: '3d'/],
  [
    'delays the wrong way round',
    { http, retry: { initialDelay: '2s', maxDelay: '1s' } },
    'RetryInvalid',
    /initialDelay/,
  ],
  ['a delay longer than all', { http, retry: { maxDelay: '2h', maxAge: '1h' } }, 'RetryInvalid', /maxDelay/],
]

for (const [name, spec, reason, message] of refused) {
  test(`${name} is refused by name`, () => {
    const settings = sinkSettings(spec)
    assert.ok(!settings.ok)
    assert.equal(settings.reason, reason)
    assert.match(settings.message, message)
  })
}
