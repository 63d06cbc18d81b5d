import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { der } from './der.ts'

/** A certificate and its key. */
export type Identity = { certificate: X509Certificate; key: KeyObject }

/** Clocks differ: a certificate is good since so long before it was made; ms. */
export const skewMs = 3_600_000

/** An authority of our own, that signs for itself: ECDSA on P-256. `lifeMs` from `now` on. */
export function makeAuthority(name: string, now: number, lifeMs: number): Identity {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = nameOf(name)
  const made = { subject, publicKey, notBefore: now - skewMs, notAfter: now + lifeMs, extensions: authorityExtensions }
  return { certificate: issue(made, { subject, key: privateKey, id: keyId(publicKey) }), key: privateKey }
}

/** For a server that is spoken to by these names and addresses, from an authority; it never outlives that. */
export function makeLeaf(hosts: readonly string[], authority: Identity, now: number, lifeMs: number): Identity {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { certificate, key } = authority
  const notAfter = Math.min(now + lifeMs, certificate.validToDate.getTime())
  const extensions = leafExtensions(hosts)
  const made = { subject: nameOf(hosts[0] ?? ''), publicKey, notBefore: now - skewMs, notAfter, extensions }
  const issuer = { subject: subjectOf(certificate), key, id: keyId(certificate.publicKey) }
  return { certificate: issue(made, issuer), key: privateKey }
}

type ToBeMade = { subject: Buffer; publicKey: KeyObject; notBefore: number; notAfter: number; extensions: Buffer[] }

type Issuer = { subject: Buffer; key: KeyObject; id: Buffer }

const ecdsaWithSha256 = der.sequence(der.oid('1.2.840.10045.4.3.2'))

/** RFC 5280 §4.1. */
function issue({ subject, publicKey, notBefore, notAfter, extensions }: ToBeMade, issuer: Issuer): X509Certificate {
  const version3 = der.tagged(0, der.integer(2), true)
  // Positive, and never with zeros in front, which DER has not.
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  const ids = [
    extension('2.5.29.14', der.octets(keyId(publicKey))),
    extension('2.5.29.35', der.sequence(der.tagged(0, issuer.id))),
  ]
  const body = der.sequence(
    version3,
    der.integer(serial),
    ecdsaWithSha256,
    issuer.subject,
    der.sequence(der.time(notBefore), der.time(notAfter)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der.tagged(3, der.sequence(...extensions, ...ids), true),
  )
  const signature = sign('sha256', body, { key: issuer.key, dsaEncoding: 'der' })
  return new X509Certificate(der.sequence(body, ecdsaWithSha256, der.bits(signature)))
}

const extension = (oid: string, value: Buffer, critical = false): Buffer =>
  der.sequence(der.oid(oid), ...(critical ? [der.true()] : []), der.octets(value))

/** Basic constraints: an authority, of leaves only; key usage: keyCertSign, cRLSign. */
const authorityExtensions = [
  extension('2.5.29.19', der.sequence(der.true(), der.integer(0)), true),
  extension('2.5.29.15', der.bits(Buffer.from([0x06]), 1), true),
]

/** Key usage digitalSignature, extended usage serverAuth, and the names. */
function leafExtensions(hosts: readonly string[]): Buffer[] {
  const names = hosts.map((host) =>
    isIP(host) === 0 ? der.tagged(2, Buffer.from(host)) : der.tagged(7, addressBytes(host)),
  )
  return [
    extension('2.5.29.19', der.sequence(), true),
    extension('2.5.29.15', der.bits(Buffer.from([0x80]), 7), true),
    extension('2.5.29.37', der.sequence(der.oid('1.3.6.1.5.5.7.3.1'))),
    extension('2.5.29.17', der.sequence(...names)),
  ]
}

/** A common name has 64 characters at most (RFC 5280, ub-common-name); what counts are the alternative names. */
const nameOf = (name: string): Buffer =>
  der.sequence(der.set(der.sequence(der.oid('2.5.4.3'), der.utf8(name.slice(0, 64)))))

const subjectOf = ({ subject }: X509Certificate): Buffer => nameOf(subject.replace(/^CN=/, ''))

const keyId = (key: KeyObject): Buffer =>
  createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const [before, after] = [groups(head), groups(tail ?? '')]
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex')
}
