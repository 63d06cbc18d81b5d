import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { answerText, keptText } from '../../src/delivery/answer-text.ts'

const text = (body: string | Uint8Array, type: string | undefined = 'text/plain', more = {}) =>
  answerText({ 'content-type': type, ...more }, typeof body === 'string' ? Buffer.from(body) : body)

describe('the text of an answer', () => {
  const table: [name: string, found: string | undefined, expected: string | undefined][] = [
    ['plain text', text('no such field\n'), 'no such field'],
    ['JSON', text('{"error": "größe"}', 'application/json; charset=utf-8'), '{"error": "größe"}'],
    ['a problem', text('{}', 'application/problem+json'), '{}'],
    ['HTML', text('<p>no</p>', 'Text/HTML;charset="UTF-8"'), '<p>no</p>'],
    ['no type', answerText({}, Buffer.from('a')), undefined],
    ['two types', answerText({ 'content-type': ['text/plain', 'text/html'] }, Buffer.from('a')), undefined],
    ['bytes by their type', text('GIF89a', 'image/gif'), undefined],
    ['a type that only begins so', text('a', 'application/jsonp'), undefined],
    ['another charset', text('a', 'text/plain; charset=iso-8859-1'), undefined],
    ['packed', text('a', 'text/plain', { 'content-encoding': 'gzip' }), undefined],
    ['said not to be packed', text('a', 'text/plain', { 'content-encoding': 'identity' }), 'a'],
    ['bytes that are no UTF-8', text(Uint8Array.of(0xff, 0xfe, 0x41)), undefined],
    ['a zero among text', text('a\0b'), undefined],
    ['controls, escapes and turned writing', text('a\x1b[31mb\x07\r\n\tc\u202e\u200bd'), 'a[31mb cd'],
    ['a character cut in half', text(Buffer.from('aü').subarray(0, 2)), 'a'],
    ['nothing', text(''), undefined],
    ['blanks', text(' \n '), undefined],
  ]
  for (const [name, found, expected] of table) it(`${name}: ${expected}`, () => assert.equal(found, expected))

  it('holds no control character, whatever came', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
        assert.doesNotMatch(text(body) ?? '', /\p{Cc}/u)
      }),
    )
  })
})

describe('what is kept of it', () => {
  it('is at most 256 characters, none of them cut in half', () => {
    assert.equal(keptText('x'.repeat(4000), {})?.length, 256)
    assert.equal(keptText(`x${'\u{1f600}'.repeat(200)}`, {})?.length, 255)
    assert.equal(keptText(undefined, {}), undefined)
  })

  const basic = `Basic ${Buffer.from('bob:hunter22').toString('base64')}`
  const table: [text: string, sent: Record<string, string>, kept: string][] = [
    ['bad token s3cret!', { authorization: 'Bearer s3cret!' }, 'bad token ***'],
    ['you sent Bearer s3cret!', { authorization: 'Bearer s3cret!' }, 'you sent ***'],
    ['a Bearer token is missing', { authorization: 'Bearer s3cret!' }, 'a Bearer token is missing'],
    ['bob has no password hunter22', { authorization: basic }, 'bob has no password ***'],
    [`no ${basic}`, { authorization: basic }, 'no ***'],
    ['key k-1234 and k-1234', { 'x-key': 'k-1234' }, 'key *** and ***'],
    ['{"got":"a\\"b\\\\cd"}', { 'x-key': 'a"b\\cd' }, '{"got":"***"}'],
    ['?key=a%2Fb%3Dc', { 'x-key': 'a/b=c' }, '?key=***'],
    ['{"got":"a\\/b=c"}', { 'x-key': 'a/b=c' }, '{"got":"***"}'],
    ['?key=a%2fb%3dc', { 'x-key': 'a/b=c' }, '?key=***'],
    ['key=a+b%26c', { 'x-key': 'a b&c' }, 'key=***'],
    ['<p>a&amp;b&lt;c&#39;&quot;</p>', { 'x-key': 'a&b<c\'"' }, '<p>***</p>'],
    ['no such token 0123abcd', { 'x-key': 'Token 0123abcd' }, 'no such token ***'],
    ['no such token 0123abcd', { 'x-key': 'id=me;key=0123abcd' }, 'no such token ***'],
    ['key two words', { 'x-key': 'two  words' }, 'key ***'],
    [`${'s3cret!-'.repeat(100)}s3cret`, { 'x-key': 's3cret!-'.repeat(10) }, '***'.repeat(11)],
    ['team a has no a', { 'x-team': 'a' }, 'team a has no a'],
    [`${'x'.repeat(250)}s3cret-and-more`, { authorization: 'Bearer s3cret-and-more' }, `${'x'.repeat(250)}***`],
  ]
  for (const [text, sent, kept] of table)
    it(`${text.slice(-30)}: ${kept.slice(-30)}`, () => assert.equal(keptText(text, sent), kept))

  it('is nothing where the headers are longer than servers take: masking would take longer than sending', () => {
    const sent = (length: number) => ({ 'x-a': 'a'.repeat(length / 2), 'x-b': 'b'.repeat(length / 2) })
    assert.equal(keptText('no', sent(16_384)), 'no')
    assert.equal(keptText('no', sent(16_386)), undefined)
  })
})
