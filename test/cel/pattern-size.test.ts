import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { patternSize } from '../../src/cel/pattern-size.ts'

const seed = Math.trunc(Math.random() * 2 ** 31)

const odd = [
  '[(]',
  '[)]',
  '[]a]',
  '[^]]',
  '[[:word:]]',
  '\\Q(\\E',
  '\\Q)\\E',
  '\\(',
  '\\)',
  '\\pL',
  '\\p{Greek}',
  '\\x{41}',
  '\\d',
]
const plain = ['a', '.', '[ab]', '(', ')', '|', '*', '+', '?', '(?i)', '(?:', '(?P<n>', '^', '$', '\\b', 'k', 'é', '😀']
const counted = ['{3}', '{2,5}', '{1,}', '{0,9}', '{20}', '{0}', '{,3}']

test(`no pattern comes to more than twice its size, wherever its brackets are (seed ${seed})`, () => {
  const patterns = fc.array(fc.constantFrom(...odd, ...plain, ...counted), { maxLength: 14 }).map((of) => of.join(''))
  let compiled = 0
  const property = fc.property(patterns, (pattern) => {
    const made = programOf(pattern)
    if (made === undefined) return
    compiled += 1
    assert.ok(made <= 2 * (patternSize(pattern) + 2), `${pattern}: ${made} for ${patternSize(pattern)}`)
  })
  fc.assert(property, { seed, numRuns: 5000 })
  assert.ok(compiled > 500, `only ${compiled} patterns were any`)
})

function programOf(pattern: string): number | undefined {
  try {
    return RE2JS.compile(pattern).programSize()
  } catch {
    // Most of what is put together so is no pattern.
    return undefined
  }
}

test('patterns that people write are small', () => {
  for (const pattern of [
    '^sha512:[0-9a-f]{128}$',
    '^([a-z0-9-]{1,63}\\.){1,4}[a-z]{2,63}$',
    '^v[0-9]{1,3}(\\.[0-9]{1,5}){2}$',
  ])
    assert.ok(patternSize(pattern) < 500, `${pattern}: ${patternSize(pattern)}`)
})
