import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { type Identity, makeAuthority, makeLeaf, skewMs } from './certificate.ts'

/** What instances share by a Secret. */
export type Kept = {
  authority: Identity
  /** Authorities that came before, and may still have signed what some instance serves. */
  older: readonly X509Certificate[]
  leaf: Identity
}

export type Lives = {
  authorityMs: number
  leafMs: number
  /** How long an authority is made known before anything signed by it is served; and how long a former one is trusted after. */
  settleMs: number
}

/** A clock that jumps to and fro makes no more of them. */
const maxOlder = 3

const dayMs = 24 * 3_600_000

export const lives: Lives = { authorityMs: 365 * dayMs, leafMs: 90 * dayMs, settleMs: 600_000 }

/**
 * What is to be kept from now on: `kept` itself where nothing is due. Renewed is what two thirds of its life are over of, what is of another time
 * than now, and a leaf for other names than `hosts`. An authority is renewed beside the former one; the leaf follows when that has settled.
 */
export function renew(
  kept: Kept | undefined,
  hosts: readonly string[],
  now: number,
  { authorityMs, leafMs, settleMs }: Lives,
): Kept {
  const lasting = kept && isCurrent(kept.authority.certificate, now) ? kept : undefined
  const authority = lasting?.authority ?? makeAuthority('carillon-webhook', now, authorityMs)
  const former = lasting ? lasting.older : kept ? [kept.authority.certificate, ...kept.older] : []
  const trusted = former.filter((one) => isValid(one, now)).slice(0, maxOlder)
  const leaf = kept?.leaf
  const isOwn = leaf?.certificate.verify(authority.certificate.publicKey) ?? false
  const isKnown = leaf !== undefined && (isOwn || trusted.some((one) => leaf.certificate.verify(one.publicKey)))
  const usable = isKnown && isValid(leaf.certificate, now) && isFor(leaf.certificate, hosts)
  const hasSettled = madeAt(authority.certificate) + settleMs <= now
  const stays = usable && (isOwn ? isCurrent(leaf.certificate, now) : !hasSettled)
  // One that is only to be renewed serves on until the authority that would sign the next is known.
  const waits = usable && !hasSettled && trusted.length > 0
  const next = leaf && (stays || waits) ? leaf : makeLeaf(hosts, authority, now, leafMs)
  const isOver = next === leaf && isOwn && madeAt(leaf.certificate) + settleMs <= now
  const older = isOver ? [] : trusted
  const isSame = kept && authority === kept.authority && next === leaf && older.length === kept.older.length
  return isSame ? kept : { authority, older, leaf: next }
}

/** The certificates that a leaf of `kept` may be signed by, newest first, PEM. */
export const bundleOf = ({ authority, older }: Kept): string =>
  [authority.certificate, ...older].map((one) => one.toString()).join('')

/** The values of a Secret, base64. */
export function toSecret(kept: Kept): Record<string, string> {
  const pem = ({ key }: Identity) => key.export({ type: 'pkcs8', format: 'pem' }) as string
  const data = {
    'ca.crt': bundleOf(kept),
    'ca.key': pem(kept.authority),
    'tls.crt': kept.leaf.certificate.toString(),
    'tls.key': pem(kept.leaf),
  }
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]))
}

/** undefined: an empty Secret, or one that holds anything else than `toSecret` writes. */
export function fromSecret(data: Readonly<Record<string, unknown>>): Kept | undefined {
  const read = (key: string) => Buffer.from(String(data[key] ?? ''), 'base64').toString()
  try {
    const [own, ...older] = (
      read('ca.crt').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
    ).map((pem) => new X509Certificate(pem))
    const authority = own && { certificate: own, key: createPrivateKey(read('ca.key')) }
    const leaf = { certificate: new X509Certificate(read('tls.crt')), key: createPrivateKey(read('tls.key')) }
    const fits = ({ certificate, key }: Identity) => certificate.checkPrivateKey(key)
    return authority?.certificate.ca && fits(authority) && fits(leaf) ? { authority, older, leaf } : undefined
  } catch {
    return undefined // What is damaged is made anew; it can't be told what of it was meant.
  }
}

const fromTo = ({ validFromDate, validToDate }: X509Certificate) =>
  [validFromDate.getTime(), validToDate.getTime()] as const

const madeAt = (certificate: X509Certificate): number => fromTo(certificate)[0] + skewMs

function isValid(certificate: X509Certificate, now: number): boolean {
  const [from, to] = fromTo(certificate)
  return from <= now && now < to
}

/** Valid, and less than two thirds over. */
function isCurrent(certificate: X509Certificate, now: number): boolean {
  const [, to] = fromTo(certificate)
  const made = madeAt(certificate)
  return isValid(certificate, now) && now < made + ((to - made) * 2) / 3
}

const isFor = (certificate: X509Certificate, hosts: readonly string[]): boolean =>
  hosts.every((host) =>
    isIP(host) === 0 ? certificate.checkHost(host, { subject: 'never' }) : certificate.checkIP(host),
  )
