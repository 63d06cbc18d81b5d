import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { goQuantity } from '../../../src/formats/tekton/go-quantity.ts'
import { canonicalInGo } from './oracle.ts'

const rows: [unknown, unknown][] = [
  ['0', '0'],
  ['1', '1'],
  [2, '2'],
  [0.5, '500m'],
  ['0.5', '500m'],
  ['1000m', '1'],
  ['1500m', '1500m'],
  ['1.5', '1500m'],
  ['0.1', '100m'],
  ['1.500', '1.500'],
  ['+5', '+5'],
  ['-5', '-5'],
  ['-0.5', '-500m'],
  ['0001', '0001'],
  ['00', '0'],
  ['.5', '500m'],
  ['5.', '5.'],
  ['Pi', 'Pi'],
  [' 2 ', '2'],
  ['1000', '1k'],
  ['1024', '1024'],
  ['10000', '10k'],
  ['1000000', '1M'],
  ['1e3', '1e3'],
  ['1000e3', '1e6'],
  ['1E3', '1E3'],
  ['10e4', '100e3'],
  ['1e-3', '1e-3'],
  ['1Gi', '1Gi'],
  ['1024Mi', '1Gi'],
  ['2048Mi', '2Gi'],
  ['8Mi', '8Mi'],
  ['1000Mi', '1000Mi'],
  ['1.5Gi', '1536Mi'],
  ['0.5Gi', '512Mi'],
  ['0.5Ki', '512'],
  ['0.0001Ki', '102400u'],
  ['1.1Ki', '1126400m'],
  ['0Gi', '0'],
  ['512Ki', '512Ki'],
  ['9Ei', '9223372036854775807'],
  ['1000E', '1'],
  ['0.5n', '1n'],
  ['1.0000000001', '1000000001n'],
  ['123456789012345678901', '123456789012345678901'],
  // No quantities: whatever wrote them, they stay.
  ['', ''],
  ['fast', 'fast'],
  ['1 Gi', '1 Gi'],
  ['1gi', '1gi'],
  ['e3', '0'],
  ['1e', '1e'],
  ['1--3', '1--3'],
  [null, null],
  [true, true],
  [{}, {}],
]

for (const [written, canonical] of rows) {
  test(`quantity ${JSON.stringify(written)} is written ${JSON.stringify(canonical)}`, () => {
    assert.deepEqual(goQuantity(written), canonical)
  })
}

test('quantities are what apimachinery makes of them', async () => {
  const digits = fc.stringMatching(/^[0-9]{0,24}$/)
  const short = fc.stringMatching(/^(0|[1-9][0-9]{0,4}0{0,6})$/)
  const suffix = fc.oneof(
    fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'T', 'P', 'E', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'),
    fc.tuple(fc.constantFrom('e', 'E'), fc.integer({ min: -30, max: 30 })).map(([e, exponent]) => `${e}${exponent}`),
    fc.constantFrom('x', 'K', 'mi', 'e', 'e+2', '-3', 'Ki2'),
  )
  const written = fc
    .tuple(
      fc.constantFrom('', '', '', '+', '-'),
      fc.oneof(short, digits),
      fc.oneof(
        fc.constant(''),
        digits.map((d) => `.${d}`),
      ),
      suffix,
    )
    .map((parts) => parts.join(''))
  const seed = Date.now() % 2 ** 31
  const samples = [
    ...rows.flatMap(([text]) => (typeof text === 'string' ? [text] : [])),
    ...fc.sample(written, { seed, numRuns: 20_000 }),
  ]
  const answers = await canonicalInGo(samples)
  for (const [index, text] of samples.entries()) {
    assert.equal(goQuantity(text), answers[index] ?? text, `${JSON.stringify(text)}, seed ${seed}`)
  }
})

test('whatever stands for a quantity, nothing is thrown', () => {
  const near = fc.stringMatching(/^[+-]?[0-9.]{0,300}[eEinumkKMGTP]{0,2}[+-]?[0-9]{0,6}$/)
  fc.assert(
    fc.property(fc.oneof(near, fc.jsonValue(), fc.double()), (value) => void goQuantity(value)),
    { numRuns: 2000 },
  )
})
