import { credentialLabel, type Secret } from './read-key.ts'
import { type Account, audienceAnnotation } from './service-account.ts'
import type { ConfigMap } from './tls-material.ts'

/** Keys that are wanted of a Secret or a ConfigMap, each with the most bytes that its value may have; sorted. */
export type Keys = readonly (readonly [key: string, most: number])[]

export type WantedOfSecret = { keys: Keys; requireLabel: boolean }

/** `keys` may name one more than once: the most counts. */
export function keysOf(keys: Iterable<readonly [key: string, most: number]>): Keys {
  const all = new Map<string, number>()
  for (const [key, most] of keys) all.set(key, Math.max(most, all.get(key) ?? 0))
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** What is used of a Secret, which may be a megabyte: the label, and where that allows it what is wanted and not too long. */
export function credentialOf(secret: Secret, { keys, requireLabel }: WantedOfSecret): Secret {
  const { name, labels } = secret.metadata
  const label = labels?.[credentialLabel]
  const metadata = { name, ...(label !== undefined && { labels: { [credentialLabel]: label } }) }
  if (requireLabel && label !== 'true') return { metadata }
  return { metadata, ...cut(secret.data, keys, (value) => Buffer.byteLength(value, 'base64')) }
}

/** The same of a ConfigMap, whose values are text. */
export const bundleOf = ({ data }: ConfigMap, keys: Keys): ConfigMap => cut(data, keys, (value) => value.length)

/** What is looked at of a ServiceAccount. */
export function accountOf({ metadata: { uid, annotations } }: Account): Account {
  const audiences = annotations?.[audienceAnnotation]
  return { metadata: { uid, ...(audiences !== undefined && { annotations: { [audienceAnnotation]: audiences } }) } }
}

function cut(data: Record<string, string> | undefined, keys: Keys, lengthOf: (value: string) => number) {
  const found: [string, string][] = []
  const tooLong: string[] = []
  for (const [key, most] of keys) {
    const value = data && Object.hasOwn(data, key) ? data[key] : undefined
    if (value === undefined) continue
    if (lengthOf(value) > most) tooLong.push(key)
    else found.push([key, value])
  }
  return { data: Object.fromEntries(found), ...(tooLong.length > 0 && { tooLong }) }
}
