import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import { openSqliteOutbox } from '../../src/outbox/sqlite.ts'
import { type Behaviour, type Received, startSink } from '../controlplane/sink.ts'
import { MemoryOutbox } from '../outbox/memory/memory.ts'
import { answer, ids, seeded } from './answers.ts'
import { batching, holds, sizes } from './batching.ts'
import { Clock } from './clock.ts'
import { eventOf } from './events.ts'
import { Running, rowsOf, sinkKey } from './running.ts'

describe('a refused request', () => {
  for (const status of [400, 413, 415, 422, 409]) {
    it(`is halved after ${status} until the culprit is alone; the others go once, in order`, async () => {
      await using sink = await startSink({ behaviour: (one) => answer(holds(one, '5') ? status : 204) })
      await using running = new Running(sink.url, { sink: batching(16, 0, { concurrency: 1 }) })
      await running.enqueue(...rowsOf('a', ids(8)), ...rowsOf('b', ids(8, 'b')))
      await running.emptied()
      const [dead, ...more] = running.outbox.deadLetters()
      assert.deepEqual([dead?.id, dead?.attempts, more], ['5', 5, []])
      assert.match(dead?.message ?? '', /it refuses this event|too large for it/)
      const taken = sink.received.filter((one) => !holds(one, '5')).flatMap((one) => one.ids)
      assert.deepEqual(taken, [...ids(8).filter((id) => id !== '5'), ...ids(8, 'b')])
      assert.deepEqual(sizes(sink), [16, 8, 4, 4, 2, 1, 1, 2, 8])
      assert.equal(running.records.filter(({ outcome }) => outcome === 'split').length, 16 + 8 + 4 + 2)
      assert.deepEqual(running.outbox.counts()[0]?.counts.retried, 16 + 8 + 4 + 2)
      assert.equal(running.records.filter(({ outcome }) => outcome === 'delivered').length, 15)
    })
  }

  it('keeps the text of the answer for the culprit only', async () => {
    const behaviour = (one: Received): Behaviour =>
      ({
        ...answer(holds(one, '1') ? 422 : 204, { 'content-type': 'text/plain' }),
        ...(holds(one, '1') && { body: `${one.ids.length} refused` }),
      }) as Behaviour
    await using sink = await startSink({ behaviour })
    await using running = new Running(sink.url, { sink: batching(4, 0, { parking: 'team-a/parking' }) })
    await running.enqueue(...rowsOf('a', ids(4)))
    await running.emptied()
    const [letter] = running.outbox.deadLetters()
    assert.equal(running.outbox.deadLetter(letter?.seq ?? 0)?.answer, '1 refused')
    assert.deepEqual(running.parked, ['team-a/parking'])
    assert.ok(running.records.every(({ message }) => !message.includes('refused')))
  })

  it('ends at once for what is tried again: all that was in it waits once, and goes in order', async () => {
    let broken = false
    const behaviour = (one: Received) => {
      if (holds(one, '6')) return answer(400)
      if (!broken && one.ids.length === 4) {
        broken = true
        return answer(503, { 'retry-after': '5' })
      }
      return answer(204)
    }
    await using sink = await startSink({ behaviour })
    await using running = new Running(sink.url, { sink: batching(8) })
    await running.enqueue(...rowsOf('a', ids(8)))
    await running.recorded(8 + 4)
    const [next] = running.records.slice(-1)
    assert.deepEqual([next?.reason, next?.attempts, next?.nextAttempt], ['HTTP503', 2, running.clock.now() + 5000])
    await running.clock.sleepsFor(5000)
    assert.equal(running.outbox.nextAttempt(sinkKey), running.clock.now() + 5000)
    running.clock.advance(5000)
    await running.emptied()
    const taken = sink.received.filter((one) => !holds(one, '6')).flatMap((one) => one.ids)
    assert.deepEqual(
      taken.slice(4),
      ids(8).filter((id) => id !== '6'),
    )
    assert.deepEqual(
      running.outbox.deadLetters().map(({ id, attempts }) => [id, attempts > 3]),
      [['6', true]],
    )
  })

  it('that is too large is sent smaller from then on, until the sink changes', async () => {
    await using sink = await startSink({ behaviour: ({ body }) => answer(body.length > 4000 ? 413 : 204) })
    await using running = new Running(sink.url, { sink: batching(64, 0, { concurrency: 1 }) })
    await running.enqueue(...ids(64).flatMap((id) => rowsOf(id, [id])))
    await running.emptied()
    const refused = () => sink.received.filter(({ body }) => body.length > 4000).length
    const before = refused()
    assert.ok(before > 2)
    await running.enqueue(...ids(64, 'x').flatMap((id) => rowsOf(id, [id])))
    await running.emptied()
    assert.equal(refused(), before)
    assert.ok(sink.received.slice(-8).some((one) => one.ids.length > 4))
    running.change({ epoch: '2' })
    await running.enqueue(...ids(64, 'y').flatMap((id) => rowsOf(id, [id])))
    await running.emptied()
    assert.ok(refused() > before)
    assert.deepEqual(running.outbox.deadLetters(), [])
  })

  it('makes a summary of an event that is too large alone, and sends it before what comes behind', async () => {
    const isWhole = (one: Received) => one.body.includes('"whole"')
    await using sink = await startSink({ behaviour: (one) => answer(isWhole(one) ? 413 : 204) })
    await using running = new Running(sink.url, { sink: batching(8) })
    const [first, ...rest] = rowsOf('a', ids(5))
    const { attributes } = eventOf('0')
    const event = { ...eventOf('0', 'whole'), summary: { attributes, data: '"part"' } }
    await running.enqueue({ ...(first ?? assert.fail()), event }, ...rest, ...rowsOf('b', ['b']))
    await running.emptied()
    const taken = sink.received.filter((one) => !isWhole(one)).flatMap((one) => one.ids)
    assert.deepEqual(taken.toSorted(), [...ids(5), 'b'])
    assert.deepEqual(
      taken.filter((id) => id !== 'b'),
      ids(5),
    )
    assert.deepEqual(running.outbox.deadLetters(), [])
  })
})

describe('whatever happens to requests of several events', () => {
  for (const [seed, where] of [
    [1, 'memory'],
    [2, 'memory'],
    [3, 'disk'],
    [4, 'disk'],
  ] as const) {
    it(`each event arrives once in order, or is a dead letter (seed ${seed}, ${where})`, async () => {
      const random = seeded(seed)
      const clock = new Clock({ runs: true })
      const directory = mkdtempSync(join(tmpdir(), 'carillon-batches-'))
      const opened = openSqliteOutbox({ directory, now: clock.now })
      assert.ok(opened.ok)
      const outbox = where === 'disk' ? opened.value : new MemoryOutbox({ now: clock.now })
      const lanes = ids(9, 'object-')
      const all = lanes.flatMap((lane) => ids(12, `${lane}/`))
      const poison = all.filter(() => random() < 0.06)
      const bad = [
        answer(503),
        answer(429, { 'retry-after': '2' }),
        { kind: 'reset' } as const,
        answer(401),
        answer(404),
      ]
      const taken: string[] = []
      await using sink = await startSink({
        behaviour: (one) => {
          if (random() < 0.2) return bad[Math.floor(random() * bad.length)] ?? answer(500)
          if (holds(one, ...poison)) return answer(random() < 0.5 ? 400 : 422)
          taken.push(...one.ids)
          return answer(204)
        },
      })
      {
        await using running = new Running(sink.url, {
          clock,
          outbox,
          random: seeded(seed + 100),
          sink: batching(10, 500),
        })
        for (let at = 0; at < 12; at += 1) {
          await running.enqueue(
            ...lanes.flatMap((lane) => rowsOf(lane, [`${lane}/${at}`], lane > 'object-4' ? 'team-a/x' : 'team-a/y')),
          )
          if (random() < 0.3) await running.outbox.retryNow(sinkKey)
        }
        await running.emptied()
        assert.deepEqual(running.errors, [])
        assert.deepEqual(
          running.outbox
            .deadLetters()
            .map(({ id }) => id)
            .toSorted(),
          poison.toSorted(),
        )
        for (const lane of lanes)
          assert.deepEqual(
            taken.filter((id) => id.startsWith(`${lane}/`)),
            ids(12, `${lane}/`).filter((id) => !poison.includes(id)),
          )
        for (const { outcome, id, attempts } of running.records)
          if (outcome === 'delivered')
            assert.equal(sink.received.filter((one) => one.ids.includes(id)).length, attempts, id)
      }
      await opened.value[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true })
    })
  }
})
