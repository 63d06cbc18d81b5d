import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import { parsePointer } from '../../src/formats/pointers.ts'
import { compileRedaction, redactedMilestone } from '../../src/formats/redaction.ts'
import { run, sourceOf, toldBy } from './runs.ts'

const redact = (object: unknown, ...texts: string[]): unknown => {
  const redaction = compileRedaction(texts.map((text) => parsePointer(text) ?? []))
  assert.ok(redaction)
  return redaction.cut(object as KubeObject)
}

test('members are left out, elements become null, and the rest is shared', () => {
  const object = { a: { b: 1, c: [1, { d: 2, e: 3 }, 4] }, f: { g: {} } }
  const copy = structuredClone(object)
  const cut = redact(object, '/a/b', '/a/c/0', '/a/c/1/d') as typeof object
  assert.deepEqual(cut, { a: { c: [null, { e: 3 }, 4] }, f: { g: {} } })
  assert.equal(cut.f, object.f)
  assert.deepEqual(object, copy)
})

test('an object without any such part is given back itself', () => {
  const object = { a: [1], b: 'text', c: null }
  for (const text of ['/x', '/a/1', '/a/-', '/a/length', '/b/0', '/c/d', '/toString', '/__proto__'])
    assert.equal(redact(object, text), object, text)
})

test('a part within another part goes with it, in whatever order they are named', () => {
  for (const texts of [
    ['/a', '/a/b/c'],
    ['/a/b/c', '/a'],
  ])
    assert.deepEqual(redact({ a: { b: { c: 1, d: 2 } }, e: 1 }, ...texts), { e: 1 })
})

test('members named __proto__ are members like others', () => {
  const object = JSON.parse('{"__proto__":{"a":1,"b":2},"c":{"__proto__":3,"d":4}}')
  const cut = redact(object, '/__proto__/a', '/c/__proto__')
  assert.equal(JSON.stringify(cut), '{"__proto__":{"b":2},"c":{"d":4}}')
})

test('nothing is compiled of nothing, and equal redactions have equal forms', () => {
  assert.equal(compileRedaction([]), undefined)
  const form = (...pointers: string[][]) => compileRedaction(pointers)?.form
  assert.equal(form(['a'], ['b']), form(['b'], ['a']))
  assert.notEqual(form(['a', 'b']), form(['a/b']))
})

test("a milestone's reason, message and details are those that the redacted object still tells", () => {
  const object = run('taskrun-rich')
  const source = sourceOf('TaskRun')
  const told = toldBy(object, 'finished')
  const after = (...texts: string[]) => {
    const still = source.milestones(redact(object, ...texts) as KubeObject)
    return redactedMilestone(
      told,
      still.find(({ key }) => key === told.key),
    )
  }
  assert.ok(told.message !== undefined && told.reason !== undefined)
  assert.deepEqual(after('/spec/params'), told)
  const place = (object.status?.conditions as { type: string }[]).findIndex(({ type }) => type === 'Succeeded')
  const { message, ...silent } = told
  assert.deepEqual(after(`/status/conditions/${place}/message`), silent)
  const { reason, ...bare } = silent
  for (const text of ['/status/conditions', '/status', `/status/conditions/${place}`]) {
    assert.deepEqual(after(text), bare, text)
  }
  assert.ok(message && reason)
})
