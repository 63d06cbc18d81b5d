import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDuration } from '../../src/api/durations.ts'

const good: [text: string, ms: number][] = [
  ['15s', 15_000],
  ['1h30m', 5_400_000],
  ['72h', 259_200_000],
  ['1.5h', 5_400_000],
  ['250ms', 250],
  ['1m0.5s', 60_500],
  ['0h1s', 1_000],
]

for (const [text, ms] of good) {
  test(`${text} is ${ms} ms`, () => assert.deepEqual(parseDuration(text), { ok: true, value: ms }))
}

const bad = [
  '',
  '15',
  's',
  '-1s',
  '+1s',
  '1d',
  '1 s',
  '0s',
  '0.1ms',
  '1,5h',
  '1e3s',
  `${'9'.repeat(400)}h`,
  '1s\n',
  '１s',
]

for (const text of bad) {
  test(`${JSON.stringify(text.slice(0, 20))} is refused with an example of what is right`, () => {
    const verdict = parseDuration(text)
    assert.ok(!verdict.ok)
    assert.equal(verdict.reason, 'DurationInvalid')
    assert.match(verdict.message, /such as 15s or 1h30m/)
    assert.ok(verdict.message.length < 150)
  })
}
