import { refuse, type Verdict } from '../api/verdict.ts'
import { type CredentialSpec, resolveHeaders, type Secret, secretsNeeded } from './credentials.ts'

/** Reads one Secret by name; undefined where there is none. `fresh` asks for one that no earlier read answered. */
export type SecretReader = (namespace: string, name: string, fresh?: boolean) => Promise<Secret | undefined>

/** A rotated Secret is used after at most this long. */
const maxAgeMs = 10_000

/**
 * A reader that remembers each Secret for at most 10 s, and asks once where many ask at the same time.
 * What is older is forgotten at the next read, whatever that read is for; failed reads are not remembered. `now` in ms.
 */
export function secretReader(
  read: (namespace: string, name: string) => Promise<Secret | undefined>,
  now: () => number,
): SecretReader {
  const known = new Map<string, { at: number; secret: Promise<Secret | undefined> }>()
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

/**
 * The headers of a sink with what its Secrets hold now. Reasons are those of `resolveHeaders`, and SecretUnreadable where the API did
 * not give a Secret (rights, no connection).
 */
export async function readHeaders(
  spec: CredentialSpec,
  namespace: string,
  reader: SecretReader,
  options: { fresh: boolean; requireLabel: boolean },
): Promise<Verdict<Record<string, string>>> {
  const names = secretsNeeded(spec)
  const reads = await Promise.allSettled(names.map((name) => reader(namespace, name, options.fresh)))
  const secrets = new Map<string, Secret | undefined>()
  for (const [at, name] of names.entries()) {
    const result = reads[at]
    if (result?.status !== 'fulfilled') return refuse('SecretUnreadable', unreadable(name, namespace, result?.reason))
    secrets.set(name, result.value)
  }
  return resolveHeaders(spec, secrets, namespace, options.requireLabel)
}

function unreadable(name: string, namespace: string, error: unknown): string {
  const status =
    typeof error === 'object' && error !== null && 'status' in error && Number.isInteger(error.status)
      ? ` (HTTP ${error.status})`
      : ''
  return `Secret ${name} in namespace ${namespace} could not be read from the API server${status}; it is tried again.`
}
