import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { accept, refuse } from '../../src/api/verdict.ts'
import { startSink } from '../controlplane/sink.ts'
import { answer, ids } from './answers.ts'
import { Clock } from './clock.ts'
import { Running, rowsOf, sinkKey } from './running.ts'
import { listen } from './sockets.ts'

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
    assert.deepEqual(sink.received.map((one) => one.id).sort(), ['1', '1', '2', '3', '4'])
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
