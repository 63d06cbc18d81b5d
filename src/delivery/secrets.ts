import type { Secret } from './read-key.ts'
import type { ConfigMap } from './tls-material.ts'

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
