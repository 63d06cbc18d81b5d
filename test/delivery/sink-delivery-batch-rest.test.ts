import assert from 'node:assert/strict'

import { describe, it } from 'node:test'
import { accept, refuse } from '../../src/api/verdict.ts'

import { startSink } from '../controlplane/sink.ts'

import { answer, ids } from './answers.ts'
import { batching, holds, idsOf, sizes } from './batching.ts'
import { Clock } from './clock.ts'

import { Running, rowsOf } from './running.ts'

describe('a sink that fails as a whole', () => {
  it('is tried again with all events of the request after one pause', async () => {
    await using sink = await startSink({ behaviour: ({ attempt }) => answer(attempt === 1 ? 503 : 204) })
    await using running = new Running(sink.url, { sink: batching(8) })
    await running.enqueue(...ids(5).flatMap((id) => rowsOf(id, [id])))
    const records = await running.recorded(5)
    assert.deepEqual(
      new Set(records.map((one) => `${one.outcome} ${one.nextAttempt}`)),
      new Set([`retry ${running.clock.now() + 1000}`]),
    )
    await running.clock.sleepsFor(1000)
    running.clock.advance(1000)
    await running.emptied()
    assert.deepEqual(idsOf(sink), [ids(5), ids(5)])
    assert.deepEqual(new Set(running.records.slice(5).map(({ attempts }) => attempts)), new Set([2]))
  })

  it('gets the one event that makes it fail alone, while the others go through', async () => {
    const clock = new Clock({ runs: true })
    await using sink = await startSink({ behaviour: (one) => answer(holds(one, '11') ? 500 : 204) })
    await using running = new Running(sink.url, {
      clock,
      sink: batching(32, 0, { retry: { maxAgeMs: 600_000, initialDelayMs: 1000, maxDelayMs: 30_000 } }),
    })
    await running.enqueue(...ids(32).flatMap((id) => rowsOf(id, [id])))
    await running.recorded(32)
    const start = clock.now()
    await running.enqueue(...ids(9, 'young').flatMap((id) => rowsOf(id, [id])))
    await running.emptied()
    assert.deepEqual(
      running.outbox.deadLetters().map(({ id, reason }) => [id, reason]),
      [['11', 'HTTP500']],
    )
    const last = running.records.filter(({ outcome }) => outcome === 'delivered').at(-1)
    assert.ok((last?.time ?? 0) - start < 120_000)
    const young = running.records.filter(({ id }) => id.startsWith('young'))
    assert.ok(young.every(({ outcome }) => outcome === 'delivered'))
  })

  it('is probed with one event while it rests, and gets requests of many once it takes that', async () => {
    await using sink = await startSink({ behaviour: answer(401) })
    await using running = new Running(sink.url, { sink: batching(10, 0, { concurrency: 1 }) })
    await running.enqueue(...ids(30).flatMap((id) => rowsOf(id, [id])))
    await running.recorded(10)
    await running.clock.sleepsFor(1000)
    assert.ok(running.records.every(({ outcome, rests }) => outcome === 'hold' && rests))
    const before = sink.received.length
    running.clock.advance(1000)
    await sink.waitFor((received) => received.length > before, { what: 'the probe' })
    assert.equal(sizes(sink).at(-1), 1)
    await running.recorded(before * 10 + 1)
    await running.clock.sleepsFor(2000)
    sink.behave(answer(204))
    running.clock.advance(2000)
    await running.emptied()
    // The second probe took the row that the first had failed with: it goes alone, for it failed more often than the others.
    const [first, second, ...later] = sizes(sink).slice(before)
    assert.deepEqual([first, second, Math.max(...later), later.length < 6], [1, 1, 10, true])
  })

  it('is left alone after 410, and where its credentials are missing', async () => {
    await using sink = await startSink({ behaviour: answer(410) })
    let there = true
    await using running = new Running(sink.url, {
      sink: batching(10, 0, { concurrency: 1 }),
      headers: async () => (there ? accept({}) : refuse('SecretNotFound', 'Secret qe is missing')),
    })
    await running.enqueue(...ids(3).flatMap((id) => rowsOf(id, [id])))
    const records = await running.recorded(3)
    assert.ok(records.every(({ outcome, rests }) => outcome === 'gone' && rests))
    there = false
    running.change({ epoch: '2' })
    await running.recorded(6)
    assert.ok(records.slice(3).every(({ reason, outcome }) => reason === 'CredentialsMissing' && outcome === 'hold'))
    assert.equal(sink.received.length, 1)
  })

  it('gives events up one by one as they come of age', async () => {
    const clock = new Clock({ runs: true })
    await using sink = await startSink({ behaviour: answer(503) })
    await using running = new Running(sink.url, {
      clock,
      sink: batching(4, 0, { retry: { maxAgeMs: 60_000, initialDelayMs: 1000, maxDelayMs: 10_000 } }),
    })
    await running.enqueue(...rowsOf('a', ['1', '2']))
    await running.emptied()
    const letters = running.outbox.deadLetters()
    assert.deepEqual(
      letters.map(({ id, reason }) => [id, reason]),
      [
        ['1', 'HTTP503'],
        ['2', 'HTTP503'],
      ],
    )
    assert.ok(letters.every(({ message }) => message.startsWith('Not delivered within 1m.')))
  })
})
