import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { aimBytes, boundBytes, firstLimit, nextLimit, readPage, smallerLimit } from '../../src/kube/pages.ts'

const seed = Math.floor(Math.random() * 2 ** 31)

describe('limit of pages', () => {
  const cases: [name: string, limit: number, page: { bytes: number; items: number }, next: number][] = [
    ['objects of 1 kB: four times as many at most', 20, { bytes: 20_000, items: 20 }, 80],
    ['objects of 10 kB: what fits', 100, { bytes: 1_000_000, items: 100 }, 52],
    ['objects of 100 kB', 20, { bytes: 2_000_000, items: 20 }, 5],
    ['objects of 1.5 MB: one', 1, { bytes: 1_500_000, items: 1 }, 1],
    ['an empty page tells nothing', 20, { bytes: 300, items: 0 }, 20],
    ['never more than 500', 400, { bytes: 40_000, items: 400 }, 500],
  ]
  for (const [name, limit, page, next] of cases) it(name, () => assert.equal(nextLimit(limit, page), next))

  it(`halves at least after a page over the bound, and is never below 1 (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 0, max: 50_000_000 }), (limit, bytes) => {
        const next = nextLimit(limit, { bytes: Math.max(bytes, 2), items: limit })
        assert.ok(next >= 1 && next <= 500)
        if (bytes > boundBytes && limit > 1) assert.ok(next <= limit / 2)
        assert.ok(smallerLimit(limit) >= 1 && (limit === 1 || smallerLimit(limit) <= limit / 2))
      }),
      { seed },
    )
  })

  it(`comes to pages near the aim for any size of objects, few of them cut off (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 500, max: 1_500_000 }), (size) => {
        let limit = firstLimit()
        let cutOff = 0
        for (let page = 0; page < 8; page += 1) {
          const bytes = limit * size
          if (bytes > boundBytes && limit > 1) {
            limit = smallerLimit(limit)
            cutOff += 1
          } else limit = nextLimit(limit, { bytes, items: limit })
        }
        assert.ok(cutOff <= 3)
        assert.ok(limit === 1 || limit * size <= aimBytes)
        assert.ok(limit === 500 || (limit + 1) * size > aimBytes)
      }),
      { seed },
    )
  })
})

describe('a page', () => {
  const resource = { group: '', version: 'v1', plural: 'pods' }
  const metadata = { name: 'a', uid: 'u', resourceVersion: '1' }

  it('has its items named, its token and its version', () => {
    const list = { kind: 'PodList', metadata: { resourceVersion: '7', continue: 'more' }, items: [{ metadata }] }
    assert.deepEqual(readPage(resource, list, 10), {
      changes: [{ type: 'upsert', object: { metadata, apiVersion: 'v1', kind: 'Pod' } }],
      bytes: 10,
      next: 'more',
      cursor: '7',
    })
  })

  it('may be empty, have null for items, or odd things among them', () => {
    for (const items of [undefined, null, [], [null, 1, {}, { metadata: null }]]) {
      const page = readPage(resource, { kind: 'PodList', metadata: { resourceVersion: '7', continue: '' }, items }, 10)
      assert.deepEqual(page, { changes: [], bytes: 10, next: undefined, cursor: '7' })
    }
  })

  it('must be a list', () => {
    for (const value of [
      null,
      1,
      'x',
      [],
      {},
      { kind: 'Status' },
      { metadata: { resourceVersion: 1 }, kind: 'PodList' },
    ]) {
      assert.equal(readPage(resource, value, 10), undefined)
    }
  })
})
