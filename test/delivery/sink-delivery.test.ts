import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { accept } from '../../src/api/verdict.ts'
import { type Behaviour, startSink } from '../controlplane/sink.ts'
import { answer, ids, seeded } from './answers.ts'
import { Clock } from './clock.ts'
import { Running, rowsOf, sinkKey } from './running.ts'
import { listen } from './sockets.ts'

describe('delivery to a sink that takes all', () => {
  it('sends each row once, with the headers of the sink and the name of its subscription', async () => {
    await using sink = await startSink()
    await using running = new Running(sink.url, { headers: async () => accept({ 'x-team': 'a' }) })
    await running.enqueue(...rowsOf('a', ['1']), ...rowsOf('b', ['1'], 'team-a/other'))
    const records = await running.recorded(2)
    assert.deepEqual(sink.received.map((one) => one.subscription).sort(), ['team-a/builds', 'team-a/other'])
    assert.ok(sink.received.every((one) => one.headers['x-team'] === 'a' && one.id === '1'))
    const { durationMs, ...record } = records.find((one) => one.subscription === 'team-a/builds') ?? assert.fail()
    assert.ok(durationMs > 0)
    assert.deepEqual(record, {
      time: running.clock.now(),
      sink: sinkKey,
      subscription: 'team-a/builds',
      subscriptionUid: 'uid of team-a/builds',
      id: '1',
      type: 'dev.carillon.tekton.taskrun.finished.v1',
      subject: 'ns/team-a "run" 100% ü',
      attempts: 1,
      httpStatus: 204,
      outcome: 'delivered',
      reason: '',
      message: '',
      nextAttempt: undefined,
      rests: false,
    })
    await running.emptied()
    assert.deepEqual(running.errors, [])
  })

  it('never has more under way than its concurrency, and fills it', async () => {
    let [open, most] = [0, 0]
    const answers: (() => void)[] = []
    const arrived: (() => void)[] = []
    await using listener = await listen((socket) => {
      open += 1
      most = Math.max(most, open)
      answers.push(() => {
        open -= 1
        socket.write('HTTP/1.1 204 X\r\n\r\n')
      })
      arrived.shift()?.()
    })
    await using running = new Running(`http://127.0.0.1:${listener.port}/`, { sink: { concurrency: 3 } })
    for (const id of ids(12)) await running.enqueue(...rowsOf(`object ${id}`, [id]))
    while (running.records.length < 12) {
      while (open < Math.min(3, 12 - running.records.length))
        await new Promise<void>((resolve) => arrived.push(resolve))
      const before = running.records.length
      answers.shift()?.()
      await running.recorded(before + 1)
    }
    assert.equal(most, 3)
  })

  it('keeps its pace', async () => {
    await using sink = await startSink()
    await using running = new Running(sink.url, { sink: { eventsPerSecond: 2 } })
    await running.enqueue(...ids(5).flatMap((id) => rowsOf(id, [id])))
    for (const n of [1, 2, 3, 4, 5]) {
      await running.recorded(n)
      assert.equal(sink.received.length, n)
      if (n === 5) break
      await running.clock.sleepsFor(500)
      running.clock.advance(500)
    }
  })

  it('picks up rows that are committed while it waits', async () => {
    await using sink = await startSink()
    await using running = new Running(sink.url)
    for (let n = 1; n <= 20; n += 1) {
      await running.enqueue(...rowsOf('a', [String(n)]))
      await running.recorded(n)
    }
    assert.deepEqual(
      sink.received.map((one) => one.id),
      ids(21).slice(1),
    )
  })
})

describe('order and repeats under failures', () => {
  for (const seed of [1, 2, 3]) {
    it(`each object's events arrive in order, with the same bytes on every attempt (seed ${seed})`, async () => {
      const random = seeded(seed)
      const bad: Behaviour[] = [
        answer(503),
        answer(500),
        answer(429, { 'retry-after': '2' }),
        { kind: 'reset' },
        answer(401),
        answer(404),
      ]
      await using sink = await startSink({
        behaviour: () => (random() < 0.3 ? (bad[Math.floor(random() * bad.length)] ?? answer(500)) : answer(204)),
      })
      await using running = new Running(sink.url, { clock: new Clock({ runs: true }), random: seeded(seed + 100) })
      const lanes = ids(6, 'object-')
      for (const part of [0, 1, 2]) {
        await running.enqueue(...lanes.flatMap((lane) => rowsOf(lane, ids(5, `${lane}/${part}.`))))
      }
      await running.emptied()
      for (const lane of lanes) {
        const delivered = running.records.filter((one) => one.outcome === 'delivered' && one.id.startsWith(`${lane}/`))
        assert.deepEqual(
          delivered.map((one) => one.id),
          [0, 1, 2].flatMap((part) => ids(5, `${lane}/${part}.`)),
        )
      }
      const byId = Map.groupBy(sink.received, (one) => one.id)
      for (const [id, tries] of byId) {
        assert.equal(new Set(tries.map((one) => `${one.body}${one.headers['ce-subject']}`)).size, 1, id)
        assert.equal(tries.length, running.records.filter((one) => one.id === id).length)
      }
      assert.ok(sink.received.length > 90, 'something failed')
      assert.deepEqual(running.errors, [])
    })
  }

  it('attempts are counted, and the next one is told', async () => {
    await using sink = await startSink({ behaviour: (one) => answer(one.attempt < 3 ? 503 : 204) })
    await using running = new Running(sink.url)
    await running.enqueue(...rowsOf('a', ['1']))
    for (const [n, wait] of [1000, 2000].entries()) {
      const [record] = (await running.recorded(n + 1)).slice(-1)
      assert.deepEqual([record?.outcome, record?.reason, record?.attempts], ['retry', 'HTTP503', n + 1])
      assert.equal(record?.nextAttempt, running.clock.now() + wait)
      await running.clock.sleepsFor(wait)
      running.clock.advance(wait)
    }
    const [last] = (await running.recorded(3)).slice(-1)
    assert.deepEqual([last?.outcome, last?.attempts, last?.httpStatus], ['delivered', 3, 204])
  })

  it('a refused event is a dead letter at once, and those behind it go on', async () => {
    await using sink = await startSink({ behaviour: (one) => answer(one.id === '1' ? 422 : 204) })
    await using running = new Running(sink.url)
    await running.enqueue(...rowsOf('a', ['1', '2']))
    await running.emptied()
    const [dead] = running.outbox.deadLetters({ sink: sinkKey })
    assert.deepEqual(
      [dead?.id, dead?.reason, dead?.message],
      ['1', 'HTTP422', 'The sink answered 422: it refuses this event.'],
    )
    assert.deepEqual(
      running.records.map((one) => one.outcome),
      ['dead', 'delivered'],
    )
  })

  it('an event that is too large becomes a dead letter', async () => {
    await using sink = await startSink({ behaviour: answer(413) })
    await using running = new Running(sink.url)
    await running.enqueue(...rowsOf('a', ['1']))
    await running.emptied()
    assert.equal(running.outbox.deadLetters()[0]?.reason, 'TooLarge')
  })

  it('at maxAge a row becomes a dead letter with the last reason', async () => {
    await using sink = await startSink({ behaviour: answer(503) })
    const clock = new Clock({ runs: true })
    await using running = new Running(sink.url, {
      clock,
      sink: { retry: { maxAgeMs: 60_000, initialDelayMs: 1000, maxDelayMs: 10_000 } },
    })
    const start = clock.now()
    await running.enqueue(...rowsOf('a', ['1']))
    await running.emptied()
    const [dead] = running.outbox.deadLetters()
    assert.equal(dead?.reason, 'HTTP503')
    assert.match(dead?.message ?? '', /^Not delivered within 1m\./)
    assert.equal(clock.now() - start, 60_000)
  })
})
