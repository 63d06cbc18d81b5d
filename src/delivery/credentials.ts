import { accept, type Refusal, refuse, type Verdict } from '../api/verdict.ts'

/** A Secret as the API gives it; values are base64. */
export type Secret = {
  metadata: { name: string; labels?: Record<string, string> | undefined }
  data?: Record<string, string> | undefined
}

/** The parts of a sink's `spec.http` that become headers. */
export type CredentialSpec = {
  headers?: readonly HeaderSpec[] | undefined
  auth?: { bearer?: SecretRef | undefined; basic?: SecretRef | undefined } | undefined
}

export type HeaderSpec = {
  name: string
  value?: string | undefined
  valueFrom?: { secretKeyRef: { name: string; key: string } } | undefined
}

type SecretRef = { secretRef: { name: string } }

/** Without this label no Secret is read for a sink: who may create a sink could else read any Secret by sending it to themselves. */
export const credentialLabel = 'carillon.dev/credential'

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
const printable = /^[\x20-\x7e]*$/
const visible = /^[\x21-\x7e]+$/
const control = /\p{Cc}/u

/** The names of all Secrets that a sink needs, each once. */
export function secretsNeeded(spec: CredentialSpec): string[] {
  const names = (spec.headers ?? []).flatMap((header) => header.valueFrom?.secretKeyRef.name ?? [])
  for (const auth of [spec.auth?.bearer, spec.auth?.basic]) if (auth) names.push(auth.secretRef.name)
  return [...new Set(names)]
}

/**
 * The headers of a sink, names in lower case, from its spec and the Secrets already read (undefined: there is none of that name).
 * Line ends at the end of a value are dropped: `echo token | base64` and editors leave them there, and no header can hold one.
 * Reasons: SecretNotFound, SecretNotLabelled, SecretInvalid, InvalidHeader. Messages name keys, never values.
 */
export function resolveHeaders(
  spec: CredentialSpec,
  secrets: ReadonlyMap<string, Secret | undefined>,
  namespace: string,
  requireLabel = true,
): Verdict<Record<string, string>> {
  const read = (name: string, key: string): Verdict<string> =>
    readKey(secrets.get(name), { namespace, name, key, requireLabel })
  const headers: Record<string, string> = {}
  for (const header of spec.headers ?? []) {
    const value = headerValue(header, read)
    if (!value.ok) return value
    const name = header.name.toLowerCase()
    if (Object.hasOwn(headers, name)) return refuse('InvalidHeader', `Header ${header.name} is given twice.`)
    headers[name] = value.value
  }
  const authorization = authorize(spec, read)
  if (!authorization.ok) return authorization
  if (authorization.value === undefined) return accept(headers)
  if (headers.authorization !== undefined)
    return refuse('InvalidHeader', 'Give either spec.http.auth or a header Authorization, not both.')
  return accept({ ...headers, authorization: authorization.value })
}

type Read = (name: string, key: string) => Verdict<string>

function headerValue(header: HeaderSpec, read: Read): Verdict<string> {
  const name = header.name.toLowerCase()
  if (!token.test(header.name))
    return refuse('InvalidHeader', 'The name of a header has to be letters, digits and hyphens, at most 256.')
  if (reserved.has(name) || reservedPrefix.test(name)) {
    return refuse('InvalidHeader', `Header ${header.name} cannot be set: it belongs to the protocol or to the event.`)
  }
  if (header.valueFrom) {
    const { name: secret, key } = header.valueFrom.secretKeyRef
    const value = read(secret, key)
    if (value.ok && !printable.test(value.value)) return invalid(secret, key, 'printable ASCII on one line')
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
function authorize(spec: CredentialSpec, read: Read): Verdict<string | undefined> {
  const { bearer, basic } = spec.auth ?? {}
  if (bearer) {
    const secret = bearer.secretRef.name
    const value = read(secret, 'token')
    if (!value.ok) return value
    return visible.test(value.value)
      ? accept(`Bearer ${value.value}`)
      : invalid(secret, 'token', 'a token of printable ASCII without spaces')
  }
  if (!basic) return accept(undefined)
  const secret = basic.secretRef.name
  const username = read(secret, 'username')
  if (!username.ok) return username
  if (control.test(username.value) || username.value.includes(':'))
    return invalid(secret, 'username', 'text on one line without a colon')
  const password = read(secret, 'password')
  if (!password.ok) return password
  if (control.test(password.value)) return invalid(secret, 'password', 'text on one line')
  return accept(`Basic ${Buffer.from(`${username.value}:${password.value}`, 'utf8').toString('base64')}`)
}

type Place = { namespace: string; name: string; key: string; requireLabel: boolean }

function readKey(secret: Secret | undefined, place: Place): Verdict<string> {
  const { namespace, name, key, requireLabel } = place
  if (!secret)
    return refuse(
      'SecretNotFound',
      `Secret ${name} was not found in namespace ${namespace}; create it with key ${key}${requireLabel ? ` and the label ${credentialLabel}: "true"` : ''}.`,
    )
  if (requireLabel && secret.metadata.labels?.[credentialLabel] !== 'true') {
    const command = `kubectl -n ${namespace} label secret ${name} ${credentialLabel}=true`
    return refuse('SecretNotLabelled', `Secret ${name} may not be used by sinks; to allow it: ${command}`)
  }
  const encoded = secret.data && Object.hasOwn(secret.data, key) ? secret.data[key] : undefined
  if (encoded === undefined) return refuse('SecretInvalid', `Secret ${name} has no key ${key}.`)
  const text = decode(encoded)?.replace(/[\r\n]+$/, '')
  if (text === undefined) return invalid(name, key, 'text (UTF-8), not binary data')
  return text === '' ? invalid(name, key, 'a value that is not empty') : accept(text)
}

const invalid = (name: string, key: string, expected: string): Refusal =>
  refuse('SecretInvalid', `Key ${key} of Secret ${name} is not usable: it has to be ${expected}.`)

function decode(encoded: string): string | undefined {
  const bytes = Buffer.from(encoded, 'base64')
  const text = bytes.toString('utf8')
  return Buffer.from(text, 'utf8').equals(bytes) ? text : undefined
}
