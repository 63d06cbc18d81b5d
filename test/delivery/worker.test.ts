import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { accept, refuse } from '../../src/api/verdict.ts'
import { MemoryOutbox } from '../../src/outbox/memory.ts'
import { openSqliteOutbox } from '../../src/outbox/sqlite.ts'
import { type Behaviour, startSink } from '../controlplane/sink.ts'
import { Clock } from './clock.ts'
import { Running, rowsOf, sinkKey } from './running.ts'
import { listen } from './sockets.ts'

const answer = (status: number, headers: Record<string, string> = {}): Behaviour => ({
  kind: 'answer',
  status,
  headers,
})
const ids = (count: number, prefix = '') => Array.from({ length: count }, (_, n) => `${prefix}${n}`)

/** A small generator of the same numbers each time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

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
    const [dead] = running.outbox.deadLetters(sinkKey)
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

describe('a sink that is at fault', () => {
  it('rests as a whole, is probed with one, and takes all once it answers', async () => {
    await using sink = await startSink({ behaviour: answer(401) })
    await using running = new Running(sink.url, { sink: { concurrency: 1 } })
    await running.enqueue(...ids(4).flatMap((id) => rowsOf(id, [id])))
    const [first] = await running.recorded(1)
    assert.deepEqual([first?.outcome, first?.reason, first?.rests], ['hold', 'Unauthorized', true])
    await running.clock.sleepsFor(1000)
    running.change({ concurrency: 4 })
    running.clock.advance(999)
    await setImmediate()
    assert.equal(sink.received.length, 1)
    running.clock.advance(1)
    await running.recorded(2)
    await running.clock.sleepsFor(2000)
    assert.equal(sink.received.length, 2)
    sink.behave(answer(204))
    running.clock.advance(2000)
    await running.emptied()
    assert.equal(running.records.filter((one) => one.outcome === 'delivered').length, 4)
    assert.deepEqual(running.freshness.slice(0, 3), [false, true, true])
  })

  it('is left alone for as long as Retry-After says', async () => {
    await using sink = await startSink({ behaviour: answer(429, { 'retry-after': '30' }) })
    await using running = new Running(sink.url, { sink: { concurrency: 1 } })
    await running.enqueue(...ids(3).flatMap((id) => rowsOf(id, [id])))
    const [first] = await running.recorded(1)
    assert.equal(first?.nextAttempt, running.clock.now() + 30_000)
    await running.clock.sleepsFor(30_000)
    running.clock.advance(29_999)
    await setImmediate()
    assert.equal(sink.received.length, 1)
    sink.behave(answer(204))
    running.clock.advance(1)
    await running.emptied()
  })

  it('that was down is drained at once when it is back', async () => {
    let up = false
    await using sink = await startSink({ behaviour: () => answer(up ? 204 : 503) })
    const clock = new Clock({ runs: true })
    await using running = new Running(sink.url, { clock })
    await running.enqueue(...ids(30).flatMap((id) => rowsOf(id, [id])))
    while (clock.now() - Date.UTC(2026, 10, 22, 12) < 3_600_000) await running.recorded(running.records.length + 1)
    const failed = running.records.length
    up = true
    const before = clock.now()
    await running.emptied()
    assert.ok(clock.now() - before <= 60_000, `${clock.now() - before} ms`)
    assert.ok(failed < 30 + 3600 / 25, `${failed} attempts in an hour`)
  })

  it('that is gone gets nothing until its spec changes', async () => {
    await using sink = await startSink({ behaviour: answer(410) })
    await using running = new Running(sink.url, { sink: { concurrency: 1 } })
    await running.enqueue(...rowsOf('a', ['1', '2']), ...rowsOf('b', ['3']))
    const [gone] = await running.recorded(1)
    assert.deepEqual([gone?.outcome, gone?.reason, gone?.rests, gone?.nextAttempt], ['gone', 'Gone', true, undefined])
    running.clock.advance(100 * 3_600_000)
    await running.enqueue(...rowsOf('c', ['4']))
    await setImmediate()
    assert.equal(sink.received.length, 1)
    sink.behave(answer(204))
    running.change({ epoch: '2' })
    await running.emptied()
    assert.deepEqual(
      sink.received.map((one) => one.id),
      ['1', '1', '2', '3', '4'].toSorted(
        (a, b) => sink.received.findIndex((one) => one.id === a) - sink.received.findIndex((one) => one.id === b),
      ),
    )
  })

  it('an answer to what its spec was before does not count against what it is now', async () => {
    let finish: (() => void) | undefined
    const arrived = Promise.withResolvers<void>()
    await using old = await listen((socket) => {
      finish = () => socket.write('HTTP/1.1 410 X\r\ncontent-length: 0\r\n\r\n')
      arrived.resolve()
    })
    await using sink = await startSink()
    await using running = new Running(`http://127.0.0.1:${old.port}/`)
    await running.enqueue(...rowsOf('a', ['1']))
    await arrived.promise
    running.change({ epoch: '2', url: sink.url })
    await running.enqueue(...rowsOf('b', ['2']))
    await running.recorded(1)
    finish?.()
    await running.emptied()
    assert.deepEqual(
      sink.received.map((one) => one.id),
      ['2', '1'],
    )
  })

  it('whose credentials are missing gets nothing, and all once they are there', async () => {
    await using sink = await startSink()
    let found = false
    const headers = async () =>
      found ? accept({ authorization: 'Bearer t' }) : refuse('SecretNotFound', 'Secret qe was not found.')
    await using running = new Running(sink.url, { headers })
    await running.enqueue(...rowsOf('a', ['1']))
    const [record] = await running.recorded(1)
    assert.deepEqual(
      [record?.outcome, record?.reason, record?.message],
      ['hold', 'CredentialsMissing', 'Secret qe was not found.'],
    )
    found = true
    await running.clock.sleepsFor(1000)
    running.clock.advance(1000)
    await running.emptied()
    assert.equal(sink.received.length, 1)
    assert.equal(sink.received[0]?.headers.authorization, 'Bearer t')
  })

  it('whose credentials cannot be read is tried again', async () => {
    await using sink = await startSink()
    let reads = 0
    const headers = async () => {
      reads += 1
      if (reads === 1) throw new Error('connection refused')
      return accept({})
    }
    await using running = new Running(sink.url, { clock: new Clock({ runs: true }), headers })
    await running.enqueue(...rowsOf('a', ['1']))
    await running.emptied()
    assert.equal(running.errors.length, 1)
  })
})

describe('suspend', () => {
  it('rows wait, and go on resume', async () => {
    await using sink = await startSink()
    await using running = new Running(sink.url, { sink: { suspend: true } })
    await running.enqueue(...rowsOf('a', ['1', '2']))
    await setImmediate()
    assert.equal(sink.received.length, 0)
    running.change({ suspend: false, epoch: '2' })
    await running.emptied()
    assert.deepEqual(
      sink.received.map((one) => one.id),
      ['1', '2'],
    )
  })

  it('rows of a sink that is not there wait for one of its name', async () => {
    await using sink = await startSink()
    const present = { url: sink.url }
    await using running = new Running(sink.url, { sink: { suspend: true } })
    running.change({ suspend: true })
    await running.enqueue(...rowsOf('a', ['1']))
    await setImmediate()
    assert.equal(running.outbox.size(sinkKey), 1)
    running.change({ ...present, suspend: false, epoch: 'another uid' })
    await running.emptied()
  })

  it('does not count against maxAge', async () => {
    await using sink = await startSink({ behaviour: answer(503) })
    const retry = { maxAgeMs: 60_000, initialDelayMs: 1000, maxDelayMs: 10_000 }
    await using running = new Running(sink.url, { sink: { retry } })
    await running.enqueue(...rowsOf('a', ['1']))
    await running.recorded(1)
    running.change({ suspend: true, epoch: '2' })
    await setImmediate()
    await setImmediate()
    running.clock.advance(3_600_000)
    running.change({ suspend: false, epoch: '3' })
    const [, second] = await running.recorded(2)
    assert.equal(second?.outcome, 'retry')
  })
})

describe('the end', () => {
  it('what is under way within the grace is settled', async () => {
    const arrived = Promise.withResolvers<() => void>()
    await using listener = await listen((socket) => arrived.resolve(() => socket.write('HTTP/1.1 204 X\r\n\r\n')))
    const running = new Running(`http://127.0.0.1:${listener.port}/`)
    await running.enqueue(...rowsOf('a', ['1', '2']))
    const finish = await arrived.promise
    const stopped = running.stop()
    await setImmediate()
    finish()
    await stopped
    assert.equal(running.outbox.size(sinkKey), 1)
    assert.deepEqual(
      running.records.map((one) => one.outcome),
      ['delivered'],
    )
    assert.equal(listener.requests.length, 1)
  })

  it('what is under way after the grace is handed back untouched', async () => {
    const arrived = Promise.withResolvers<void>()
    await using listener = await listen(() => arrived.resolve())
    const running = new Running(`http://127.0.0.1:${listener.port}/`, { graceMs: 5000 })
    await running.enqueue(...rowsOf('a', ['1']))
    await arrived.promise
    const stopped = running.stop()
    await running.clock.sleepsFor(5000)
    running.clock.advance(5000)
    await stopped
    assert.deepEqual(running.errors, [])
    const [row] = running.outbox.claim(sinkKey, 1, running.clock.now())
    assert.deepEqual([row?.event.id, row?.attempts, row?.firstAttempt], ['1', 0, undefined])
    assert.deepEqual(running.records, [])
  })

  it('rows that wait for a Secret to be read are handed back', async () => {
    const asked = Promise.withResolvers<void>()
    const headers = () => {
      asked.resolve()
      return new Promise<never>(() => undefined)
    }
    const running = new Running('http://127.0.0.1:9/', { headers, graceMs: 10, clock: new Clock({ runs: true }) })
    await running.enqueue(...rowsOf('a', ['1']))
    await asked.promise
    await running.stop()
    assert.equal(running.outbox.claim(sinkKey, 1, running.clock.now())[0]?.attempts, 0)
  })

  it('an abort before the start does nothing', async () => {
    const running = new Running('http://127.0.0.1:9/')
    await running.stop()
    assert.deepEqual(running.errors, [])
  })
})

describe('an outbox that fails', () => {
  it('is written once it can be; nothing is sent twice', async () => {
    const clock = new Clock({ runs: true })
    class Full extends MemoryOutbox {
      left = 3
      override async settle(...args: Parameters<MemoryOutbox['settle']>): Promise<void> {
        this.left -= 1
        if (this.left >= 0) throw new Error('database or disk is full')
        return super.settle(...args)
      }
    }
    await using sink = await startSink()
    await using running = new Running(sink.url, { clock, outbox: new Full({ now: clock.now }) })
    await running.enqueue(...rowsOf('a', ['1', '2']))
    await running.emptied()
    assert.equal(running.errors.length, 3)
    assert.deepEqual(
      sink.received.map((one) => one.id),
      ['1', '2'],
    )
  })

  it('is read once it can be', async () => {
    const clock = new Clock({ runs: true })
    class Unreadable extends MemoryOutbox {
      left = 2
      override claim(...args: Parameters<MemoryOutbox['claim']>) {
        this.left -= 1
        if (this.left >= 0) throw new Error('disk I/O error')
        return super.claim(...args)
      }
    }
    await using sink = await startSink()
    await using running = new Running(sink.url, { clock, outbox: new Unreadable({ now: clock.now }) })
    await running.enqueue(...rowsOf('a', ['1']))
    await running.emptied()
    assert.equal(running.errors.length, 2)
  })
})

it('with the outbox on disk: order, retries and dead letters, and nothing left', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'carillon-delivery-'))
  const clock = new Clock({ runs: true })
  const opened = openSqliteOutbox({ directory, now: clock.now })
  assert.ok(opened.ok)
  {
    await using outbox = opened.value
    const random = seeded(7)
    await using sink = await startSink({
      behaviour: (one) => answer(one.id.endsWith('.13') ? 400 : random() < 0.2 ? 503 : 204),
      record: 'ids',
    })
    await using running = new Running(sink.url, { clock, outbox, random: seeded(8), sink: { concurrency: 16 } })
    const lanes = ids(20, 'object-')
    await running.enqueue(...lanes.flatMap((lane) => rowsOf(lane, ids(20, `${lane}.`))))
    await running.emptied()
    for (const lane of lanes) {
      const done = running.records.filter((one) => one.id.startsWith(`${lane}.`) && one.outcome !== 'retry')
      assert.deepEqual(
        done.map((one) => one.id),
        ids(20, `${lane}.`),
      )
    }
    assert.equal(outbox.deadLetters(sinkKey).length, 20)
    assert.deepEqual(running.errors, [])
    await running.stop()
  }
  rmSync(directory, { recursive: true })
})
