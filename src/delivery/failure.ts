import type { FailureClass } from './attempt.ts'
import { AddressRefused } from './egress.ts'
import { ProxyRefused } from './proxy.ts'
import { ServiceRefused } from './service-connector.ts'

type Failure = { class: FailureClass; message: string }

/** Error codes of Node and undici, and what they mean in words. Codes are ours to show; messages of errors are not. */
const codes: Readonly<Record<string, readonly [FailureClass, message: string]>> = {
  ECONNREFUSED: ['ConnectionRefused', 'The connection was refused: nothing listens there.'],
  ECONNRESET: ['ConnectionReset', 'The sink closed the connection before it answered.'],
  EPIPE: ['ConnectionReset', 'The sink closed the connection before it answered.'],
  UND_ERR_SOCKET: ['ConnectionReset', 'The sink closed the connection before it answered.'],
  ETIMEDOUT: ['Timeout', 'No connection could be made in time.'],
  UND_ERR_CONNECT_TIMEOUT: ['Timeout', 'No connection could be made in time.'],
  UND_ERR_HEADERS_TIMEOUT: ['Timeout', 'The sink did not answer in time.'],
  UND_ERR_BODY_TIMEOUT: ['Timeout', 'The sink did not answer in time.'],
  ENOTFOUND: ['HostNotFound', 'The host name is not known.'],
  EAI_NONAME: ['HostNotFound', 'The host name is not known.'],
  EAI_NODATA: ['HostNotFound', 'The host name has no address.'],
  ENODATA: ['HostNotFound', 'The host name has no address.'],
  EAI_AGAIN: ['DNSFailed', 'The host name could not be resolved for now.'],
  EAI_FAIL: ['DNSFailed', 'The host name could not be resolved.'],
  ESERVFAIL: ['DNSFailed', 'The host name could not be resolved: the DNS server failed.'],
  EREFUSED: ['DNSFailed', 'The host name could not be resolved: the DNS server refused.'],
  ETIMEOUT: ['DNSFailed', 'The host name could not be resolved in time.'],
  CERT_HAS_EXPIRED: ['TLSFailed', 'The certificate of the sink has expired.'],
  CERT_NOT_YET_VALID: ['TLSFailed', 'The certificate of the sink is not valid yet.'],
  CERT_REVOKED: ['TLSFailed', 'The certificate of the sink was revoked.'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['TLSFailed', 'The certificate of the sink is self-signed, by nobody that is trusted.'],
  SELF_SIGNED_CERT_IN_CHAIN: ['TLSFailed', 'The certificate of the sink is signed by a CA that is not trusted.'],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    'TLSFailed',
    'The certificate of the sink is signed by a CA that is not trusted.',
  ],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['TLSFailed', 'The certificate of the sink is signed by a CA that is not trusted.'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['TLSFailed', 'The certificate of the sink is for another host.'],
  HOSTNAME_MISMATCH: ['TLSFailed', 'The certificate of the sink is for another host.'],
  EPROTO: ['TLSFailed', 'The TLS handshake failed.'],
  EHOSTUNREACH: ['NetworkFailed', 'The host cannot be reached.'],
  ENETUNREACH: ['NetworkFailed', 'The network of the host cannot be reached.'],
  AnswerTooLong: ['InvalidAnswer', 'The answer goes on and on.'],
  HTTPParserError: ['InvalidAnswer', 'What came back is no HTTP.'],
  UND_ERR_HEADERS_OVERFLOW: ['InvalidAnswer', 'The headers of the answer are too large.'],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ['InvalidAnswer', 'The answer is not as long as it said.'],
  UND_ERR_ABORTED: ['Aborted', 'The attempt was called off.'],
  UND_ERR_CLOSED: ['Aborted', 'The attempt was called off.'],
  UND_ERR_DESTROYED: ['Aborted', 'The attempt was called off.'],
}

/** Codes that come in families. */
const families: readonly (readonly [RegExp, FailureClass, message: string])[] = [
  [
    /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|CRL_|INVALID_CA|INVALID_PURPOSE)/,
    'TLSFailed',
    'The TLS connection could not be verified',
  ],
  [/^HPE_/, 'InvalidAnswer', 'What came back is no HTTP'],
]

/** The class of an error of a connection, and a message made of our own words. */
export function classify(error: unknown): Failure {
  for (const one of errorsIn(error)) {
    if (one instanceof AddressRefused) return { class: 'AddressRefused', message: one.message }
    if (one instanceof ProxyRefused) return { class: 'ProxyFailed', message: one.message }
    if (one instanceof ServiceRefused) return { class: one.reason, message: one.message }
    // undici's parser errors have a name of their own, but not always a code.
    const code = 'code' in one && typeof one.code === 'string' ? one.code : one.name
    const known = codes[code]
    if (known) return { class: known[0], message: known[1] }
    const family = families.find(([pattern]) => pattern.test(code))
    if (family) return { class: family[1], message: `${family[2]} (${code}).` }
  }
  return { class: 'NetworkFailed', message: 'The connection failed.' }
}

const distrust =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/

/** Whether a certificate is of an authority that is not among those that are trusted: others may be asked. */
export const isDistrust = (error: unknown): boolean =>
  errorsIn(error).some((one) => 'code' in one && typeof one.code === 'string' && distrust.test(one.code))

/** The error itself, then what lies beneath it: those of the addresses that were tried, or its cause. */
function* errorsIn(error: unknown, depth = 0): Generator<Error> {
  if (!(error instanceof Error) || depth > 4) return
  yield error
  if (error instanceof AggregateError) for (const one of error.errors) yield* errorsIn(one, depth + 1)
  yield* errorsIn(error.cause, depth + 1)
}
