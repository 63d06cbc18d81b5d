import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ServerClock } from '../../src/kube/server-clock.ts'

const noon = Date.UTC(2026, 0, 31, 12)
const header = (ms: number) => new Date(ms).toUTCString()

function clocks() {
  const time = { wall: noon, monotonic: 1000 }
  const clock = new ServerClock(
    () => time.wall,
    () => time.monotonic,
  )
  return { time, clock }
}

test('the wall clock is taken until the server has told another, and where they are within two seconds', () => {
  const { time, clock } = clocks()
  assert.equal(clock.now(), noon)
  for (const value of [undefined, 'nonsense', ['a', 'b'], header(noon - 1000), header(noon + 1000)]) {
    clock.tell(value)
    assert.equal(clock.now(), noon)
  }
  time.wall += 700
  time.monotonic += 700
  assert.equal(clock.now(), noon + 700)
})

test('a wall clock that is an hour off is not followed', () => {
  const { time, clock } = clocks()
  clock.tell(header(noon - 3_600_000))
  assert.equal(clock.now(), noon - 3_600_000 + 500)
  time.wall += 10_000
  time.monotonic += 10_000
  assert.equal(clock.now(), noon - 3_590_000 + 500)
})

test('a wall clock that is set between two answers is not followed', () => {
  const { time, clock } = clocks()
  clock.tell(header(noon))
  time.wall += 3_600_000
  time.monotonic += 5_000
  assert.equal(clock.now(), noon + 5_500)
  time.wall -= 3_595_000
  assert.equal(clock.now(), noon + 5_000)
})
