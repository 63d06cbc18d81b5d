import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { lineSplitter } from '../../src/kube/lines.ts'

const seed = Math.floor(Math.random() * 2 ** 31)

describe('lines', () => {
  it(`are the same whatever way the stream is cut (seed ${seed})`, () => {
    const texts = fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, '')))
    fc.assert(
      fc.property(texts, fc.array(fc.nat(200)), (given, cuts) => {
        const bytes = Buffer.from(given.map((text) => `${text}\n`).join(''))
        const { push, pending } = lineSplitter()
        const lines: string[] = []
        let start = 0
        for (const cut of [...cuts, bytes.length]) {
          lines.push(...push(bytes.subarray(start, start + cut)).map(String))
          start += cut
        }
        assert.deepEqual(
          lines,
          given.filter((text) => text !== ''),
        )
        assert.equal(pending(), 0)
      }),
      { seed },
    )
  })

  it('wait for their end', () => {
    const { push, pending } = lineSplitter()
    assert.deepEqual(push(Buffer.from('a\nbc')).map(String), ['a'])
    assert.equal(pending(), 2)
    assert.deepEqual(push(Buffer.from('d\r\n\r\n')).map(String), ['bcd\r'])
  })

  it('are refused when they are too long', () => {
    const { push } = lineSplitter(10)
    push(Buffer.from('123456'))
    assert.throws(() => push(Buffer.from('78901')), RangeError)
    assert.deepEqual(lineSplitter(10).push(Buffer.from('1234567890\n')).map(String), ['1234567890'])
  })
})
