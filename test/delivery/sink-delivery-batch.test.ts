import assert from 'node:assert/strict'

import { describe, it } from 'node:test'
import { accept } from '../../src/api/verdict.ts'

import { type Behaviour, startSink } from '../controlplane/sink.ts'
import type { MemoryOutbox } from '../outbox/memory/memory.ts'
import { answer, ids } from './answers.ts'
import { batching, idsOf, sizes } from './batching.ts'
import { Clock } from './clock.ts'
import { eventOf } from './events.ts'
import { Running, rowsOf, sinkKey } from './running.ts'

describe('requests of several events', () => {
  it('are one JSON array of structured events, of one subscription each', async () => {
    await using sink = await startSink()
    await using running = new Running(sink.url, {
      sink: batching(10),
      headers: async () => accept({ 'x-team': 'a' }),
    })
    await running.enqueue(...rowsOf('a', ['1', '2']), ...rowsOf('b', ['3'], 'team-a/other'), ...rowsOf('c', ['4']))
    const records = await running.recorded(4)
    const [first, second] = sink.received
    assert.deepEqual(first?.headers['content-type'], 'application/cloudevents-batch+json; charset=utf-8')
    const { attributes, data } = eventOf('1')
    const events = JSON.parse(first?.body ?? '') as unknown[]
    assert.deepEqual(events[0], { ...JSON.parse(attributes), data: JSON.parse(data ?? '') })
    assert.deepEqual(
      [first, second].map((one) => [one?.subscription, one?.headers['x-team'], one?.ids]),
      [
        ['team-a/builds', 'a', ['1', '2', '4']],
        ['team-a/other', 'a', ['3']],
      ],
    )
    assert.ok(
      records.every(
        ({ outcome, attempts, httpStatus }) => outcome === 'delivered' && attempts === 1 && httpStatus === 204,
      ),
    )
    await running.emptied()
    assert.deepEqual(running.errors, [])
  })

  it('go when they are full, and else when the first event has waited', async () => {
    await using sink = await startSink()
    await using running = new Running(sink.url, { sink: batching(3, 1000, { concurrency: 1 }) })
    await running.enqueue(...ids(7).flatMap((id) => rowsOf(id, [id])))
    await running.recorded(6)
    await running.clock.sleepsFor(1000)
    running.clock.advance(600)
    await running.enqueue(...rowsOf('late', ['late']))
    await running.clock.sleepsFor(400)
    assert.deepEqual(sizes(sink), [3, 3])
    running.clock.advance(400)
    await running.recorded(8)
    assert.deepEqual(idsOf(sink)[2], ['6', 'late'])
  })

  it('keep the order of each object within and across requests', async () => {
    await using sink = await startSink({ behaviour: { ...answer(204), delayMs: 2 } as Behaviour })
    await using running = new Running(sink.url, { sink: batching(4) })
    for (const part of [0, 1, 2, 3]) {
      await running.enqueue(...ids(5, 'o').flatMap((lane) => rowsOf(lane, ids(3, `${lane}/${part}.`))))
    }
    await running.emptied()
    for (const lane of ids(5, 'o')) {
      assert.deepEqual(
        idsOf(sink)
          .flat()
          .filter((id) => id.startsWith(`${lane}/`)),
        [0, 1, 2, 3].flatMap((part) => ids(3, `${lane}/${part}.`)),
      )
    }
    assert.equal(idsOf(sink).flat().length, 60)
    assert.ok(sink.received.length < 30)
  })

  it('are no larger than 256 KiB, but for one event', async () => {
    await using sink = await startSink()
    await using running = new Running(sink.url, { sink: batching(100) })
    const large = (id: string, size: number) =>
      rowsOf(id, [id]).map((row) => ({ ...row, event: eventOf(id, 'x'.repeat(size)) }))
    await running.enqueue(...ids(50).flatMap((id) => large(id, 60_000)), ...large('huge', 300_000))
    await running.emptied()
    const bodies = sink.received.map(({ body }) => Buffer.byteLength(body))
    assert.deepEqual(bodies.filter((size) => size > 256 * 1024).length, 1)
    assert.ok(sizes(sink).includes(3) && sink.received.length < 20)
  })

  it('count as one each among those under way, and event by event in the pace', async () => {
    await using sink = await startSink()
    await using running = new Running(sink.url, { sink: batching(10, 0, { eventsPerSecond: 40 }) })
    await running.enqueue(...ids(10).flatMap((id) => rowsOf(id, [id])))
    for (const sent of [4, 8, 10]) {
      await running.recorded(sent)
      assert.deepEqual(sizes(sink), [4, 4, 2].slice(0, Math.ceil(sent / 4)))
      if (sent === 10) break
      await running.clock.sleepsFor(100)
      running.clock.advance(100)
    }
  })

  it('never are more under way than the concurrency of the sink', async () => {
    const sink = await startSink({ behaviour: { kind: 'hang' } })
    const running = new Running(sink.url, {
      sink: batching(5, 0, { concurrency: 3 }),
      graceMs: 1,
      clock: new Clock({ runs: true }),
    })
    await running.enqueue(...ids(40).flatMap((id) => rowsOf(id, [id])))
    await sink.waitFor((received) => received.length === 3, { what: 'three requests' })
    await running.stop()
    assert.deepEqual(sizes(sink), [5, 5, 5])
    assert.equal(running.outbox.claim(sinkKey, 100, running.clock.now()).filter((row) => row.attempts === 0).length, 40)
    await sink[Symbol.asyncDispose]()
  })

  it('hold no plain webhooks, which go one by one, in order', async () => {
    await using sink = await startSink()
    await using running = new Running(sink.url, { sink: batching(10) })
    const plain = (id: string) => ({ ...eventOf(id), attributes: `{"webhook-id":"${id}"}`, data: '{}' })
    const rows = rowsOf('a', ['1', '2', '3', '4']).map((row) =>
      Number(row.event.id) > 2 ? { ...row, event: plain(row.event.id) } : row,
    )
    await running.enqueue(...rows)
    await running.emptied()
    assert.deepEqual(
      sink.received.map((one) => one.headers['content-type']?.includes('batch')),
      [true, false, false],
    )
    assert.equal(running.records.length, 4)
  })

  it('that a claim is cut into give up their place after a while, and end with the sink as it was', async () => {
    const clock = new Clock()
    let moved = 0
    await using second = await startSink()
    await using sink = await startSink({
      behaviour: () => {
        // Each takes a second.
        clock.advance(1000)
        moved += 1
        if (moved === 5) running.change({ epoch: '2', url: second.url })
        return answer(204)
      },
    })
    const plain = (id: string) => ({ ...eventOf(id), attributes: `{"webhook-id":"${id}"}`, data: '{}' })
    const hooks = (namespace: string) =>
      rowsOf(namespace, ids(4, namespace), `${namespace}/hooks`).map((row) => ({
        ...row,
        namespace,
        event: plain(row.event.id),
      }))
    const running = new Running(sink.url, { clock, sink: batching(10, 0, { concurrency: 1, allowBody: true }) })
    await running.enqueue(...hooks('a'), ...hooks('b'))
    await running.emptied()
    // The second sink takes no time: there the claim is worked off.
    const taken = [...sink.received, ...second.received].map((one) => one.id)
    assert.deepEqual(taken, ['a0', 'b0', 'a1', 'b1', 'a2', 'b2', 'b3', 'a3'])
    assert.deepEqual([sink.received.length, running.errors], [5, []])
    await running.stop()
  })

  it('tell where parked dead letters come from', async () => {
    await using sink = await startSink()
    await using running = new Running(sink.url, { sink: batching(10) })
    const outbox = running.outbox as MemoryOutbox
    const from = (name: string, id: string) => rowsOf(id, [id], 'team-a/builds', `team-a/${name}`)
    await running.enqueue(...from('x', '1'), ...from('x', '2'), ...from('y', '3'))
    for (const name of ['x', 'y']) {
      const rows = outbox.claim(`team-a/${name}`, 9, running.clock.now())
      await outbox.settle(
        rows.map((row) => ({ kind: 'dead', row, reason: 'HTTP400', message: 'no', park: sinkKey })),
        running.clock.now(),
      )
    }
    await running.recorded(3)
    assert.deepEqual(
      sink.received.map((one) => [one.headers['carillon-dead-letter-sink'], one.ids]),
      [
        ['team-a/x', ['1', '2']],
        ['team-a/y', ['3']],
      ],
    )
  })
})

describe('the end of a batch sink', () => {
  it('sends what waits for company', async () => {
    await using sink = await startSink()
    const running = new Running(sink.url, { sink: batching(10, 60_000) })
    await running.enqueue(...rowsOf('a', ['1', '2']))
    await running.clock.sleepsFor(30_000)
    await running.stop()
    assert.deepEqual(idsOf(sink), [['1', '2']])
    assert.equal(running.outbox.size(sinkKey), 0)
  })

  it('sends nothing more where another instance may be at work', async () => {
    await using sink = await startSink()
    const running = new Running(sink.url, { sink: batching(10, 60_000), sendsLast: false })
    await running.enqueue(...rowsOf('a', ['1', '2']))
    await running.clock.sleepsFor(30_000)
    await running.stop()
    assert.deepEqual([sink.received, running.outbox.size(sinkKey)], [[], 2])
  })

  it('hands back what is left of a refused request, with its attempts', async () => {
    const arrived = Promise.withResolvers<void>()
    await using sink = await startSink({
      behaviour: (one) => {
        if (one.ids.length === 2) arrived.resolve()
        return one.ids.length === 2 ? { kind: 'hang' } : answer(422)
      },
    })
    const running = new Running(sink.url, { sink: batching(4), graceMs: 5000 })
    await running.enqueue(...rowsOf('a', ids(4)))
    await arrived.promise
    const stopped = running.stop()
    await running.clock.sleepsFor(5000)
    running.clock.advance(5000)
    await stopped
    const limits = { rows: 9, bytes: 1e6, delayMs: 0 }
    const rows = running.outbox.claimBatch(sinkKey, limits, running.clock.now())
    assert.deepEqual(
      rows.map(({ event, attempts }) => [event.id, attempts]),
      ids(4).map((id) => [id, 1]),
    )
    assert.deepEqual(running.errors, [])
  })

  it('a sink that is suspended, or takes single events from now on, keeps the order', async () => {
    const arrived = Promise.withResolvers<void>()
    await using sink = await startSink({
      behaviour: (one) => {
        arrived.resolve()
        return { ...answer(one.ids.length > 1 ? 400 : 204), delayMs: 20 } as Behaviour
      },
    })
    await using running = new Running(sink.url, { sink: batching(8) })
    await running.enqueue(...rowsOf('a', ids(8)))
    await arrived.promise
    running.change({ suspend: true })
    await running.recorded(8)
    running.change({ mode: 'binary', batch: undefined, suspend: false, epoch: '2' })
    await running.emptied()
    const taken = sink.received.filter((one) => one.ids.length === 1).flatMap((one) => one.ids)
    assert.deepEqual(taken, ids(8))
  })
})
