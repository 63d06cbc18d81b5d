import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  annotationTime,
  fields,
  lastWrite,
  list,
  messageText,
  plainText,
  shortText,
  text,
  time,
} from '../../src/sources/read.ts'

test('time takes RFC 3339 between 1970 and 9999 and nothing else', () => {
  const table: [unknown, number | undefined][] = [
    ['2026-03-04T07:46:28Z', 1772610388000],
    ['2026-03-04T07:46:28.123456Z', 1772610388123],
    ['2026-03-04T09:46:28+02:00', 1772610388000],
    ['2026-03-04t07:46:28z', 1772610388000],
    ['0001-01-01T00:00:00Z', undefined],
    ['1969-12-31T23:59:59Z', undefined],
    ['9999-12-31T23:59:59Z', 253402300799000],
    ['9999-12-31T23:59:59-01:00', undefined],
    ['2026-13-04T07:46:28Z', undefined],
    ['2026-03-04 07:46:28', undefined],
    ['2026-03-04', undefined],
    ['4 March 2026', undefined],
    ['', undefined],
    [1772610388000, undefined],
    [null, undefined],
    [{}, undefined],
  ]
  for (const [value, expected] of table) {
    assert.equal(time(value), expected, JSON.stringify(value))
  }
})

test('fields, list and text give something harmless for what they did not expect', () => {
  for (const odd of [undefined, null, 0, '', 'x', true, []]) assert.deepEqual(fields(odd), {})
  for (const odd of [undefined, null, 0, 'x', {}, { length: 3 }]) assert.deepEqual(list(odd), [])
  for (const odd of [undefined, null, 0, '', {}, []]) assert.equal(text(odd), undefined)
})

test('shortText cuts at the limit and never through a character', () => {
  assert.equal(shortText('abc', 3), 'abc')
  assert.equal(shortText('abcd', 3), 'ab…')
  const cut = shortText('ab😀😀', 4)
  assert.equal(cut?.isWellFormed(), true)
  assert.equal(cut?.length, 4)
  assert.equal(shortText('', 3), undefined)
})

test('lastWrite is the newest of managedFields, else creationTimestamp', () => {
  const creationTimestamp = '2026-03-04T07:46:28Z'
  const managedFields = [{ time: '2026-03-04T07:46:30Z' }, {}, null, { time: 'soon' }, { time: '2026-03-04T07:46:29Z' }]
  assert.equal(lastWrite({ creationTimestamp, managedFields }), 1772610390000)
  assert.equal(lastWrite({ creationTimestamp }), 1772610388000)
  assert.equal(lastWrite({}), undefined)
})

test('lastWrite takes an object with more managers than a call takes arguments', () => {
  const managedFields = Array.from({ length: 300_000 }, () => ({}))
  assert.equal(lastWrite({ managedFields }), undefined)
})

test('annotationTime is the last write of the manager that owns the annotation', () => {
  const owner = (time: string, name: string) => ({
    time,
    fieldsV1: { 'f:metadata': { 'f:annotations': { [`f:${name}`]: {} } } },
  })
  const managedFields = [
    owner('2026-03-04T07:46:30Z', 'chains.tekton.dev/signed'),
    owner('2026-03-04T07:46:40Z', 'other'),
    { time: '2026-03-04T07:46:50Z' },
  ]
  assert.equal(annotationTime({ managedFields }, 'chains.tekton.dev/signed'), 1772610390000)
  assert.equal(annotationTime({ managedFields }, 'constructor'), undefined)
  assert.equal(annotationTime({}, 'chains.tekton.dev/signed'), undefined)
})

test('plain text is one well-formed line of at most so many units', () => {
  const table: [unknown, string | undefined][] = [
    ['Integration test passed', 'Integration test passed'],
    ['a\r\n\tb\u0000\u2028c\u009f', 'a b c'],
    ['\ud800x', '\ufffdx'],
    ['x'.repeat(1 << 20), `${'x'.repeat(29)}…`],
    ['\n \u0000', undefined],
    [7, undefined],
  ]
  for (const [value, expected] of table) assert.equal(plainText(value, 30), expected)
})

test('messages are told without user and password of the addresses in them', () => {
  const table: [string, string][] = [
    [
      "unable to clone 'https://jane:s3cret@git.example.com/a.git': no",
      "unable to clone 'https://git.example.com/a.git': no",
    ],
    ['oci://user:p@ss@q.io/a and ssh://git@h/b', 'oci://q.io/a and ssh://h/b'],
    ['https://s3cret@h', 'https://h'],
    ['https://q.io/a@sha256:1 by jane@example.com', 'https://q.io/a@sha256:1 by jane@example.com'],
    ['jane@example.com sees https://h/', 'jane@example.com sees https://h/'],
    ['://@ ://', '://@ ://'],
  ]
  for (const [given, expected] of table) {
    assert.equal(messageText(given, 1024), expected)
    assert.equal(plainText(given, 1024), expected)
  }
})

test('where a message is cut off, what stands before is told without credentials, too', () => {
  for (let length = 900; length < 1100; length++) {
    const message = `${'x'.repeat(length)} https://jane:s3cret-s3cret@git.example.com/a.git`
    for (const read of [messageText, plainText]) {
      const told = read(message, 1024) ?? ''
      assert.ok(told.length <= 1024 && !told.includes('jane') && !told.includes('s3cret'), told.slice(880))
    }
  }
})

test('a message of nothing but beginnings of addresses takes no longer than any other', () => {
  const steps = '://a'.repeat(1 << 18)
  assert.equal(messageText(steps, 1024)?.length, 1024)
})
