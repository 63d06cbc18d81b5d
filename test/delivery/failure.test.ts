import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FailureClass } from '../../src/delivery/attempt.ts'
import { AddressRefused } from '../../src/delivery/egress.ts'
import { classify } from '../../src/delivery/failure.ts'

const hidden = 'bytes of the sink'
const error = (code: string, cause?: unknown) => Object.assign(new Error(hidden, { cause }), { code })

describe('the class of an error', () => {
  const table: Record<FailureClass, string[]> = {
    Timeout: ['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'],
    ConnectionRefused: ['ECONNREFUSED'],
    ConnectionReset: ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'],
    HostNotFound: ['ENOTFOUND', 'EAI_NONAME', 'EAI_NODATA', 'ENODATA'],
    DNSFailed: ['EAI_AGAIN', 'EAI_FAIL', 'ESERVFAIL', 'EREFUSED', 'ETIMEOUT'],
    AddressRefused: [],
    PortRefused: [],
    TLSFailed: [
      'CERT_HAS_EXPIRED',
      'CERT_NOT_YET_VALID',
      'CERT_SIGNATURE_FAILURE',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'UNABLE_TO_GET_ISSUER_CERT',
      'ERR_TLS_CERT_ALTNAME_INVALID',
      'ERR_TLS_HANDSHAKE_TIMEOUT',
      'ERR_SSL_WRONG_VERSION_NUMBER',
      'EPROTO',
    ],
    ProxyFailed: [],
    NetworkFailed: ['EHOSTUNREACH', 'ENETUNREACH', 'EMFILE', 'SOMETHING_NEW', ''],
    InvalidAnswer: ['HPE_INVALID_CONSTANT', 'UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'],
    Aborted: ['UND_ERR_ABORTED', 'UND_ERR_CLOSED', 'UND_ERR_DESTROYED'],
    InvalidURL: [],
    InvalidHeader: [],
    InvalidEvent: [],
    BodyNotAllowed: [],
    CredentialsMissing: [],
    ServiceNotFound: [],
    ServiceNotAllowed: [],
    ServiceNotReady: [],
    ServiceUnreadable: [],
    ValidationRefused: [],
    ValidationPending: [],
  }
  for (const [kind, codes] of Object.entries(table)) {
    for (const code of codes) {
      it(`${code || 'none'}: ${kind}`, () => {
        const found = classify(error(code))
        assert.equal(found.class, kind)
        assert.ok(!found.message.includes(hidden) && found.message.length > 10)
      })
    }
  }

  it('is found beneath other errors', () => {
    assert.equal(classify(new TypeError('fetch failed', { cause: error('ECONNREFUSED') })).class, 'ConnectionRefused')
    assert.equal(classify(new AggregateError([error('ECONNREFUSED'), error('ETIMEDOUT')])).class, 'ConnectionRefused')
  })

  it('of a refused address comes with its own message, even among others', () => {
    const refused = new AddressRefused('Connections to a.example are refused.')
    assert.deepEqual(classify(refused), { class: 'AddressRefused', message: refused.message })
    assert.deepEqual(classify(new Error(hidden, { cause: refused })), {
      class: 'AddressRefused',
      message: refused.message,
    })
  })

  it('of what is no error is NetworkFailed', () => {
    for (const thrown of [undefined, null, 'text', 7, {}]) assert.equal(classify(thrown).class, 'NetworkFailed')
  })

  it('of errors that cause each other ends', () => {
    const one = new Error('a')
    one.cause = one
    assert.equal(classify(one).class, 'NetworkFailed')
  })
})
