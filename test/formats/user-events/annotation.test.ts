import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rememberingReader } from '../../../src/formats/user-events/annotation.ts'

/** Whether a text is read anew: what is remembered is given as it is. */
const remembers = (limit: number) => {
  const read = rememberingReader(limit)
  return (text: string, then: string[] = []): boolean => {
    const first = read(text)
    for (const other of then) read(other)
    return read(text) === first
  }
}

test('the texts read last are remembered', () => {
  const keeps = remembers(3)
  assert.ok(keeps('[]'))
  assert.ok(keeps('[1]', ['[2]', '[3]']))
  assert.ok(!keeps('[1]', ['[2]', '[3]', '[4]']))
  assert.ok(keeps('- [', ['[2]']), 'one that can not be read, too')
})

test('a text weighs as much as there are expressions in it', () => {
  const keeps = remembers(3)
  assert.ok(keeps('[{"when": "true", "a": {"cel": "1"}}]'))
  assert.ok(!keeps('[{"when": "true", "a": {"cel": "1"}}]', ['[2]']))
  assert.ok(
    !keeps('[{"when": "true", "a": [{"cel": "1"}, {"cel": "2"}]}]'),
    'never, where it weighs too much by itself',
  )
  assert.ok(keeps('[1]', ['[{"when": "true", "a": [{"cel": "1"}, {"cel": "2"}]}]']), 'and then it drives out no other')
})
