import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fullFormats } from 'ajv-formats/dist/formats.js'
import fc from 'fast-check'
import { isDateTime, isUri, isUriReference, isUuid } from '../../../src/formats/cdevents/formats.ts'

describe('formats by their RFCs', () => {
  const rows: [holds: (text: string) => boolean, right: string[], wrong: string[]][] = [
    [
      isUri,
      [
        'https://a.example',
        'http://u:p@h:80/a/b?c=d#e',
        'http://[2001:db8::1]:80/',
        'http://[::ffff:1.2.3.4]',
        'http://[v1.x:y]',
      ],
      [
        '',
        'a',
        '/a',
        '//a',
        'a:',
        'http://a b',
        'http://[::1',
        'http://[1::2::3]',
        'http://[::01.2.3.4]',
        'http://ü',
        'x:%zz',
        '1a:b',
      ],
    ],
    [isUri, ['mailto:a@b.example', 'urn:x:y', 'x:/', 'x://', 'file:///a', 'pkg:oci/a@sha256%3A1'], ['x:a[', 'x:"a"']],
    [
      isUriReference,
      ['', '/a/b', 'a/b:c', './a:b', '//h/p', '?q', '#f', 'a:', 'x:?q'],
      ['a b', ':a', '1:a', '%', 'ü', '//h:x/'],
    ],
    [
      isDateTime,
      ['2023-03-20T14:27:05.315384Z', '2024-02-29t00:00:00z', '2016-12-31T23:59:60Z', '2017-01-01T08:59:60+09:00'],
      [
        '2023-02-29T14:27:05Z',
        '1900-02-29T00:00:00Z',
        '2023-04-31T00:00:00Z',
        '2023-03-20T24:00:00Z',
        '2016-12-31T22:59:60Z',
      ],
    ],
    [
      isDateTime,
      ['2000-02-29T00:00:00-23:59'],
      ['2023-03-20', '2023-03-20T14:27:05', '2023-03-20 14:27:05Z', '2023-03-20T14:27:05+01', ''],
    ],
    [
      isUuid,
      ['271069a8-fc18-44f1-b38f-9d70a1695819', '271069A8-FC18-14F1-B38F-9D70A1695819'],
      ['', 'x', '271069a8fc1844f1b38f9d70a1695819'],
    ],
  ]
  for (const [holds, right, wrong] of rows) {
    test(`${holds.name}: ${right[0] || 'the empty text'} and others`, () => {
      assert.deepEqual(
        right.filter((text) => !holds(text)),
        [],
      )
      assert.deepEqual(wrong.filter(holds), [])
    })
  }
})

const all = (one: unknown, text: string): boolean =>
  typeof one === 'function'
    ? one(text)
    : one instanceof RegExp
      ? one.test(text)
      : (one as { validate(text: string): boolean }).validate(text)

/** Where ajv-formats lets more pass than the RFCs do. */
const laxer: Record<'uri' | 'uri-reference' | 'date-time', RegExp> = {
  // An authority after one slash, or a path that begins with two (RFC 3986 §3.3 forbids both); quotes.
  uri: /^[^/]*:\/(\/|.*\[)|"/,
  // The same, and a first segment with a colon that is no scheme (§4.2).
  'uri-reference': /^[^/?#]*:|^([^/]*:)?\/(\/|.*\[)|"/,
  // A space for the T, and offsets without minutes or colon.
  'date-time': /\s|[+-]\d\d(\d\d)?$/,
}

test('random texts get from ajv-formats the verdict that they get here, but where that is laxer', (t) => {
  const seed = Date.now() & 0x7fffffff
  t.diagnostic(`seed ${seed}`)
  const parts = (alphabet: readonly string[], maxLength: number) =>
    fc.sample(
      fc.array(fc.constantFrom(...alphabet), { maxLength }).map((found) => found.join('')),
      { numRuns: 20_000, seed },
    )
  const urls = parts(
    [...'/:@[]%?#1a ü*^"\n.!', 'http', 'x', '//', '::1', '::', '1.2.3.4', '1:2:3:4:5:6:7:8', '%41', '[::1]', 'v1.a'],
    9,
  )
  const times = parts(
    [...'-:TtZz+.01 ', '2023-03-20', '2024-02-29', '14:27:05', '23:59:60', '.5', '+02:00', '24:00:00', '12:30'],
    5,
  )
  const checks = [
    ['uri', isUri, urls],
    ['uri-reference', isUriReference, urls],
    ['date-time', isDateTime, times],
  ] as const
  for (const [name, holds, texts] of checks) {
    const different = texts.filter((text) => holds(text) !== all(fullFormats[name], text))
    assert.deepEqual(
      different.filter((text) => holds(text) || !laxer[name].test(text)),
      [],
      name,
    )
  }
})

test('no text takes more than linear time', () => {
  const long = 200_000
  for (const part of ['a', ':', '/', '%41', '%', '[', '@', '?', '#', '1.', '::', 'a:', '//', '.']) {
    for (const text of [
      `http://${part.repeat(long)}`,
      part.repeat(long),
      `http://[${part.repeat(long)}`,
      `http://[${part.repeat(long)}]`,
    ]) {
      assert.equal(typeof (isUri(text) || isUriReference(text) || isDateTime(text)), 'boolean')
    }
  }
})
