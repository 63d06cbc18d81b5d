import { accept, refuse, type Verdict } from '../api/verdict.ts'

/** `spec.http.auth.oauth2`: client credentials (RFC 6749 §4.4). */
export type OAuth2Spec = {
  tokenURL: string
  scopes?: readonly string[] | undefined
  audience?: string | undefined
  secretRef: { name: string }
}

/** A token, and until when it holds (ms). */
export type Token = { value: string; expires: number }

export type TokenRequest = { headers: Record<string, string>; body: string }

/** The client proves itself by Basic (RFC 6749 §2.3.1: id and secret are form-encoded first). `audience` is what most servers understand. */
export function tokenRequest(spec: OAuth2Spec, clientId: string, clientSecret: string): TokenRequest {
  const form = new URLSearchParams({ grant_type: 'client_credentials' })
  if (spec.scopes && spec.scopes.length > 0) form.set('scope', spec.scopes.join(' '))
  if (spec.audience !== undefined) form.set('audience', spec.audience)
  const client = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`
  return {
    headers: {
      accept: 'application/json',
      authorization: `Basic ${Buffer.from(client, 'utf8').toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: form.toString(),
  }
}

const formEncoded = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)

/** A token that says nothing of its end is asked for anew after so long (ms). */
const unknownLifeMs = 5 * 60_000
/** Nor is one kept for longer than this: a client may be locked out. */
const longestLifeMs = 24 * 3_600_000

const visible = /^[\x21-\x7e]{1,16384}$/

/** What a token URL answered, `now` in ms. Refused as TokenUnavailable, in our own words: an answer of elsewhere is no text for a status. */
export function readToken(status: number, body: string, spec: OAuth2Spec, now: number): Verdict<Token> {
  const of = `The token URL of http.auth.oauth2`
  if (status >= 300 && status < 400)
    return refuse('TokenUnavailable', `${of} redirects, which is not followed: give the address that it leads to.`)
  const json = objectOf(body)
  if (status === 400 || status === 401) {
    const error = typeof json?.error === 'string' && knownErrors.has(json.error) ? ` (${json.error})` : ''
    const look = `look at client-id and client-secret of Secret ${spec.secretRef.name}, at scopes and audience`
    return refuse('TokenUnavailable', `${of} answered ${status}${error}: ${look}.`)
  }
  if (status !== 200) return refuse('TokenUnavailable', `${of} answered ${status}; it is tried again.`)
  if (!json) return refuse('TokenUnavailable', `${of} answered with no JSON object: is it a token endpoint?`)
  const { access_token: value, token_type: type = 'Bearer', expires_in: lasts } = json
  if (typeof value !== 'string' || !visible.test(value))
    return refuse('TokenUnavailable', `${of} answered without a usable access_token.`)
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer')
    return refuse('TokenUnavailable', `${of} gave a token of another type than Bearer.`)
  const seconds = Number(lasts)
  const lifeMs = Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, longestLifeMs) : unknownLifeMs
  return accept({ value, expires: now + lifeMs })
}

/** RFC 6749 §5.2: words of the specification, and no others, are repeated. */
const knownErrors = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
])

function objectOf(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined // no JSON: the caller says so
  }
}
