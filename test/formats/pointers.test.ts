import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parsePointer, pointerText, valueAt } from '../../src/formats/pointers.ts'

// RFC 6901 §5.
const example = JSON.parse(
  '{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\\\j":5,"k\\"l":6," ":7,"m~n":8}',
)

test('pointers lead to where RFC 6901 says', () => {
  const table: [string, unknown][] = [
    ['', example],
    ['/foo', ['bar', 'baz']],
    ['/foo/0', 'bar'],
    ['/', 0],
    ['/a~1b', 1],
    ['/c%d', 2],
    ['/e^f', 3],
    ['/g|h', 4],
    ['/i\\j', 5],
    ['/k"l', 6],
    ['/ ', 7],
    ['/m~0n', 8],
  ]
  for (const [text, value] of table) assert.deepEqual(valueAt(example, parsePointer(text) ?? ['nothing']), value, text)
  assert.deepEqual(parsePointer('/~01'), ['~1'])
})

test('a pointer to nothing gives nothing: absent members, places beyond a list, what is inherited', () => {
  for (const text of [
    '/bar',
    '/foo/2',
    '/foo/-',
    '/foo/00',
    '/foo/-1',
    '/foo/1e0',
    '/foo/length',
    '/constructor',
    '/__proto__',
  ])
    assert.equal(valueAt(example, parsePointer(text) ?? []), undefined, text)
  assert.equal(valueAt('text', ['length']), undefined)
})

test('what is no pointer is told apart', () => {
  for (const text of ['foo', 'foo/bar', '#/foo', '/~', '/a~2', '/a~/b'])
    assert.equal(parsePointer(text), undefined, text)
})

test('a pointer is written as it was read', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (tokens) => {
      assert.deepEqual(parsePointer(pointerText(tokens)), tokens)
    }),
  )
})
