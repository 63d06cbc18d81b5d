import { refuse, type Verdict } from '../api/verdict.ts'
import { authorize, ownKeys } from './credentials.ts'
import { unreadable } from './read-access.ts'
import { keyReader, type Secret } from './read-key.ts'
import type { SecretReader } from './secrets.ts'

/**
 * The value of Authorization for a subscription's own credentials: of a Secret with the key token, or username and password. Reasons as those of
 * a sink's Secrets; messages name Secret and key, never values.
 */
export async function readOwnCredentials(
  namespace: string,
  name: string,
  secrets: SecretReader,
  { fresh, requireLabel }: { fresh: boolean; requireLabel: boolean },
): Promise<Verdict<string>> {
  let secret: Secret | undefined
  try {
    secret = await secrets(namespace, name, { keys: ownKeys, requireLabel }, fresh)
  } catch (error) {
    return refuse('SecretUnreadable', unreadable(`Secret ${name}`, namespace, error))
  }
  const read = keyReader(new Map([[name, secret]]), namespace, requireLabel)
  const ref = { secretRef: { name } }
  const isBasic = read.has(name, 'username') && !read.has(name, 'token')
  const value = authorize({ auth: isBasic ? { basic: ref } : { bearer: ref } }, read)
  if (value.ok) return { ok: true, value: value.value ?? '' }
  return value.reason === 'SecretInvalid' && secret && !isBasic && !read.has(name, 'token')
    ? refuse('SecretInvalid', `Secret ${name} has no key token, nor username and password.`)
    : value
}
