import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Pulse } from '../../src/operator/pulse.ts'

const never = new AbortController().signal

/** Whether a promise has settled once everything that can go on has gone on. */
async function settled(promise: Promise<void>): Promise<boolean> {
  let done = false
  void promise.then(() => {
    done = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  return done
}

test('a wait ends at the next fire, for all who wait', async () => {
  const pulse = new Pulse()
  const waits = [pulse.next(never), pulse.next(never)]
  assert.equal(await settled(Promise.race(waits)), false)
  pulse.fire()
  await Promise.all(waits)
})

test('a fire before the wait does not end it, one between taking and awaiting it does', async () => {
  const pulse = new Pulse()
  pulse.fire()
  const wait = pulse.next(never)
  assert.equal(await settled(wait), false)
  pulse.fire()
  pulse.fire()
  await wait
  assert.equal(await settled(pulse.next(never)), false)
})

test('a wait ends when its signal aborts, and leaves nothing behind on it', async () => {
  const pulse = new Pulse()
  const stop = new AbortController()
  const wait = pulse.next(stop.signal)
  assert.equal(getEventListeners(stop.signal, 'abort').length, 1)
  pulse.fire()
  await wait
  assert.equal(getEventListeners(stop.signal, 'abort').length, 0)
  const second = pulse.next(stop.signal)
  stop.abort()
  await second
  await pulse.next(stop.signal)
})

test('waits that their signals ended are not kept until the next fire', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const pulse = new Pulse()
  const heapAfter = async (waits: number) => {
    for (let count = 0; count < waits; count += 1) {
      const stop = new AbortController()
      const wait = pulse.next(stop.signal)
      stop.abort()
      await wait
    }
    await new Promise((resolve) => setImmediate(resolve))
    collect()
    return process.memoryUsage().heapUsed
  }
  await heapAfter(5_000)
  const before = await heapAfter(5_000)
  const kept = ((await heapAfter(20_000)) - before) / 20_000
  assert.ok(kept < 50, `${kept} bytes a wait`)
})
