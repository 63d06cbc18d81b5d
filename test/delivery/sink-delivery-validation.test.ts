import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { accept } from '../../src/api/verdict.ts'
import type { SinkRuntime } from '../../src/delivery/sink.ts'
import { openSqliteOutbox } from '../../src/outbox/sqlite.ts'
import { type Behaviour, type Received, type Sink, startSink } from '../controlplane/sink.ts'
import { MemoryOutbox } from '../outbox/memory/memory.ts'
import { answer, ids } from './answers.ts'
import { batching, sizes } from './batching.ts'
import { certificate } from './certificates.ts'
import { Clock } from './clock.ts'
import { Running, rowsOf } from './running.ts'
import { trusting } from './trusting.ts'

const origin = 'carillon.example.com'
const asks = (more: Partial<SinkRuntime> = {}): Partial<SinkRuntime> => ({ validation: { origin }, ...more })
const rated = (more: Partial<SinkRuntime> = {}) => asks({ validation: { origin, requestRate: 600 }, ...more })

/** Answers OPTIONS so, and everything else with 204. */
const toOptions =
  (behaviour: Behaviour) =>
  ({ method }: Received): Behaviour =>
    method === 'OPTIONS' ? behaviour : answer(204)

const agreeing = (rate = '*') => answer(200, { 'webhook-allowed-origin': origin, 'webhook-allowed-rate': rate })
const methods = ({ received }: Sink) => received.map(({ method }) => method)
const rowsFor = (count: number, prefix = '') => ids(count, prefix).flatMap((id) => rowsOf(id, [id]))

describe('a sink that is to be asked first', () => {
  it('is asked once, with its headers and without an event; then it is sent all, and told by whom', async () => {
    await using sink = await startSink({ behaviour: toOptions(agreeing()) })
    const sign = () => ({ 'webhook-signature': 'v1,x' })
    await using running = new Running(`${sink.url}/hook?team=a`, {
      sink: rated(),
      headers: async () => accept({ authorization: 'Bearer secret', 'x-team': 'a' }),
      access: { sign },
    })
    await running.enqueue(...rowsFor(9))
    await running.emptied()
    assert.deepEqual(methods(sink), ['OPTIONS', ...ids(9).map(() => 'POST')])
    const [question, ...events] = sink.received as [Received, ...Received[]]
    assert.equal(question.path, '/hook?team=a')
    assert.equal(question.body, '')
    const { host, connection, 'user-agent': agent, ...headers } = question.headers
    assert.match(agent ?? '', /^carillon\//)
    assert.deepEqual(headers, {
      authorization: 'Bearer secret',
      'x-team': 'a',
      'webhook-request-origin': origin,
      'webhook-request-rate': '600',
    })
    for (const { headers, path } of events) {
      assert.deepEqual([path, headers['webhook-request-origin']], ['/hook?team=a', origin])
      assert.deepEqual([headers['webhook-request-rate'], headers['webhook-signature']], [undefined, 'v1,x'])
    }
    assert.ok(running.records.every(({ outcome, attempts }) => outcome === 'delivered' && attempts === 1))
  })

  it('is not asked where nothing asks for it, nor before there is an event', async () => {
    await using sink = await startSink()
    await using plain = new Running(sink.url)
    await plain.enqueue(...rowsFor(1))
    await plain.emptied()
    await using idle = new Running(sink.url, { sink: asks() })
    for (let turn = 0; turn < 5; turn += 1) await setImmediate()
    assert.deepEqual(methods(sink), ['POST'])
    assert.equal(sink.received[0]?.headers['webhook-request-origin'], undefined)
    assert.deepEqual(idle.errors, [])
  })

  const refusals: [what: string, Behaviour, reason: string, message: RegExp][] = [
    ['answers 200 and no more', answer(200), 'ValidationRefused', /200 and no WebHook-Allowed-Origin/],
    [
      'agrees with another',
      answer(200, { 'webhook-allowed-origin': 'other.example.com' }),
      'ValidationRefused',
      /other/,
    ],
    [
      'gives no rate',
      answer(200, { 'webhook-allowed-origin': '*' }),
      'ValidationRefused',
      /no WebHook-Allowed-Rate, though a rate was asked for/,
    ],
    ['knows no OPTIONS', answer(405), 'ValidationRefused', /OPTIONS with 405/],
    ['refuses what it takes for an event', answer(422), 'ValidationRefused', /OPTIONS with 422/],
    [
      'answers with a page',
      { kind: 'answer', status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Welcome</h1>' },
      'ValidationRefused',
      /no WebHook-Allowed-Origin/,
    ],
    ['redirects', answer(307, { location: 'http://127.0.0.1:1/' }), 'Redirected', /307 to OPTIONS.*not followed/],
    ['does not know the token', answer(401), 'Unauthorized', /401 to OPTIONS, before any event/],
    ['is overloaded', answer(503), 'ValidationPending', /503, and is asked again/],
    ['hangs', { kind: 'hang' }, 'Timeout', /No answer within/],
    ['hangs up', { kind: 'reset' }, 'ConnectionReset', /closed the connection/],
  ]
  for (const [what, behaviour, reason, message] of refusals)
    it(`that ${what}: nothing is sent, all waits, until it agrees`, async () => {
      await using sink = await startSink({ behaviour: toOptions(behaviour) })
      await using running = new Running(sink.url, { sink: rated({ timeoutMs: 100, epoch: '1' }), clock: new Clock() })
      await running.enqueue(...rowsOf('a', ['1', '2', '3']))
      const [record] = await running.recorded(1)
      assert.ok(record && record.outcome !== 'dead')
      assert.equal(record.reason, reason)
      if (reason === 'ValidationRefused') assert.match(record.message, /expected is a 2xx with WebHook-Allowed-Origin/)
      if (what !== 'agrees with another') assert.match(record.message, message)
      assert.deepEqual(new Set(methods(sink)), new Set(['OPTIONS']))
      assert.equal(running.outbox.size('team-a/qe'), 3)
      sink.behave(toOptions(agreeing()))
      running.change({ epoch: '2' })
      await running.emptied()
      assert.deepEqual(
        sink.received.filter(({ method }) => method === 'POST').map(({ id }) => id),
        ['1', '2', '3'],
      )
      assert.deepEqual(running.errors, [])
    })

  it('that refuses is asked one at a time, with pauses that grow', async () => {
    await using sink = await startSink({ behaviour: toOptions(answer(405)) })
    await using running = new Running(sink.url, { sink: rated({ concurrency: 8 }) })
    await running.enqueue(...rowsFor(20))
    for (const [asked, pause] of [1000, 2000, 4000].entries()) {
      await running.recorded(asked + 1)
      await running.clock.sleepsFor(pause)
      assert.deepEqual(
        methods(sink),
        ids(asked + 1).map(() => 'OPTIONS'),
      )
      running.clock.advance(pause)
    }
    sink.behave(toOptions(agreeing()))
    await running.recorded(4)
    running.clock.advance(8000)
    await running.emptied()
    assert.equal(methods(sink).filter((method) => method === 'POST').length, 20)
  })

  it('that asks for time is left alone for as long', async () => {
    await using sink = await startSink({ behaviour: toOptions(answer(503, { 'retry-after': '120' })) })
    await using running = new Running(sink.url, { sink: rated() })
    await running.enqueue(...rowsFor(5))
    const [record] = await running.recorded(1)
    assert.deepEqual([record?.reason, record?.rests], ['ValidationPending', true])
    await running.clock.sleepsFor(30_000)
    assert.deepEqual(methods(sink), ['OPTIONS'])
  })

  it('is asked anew after its spec has changed, and not after a restart', async () => {
    await using sink = await startSink({ behaviour: toOptions(agreeing()) })
    const clock = new Clock()
    using stack = new DisposableStack()
    const directory = stack.adopt(mkdtempSync(join(tmpdir(), 'carillon-asked-')), (path) =>
      rmSync(path, { recursive: true }),
    )
    /** One life of the operator on the same disk, in which these events come. */
    const live = async (epoch: string, prefix: string, then?: (running: Running) => Promise<void>) => {
      const opened = openSqliteOutbox({ directory, now: clock.now })
      assert.ok(opened.ok)
      await using outbox = opened.value
      await using running = new Running(sink.url, { sink: rated({ epoch }), clock, outbox })
      await running.enqueue(...rowsFor(2, prefix))
      await running.emptied()
      await then?.(running)
    }
    await live('1', 'a')
    await live('1', 'b', async (running) => {
      assert.deepEqual(methods(sink), ['OPTIONS', 'POST', 'POST', 'POST', 'POST'])
      running.change({ epoch: '2' })
      await running.enqueue(...rowsFor(1, 'c'))
      await running.emptied()
    })
    await live('3', 'd')
    assert.deepEqual(methods(sink).slice(5), ['OPTIONS', 'POST', 'OPTIONS', 'POST', 'POST'])
  })

  it('that changes while it is asked is sent nothing by what it was', async () => {
    await using before = await startSink({ behaviour: { kind: 'hang' } })
    await using after = await startSink({ behaviour: toOptions(answer(405)) })
    let agree = () => undefined as undefined
    await using slow = await startSink({
      behaviour: (request) => {
        agree()
        return { ...toOptions(agreeing())(request), delayMs: 20 } as Behaviour
      },
    })
    await using running = new Running(slow.url, { sink: rated() })
    agree = () => void running.change({ url: after.url, epoch: '2' }) as undefined
    await running.enqueue(...rowsFor(1))
    const [record] = await running.recorded(1)
    assert.equal(record?.reason, 'ValidationRefused')
    assert.deepEqual([methods(slow), methods(after), methods(before)], [['OPTIONS'], ['OPTIONS'], []])
  })

  it('that is for another host by its certificate is not asked at all', async () => {
    const { cert, key } = certificate({ name: 'other', hosts: ['other.example.com'] })
    let requests = 0
    const server = createTlsServer({ cert, key }, (_, response) => {
      requests += 1
      response.writeHead(200, { 'webhook-allowed-origin': '*' }).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`
      await using running = new Running(url, { sink: asks(), access: trusting(cert) })
      await running.enqueue(...rowsFor(3))
      const [record] = await running.recorded(1)
      assert.deepEqual([record?.reason, record?.outcome, requests], ['TLSFailed', 'hold', 0])
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})

describe('the rate that a sink allows', () => {
  /** Lets `ms` pass, in which exactly `events` come. */
  async function passes(running: Running, sink: Sink, ms: number, requests: number): Promise<void> {
    await running.clock.sleepsFor(ms)
    assert.equal(methods(sink).filter((method) => method === 'POST').length, requests)
    running.clock.advance(ms)
  }

  it('is kept to: 40 a minute are one each second and a half', async () => {
    await using sink = await startSink({ behaviour: toOptions(agreeing('40')) })
    await using running = new Running(sink.url, { sink: rated() })
    await running.enqueue(...rowsFor(4))
    for (const requests of [1, 2, 3]) {
      await running.recorded(requests)
      await passes(running, sink, 1500, requests)
    }
    await running.emptied()
    assert.equal(methods(sink)[0], 'OPTIONS')
  })

  it('counts where limits.eventsPerSecond allows more, and does not where it allows less', async () => {
    for (const [eventsPerSecond, rate, ms] of [
      [100, '120', 500],
      [1, '120', 1000],
    ] as const) {
      await using sink = await startSink({ behaviour: toOptions(agreeing(rate)) })
      await using running = new Running(sink.url, { sink: rated({ eventsPerSecond }) })
      await running.enqueue(...rowsFor(3))
      await running.recorded(1)
      await passes(running, sink, ms, 1)
      await running.recorded(2)
      await passes(running, sink, ms, 2)
      await running.emptied()
    }
  })

  it('is of requests: one of many events is one', async () => {
    await using sink = await startSink({ behaviour: toOptions(agreeing('60')) })
    await using running = new Running(sink.url, { sink: rated(batching(50)) })
    await running.enqueue(...rowsFor(101))
    await running.recorded(1)
    await passes(running, sink, 1000, 1)
    await running.recorded(51)
    await passes(running, sink, 1000, 2)
    await running.emptied()
    assert.deepEqual(sizes(sink), [1, 1, 50, 50])
  })

  it('is kept to while a refused request is halved', async () => {
    const poison = ({ method, ids }: Received) => (method === 'POST' && ids.includes('3') ? answer(422) : undefined)
    const behaviour = (request: Received) => poison(request) ?? toOptions(agreeing('60'))(request)
    await using sink = await startSink({ behaviour })
    const clock = new Clock({ runs: true })
    const times: number[] = []
    sink.behave((request) => {
      if (request.method === 'POST') times.push(clock.now())
      return behaviour(request)
    })
    await using running = new Running(sink.url, { sink: rated(batching(8)), clock })
    await running.enqueue(...rowsFor(12))
    await running.emptied()
    const start = times[0] ?? 0
    assert.ok(
      times.every((time, at) => at <= (time - start) / 1000),
      String(times),
    )
    const ends = running.records.filter(({ outcome }) => outcome === 'delivered' || outcome === 'dead')
    assert.deepEqual(
      ends.filter(({ outcome }) => outcome === 'dead').map(({ id }) => id),
      ['3'],
    )
    assert.equal(ends.length, 12)
    assert.deepEqual(running.errors, [])
  })

  it('outlives the process, which does not begin with a request that may be too many', async () => {
    await using sink = await startSink({ behaviour: toOptions(agreeing('6')) })
    const clock = new Clock()
    const outbox = new MemoryOutbox({ now: clock.now })
    {
      await using running = new Running(sink.url, { sink: rated(), clock, outbox })
      await running.enqueue(...rowsFor(1, 'a'))
      await running.emptied()
    }
    await using running = new Running(sink.url, { sink: rated(), clock, outbox })
    await running.enqueue(...rowsFor(1, 'b'))
    await passes(running, sink, 10_000, 1)
    await running.emptied()
    assert.deepEqual(methods(sink), ['OPTIONS', 'POST', 'POST'])
  })
})
