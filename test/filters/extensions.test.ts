import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkExtensions } from '../../src/filters/extensions.ts'

test('takes lower case names of 1 to 20 characters with any printable text', () => {
  assert.deepEqual(checkExtensions(undefined), { ok: true, value: undefined })
  // Characters, as the API server counts them.
  assert.deepEqual(checkExtensions({ team: '😀'.repeat(256) }), { ok: true, value: undefined })
  assert.deepEqual(checkExtensions({ team: 'payments', x1: 'é 😀 "%"', [`${'a'.repeat(20)}`]: '1' }), {
    ok: true,
    value: undefined,
  })
})

describe('refuses', () => {
  const taken = [
    'id',
    'source',
    'type',
    'subject',
    'time',
    'specversion',
    'datacontenttype',
    'dataschema',
    'data',
    'sequence',
    'namespace',
  ]
  const table: [name: string, extensions: Record<string, unknown>, message: RegExp][] = [
    ...taken.map((name): [string, Record<string, unknown>, RegExp] => [name, { [name]: 'x' }, /this name is taken/]),
    ['data_base64', { data_base64: 'x' }, /this name is taken/],
    ['upper case', { Team: 'x' }, /extension "Team": a name has 1 to 20 lower case letters and digits/],
    ['a dash', { 'my-team': 'x' }, /a name has/],
    ['too long a name', { ['a'.repeat(21)]: 'x' }, /a name has/],
    ['no name', { '': 'x' }, /a name has/],
    ['no text', { team: 1 }, /must be a text/],
    ['an empty value', { team: '' }, /1 to 256 characters/],
    ['too long a value', { team: 'x'.repeat(257) }, /1 to 256 characters/],
    ['too many characters', { team: '😀'.repeat(257) }, /1 to 256 characters/],
    ['a line break', { team: 'a\r\nX-Evil: 1' }, /control character/],
    ['half a surrogate pair', { team: '\ud800' }, /control character or half a surrogate pair/],
  ]
  for (const [name, extensions, message] of table) {
    test(name, () => {
      const verdict = checkExtensions(extensions as Record<string, string>)
      assert.ok(!verdict.ok)
      assert.equal(verdict.reason, 'ExtensionsInvalid')
      assert.match(verdict.message, message)
    })
  }
})
