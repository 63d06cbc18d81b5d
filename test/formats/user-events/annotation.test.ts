import assert from 'node:assert/strict'
import { test } from 'node:test'
import { annotationLimits, readAnnotation, rememberingReader } from '../../../src/formats/user-events/annotation.ts'

const { marks } = annotationLimits

/** Whether a text is read anew: what is remembered is given as it is. */
const remembers = (limit: number) => {
  const read = rememberingReader(limit)
  return (text: string, then: string[] = []): boolean => {
    const first = read(text, marks)
    for (const other of then) read(other, marks)
    return read(text, marks) === first
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
  assert.ok(keeps('[{"when": "true", "content": {"cel": "1"}}]'))
  assert.ok(!keeps('[{"when": "true", "content": {"cel": "1"}}]', ['[2]']))
  assert.ok(keeps('[{"content": {"cel": 1, "when": 2}}]', ['[2]', '[3]']), 'whose names alone are none')
})

test('any text that can be read is remembered', () => {
  const list = Array.from({ length: 2 }, () => ({ when: 'true', content: Array(7).fill({ cel: '1' }) }))
  assert.equal(readAnnotation(JSON.stringify(list)).expressions, 16)
  assert.ok(remembers(48)(JSON.stringify(list), ['[1]', '[2]']))
  assert.ok(!readAnnotation(JSON.stringify([...list, { when: 'true' }])).declarations.ok)
})

test('marks are what the parser of YAML has to do with', () => {
  const texts: [string, number][] = [
    ['[{"name": "a", "on": {"kind": "TaskRun"}}]', 0],
    ['- name: a\n  on: {kind: TaskRun, task: build-image}\n', 10],
    ['- url: https://example.com:8443/a-b?c', 2],
    ['[a, b]', 3],
  ]
  for (const [text, expected] of texts) assert.equal(readAnnotation(text).marks, expected, text)
  assert.equal(readAnnotation(': '.repeat(1000)).declarations.ok, false)
  assert.equal(readAnnotation('- a\n', 1).declarations.ok, false, 'others of the run leave less')
})
