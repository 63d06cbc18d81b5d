import assert from 'node:assert/strict'
import { test } from 'node:test'
import { age, msOf, parseMoment } from '../../src/cli/moments.ts'

const now = Date.UTC(2026, 10, 22, 12)

const taken: [text: string, ms: number][] = [
  ['2h', now - 7_200_000],
  ['1h30m', now - 5_400_000],
  ['500ms', now - 500],
  ['999999h', 0],
  ['2026-11-22T10:00:00Z', now - 7_200_000],
  ['2026-11-22T11:00:00+01:00', now - 7_200_000],
  ['2026-11-22T10:00:00.250Z', now - 7_199_750],
]

for (const [text, ms] of taken) {
  test(`${text} is a time`, () => {
    const moment = parseMoment(text)
    assert.ok(moment.ok)
    assert.equal(msOf(moment.value, now), Math.max(0, ms))
  })
}

for (const text of [
  '',
  '0s',
  '-2h',
  '2d',
  '2',
  'yesterday',
  '2026-11-22',
  '2026-13-22T10:00:00Z',
  '1960-01-01T00:00:00Z',
]) {
  test(`'${text}' is none`, () => {
    const moment = parseMoment(text)
    assert.ok(!moment.ok)
    assert.match(moment.message, /is neither a duration such as 2h or 30m nor a time such as/)
  })
}

test('ages are told as kubectl tells them', () => {
  const s = 1000
  const m = 60 * s
  const h = 60 * m
  const d = 24 * h
  const ages: [ms: number, text: string][] = [
    [-5, '0s'],
    [119 * s, '119s'],
    [2 * m, '2m'],
    [2 * m + 30 * s, '2m30s'],
    [10 * m + 30 * s, '10m'],
    [179 * m, '179m'],
    [3 * h, '3h'],
    [3 * h + 5 * m, '3h5m'],
    [8 * h + 5 * m, '8h'],
    [47 * h, '47h'],
    [48 * h, '2d'],
    [50 * h, '2d2h'],
    [9 * d + h, '9d'],
    [729 * d, '729d'],
    [731 * d, '2y1d'],
  ]
  for (const [ms, text] of ages) assert.equal(age(ms), text)
})
