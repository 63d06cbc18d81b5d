import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goDuration } from '../../../src/formats/tekton/go-duration.ts'

// Right-hand sides are what Go's time.Duration.String prints.
const durations: [unknown, unknown][] = [
  ['1h', '1h0m0s'],
  ['1h0m0s', '1h0m0s'],
  ['90s', '1m30s'],
  ['90m', '1h30m0s'],
  ['1h30m0.25s', '1h30m0.25s'],
  ['1.5h', '1h30m0s'],
  ['250ms', '250ms'],
  ['1500us', '1.5ms'],
  ['1500µs', '1.5ms'],
  ['7ns', '7ns'],
  ['1001ns', '1.001µs'],
  ['-5m', '-5m0s'],
  ['0s', '0s'],
  ['-0s', '0s'],
  ['72h', '72h0m0s'],
  ['', ''],
  ['0', '0'],
  ['soon', 'soon'],
  ['5', '5'],
  [5, 5],
  [null, null],
]

for (const [written, printed] of durations) {
  test(`the duration ${JSON.stringify(written)} is printed as ${JSON.stringify(printed)}`, () => {
    assert.equal(goDuration(written), printed)
  })
}
