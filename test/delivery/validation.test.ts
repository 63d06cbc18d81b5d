import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Asked, readAgreement, type Validation, validationHeaders } from '../../src/delivery/validation.ts'

const plain: Validation = { origin: 'carillon.example.com' }
const rated: Validation = { ...plain, requestRate: 120 }

const asked = (status: number, allowedOrigin?: Asked['allowedOrigin'], allowedRate?: Asked['allowedRate']): Asked => ({
  answer: { kind: 'response', status, retryAfter: '7', durationMs: 3 },
  allowedOrigin,
  allowedRate,
})

describe('what a sink is asked', () => {
  it('is who may send, and at what rate where one is wanted', () => {
    assert.deepEqual(validationHeaders(plain), { 'webhook-request-origin': 'carillon.example.com' })
    assert.deepEqual(validationHeaders(rated), {
      'webhook-request-origin': 'carillon.example.com',
      'webhook-request-rate': '120',
    })
  })
})

describe('a sink agrees', () => {
  const own = 'carillon.example.com'
  const table: [what: string, asked: Asked, of: Validation, perMinute: number | undefined][] = [
    ['with the origin', asked(200, own), plain, undefined],
    ['with the origin in other case', asked(204, 'Carillon.Example.COM'), plain, undefined],
    ['with any origin', asked(200, '*'), plain, undefined],
    ['with a rate that was asked for', asked(200, own, '120'), rated, 120],
    ['with less', asked(200, own, '1'), rated, 1],
    ['with more', asked(200, own, '6000'), rated, 6000],
    ['with any rate', asked(200, own, '*'), rated, undefined],
    ['with blanks around', asked(200, `${own} `, ' 30\t'), rated, 30],
    ['with a rate that nobody asked for', asked(202, '*', '30'), plain, 30],
  ]
  for (const [what, one, of, perMinute] of table)
    it(what, () => assert.deepEqual(readAgreement(one, of), { kind: 'agreed', agreement: { perMinute } }))
})

describe('a sink does not agree', () => {
  const own = 'carillon.example.com'
  const table: [what: string, asked: Asked, of: Validation, says: RegExp][] = [
    ['with a 200 alone', asked(200), plain, /OPTIONS with 200 and no WebHook-Allowed-Origin;/],
    ['with a rate alone', asked(204, undefined, '*'), rated, /204 and no WebHook-Allowed-Origin/],
    ['with another origin', asked(200, 'evil.example.net'), plain, /another WebHook-Allowed-Origin/],
    ['with an origin of which this is the end', asked(200, 'a.carillon.example.com'), plain, /another/],
    ['with a pattern', asked(200, '*.example.com'), plain, /another/],
    ['with nothing in the header', asked(200, ''), plain, /another/],
    ['with a list', asked(200, `${own}, *`), plain, /another/],
    ['with the header twice', asked(200, [own, own]), plain, /another/],
    ['without the rate that was asked for', asked(200, own), rated, /no WebHook-Allowed-Rate, though/],
    ['with a rate of 0', asked(200, own, '0'), rated, /a WebHook-Allowed-Rate that is none/],
    ['with half a request', asked(200, own, '0.5'), rated, /that is none/],
    ['with a negative rate', asked(200, own, '-1'), plain, /that is none/],
    ['with words', asked(200, own, 'as you like'), plain, /that is none/],
    ['with a rate without an end', asked(200, own, '9'.repeat(400)), rated, /that is none/],
    ['with two rates', asked(200, own, ['1', '2']), rated, /that is none/],
    ...[400, 404, 405, 409, 413, 415, 422, 501, 505].map((status): [string, Asked, Validation, RegExp] => [
      `with ${status}, whatever its headers say`,
      asked(status, '*', '*'),
      rated,
      new RegExp(`OPTIONS with ${status};`),
    ]),
  ]
  for (const [what, one, of, says] of table)
    it(what, () => {
      const { kind, ...rest } = readAgreement(one, of)
      assert.equal(kind, 'refused')
      assert.ok('answer' in rest && rest.answer.kind === 'failure')
      assert.equal(rest.answer.class, 'ValidationRefused')
      assert.match(rest.answer.message, says)
      assert.match(rest.answer.message, /expected is a 2xx with WebHook-Allowed-Origin: carillon\.example\.com or \*/)
      assert.equal(/WebHook-Allowed-Rate: requests a minute or \*\.$/.test(rest.answer.message), of === rated)
      assert.doesNotMatch(rest.answer.message, /evil|as you like|999/, 'not a byte of the sink')
    })

  it('says so within what a status takes, whatever the origin', () => {
    const origin = 'a'.repeat(253)
    for (const one of [asked(200, 'x'), asked(200), asked(200, origin), asked(200, origin, 'x'), asked(503)]) {
      const long = readAgreement(one, { origin, requestRate: 1 })
      assert.ok(long.kind === 'refused' && long.answer.kind === 'failure')
      assert.ok(long.answer.message.length <= 256, long.answer.message)
    }
  })
})

describe('a sink that can not say', () => {
  for (const status of [408, 425, 429, 500, 502, 503, 504])
    it(`with ${status} is asked again, when it says`, () => {
      const { answer } = readAgreement(asked(status, '*', '*'), rated) as { answer: Asked['answer'] }
      assert.ok(answer.kind === 'failure')
      assert.deepEqual([answer.class, answer.retryAfter], ['ValidationPending', '7'])
    })
  for (const status of [301, 302, 308, 401, 403, 407, 410])
    it(`with ${status} means what it always does`, () => {
      const { answer } = readAgreement(asked(status, '*', '*'), rated) as { answer: Asked['answer'] }
      assert.ok(answer.kind === 'response')
      assert.deepEqual([answer.status, answer.asked], [status, true])
    })

  it('because it is not reached, is what is not reached', () => {
    const answer = { kind: 'failure', class: 'TLSFailed', message: 'x', durationMs: 1 } as const
    const one = { answer, allowedOrigin: '*', allowedRate: '*' }
    assert.deepEqual(readAgreement(one, plain), { kind: 'refused', answer })
  })
})
