import assert from 'node:assert/strict'
import { test } from 'node:test'
import { halves, requestsOf } from '../../src/delivery/requests.ts'
import type { Row } from '../../src/outbox/outbox.ts'
import { eventOf } from './events.ts'

const rowOf = (id: string, more: Partial<Row> = {}): Row => ({
  seq: 1,
  sink: 'a/sink',
  subscription: 'a/s',
  subscriptionUid: 's',
  objectUid: 'o',
  event: eventOf(id),
  attempts: 0,
  firstAttempt: undefined,
  enqueued: 0,
  ...more,
})

const plain = { ...eventOf('p'), attributes: '{"webhook-id":"p"}' }
const parkedOf = (sink: string, reason: string) => ({ parked: { sink, reason } })
const tried = (attempts: number) => (id: string) => rowOf(id, { attempts })

const cuts: [name: string, rows: Row[], most: number, requests: string[]][] = [
  ['nothing', [], 10, []],
  ['all together', [...'abc'].map((id) => rowOf(id)), 10, ['abc']],
  ['no more than fit', [...'abcde'].map((id) => rowOf(id)), 2, ['ab', 'cd', 'e']],
  [
    'plain webhooks alone',
    [rowOf('a'), rowOf('p', { event: plain }), rowOf('p', { event: plain }), rowOf('b')],
    10,
    ['a', 'p', 'p', 'b'],
  ],
  [
    'parked rows of one sink and reason',
    [
      rowOf('a', parkedOf('x', 'Gone')),
      rowOf('b', parkedOf('x', 'Gone')),
      rowOf('c', parkedOf('x', 'HTTP400')),
      rowOf('d', parkedOf('y', 'HTTP400')),
      rowOf('e'),
    ],
    10,
    ['ab', 'c', 'd', 'e'],
  ],
  ['once more together after one failure', [...'abcd'].map(tried(1)), 4, ['abcd']],
  ['in halves after the second', [...'abcd'].map(tried(2)), 4, ['ab', 'cd']],
  ['alone after many', [...'abc'].map(tried(40)), 4, ['a', 'b', 'c']],
  ['apart from those that failed less', [tried(3)('a'), tried(3)('b'), rowOf('c'), rowOf('d')], 8, ['ab', 'cd']],
]

for (const [name, rows, most, requests] of cuts) {
  test(`rows are cut into requests: ${name}`, () => {
    assert.deepEqual(
      requestsOf(rows, most).map((request) => request.map(({ row }) => row.event.id).join('')),
      requests,
    )
  })
}

test('halves keep the order, and neither is empty', () => {
  const request =
    requestsOf(
      [...'abcde'].map((id) => rowOf(id)),
      9,
    )[0] ?? []
  const [first, second] = halves(request)
  assert.deepEqual([...first, ...second], request)
  assert.deepEqual([first.length, second.length], [3, 2])
  assert.deepEqual(
    halves(request.slice(0, 2)).map((half) => half.length),
    [1, 1],
  )
})
