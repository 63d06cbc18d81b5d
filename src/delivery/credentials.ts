import { accept, refuse, type Verdict } from '../api/verdict.ts'
import type { OAuth2Spec } from './oauth2.ts'
import { atMost, invalidKey, maxValue, type ReadKey } from './read-key.ts'
import type { ServiceAccountSpec } from './service-account.ts'
import { type SigningSpec, signingKeys } from './signing.ts'
import { identityKeys, type TlsSpec } from './tls-material.ts'
import { type Keys, keysOf } from './wanted.ts'

/** The parts of a sink's `spec.http` that say who one is, and whom to trust. */
export type CredentialSpec = TlsSpec & {
  signing?: SigningSpec | undefined
  headers?: readonly HeaderSpec[] | undefined
  auth?:
    | {
        bearer?: SecretRef | undefined
        basic?: SecretRef | undefined
        oauth2?: OAuth2Spec | undefined
        serviceAccount?: ServiceAccountSpec | undefined
      }
    | undefined
}

export type HeaderSpec = {
  name: string
  value?: string | undefined
  valueFrom?: { secretKeyRef: { name: string; key: string } } | undefined
}

type SecretRef = { secretRef: { name: string } }

/** Names that belong to the protocol, to the event or to credentials. */
const reserved = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
])
const reservedPrefix = /^(ce-|webhook-|carillon-|proxy-|x-forwarded-)/

const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]{1,256}$/
/** Of all headers whose values come from Secrets: each request that is under way holds them. */
const maxTogether = 4 * maxValue
const atMostTogether = `shorter: values of headers from Secrets are ${maxTogether / 1024} KiB together at most`
const printable = /^[\x20-\x7e]*$/
const visible = /^[\x21-\x7e]+$/
const control = /\p{Cc}/u

/** With a line end, which is dropped. */
const short = (...keys: string[]): Keys => keys.map((key) => [key, maxValue + 2])

/** The keys of a subscription's own credentials. */
export const ownKeys = keysOf(short('token', 'username', 'password'))

/** All Secrets that a sink needs, each once, and the keys that it needs of them. */
export function secretsNeeded({ headers = [], auth, signing, certSecretRef }: CredentialSpec): Map<string, Keys> {
  const needed = new Map<string, Keys>()
  const need = (name: string, keys: Keys) => needed.set(name, keysOf([...(needed.get(name) ?? []), ...keys]))
  for (const { valueFrom } of headers)
    if (valueFrom) need(valueFrom.secretKeyRef.name, short(valueFrom.secretKeyRef.key))
  if (auth?.bearer) need(auth.bearer.secretRef.name, short('token'))
  if (auth?.basic) need(auth.basic.secretRef.name, short('username', 'password'))
  if (auth?.oauth2) need(auth.oauth2.secretRef.name, short('client-id', 'client-secret'))
  if (signing) need(signing.secretRef.name, short(...signingKeys))
  if (certSecretRef) need(certSecretRef.name, identityKeys)
  return needed
}

/**
 * The headers of a sink, names in lower case, from its spec and the Secrets that `read` knows. Reasons: those of `ReadKey`, InvalidHeader.
 * Messages name keys, never values.
 */
export function resolveHeaders(spec: CredentialSpec, read: ReadKey): Verdict<Record<string, string>> {
  const headers: Record<string, string> = {}
  let ofSecrets = 0
  for (const header of spec.headers ?? []) {
    const value = headerValue(header, read)
    if (!value.ok) return value
    if (header.valueFrom) {
      const { name, key } = header.valueFrom.secretKeyRef
      ofSecrets += value.value.length
      if (ofSecrets > maxTogether) return invalidKey(name, key, atMostTogether)
    }
    const name = header.name.toLowerCase()
    if (Object.hasOwn(headers, name)) return refuse('InvalidHeader', `Header ${header.name} is given twice.`)
    headers[name] = value.value
  }
  const authorization = authorize(spec, read)
  if (!authorization.ok) return authorization
  const isGiven = authorization.value ?? spec.auth?.oauth2 ?? spec.auth?.serviceAccount
  if (isGiven === undefined) return accept(headers)
  if (headers.authorization !== undefined)
    return refuse('InvalidHeader', 'Give either spec.http.auth or a header Authorization, not both.')
  return accept({ ...headers, ...(authorization.value !== undefined && { authorization: authorization.value }) })
}

function headerValue(header: HeaderSpec, read: ReadKey): Verdict<string> {
  const name = header.name.toLowerCase()
  if (!token.test(header.name))
    return refuse('InvalidHeader', 'The name of a header has to be letters, digits and hyphens, at most 256.')
  if (reserved.has(name) || reservedPrefix.test(name)) {
    return refuse('InvalidHeader', `Header ${header.name} cannot be set: it belongs to the protocol or to the event.`)
  }
  if (header.valueFrom) {
    const { name: secret, key } = header.valueFrom.secretKeyRef
    const value = read(secret, key)
    if (value.ok && !printable.test(value.value)) return invalidKey(secret, key, 'printable ASCII on one line')
    if (value.ok && value.value.length > maxValue) return invalidKey(secret, key, atMost)
    return value
  }
  if (name === 'authorization')
    return refuse(
      'InvalidHeader',
      'Header Authorization takes its value from a Secret: use valueFrom or spec.http.auth.',
    )
  if (!printable.test(header.value ?? ''))
    return refuse('InvalidHeader', `The value of header ${header.name} has to be printable ASCII on one line.`)
  return accept(header.value ?? '')
}

/** The value of Authorization, where the spec asks for one: RFC 6750 for bearer, RFC 7617 for basic (UTF-8). */
export function authorize(spec: CredentialSpec, read: ReadKey): Verdict<string | undefined> {
  const { bearer, basic } = spec.auth ?? {}
  if (bearer) {
    const secret = bearer.secretRef.name
    const value = read(secret, 'token')
    if (!value.ok) return value
    if (value.value.length > maxValue) return invalidKey(secret, 'token', atMost)
    return visible.test(value.value)
      ? accept(`Bearer ${value.value}`)
      : invalidKey(secret, 'token', 'a token of printable ASCII without spaces')
  }
  if (!basic) return accept(undefined)
  const secret = basic.secretRef.name
  const username = read(secret, 'username')
  if (!username.ok) return username
  if (control.test(username.value) || username.value.includes(':'))
    return invalidKey(secret, 'username', 'text on one line without a colon')
  const password = read(secret, 'password')
  if (!password.ok) return password
  if (username.value.length > maxValue) return invalidKey(secret, 'username', atMost)
  if (password.value.length > maxValue) return invalidKey(secret, 'password', atMost)
  if (control.test(password.value)) return invalidKey(secret, 'password', 'text on one line')
  return accept(`Basic ${Buffer.from(`${username.value}:${password.value}`, 'utf8').toString('base64')}`)
}
