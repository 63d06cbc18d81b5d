import { constants, createPrivateKey, hash, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext, DEFAULT_CIPHERS, type SecureContext } from 'node:tls'

/**
 * What every connection to a place that tenants name is made with: no Diffie-Hellman over a group of the server's choice (up to 10 000 bits in
 * OpenSSL, half a second of the event loop for each), and no handshakes again and again on one connection (TLS 1.2).
 */
export const clientOptions = { ciphers: `${DEFAULT_CIPHERS}:!kDHE`, secureOptions: constants.SSL_OP_NO_RENEGOTIATION }

/** Certificates of a sink, read by OpenSSL once for all connections. Connections are made anew when `form` is another. */
export type TlsMaterial = {
  form: string
  context: SecureContext
  /** Its authorities alone, for servers that are not the sink; undefined where it brings none. */
  authorities: (() => { context: SecureContext }) | undefined
}

/** PEM of a sink's ConfigMap, and of the keys of its Secret; those of an authority are trusted instead of Node's own. */
export type Texts = {
  bundle?: string | undefined
  'ca.crt'?: string | undefined
  'tls.crt'?: string | undefined
  'tls.key'?: string | undefined
}

/** From when to when (ms) a certificate is valid. */
export type Validity = { from: number; to: number }

/** `valid`: when the certificate of one's own is; `trusted`: when each that is trusted is. Else the key that is not usable, and what it has to be. */
export type Examined =
  | { ok: true; material: TlsMaterial; valid: Validity | undefined; trusted: readonly Validity[] }
  | { ok: false; key: keyof Texts; expected: string }

export type Examine = (texts: Texts) => Examined

/** More than all public authorities; each one costs whoever connects time. */
const maxCertificates = 300
const maxBytes = 512 * 1024

const wanted = 'certificates in PEM, each from BEGIN CERTIFICATE to END CERTIFICATE'
const tooMany = `at most ${maxCertificates} certificates in PEM, ${maxBytes / 1024} KiB together`

export function examine(texts: Texts): Examined {
  for (const key of ['bundle', 'ca.crt', 'tls.crt'] as const) {
    const expected = texts[key] === undefined ? undefined : problemOf(texts[key])
    if (expected !== undefined) return { ok: false, key, expected }
  }
  const { bundle, 'ca.crt': own, 'tls.crt': cert, 'tls.key': key } = texts
  const leaf = cert === undefined ? undefined : new X509Certificate(cert)
  if (leaf) {
    const privateKey = key === undefined ? undefined : attempt(() => createPrivateKey(key))
    if (!privateKey) return { ok: false, key: 'tls.key', expected: 'a private key in PEM, without a passphrase' }
    if (isTooLong(privateKey))
      return { ok: false, key: 'tls.key', expected: `an RSA key of 2048 to ${longestKey} bits` }
    if (!leaf.checkPrivateKey(privateKey))
      return { ok: false, key: 'tls.key', expected: 'the private key of the certificate in tls.crt' }
  }
  const ca = [bundle, own].filter((text) => text !== undefined).join('\n')
  // OpenSSL takes no short keys and no old signatures: said here, and not at each connection.
  const context = attempt(() =>
    createSecureContext({ ...clientOptions, ...(ca !== '' && { ca }), ...(leaf && { cert, key }) }),
  )
  if (!context) {
    const expected = 'certificates that OpenSSL takes: RSA keys of 2048 bits or more, EC keys of 224 or more, SHA-2'
    return { ok: false, key: leaf ? 'tls.crt' : own === undefined ? 'bundle' : 'ca.crt', expected }
  }
  const trusted = (ca.match(pem) ?? []).map((one) => validityOf(new X509Certificate(one)))
  const authorities =
    ca === ''
      ? undefined
      : leaf
        ? once(() => ({ context: createSecureContext({ ...clientOptions, ca }) }))
        : () => ({ context })
  return { ok: true, material: { form: formOf(texts), context, authorities }, valid: leaf && validityOf(leaf), trusted }
}

/** Signing blocks the event loop for as long as the cube of the length: 5 ms with 4096 bits, 18 s with 45 000. */
const longestKey = 4096
const isTooLong = ({ asymmetricKeyDetails }: KeyObject): boolean =>
  (asymmetricKeyDetails?.modulusLength ?? 0) > longestKey

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

const validityOf = ({ validFromDate, validToDate }: X509Certificate): Validity => ({
  from: validFromDate.getTime(),
  to: validToDate.getTime(),
})

/** What was not asked for during so long is forgotten. */
const keptMs = 60_000

/** An `examine` that remembers: the same certificates are asked for at each attempt, and by many sinks. `now` in ms. */
export function rememberingExamine(now: () => number): Examine {
  const known = new Map<string, { used: number; examined: Examined }>()
  return (texts) => {
    const at = now()
    const form = formOf(texts)
    const entry = known.get(form) ?? { used: at, examined: examine(texts) }
    entry.used = at
    known.delete(form)
    for (const [other, { used }] of known) {
      if (at - used < keptMs && used <= at) break
      known.delete(other)
    }
    // At the end: those that were not asked for longest are first.
    known.set(form, entry)
    return entry.examined
  }
}

const formOf = (texts: Texts): string =>
  hash('sha256', JSON.stringify([texts.bundle, texts['ca.crt'], texts['tls.crt'], texts['tls.key']]))

const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** One certificate or more, each of which can be read; what stands between them is a comment. */
function problemOf(text: string): string | undefined {
  if (text.length > maxBytes) return tooMany
  const found = text.match(pem) ?? []
  if (found.length > maxCertificates) return tooMany
  const isReadable = (one: string) => attempt(() => new X509Certificate(one)) !== undefined
  return found.length > 0 && found.every(isReadable) ? undefined : wanted
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined // OpenSSL says it in its own words; who reads the condition is told which key is wrong
  }
}
