import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type Addition,
  certificateBounds,
  filled,
  fullBucket,
  type Holding,
  rateRefusal,
  roomRefusal,
} from '../../src/delivery/certificate-bounds.ts'

const MiB = 2 ** 20
const bounds = certificateBounds(256 * MiB)

describe('the bounds of certificates', () => {
  it('are a fifth of the memory for all, within reason, and the same for each namespace', () => {
    const inAll = (memory: number) => certificateBounds(memory).inAll
    assert.deepEqual([0, 128 * MiB, 256 * MiB, 2 ** 30, 2 ** 64].map(inAll), [6_000, 6_000, 10_485, 41_943, 100_000])
    assert.deepEqual(certificateBounds(2 ** 40), { perNamespace: 3_000, inAll: 100_000, atOnce: 3_000, perSecond: 50 })
  })

  const holding = (ofNamespace: number, inAll: number): Holding => ({ namespace: 'team-a', ofNamespace, inAll })
  const both = (weight: number, replaces = false): Addition => ({ ofNamespace: weight, inAll: weight, replaces })
  const namespaceFull = /^The sinks of namespace team-a bring more than 3000 certificates together: let sinks share/
  const allFull = /^The sinks of all namespaces bring more certificates than there is room for; it is tried again\./
  const table: [name: string, held: Holding, added: Addition, refused: RegExp | undefined][] = [
    ['the first', holding(0, 0), both(300), undefined],
    ['the last that fits', holding(2_700, 2_700), both(300), undefined],
    ['one more', holding(2_701, 2_701), both(300), namespaceFull],
    ['one that others have', holding(0, 10_485), { ofNamespace: 300, inAll: 0, replaces: false }, undefined],
    [
      'one that others have, and is too much',
      holding(2_900, 2_900),
      { ofNamespace: 300, inAll: 0, replaces: false },
      namespaceFull,
    ],
    ['one that the namespace has', holding(3_300, 10_485), { ofNamespace: 0, inAll: 0, replaces: false }, undefined],
    ['another form of a sink, while the one before goes', holding(3_000, 3_000), both(306, true), undefined],
    ['a second such', holding(3_306, 3_306), both(306, true), namespaceFull],
    ['another form, with three quarters taken', holding(612, 7_800), both(306, true), undefined],
    ['much, where three quarters are taken', holding(300, 7_600), both(300), allFull],
    ['a full bundle, where three quarters are taken', holding(0, 7_900), both(306), undefined],
    ['a full bundle, where all is taken', holding(0, 10_400), both(306), allFull],
  ]
  for (const [name, held, added, refused] of table)
    it(`${refused ? 'refuse' : 'take'} ${name}`, () => {
      const refusal = roomRefusal(held, added, bounds)
      assert.equal(refusal?.reason, refused && 'TooManyCertificates')
      if (refused) assert.match(refusal?.message ?? '', refused)
      assert.ok((refusal?.message.length ?? 0) <= 256, 'a condition shows all of it')
    })

  it('let a namespace have so many examined at once, and some a second after that', () => {
    const spend = (bucket: ReturnType<typeof fullBucket>, weight: number) => ({
      ...bucket,
      left: bucket.left - weight,
    })
    const full = fullBucket(0, bounds)
    assert.equal(rateRefusal(full, 3_000, 'team-a', bounds), undefined)
    const empty = spend(full, 3_000)
    const refusal = rateRefusal(filled(empty, 5_980, bounds), 300, 'n'.repeat(63), bounds)
    assert.equal(refusal?.reason, 'CertificatesThrottled')
    assert.match(refusal?.message ?? '', /change faster than they are read, 50 a second; it is tried again\. Change/)
    assert.ok((refusal?.message.length ?? 0) <= 256)
    assert.equal(rateRefusal(filled(empty, 6_000, bounds), 300, 'team-a', bounds), undefined)
    assert.equal(filled(empty, 3_600_000, bounds).left, 3_000, 'no more is saved up')
    assert.deepEqual(filled({ left: 10, at: 60_000 }, 1_000, bounds), { left: 10, at: 1_000 }, 'a clock set back')
  })
})
