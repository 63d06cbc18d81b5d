import { accept, type Refusal, refuse, type Verdict } from '../api/verdict.ts'
import {
  type Examine,
  examine as examineAnew,
  maxBytes,
  type TlsMaterial,
  tooMany,
  type Validity,
} from './certificates.ts'
import { invalidKey, type ReadKey } from './read-key.ts'
import { type Keys, keysOf } from './wanted.ts'

export type TlsSpec = {
  /** A Secret with Flux's keys: `ca.crt`, and `tls.crt` with `tls.key`. */
  certSecretRef?: { name: string } | undefined
  /** A ConfigMap with `ca.crt`, or another key. */
  caConfigMapRef?: { name: string; key?: string | undefined } | undefined
  /** A token endpoint is trusted by the same authorities. */
  auth?: { oauth2?: unknown } | undefined
}

const defaultCaKey = 'ca.crt'

/** Of a Secret with certificates. */
export const identityKeys = keysOf(['ca.crt', 'tls.crt', 'tls.key'].map((key) => [key, maxBytes]))

export const bundleKeys = ({ key = defaultCaKey }: { key?: string | undefined }): Keys => [[key, maxBytes]]

/** A ConfigMap as the API gives it. */
export type ConfigMap = {
  data?: Record<string, string> | undefined
  /** Keys that are there with longer values than can be used, which were left out of `data`. */
  tooLong?: readonly string[] | undefined
}

/**
 * The certificates that a spec refers to, each of which is understood; undefined where it refers to none. `now` in ms: a certificate of
 * one's own that is not valid now is refused, as no sink would take it, and so are authorities of which none is valid now. Reasons: those of
 * `ReadKey`, ConfigMapNotFound, ConfigMapInvalid, and those of `examine` where it counts what sinks bring.
 */
export function compileTls(
  spec: TlsSpec,
  read: ReadKey,
  configMap: ConfigMap | undefined,
  { namespace, sink, now, examine = examineAnew }: { namespace: string; sink: string; now: number; examine?: Examine },
): Verdict<TlsMaterial | undefined> {
  const bundle = spec.caConfigMapRef ? readBundle(spec.caConfigMapRef, configMap, namespace) : accept(undefined)
  if (!bundle.ok) return bundle
  const secret = spec.certSecretRef?.name
  const identity = secret === undefined ? accept<Identity>({}) : readIdentity(secret, read)
  if (!identity.ok) return identity
  const texts = { bundle: bundle.value, ...identity.value }
  if (Object.values(texts).every((text) => text === undefined)) return accept(undefined)
  const examined = examine(texts, { namespace, sink, asksOthers: spec.auth?.oauth2 !== undefined })
  if (!examined.ok) {
    if ('refusal' in examined) return examined.refusal
    const { key, expected } = examined
    if (key === 'bundle') return invalidBundle(spec.caConfigMapRef ?? { name: '' }, expected)
    return invalidKey(secret ?? '', key, expected)
  }
  const outdated = secret === undefined ? undefined : outdatedAt(secret, examined.valid, now)
  if (outdated) return outdated
  const expected = expectedOfTrusted(examined.trusted, now)
  if (expected === undefined) return accept(examined.material)
  return secret !== undefined && texts['ca.crt'] !== undefined
    ? invalidKey(secret, defaultCaKey, expected)
    : invalidBundle(spec.caConfigMapRef ?? { name: '' }, expected)
}

type Identity = { 'ca.crt'?: string; 'tls.crt'?: string; 'tls.key'?: string }

function readIdentity(name: string, read: ReadKey): Verdict<Identity> {
  const found: Identity = {}
  const isPair = read.has(name, 'tls.crt') || read.has(name, 'tls.key')
  for (const key of ['ca.crt', 'tls.crt', 'tls.key'] as const) {
    if (key === defaultCaKey ? isPair && !read.has(name, key) : !isPair) continue
    const text = read(name, key, key === 'tls.key' ? `a private key in PEM, at most ${maxBytes / 1024} KiB` : tooMany)
    if (!text.ok) return text
    found[key] = text.value
  }
  return accept(found)
}

function outdatedAt(name: string, valid: Validity | undefined, now: number): Refusal | undefined {
  if (valid && now > valid.to)
    return invalidKey(name, 'tls.crt', `a certificate that is valid; this one ended on ${timeOf(valid.to)}`)
  if (valid && now < valid.from)
    return invalidKey(name, 'tls.crt', `a certificate that is valid; this one begins on ${timeOf(valid.from)}`)
  return undefined
}

/** What authorities have to be of which none is valid now; undefined where one is, or none is given. */
function expectedOfTrusted(trusted: readonly Validity[], now: number): string | undefined {
  if (trusted.length === 0 || trusted.some(({ from, to }) => from <= now && now <= to)) return undefined
  const next = Math.min(...trusted.map(({ from }) => from).filter((from) => from > now))
  const when = Number.isFinite(next)
    ? `begins on ${timeOf(next)}`
    : `ended on ${timeOf(Math.max(...trusted.map(({ to }) => to)))}`
  return `certificates of which at least one is valid; none is now, the ${Number.isFinite(next) ? 'next' : 'last'} ${when}`
}

const timeOf = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')

function readBundle(
  ref: NonNullable<TlsSpec['caConfigMapRef']>,
  configMap: ConfigMap | undefined,
  namespace: string,
): Verdict<string> {
  const { name, key = defaultCaKey } = ref
  if (!configMap)
    return refuse(
      'ConfigMapNotFound',
      `ConfigMap ${name} was not found in namespace ${namespace}; create it with key ${key}.`,
    )
  if (configMap.tooLong?.includes(key)) return invalidBundle(ref, tooMany)
  const text = configMap.data && Object.hasOwn(configMap.data, key) ? configMap.data[key] : undefined
  if (text === undefined) return refuse('ConfigMapInvalid', `ConfigMap ${name} has no key ${key}.`)
  return accept(text)
}

const invalidBundle = (
  { name, key = defaultCaKey }: NonNullable<TlsSpec['caConfigMapRef']>,
  expected: string,
): Refusal => refuse('ConfigMapInvalid', `Key ${key} of ConfigMap ${name} is not usable: it has to be ${expected}.`)
