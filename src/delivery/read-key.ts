import { accept, type Refusal, refuse, type Verdict } from '../api/verdict.ts'

/** A Secret as the API gives it; values are base64. */
export type Secret = {
  metadata: { name: string; labels?: Record<string, string> | undefined }
  data?: Record<string, string> | undefined
  /** Keys that are there with longer values than can be used, which were left out of `data`. */
  tooLong?: readonly string[] | undefined
}

/** Without this label no Secret is read for a sink: who may create a sink could else read any Secret by sending it to themselves. */
export const credentialLabel = 'carillon.dev/credential'

/**
 * Reads a key of a Secret as text. Line ends at the end are dropped: `echo token | base64` and editors leave them there. Reasons:
 * SecretNotFound, SecretNotLabelled, SecretInvalid. Messages name keys, never values.
 */
export type ReadKey = {
  /** `shorter`: what a value that is too long has to be; at most 16 KiB when left out. */
  (secret: string, key: string, shorter?: string): Verdict<string>
  /** Whether there is such a key. */
  has(secret: string, key: string): boolean
}

/** From the Secrets already read; undefined: there is none of that name. */
export function keyReader(
  secrets: ReadonlyMap<string, Secret | undefined>,
  namespace: string,
  requireLabel: boolean,
): ReadKey {
  const read = (name: string, key: string, shorter = atMost) =>
    readKey(secrets.get(name), { namespace, name, key, requireLabel, shorter })
  const has = (name: string, key: string) => {
    const { data = {}, tooLong = [] } = secrets.get(name) ?? {}
    return Object.hasOwn(data, key) || tooLong.includes(key)
  }
  return Object.assign(read, { has })
}

type Place = { namespace: string; name: string; key: string; requireLabel: boolean; shorter: string }

/** Of a header, a token, a name or a password: as much as receivers take of all headers together, and more. */
export const maxValue = 16 * 1024
export const atMost = `at most ${maxValue / 1024} KiB`

function readKey(secret: Secret | undefined, place: Place): Verdict<string> {
  const { namespace, name, key, requireLabel, shorter } = place
  if (!secret)
    return refuse(
      'SecretNotFound',
      `Secret ${name} was not found in namespace ${namespace}; create it with key ${key}${requireLabel ? ` and the label ${credentialLabel}: "true"` : ''}.`,
    )
  if (requireLabel && secret.metadata.labels?.[credentialLabel] !== 'true') {
    const command = `kubectl -n ${namespace} label secret ${name} ${credentialLabel}=true`
    return refuse('SecretNotLabelled', `Secret ${name} may not be used by sinks; to allow it: ${command}`)
  }
  if (secret.tooLong?.includes(key)) return invalidKey(name, key, shorter)
  const encoded = secret.data && Object.hasOwn(secret.data, key) ? secret.data[key] : undefined
  if (encoded === undefined) return refuse('SecretInvalid', `Secret ${name} has no key ${key}.`)
  const text = decode(encoded)?.replace(/[\r\n]+$/, '')
  if (text === undefined) return invalidKey(name, key, 'text (UTF-8), not binary data')
  return text === '' ? invalidKey(name, key, 'a value that is not empty') : accept(text)
}

export const invalidKey = (name: string, key: string, expected: string): Refusal =>
  refuse('SecretInvalid', `Key ${key} of Secret ${name} is not usable: it has to be ${expected}.`)

function decode(encoded: string): string | undefined {
  const bytes = Buffer.from(encoded, 'base64')
  const text = bytes.toString('utf8')
  return Buffer.from(text, 'utf8').equals(bytes) ? text : undefined
}
