import { createPrivateKey, hash, X509Certificate } from 'node:crypto'
import { accept, type Refusal, refuse, type Verdict } from '../api/verdict.ts'
import { invalidKey, type ReadKey } from './read-key.ts'

/** Certificates of a sink, as PEM. Connections are made anew when `form` is another. */
export type TlsMaterial = {
  form: string
  /** Trusted instead of Node's own. */
  ca?: string | undefined
  /** What the sink is shown. */
  cert?: string | undefined
  key?: string | undefined
}

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
  place: { namespace: string; now: number },
): Verdict<TlsMaterial | undefined> {
  const ca: string[] = []
  if (spec.caConfigMapRef) {
    const bundle = readBundle(spec.caConfigMapRef, configMap, place.namespace)
    if (!bundle.ok) return bundle
    ca.push(bundle.value)
  }
  const identity = spec.certSecretRef ? readIdentity(spec.certSecretRef.name, read, place.now) : accept<Identity>({})
  if (!identity.ok) return identity
  const { ca: own, ...pair } = identity.value
  if (own !== undefined) ca.push(own)
  if (ca.length === 0 && pair.cert === undefined) return accept(undefined)
  const material = { ...pair, ...(ca.length > 0 && { ca: ca.join('\n') }) }
  return accept({ form: hash('sha256', JSON.stringify([material.ca, pair.cert, pair.key])), ...material })
}

type Identity = { ca?: string; cert?: string; key?: string }

function readIdentity(name: string, read: ReadKey, now: number): Verdict<Identity> {
  const found: Identity = {}
  if (read.has(name, defaultCaKey) || !read.has(name, 'tls.crt')) {
    const ca = read(name, defaultCaKey)
    if (!ca.ok) return ca
    if (!areCertificates(ca.value)) return invalidKey(name, defaultCaKey, wantedBundle)
    found.ca = ca.value
  }
  if (!read.has(name, 'tls.crt') && !read.has(name, 'tls.key')) return accept(found)
  const cert = read(name, 'tls.crt')
  if (!cert.ok) return cert
  const key = read(name, 'tls.key')
  if (!key.ok) return key
  const problem = problemOf(name, cert.value, key.value, now)
  return problem ?? accept({ ...found, cert: cert.value, key: key.value })
}

const wantedBundle = 'certificates in PEM, each from BEGIN CERTIFICATE to END CERTIFICATE'

function problemOf(name: string, cert: string, key: string, now: number): Refusal | undefined {
  if (!areCertificates(cert)) return invalidKey(name, 'tls.crt', wantedBundle)
  const own = new X509Certificate(cert)
  const privateKey = attempt(() => createPrivateKey(key))
  if (!privateKey) return invalidKey(name, 'tls.key', 'a private key in PEM, without a passphrase')
  if (!own.checkPrivateKey(privateKey))
    return invalidKey(name, 'tls.key', 'the private key of the certificate in tls.crt')
  if (now > own.validToDate.getTime())
    return invalidKey(name, 'tls.crt', `a certificate that is valid; this one ended on ${dayOf(own.validToDate)}`)
  if (now < own.validFromDate.getTime())
    return invalidKey(name, 'tls.crt', `a certificate that is valid; this one begins on ${dayOf(own.validFromDate)}`)
  return undefined
}

const dayOf = (date: Date): string => date.toISOString().replace('.000Z', 'Z')

const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** One certificate or more, each of which can be read; what stands between them is a comment. */
function areCertificates(text: string): boolean {
  const found = text.match(pem) ?? []
  return found.length > 0 && found.every((one) => attempt(() => new X509Certificate(one)) !== undefined)
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined // OpenSSL says it in its own words; who reads the condition is told which key is wrong
  }
}

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
  if (areCertificates(text)) return accept(text)
  return refuse('ConfigMapInvalid', `Key ${key} of ConfigMap ${name} is not usable: it has to be ${wantedBundle}.`)
}
