import { accept, type Refusal, refuse, type Verdict } from '../api/verdict.ts'
import { type Examine, examine as examineAnew, type TlsMaterial } from './certificates.ts'
import { invalidKey, type ReadKey } from './read-key.ts'

export type TlsSpec = {
  /** A Secret with Flux's keys: `ca.crt`, and `tls.crt` with `tls.key`. */
  certSecretRef?: { name: string } | undefined
  /** A ConfigMap with `ca.crt`, or another key. */
  caConfigMapRef?: { name: string; key?: string | undefined } | undefined
}

const defaultCaKey = 'ca.crt'

/** A ConfigMap as the API gives it. */
export type ConfigMap = { data?: Record<string, string> | undefined }

/**
 * The certificates that a spec refers to, each of which is understood; undefined where it refers to none. `now` in ms: a certificate of
 * one's own that is not valid now is refused, as no sink would take it. Reasons: those of `ReadKey`, ConfigMapNotFound, ConfigMapInvalid.
 */
export function compileTls(
  spec: TlsSpec,
  read: ReadKey,
  configMap: ConfigMap | undefined,
  { namespace, now, examine = examineAnew }: { namespace: string; now: number; examine?: Examine },
): Verdict<TlsMaterial | undefined> {
  const bundle = spec.caConfigMapRef ? readBundle(spec.caConfigMapRef, configMap, namespace) : accept(undefined)
  if (!bundle.ok) return bundle
  const secret = spec.certSecretRef?.name
  const identity = secret === undefined ? accept<Identity>({}) : readIdentity(secret, read)
  if (!identity.ok) return identity
  const texts = { bundle: bundle.value, ...identity.value }
  if (Object.values(texts).every((text) => text === undefined)) return accept(undefined)
  const examined = examine(texts)
  if (!examined.ok) {
    const { key, expected } = examined
    if (key === 'bundle') return invalidBundle(spec.caConfigMapRef ?? { name: '' }, expected)
    return invalidKey(secret ?? '', key, expected)
  }
  const outdated = secret === undefined ? undefined : outdatedAt(secret, examined.valid, now)
  return outdated ?? accept(examined.material)
}

type Identity = { 'ca.crt'?: string; 'tls.crt'?: string; 'tls.key'?: string }

function readIdentity(name: string, read: ReadKey): Verdict<Identity> {
  const found: Identity = {}
  const isPair = read.has(name, 'tls.crt') || read.has(name, 'tls.key')
  for (const key of ['ca.crt', 'tls.crt', 'tls.key'] as const) {
    if (key === defaultCaKey ? isPair && !read.has(name, key) : !isPair) continue
    const text = read(name, key)
    if (!text.ok) return text
    found[key] = text.value
  }
  return accept(found)
}

function outdatedAt(name: string, valid: { from: number; to: number } | undefined, now: number): Refusal | undefined {
  if (valid && now > valid.to)
    return invalidKey(name, 'tls.crt', `a certificate that is valid; this one ended on ${timeOf(valid.to)}`)
  if (valid && now < valid.from)
    return invalidKey(name, 'tls.crt', `a certificate that is valid; this one begins on ${timeOf(valid.from)}`)
  return undefined
}

const timeOf = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')

function readBundle(
  { name, key = defaultCaKey }: NonNullable<TlsSpec['caConfigMapRef']>,
  configMap: ConfigMap | undefined,
  namespace: string,
): Verdict<string> {
  if (!configMap)
    return refuse(
      'ConfigMapNotFound',
      `ConfigMap ${name} was not found in namespace ${namespace}; create it with key ${key}.`,
    )
  const text = configMap.data && Object.hasOwn(configMap.data, key) ? configMap.data[key] : undefined
  if (text === undefined) return refuse('ConfigMapInvalid', `ConfigMap ${name} has no key ${key}.`)
  return accept(text)
}

const invalidBundle = (
  { name, key = defaultCaKey }: NonNullable<TlsSpec['caConfigMapRef']>,
  expected: string,
): Refusal => refuse('ConfigMapInvalid', `Key ${key} of ConfigMap ${name} is not usable: it has to be ${expected}.`)
