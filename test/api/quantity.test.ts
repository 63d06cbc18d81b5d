import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseQuantity, showBytes } from '../../src/api/quantity.ts'

test('quantities are read as Kubernetes writes them', () => {
  const cases: [text: string, value: number][] = [
    ['200000', 200_000],
    ['1Gi', 2 ** 30],
    ['1.5Mi', 1.5 * 2 ** 20],
    ['2G', 2e9],
    ['10k', 10_000],
    ['64Ki', 65_536],
    ['2e6', 2_000_000],
    ['1E3', 1_000],
    ['0.5', 1],
    ['1T', 1e12],
  ]
  for (const [text, value] of cases) assert.deepEqual(parseQuantity(text), { ok: true, value }, text)
})

test('what is none is refused, as is what a number can not hold', () => {
  for (const text of ['', '0', '-1', '+1', '1 Gi', '1gi', '1KI', '1m', 'Gi', '1e', '8Ei', '.5', '1.', '1e99', 'NaN']) {
    const read = parseQuantity(text)
    assert.equal(!read.ok && read.reason, 'QuantityInvalid', text)
  }
})

test('bytes are shown short', () => {
  const shown = [0, 900, 1024, 1_572_864, 2 ** 28, 2 ** 30, 17_179_869_184].map(showBytes)
  assert.deepEqual(shown, ['0', '900', '1Ki', '1.5Mi', '256Mi', '1Gi', '16Gi'])
})
