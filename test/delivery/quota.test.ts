import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { FlightRoom } from '../../src/delivery/flight-room.ts'
import { NamespacePaces } from '../../src/delivery/namespace-paces.ts'
import { NamespacePlaces } from '../../src/delivery/namespace-places.ts'
import type { Quota } from '../../src/delivery/sink-quota.ts'
import { startSink } from '../controlplane/sink.ts'
import { MemoryOutbox } from '../outbox/memory/memory.ts'
import { Clock } from './clock.ts'
import { Running, type RunningOptions, rowsOf } from './running.ts'

function quotaOf(clock: Clock, { rate, connections }: { rate?: number; connections?: number }) {
  const held: string[] = []
  const quota: Quota = {
    paces: new NamespacePaces({
      rateOf: (namespace) => (namespace === 'admin' ? undefined : rate),
      monotonic: clock.now,
      sleep: clock.sleep,
      held: (namespace) => held.push(namespace),
    }),
    places: new NamespacePlaces({ limitOf: () => connections, held: (sink) => held.push(sink) }),
    flights: new FlightRoom((sink) => held.push(sink)),
    isPaced: () => rate !== undefined,
  }
  return { quota, held }
}

/** Rows of as many objects. */
const many = (n: number, subscription: string, sink: string) =>
  Array.from({ length: n }, (_, at) =>
    rowsOf(`${subscription} ${at}`, [`${subscription} ${at}`], subscription, sink),
  ).flat()

describe('the quotas of a namespace', () => {
  it('pace its subscriptions at a sink that they share with others, who are not slowed', async () => {
    await using sink = await startSink({ record: 'all' })
    const clock = new Clock()
    const { quota, held } = quotaOf(clock, { rate: 2 })
    await using running = new Running(sink.url, { clock, quota, sink: { concurrency: 2 } })
    await running.enqueue(...many(5, 'team-b/all', 'team-a/qe'), ...many(20, 'admin/all', 'team-a/qe'))
    await running.recorded(21)
    const told = () => sink.received.filter(({ subscription }) => subscription === 'team-b/all').length
    assert.equal(told(), 1)
    assert.deepEqual([...new Set(held)], ['team-b'])
    for (let sent = 2; sent <= 5; sent += 1) {
      await clock.sleepsFor(500)
      assert.equal(running.records.length, 19 + sent)
      clock.advance(500)
      await running.recorded(20 + sent)
    }
    await running.emptied()
    assert.equal(told(), 5)
    assert.deepEqual(running.errors, [])
  })

  it('pace a batch sink by the request, which makes up for its events', async () => {
    await using sink = await startSink({ record: 'all' })
    const clock = new Clock()
    const { quota } = quotaOf(clock, { rate: 10 })
    const batch = { mode: 'batch', batch: { maxEvents: 20, maxDelayMs: 100 } } as const
    await using running = new Running(sink.url, { clock, quota, sink: batch })
    await running.enqueue(...many(40, 'team-b/all', 'team-a/qe'))
    await running.recorded(20)
    for (let ms = 0; ms < 2000; ms += 250) {
      assert.equal(sink.received.length, 1)
      clock.advance(250)
      await setImmediate()
    }
    await running.recorded(40)
    assert.deepEqual(
      sink.received.map(({ ids }) => ids.length),
      [20, 20],
    )
  })

  it('leave room for a sink beside one that hangs with all that it was given', async () => {
    await using sink = await startSink({
      record: 'all',
      behaviour: ({ path }) => (path === '/hung' ? { kind: 'hang' } : { kind: 'answer', status: 204 }),
    })
    const clock = new Clock()
    const { quota, held } = quotaOf(clock, { connections: 8 })
    const outbox = new MemoryOutbox({ now: clock.now })
    const of = (name: string, options: RunningOptions = {}) =>
      new Running(`${sink.url}/${name}`, { clock, quota, outbox, key: `team-a/${name}`, ...options })
    const hung = of('hung', { sink: { concurrency: 256, timeoutMs: 600_000 }, graceMs: 0 })
    await using well = of('well', { sink: { concurrency: 256 } })
    await hung.enqueue(...many(50, 'team-a/s', 'team-a/hung'))
    while (sink.received.length < 6) await setImmediate()
    await well.enqueue(...many(50, 'team-a/s', 'team-a/well'))
    await well.recorded(50)
    await well.emptied()
    assert.equal(sink.received.filter(({ path }) => path === '/hung').length, 6)
    assert.ok(held.includes('team-a/hung'))
    const stopped = hung.stop()
    await clock.sleepsFor(0)
    clock.advance(0)
    await stopped
    assert.deepEqual([...hung.errors, ...well.errors], [])
  })
})
