import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compileSelector, type LabelSelector } from '../../src/filters/selector.ts'

const labels = { app: 'web', tier: '', 'example.com/team': 'a' }
const expression = (key: string, operator: string, values?: string[]): LabelSelector => ({
  matchExpressions: [{ key, operator, ...(values && { values }) }],
})

describe('selects as Kubernetes does', () => {
  const table: [name: string, selector: LabelSelector | undefined, selected: boolean][] = [
    ['left out: all', undefined, true],
    ['empty: all', {}, true],
    ['empty parts: all', { matchLabels: {}, matchExpressions: [] }, true],
    ['an equal label', { matchLabels: { app: 'web' } }, true],
    ['an equal label without value', { matchLabels: { tier: '' } }, true],
    ['an equal label with a prefix', { matchLabels: { 'example.com/team': 'a' } }, true],
    ['another value', { matchLabels: { app: 'db' } }, false],
    ['an absent label, even for an empty value', { matchLabels: { nope: '' } }, false],
    ['all labels, one wrong', { matchLabels: { app: 'web', tier: 'x' } }, false],
    ['a name of Object.prototype', { matchLabels: { constructor: '' } }, false],
    ['In', expression('app', 'In', ['db', 'web']), true],
    ['In, another', expression('app', 'In', ['db']), false],
    ['In, absent', expression('nope', 'In', ['db']), false],
    ['NotIn', expression('app', 'NotIn', ['db']), true],
    ['NotIn, among them', expression('app', 'NotIn', ['db', 'web']), false],
    ['NotIn, absent', expression('nope', 'NotIn', ['db']), true],
    ['Exists', expression('tier', 'Exists'), true],
    ['Exists, absent', expression('nope', 'Exists', []), false],
    ['DoesNotExist', expression('nope', 'DoesNotExist'), true],
    ['DoesNotExist, there', expression('tier', 'DoesNotExist'), false],
    ['both must hold', { matchLabels: { app: 'web' }, ...expression('tier', 'DoesNotExist') }, false],
  ]
  for (const [name, selector, selected] of table) {
    test(name, () => {
      const compiled = compileSelector(selector)
      assert.ok(compiled.ok)
      assert.equal(compiled.value(labels), selected)
    })
  }

  test('an object without labels', () => {
    const absent = compileSelector(expression('app', 'DoesNotExist'))
    const present = compileSelector({ matchLabels: { app: 'web' } })
    assert.ok(absent.ok && present.ok)
    assert.equal(absent.value(undefined), true)
    assert.equal(present.value(undefined), false)
  })
})

describe('refuses', () => {
  const table: [name: string, selector: LabelSelector, message: RegExp][] = [
    ['an unknown operator', expression('app', 'Equals', []), /one of In, NotIn, Exists, DoesNotExist, not Equals/],
    ['In without values', expression('app', 'In'), /app: values must be given for In/],
    ['NotIn without values', expression('app', 'NotIn', []), /values must be given for NotIn/],
    ['Exists with values', expression('app', 'Exists', ['a']), /values are only for In and NotIn/],
    ['a bad key', { matchLabels: { 'a b': 'c' } }, /"a b" is not the name of a label/],
    ['an empty key', expression('', 'Exists'), /is not the name of a label/],
    ['a bad prefix', { matchLabels: { 'Example.com/team': 'c' } }, /is not the name of a label/],
    ['an empty prefix', { matchLabels: { '/team': 'c' } }, /is not the name of a label/],
    ['a bad value', { matchLabels: { app: 'a b' } }, /app: "a b" is not a label's value/],
    ['a long value', expression('app', 'In', ['a'.repeat(64)]), /is not a label's value/],
  ]
  for (const [name, selector, message] of table) {
    test(name, () => {
      const compiled = compileSelector(selector, 'EventsInvalid')
      assert.ok(!compiled.ok)
      assert.equal(compiled.reason, 'EventsInvalid')
      assert.match(compiled.message, message)
    })
  }
})
