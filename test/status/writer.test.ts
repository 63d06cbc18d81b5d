import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusWriter, type WriterOptions } from '../../src/status/writer.ts'

/** A writer in a time of its own: whenever it waits, the clock moves on to the end of the wait, at most to `until`. */
function stage(options: Partial<WriterOptions> = {}, fails: (key: string, count: number) => boolean = () => false) {
  const start = 1_000_000
  const stop = new AbortController()
  const plan: { at: number; act: () => void }[] = []
  const writes: [ms: number, key: string][] = []
  let now = start
  let until = start
  const writer = new StatusWriter({
    async write(key) {
      writes.push([now - start, key])
      return !fails(key, writes.length)
    },
    now: () => now,
    async wait(ms, signal) {
      const end = now + ms
      await Promise.resolve()
      while (!signal.aborted && plan[0] && plan[0].at <= end && plan[0].at <= until) {
        const next = plan.shift()
        now = Math.max(now, next?.at ?? 0)
        next?.act()
      }
      if (signal.aborted) return
      now = Math.min(end, until)
      if (end > until) stop.abort()
    },
    ...options,
  })
  return {
    writer,
    writes,
    /** What happens `ms` after the start. */
    at(ms: number, act: (writer: StatusWriter) => void) {
      plan.push({ at: start + ms, act: () => act(writer) })
    },
    /** The writes of the first `ms`. */
    async run(ms: number) {
      until = start + ms
      plan.sort((a, b) => a.at - b.at)
      await writer.run(stop.signal)
      return writes
    },
  }
}

const keysOf = (writes: readonly [number, string][]) => writes.map(([, key]) => key)
const timesOf = (writes: readonly [number, string][], key: string) =>
  writes.filter(([, written]) => written === key).map(([ms]) => ms)

test('conditions are written at once, ahead of counters that came before', async () => {
  const { writer, run } = stage()
  writer.mark('a', 'counters')
  writer.mark('b', 'counters')
  writer.mark('c', 'conditions')
  assert.deepEqual(await run(5_000), [
    [0, 'c'],
    [1_000, 'a'],
    [1_200, 'b'],
  ])
})

test('a mark wakes a writer that sleeps', async () => {
  const { at, run } = stage()
  at(12_345, (writer) => writer.mark('a', 'conditions'))
  at(20_000, (writer) => writer.mark('b', 'counters'))
  assert.deepEqual(await run(60_000), [
    [12_345, 'a'],
    [21_000, 'b'],
  ])
})

test('what changes often before its turn is written once', async () => {
  const { writer, run } = stage()
  for (let n = 0; n < 10; n += 1) {
    writer.mark('a', 'conditions')
    writer.mark('b', 'counters')
  }
  assert.deepEqual(keysOf(await run(20_000)), ['a', 'b'])
})

test('the counters of one object are written at most every 30 s, the first a second after they changed', async () => {
  const { at, run } = stage()
  for (let ms = 0; ms < 100_000; ms += 500) at(ms, (writer) => writer.mark('a', 'counters'))
  const times = timesOf(await run(100_000), 'a')
  assert.deepEqual(times, [1_000, 31_000, 61_000, 91_000])
})

test('counters that change while their first write is under way wait, too', async () => {
  const { writer, writes, run } = stage({
    async write(key) {
      writes.push([0, key])
      writer.mark(key, 'counters')
      return true
    },
  })
  writer.mark('a', 'counters')
  await run(60_000)
  assert.equal(writes.length, 2)
})

test('counters of what has just been written with its conditions wait for 30 s', async () => {
  const { writer, at, run } = stage()
  writer.mark('a', 'conditions')
  at(100, (one) => one.mark('a', 'counters'))
  assert.deepEqual(timesOf(await run(60_000), 'a'), [0, 30_000])
})

test('numbers that are due are of a later time than the conditions written before them', async () => {
  const { writer, at, run } = stage()
  writer.mark('a', 'counters')
  at(500, (one) => one.mark('a', 'conditions'))
  assert.deepEqual(timesOf(await run(60_000), 'a'), [500, 1_000])
})

test('over all objects, counters are written at most 5 times a second, conditions at most 100 times', async () => {
  const most = (writes: readonly [number, string][]) =>
    Math.max(...writes.map(([from]) => writes.filter(([ms]) => ms >= from && ms < from + 1000).length))
  for (const [urgency, rate] of [
    ['counters', 5],
    ['conditions', 100],
  ] as const) {
    const { writer, run } = stage()
    for (let n = 0; n < rate * 3; n += 1) writer.mark(`object ${n}`, urgency)
    const writes = await run(60_000)
    assert.equal(writes.length, rate * 3)
    assert.equal(most(writes), rate)
  }
})

test('conditions that come while a thousand counters are due wait for one turn at most', async () => {
  const { writer, at, run } = stage()
  for (let n = 0; n < 1000; n += 1) writer.mark(`object ${n}`, 'counters')
  at(10_050, (one) => one.mark('sink', 'conditions'))
  const [time = 0] = timesOf(await run(20_000), 'sink')
  assert.ok(time >= 10_050 && time <= 10_250, String(time))
})

test('what could not be written is tried again two seconds later, as urgently as before', async () => {
  const { writer, run } = stage({}, (_key, count) => count <= 2)
  writer.mark('a', 'conditions')
  writer.mark('b', 'counters')
  assert.deepEqual(await run(20_000), [
    [0, 'a'],
    [1_000, 'b'],
    [2_000, 'a'],
    [3_000, 'b'],
  ])
  const failing = stage({}, (_key, count) => count <= 100)
  for (let n = 0; n < 100; n += 1) failing.writer.mark(`object ${n}`, 'conditions')
  const writes = await failing.run(20_000)
  assert.equal(writes.length, 200)
  assert.ok((writes.at(-1)?.[0] ?? 0) < 4_000)
})

test('an unexpected error ends the run, and what was to be written is kept for the next', async () => {
  let broken = true
  const { writer, writes, run } = stage({
    async write(key) {
      if (broken) throw new Error('not foreseen')
      writes.push([0, key])
      return true
    },
  })
  writer.mark('a', 'conditions')
  writer.mark('b', 'conditions')
  await assert.rejects(run(10_000), /not foreseen/)
  broken = false
  assert.deepEqual(keysOf(await run(10_000)), ['b', 'a'])
})

test('what is forgotten is not written any more', async () => {
  const { writer, run } = stage()
  writer.mark('a', 'conditions')
  writer.mark('a', 'counters')
  writer.forget('a')
  assert.deepEqual(await run(60_000), [])
})

test('when something was written is forgotten once it does not matter any more, also of what is long gone', async () => {
  const { writer, at, run } = stage()
  for (let n = 0; n < 500; n += 1)
    at(n * 1000, (one) => one.mark(`sink pr-${n}/sink`, n % 2 ? 'conditions' : 'counters'))
  await run(500_000)
  const { written } = writer as unknown as { written: ReadonlyMap<string, number> }
  assert.ok(written.size <= 32, `${written.size} kept`)
})

test('flush writes all that waits, each once, whenever it is due', async () => {
  const { writer, writes } = stage()
  for (const [key, urgency] of [
    ['a', 'counters'],
    ['b', 'conditions'],
    ['a', 'conditions'],
    ['c', 'counters'],
  ] as const)
    writer.mark(key, urgency)
  await writer.flush(new AbortController().signal)
  assert.deepEqual(keysOf(writes).sort(), ['a', 'b', 'c'])
})

test('flush stops when its time is over', async () => {
  const { writer, writes } = stage()
  writer.mark('a', 'conditions')
  await writer.flush(AbortSignal.abort())
  assert.deepEqual(writes, [])
})
