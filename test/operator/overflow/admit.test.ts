import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isHalfFree, isRelieved, lacking, shareOf, unlimited } from '../../../src/operator/overflow/admit.ts'

const load = (rows: number, bytes = 0) => ({ rows, bytes })
const need = (rows: number, bytes = 0) => ({ ...load(rows, bytes), sink: 'team-a/qe', namespace: 'team-a' })

test('all rows of an object fit, or none of them', () => {
  const cases: [need: [number, number], waiting: [number, number], lacks: 'rows' | 'bytes' | undefined][] = [
    [[1, 10], [9, 90], undefined],
    [[2, 10], [9, 90], 'rows'],
    [[1, 11], [9, 90], 'bytes'],
    [[2, 11], [9, 90], 'rows'],
    [[1, 1], [10, 50], 'rows'],
    [[1, 1], [3, 100], 'bytes'],
  ]
  for (const [asked, waiting, lacks] of cases)
    assert.equal(lacking(need(...asked), { load: load(...waiting), cap: load(10, 100) }), lacks, `${asked} ${waiting}`)
})

test('an object that is larger than the cap by itself goes when nothing else waits', () => {
  const cap = load(1, 100)
  assert.equal(lacking(need(5, 500), { load: load(0), cap }), undefined)
  assert.equal(lacking(need(5, 500), { load: load(1, 1), cap }), 'rows')
})

test('what makes no rows needs no room', () => {
  assert.equal(lacking(need(0), { load: load(12, 300), cap: load(10, 100) }), undefined)
})

test('what was full takes rows again once half is free, of rows and of bytes', () => {
  const cap = load(10, 100)
  const cases: [waiting: [number, number], relieved: boolean][] = [
    [[5, 50], true],
    [[0, 0], true],
    [[6, 50], false],
    [[5, 51], false],
    [[10, 100], false],
  ]
  for (const [waiting, relieved] of cases)
    assert.equal(isRelieved({ load: load(...waiting), cap }, cap), relieved, String(waiting))
})

test('a cap that is raised gives room at once, one that is lowered gives none', () => {
  const waiting = load(10, 100)
  const cases: [cap: [number, number], relieved: boolean][] = [
    [[11, 100], true],
    [[10, 101], true],
    [[11, 99], false],
    [[9, 100], false],
    [[5, 50], false],
  ]
  for (const [cap, relieved] of cases)
    assert.equal(isRelieved({ load: waiting, cap: load(...cap) }, load(10, 100)), relieved, String(cap))
})

test('where nothing is capped everything has room', () => {
  assert.equal(unlimited.isFull('team-a/qe', 'team-a'), false)
  assert.equal(unlimited.take(need(1e6, 1e12)), true)
})

test('a sink’s room is kept in equal parts for those who use it; one alone has all', () => {
  const cases: [namespaces: number, share: [number, number]][] = [
    [0, [10, 100]],
    [1, [10, 100]],
    [2, [5, 50]],
    [3, [3, 33]],
    [10, [1, 10]],
    [1000, [0, 0]],
  ]
  for (const [namespaces, share] of cases)
    assert.deepEqual(shareOf(load(10, 100), namespaces), load(...share), String(namespaces))
  const none = { load: load(0), cap: load(0, 0) }
  assert.equal(lacking(need(1, 10), none), undefined, 'an object goes, however small the part is')
})

test('a part is half free by rows and by bytes', () => {
  const cases: [waiting: [number, number], free: boolean][] = [
    [[5, 50], true],
    [[6, 0], false],
    [[0, 51], false],
  ]
  for (const [waiting, free] of cases)
    assert.equal(isHalfFree({ load: load(...waiting), cap: load(10, 100) }), free, String(waiting))
})
