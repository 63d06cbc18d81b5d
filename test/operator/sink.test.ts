import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventSink } from '../../src/api/generated.ts'
import { defaultPolicy } from '../../src/api/policy.ts'
import { accept, refuse } from '../../src/api/verdict.ts'
import type { SinkRuntime } from '../../src/delivery/sink.ts'
import { requestedAtAnnotation } from '../../src/operator/requests.ts'
import { isLookedAtAgain, judgeSink, type SinkChecks } from '../../src/operator/sink.ts'
import { sink } from './scene.ts'

const fine: SinkChecks = { url: accept(new URL('https://qe.example.com/hook')), credentials: accept({}) }
const badUrl = refuse('AddressRefused', 'http.url: 127.0.0.1 is loopback')
const noSecret = refuse('SecretNotFound', 'Secret team-a/qe is not there')

test('a sink is ready when its URL may be reached and its Secrets are there', () => {
  const cases: [name: string, spec: Partial<EventSink['spec']>, checks: SinkChecks, readiness: unknown][] = [
    ['all is well', {}, fine, { kind: 'ready', reason: 'Ready', message: 'ready to deliver' }],
    [
      'suspended',
      { suspend: true },
      fine,
      { kind: 'ready', reason: 'Suspended', message: 'suspended: deliveries wait' },
    ],
    [
      'a URL that is refused needs the user',
      {},
      { ...fine, url: badUrl, credentials: noSecret },
      { kind: 'stalled', reason: 'AddressRefused', message: 'http.url: 127.0.0.1 is loopback' },
    ],
    [
      'a Secret may come, though it is suspended',
      { suspend: true },
      { ...fine, credentials: noSecret },
      { kind: 'waiting', reason: 'SecretNotFound', message: 'Secret team-a/qe is not there' },
    ],
    [
      'a Service may come, before anybody looks for its Secrets',
      {},
      { ...fine, service: refuse('ServiceNotFound', 'Service qe is not there'), credentials: noSecret },
      { kind: 'waiting', reason: 'ServiceNotFound', message: 'Service qe is not there' },
    ],
    [
      'a Service that may not be named needs the user',
      {},
      { ...fine, service: refuse('ServiceNotAllowed', 'Service qe has no selector') },
      { kind: 'stalled', reason: 'ServiceNotAllowed', message: 'Service qe has no selector' },
    ],
    [
      'a Service that may be named',
      {},
      { ...fine, service: accept({}) },
      { kind: 'ready', reason: 'Ready', message: 'ready to deliver' },
    ],
  ]
  for (const [name, spec, checks, readiness] of cases)
    assert.deepEqual(judgeSink(sink(spec), checks).readiness, readiness, name)
})

test('a sink is looked at again where something else than itself may change', () => {
  const again = (reason: string) =>
    isLookedAtAgain(judgeSink(sink(), { ...fine, service: refuse(reason, '') }).readiness)
  assert.deepEqual(['ServiceNotFound', 'ServiceUnreadable', 'ServiceNotAllowed'].map(again), [true, true, true])
  assert.deepEqual(
    [fine, { ...fine, url: badUrl }, { ...fine, credentials: noSecret }].map((checks) =>
      isLookedAtAgain(judgeSink(sink(), checks).readiness),
    ),
    [false, false, true],
  )
})

test('delivery is told the Service that a sink names, and its URL', () => {
  const named = (serviceRef: object) => judgeSink(sink({ http: { serviceRef: { name: 'hook', ...serviceRef } } }), fine)
  const of = (runtime: SinkRuntime | undefined) => [runtime?.url, runtime?.service]
  const service = { namespace: 'team-a', name: 'hook' }
  assert.deepEqual(of(named({}).runtime), ['http://hook.team-a.svc/', { ...service, port: undefined, scheme: 'http' }])
  assert.deepEqual(of(named({ port: 8443, path: '/in?a=b', scheme: 'https' }).runtime), [
    'https://hook.team-a.svc:8443/in?a=b',
    { ...service, port: 8443, scheme: 'https' },
  ])
  assert.equal(judgeSink(sink(), fine).runtime?.service, undefined)
})

test('what delivery is told of a sink, with the defaults filled in', () => {
  const state = judgeSink(sink(), fine)
  assert.deepEqual(state.runtime, {
    key: 'team-a/qe',
    epoch: 'uid-qe 1 ',
    door: defaultPolicy.egress,
    url: 'https://qe.example.com/hook',
    mode: 'binary',
    timeoutMs: 15_000,
    concurrency: 8,
    retry: { maxAgeMs: 72 * 3_600_000, initialDelayMs: 1000, maxDelayMs: 3_600_000 },
    suspend: false,
  })
  assert.deepEqual([state.maxEventBytes, state.maxPending], [65_536, { rows: 100_000, bytes: 268_435_456 }])
  const given = judgeSink(
    sink({
      http: { url: 'http://qe/', mode: 'structured', timeout: '3s' },
      limits: { concurrency: 2, eventsPerSecond: 5, maxEventBytes: 9000, maxPending: 7, maxPendingBytes: 2_000_000 },
      retry: { maxAge: '1h', initialDelay: '100ms', maxDelay: '1m' },
      suspend: true,
    }),
    fine,
  )
  assert.deepEqual([given.maxEventBytes, given.maxPending], [9000, { rows: 7, bytes: 2_000_000 }])
  assert.deepEqual(given.runtime, {
    ...given.runtime,
    mode: 'structured',
    timeoutMs: 3000,
    concurrency: 2,
    eventsPerSecond: 5,
    retry: { maxAgeMs: 3_600_000, initialDelayMs: 100, maxDelayMs: 60_000 },
    suspend: true,
  })
})

test('a batch sink has its limits, and other modes have none', () => {
  const batchOf = (http: object) => judgeSink(sink({ http: { url: 'http://qe/', ...http } }), fine).runtime
  assert.deepEqual(batchOf({ mode: 'batch' })?.batch, { maxEvents: 100, maxDelayMs: 1000 })
  assert.deepEqual(batchOf({ mode: 'batch', batch: { maxEvents: 5, maxDelay: '0s' } })?.batch, {
    maxEvents: 5,
    maxDelayMs: 0,
  })
  assert.ok(!('batch' in (batchOf({ mode: 'structured' }) ?? assert.fail())))
})

test('a sink without its Secret still takes rows, which wait', () => {
  assert.ok(judgeSink(sink(), { ...fine, credentials: noSecret }).runtime)
})

test('settings that no schema would let in stall it, and nothing is delivered', () => {
  const state = judgeSink(sink({ retry: { maxAge: 'soon' } }), fine)
  assert.equal(state.runtime, undefined)
  assert.equal(state.readiness.kind, 'stalled')
  assert.match(state.readiness.message, /^retry.maxAge: 'soon' is no duration/)
})

test('its epoch changes with its spec, with requestedAt and when it is made anew, and not with its status', () => {
  const epoch = (object: EventSink) => judgeSink(object, fine).runtime?.epoch
  const asked = (time: string) => ({ annotations: { [requestedAtAnnotation]: time } })
  const epochs = [
    sink(),
    sink({}, { generation: 2 }),
    sink({}, { uid: 'uid-other' }),
    sink({}, asked('1')),
    sink({}, asked('2')),
  ].map(epoch)
  assert.equal(new Set(epochs).size, epochs.length)
  assert.equal(epoch(sink({}, { resourceVersion: '99', labels: { a: 'b' } })), epoch(sink()))
})
