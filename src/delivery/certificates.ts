import { constants, createPrivateKey, hash, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext, DEFAULT_CIPHERS, type SecureContext } from 'node:tls'
import type { Refusal } from '../api/verdict.ts'

/**
 * What every connection to a place that tenants name is made with: no Diffie-Hellman over a group of the server's choice (up to 10 000 bits in
 * OpenSSL, half a second of the event loop for each), and no handshakes again and again on one connection (TLS 1.2).
 */
export const clientOptions = { ciphers: `${DEFAULT_CIPHERS}:!kDHE`, secureOptions: constants.SSL_OP_NO_RENEGOTIATION }

/** Certificates of a sink, read by OpenSSL once for all connections. Connections are made anew when `form` is another. */
export type TlsMaterial = {
  form: string
  context: SecureContext
  /** Its authorities alone, for servers that are not the sink; undefined where it brings none, or where none was to be asked. */
  authorities: { context: SecureContext } | undefined
  /** Where it is counted who holds what. */
  lease?: Lease | undefined
}

/** Of certificates that a sink brings at a time. */
export type Lease = {
  /** Connections are made with them, which keeps them in memory: they count until what is given is called. */
  hold(): () => void
  /** The sink brings others, or has not been asked for so long: no connection may stay open for them. */
  ended: AbortSignal
}

/** PEM of a sink's ConfigMap, and of the keys of its Secret; those of an authority are trusted instead of Node's own. */
export type Texts = {
  bundle?: string | undefined
  'ca.crt'?: string | undefined
  'tls.crt'?: string | undefined
  'tls.key'?: string | undefined
}

/** Who brings certificates: a sink by its name. `asksOthers`: authorities are needed alone as well, for a token endpoint. */
export type Bringer = { namespace: string; sink: string; asksOthers: boolean }

/** From when to when (ms) a certificate is valid. */
export type Validity = { from: number; to: number }

/** A key that is not usable, and what it has to be. */
export type Misfit = { ok: false; key: keyof Texts; expected: string }

/** `valid`: when the certificate of one's own is; `trusted`: when each that is trusted is. */
type Fit = { ok: true; material: TlsMaterial; valid: Validity | undefined; trusted: readonly Validity[] }

export type Examined = Fit | Misfit

/** For now there is no room for more certificates, or no time to read them. */
export type Refused = { ok: false; refusal: Refusal }

export type Examine = (texts: Texts, of: Bringer) => Examined | Refused

/** More than all public authorities; each one costs whoever connects time. */
const maxCertificates = 300
export const maxBytes = 512 * 1024

const wanted = 'certificates in PEM, each from BEGIN CERTIFICATE to END CERTIFICATE'
export const tooMany = `at most ${maxCertificates} certificates in PEM, ${maxBytes / 1024} KiB together`

const keys = ['bundle', 'ca.crt', 'tls.crt'] as const

/** What a context takes without any authority, in certificates. */
const ofContext = 6
/** A certificate of usual size; what is larger, or beside certificates, counts by its bytes. */
const usualBytes = 2048

/** How many certificates of usual size texts cost as much as, in memory and time; or what is too much to be read at all. */
export function weigh(texts: Texts, asksOthers: boolean): number | Misfit {
  const weights = { bundle: 0, 'ca.crt': 0, 'tls.crt': 0 }
  for (const key of keys) {
    const text = texts[key] ?? ''
    const count = text.length > maxBytes ? Number.POSITIVE_INFINITY : (text.match(pem)?.length ?? 0)
    if (count > maxCertificates) return { ok: false, key, expected: tooMany }
    weights[key] = Math.max(count, Math.ceil(text.length / usualBytes))
  }
  const authorities = weights.bundle + weights['ca.crt']
  const others = isSplit(texts, asksOthers) ? ofContext + authorities : 0
  return ofContext + authorities + weights['tls.crt'] + others
}

/** Whether authorities need a context of their own. */
const isSplit = (texts: Texts, asksOthers: boolean): boolean =>
  asksOthers && texts['tls.crt'] !== undefined && (texts.bundle ?? texts['ca.crt']) !== undefined

export function examine(texts: Texts, { asksOthers }: Pick<Bringer, 'asksOthers'> = { asksOthers: false }): Examined {
  const weight = weigh(texts, asksOthers)
  if (typeof weight !== 'number') return weight
  const read: Record<(typeof keys)[number], Read[]> = { bundle: [], 'ca.crt': [], 'tls.crt': [] }
  for (const key of keys) {
    const found = texts[key] === undefined ? [] : readAll(texts[key])
    if (!found) return { ok: false, key, expected: wanted }
    read[key] = found
  }
  const leaf = read['tls.crt'][0]?.certificate
  const key = texts['tls.key']
  if (leaf) {
    const privateKey = key === undefined ? undefined : attempt(() => createPrivateKey(key))
    if (!privateKey) return { ok: false, key: 'tls.key', expected: 'a private key in PEM, without a passphrase' }
    if (isTooLong(privateKey))
      return { ok: false, key: 'tls.key', expected: `an RSA key of 2048 to ${longestKey} bits` }
    if (!leaf.checkPrivateKey(privateKey))
      return { ok: false, key: 'tls.key', expected: 'the private key of the certificate in tls.crt' }
  }
  const trusted = [...read.bundle, ...read['ca.crt']]
  // What stands between certificates is not read: OpenSSL knows more sorts of them than were counted.
  const ca = trusted.length > 0 && { ca: textOf(trusted) }
  // OpenSSL takes no short keys and no old signatures: said here, and not at each connection.
  const context = attempt(() =>
    createSecureContext({ ...clientOptions, ...ca, ...(leaf && { cert: textOf(read['tls.crt']), key }) }),
  )
  if (!context) {
    const expected = 'certificates that OpenSSL takes: RSA keys of 2048 bits or more, EC keys of 224 or more, SHA-2'
    return { ok: false, key: leaf ? 'tls.crt' : texts['ca.crt'] === undefined ? 'bundle' : 'ca.crt', expected }
  }
  const alone = isSplit(texts, asksOthers) ? createSecureContext({ ...clientOptions, ...ca }) : context
  const authorities = ca && (!leaf || asksOthers) ? { context: alone } : undefined
  return {
    ok: true,
    material: { form: formOf(texts, asksOthers), context, authorities },
    valid: leaf && validityOf(leaf),
    trusted: trusted.map(({ certificate }) => validityOf(certificate)),
  }
}

/** Signing blocks the event loop for as long as the cube of the length: 5 ms with 4096 bits, 18 s with 45 000. */
const longestKey = 4096
const isTooLong = ({ asymmetricKeyDetails }: KeyObject): boolean =>
  (asymmetricKeyDetails?.modulusLength ?? 0) > longestKey

const validityOf = ({ validFromDate, validToDate }: X509Certificate): Validity => ({
  from: validFromDate.getTime(),
  to: validToDate.getTime(),
})

/** The same where everything in them is. */
export const formOf = (texts: Texts, asksOthers: boolean): string => {
  const { bundle, 'ca.crt': own, 'tls.crt': cert, 'tls.key': key } = texts
  return hash('sha256', JSON.stringify([bundle, own, cert, key, isSplit(texts, asksOthers)]))
}

const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

type Read = { text: string; certificate: X509Certificate }

const textOf = (read: readonly Read[]): string => read.map(({ text }) => text).join('\n')

/** One certificate or more, each of which can be read; what stands between them is a comment. */
function readAll(text: string): Read[] | undefined {
  const found: Read[] = []
  for (const one of text.match(pem) ?? []) {
    const certificate = attempt(() => new X509Certificate(one))
    if (!certificate) return undefined
    found.push({ text: one, certificate })
  }
  return found.length > 0 ? found : undefined
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined // OpenSSL says it in its own words; who reads the condition is told which key is wrong
  }
}
