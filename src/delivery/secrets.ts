import { accept, refuse, type Verdict } from '../api/verdict.ts'
import type { Access } from './access.ts'
import { type CredentialSpec, resolveHeaders, secretsNeeded } from './credentials.ts'
import { keyReader, type Secret } from './read-key.ts'
import { compileSigner } from './signing.ts'
import { type ConfigMap, compileTls } from './tls-material.ts'

/** Reads one Secret by name; undefined where there is none. `fresh` asks for one that no earlier read answered. */
export type SecretReader = (namespace: string, name: string, fresh?: boolean) => Promise<Secret | undefined>

/** A rotated Secret is used after at most this long. */
const maxAgeMs = 10_000

/**
 * A reader that remembers each Secret (or ConfigMap) for at most 10 s, and asks once where many ask at the same time.
 * What is older is forgotten at the next read, whatever that read is for; failed reads are not remembered. `now` in ms.
 */
export function secretReader<T = Secret>(
  read: (namespace: string, name: string) => Promise<T | undefined>,
  now: () => number,
): (namespace: string, name: string, fresh?: boolean) => Promise<T | undefined> {
  const known = new Map<string, { at: number; secret: Promise<T | undefined> }>()
  return (namespace, name, fresh = false) => {
    const at = now()
    for (const [key, entry] of known) if (at - entry.at >= maxAgeMs || at < entry.at) known.delete(key)
    const key = `${namespace}/${name}`
    const remembered = known.get(key)
    if (remembered && !fresh) return remembered.secret
    const entry = { at, secret: read(namespace, name) }
    known.set(key, entry)
    return entry.secret.catch((error: unknown) => {
      if (known.get(key) === entry) known.delete(key)
      throw error
    })
  }
}

/** Reads one ConfigMap by name; undefined where there is none. */
export type ConfigMapReader = (namespace: string, name: string, fresh?: boolean) => Promise<ConfigMap | undefined>

export type Readers = { secret: SecretReader; configMap: ConfigMapReader }

/**
 * What a sink asks of requests, with what its Secrets and ConfigMaps hold now. Reasons are those of `resolveHeaders`, `compileTls` and
 * `compileSigner`, and SecretUnreadable where the API did not give one of them (rights, no connection).
 */
export async function readAccess(
  spec: CredentialSpec,
  namespace: string,
  readers: Readers,
  options: { fresh: boolean; requireLabel: boolean; now: number },
): Promise<Verdict<Access>> {
  const { fresh, requireLabel, now } = options
  const names = secretsNeeded(spec)
  const reads = await Promise.allSettled(names.map((name) => readers.secret(namespace, name, fresh)))
  const secrets = new Map<string, Secret | undefined>()
  for (const [at, name] of names.entries()) {
    const result = reads[at]
    if (result?.status !== 'fulfilled')
      return refuse('SecretUnreadable', unreadable(`Secret ${name}`, namespace, result?.reason))
    secrets.set(name, result.value)
  }
  const read = keyReader(secrets, namespace, requireLabel)
  const headers = resolveHeaders(spec, read)
  if (!headers.ok) return headers
  const bundle = await readBundle(spec, namespace, readers, fresh)
  if (!bundle.ok) return bundle
  const tls = compileTls(spec, read, bundle.value, { namespace, now })
  if (!tls.ok) return tls
  const sign = spec.signing ? compileSigner(spec.signing, read) : accept(undefined)
  if (!sign.ok) return sign
  return accept({ headers: headers.value, tls: tls.value, sign: sign.value })
}

async function readBundle(
  { caConfigMapRef }: CredentialSpec,
  namespace: string,
  { configMap }: Readers,
  fresh: boolean,
): Promise<Verdict<ConfigMap | undefined>> {
  if (!caConfigMapRef) return accept(undefined)
  try {
    return accept(await configMap(namespace, caConfigMapRef.name, fresh))
  } catch (error) {
    return refuse('SecretUnreadable', unreadable(`ConfigMap ${caConfigMapRef.name}`, namespace, error))
  }
}

function unreadable(what: string, namespace: string, error: unknown): string {
  const status =
    typeof error === 'object' && error !== null && 'status' in error && Number.isInteger(error.status)
      ? ` (HTTP ${error.status})`
      : ''
  return `${what} in namespace ${namespace} could not be read from the API server${status}; it is tried again.`
}
