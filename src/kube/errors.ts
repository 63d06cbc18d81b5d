import type { KubeResponse } from './response.ts'

/** `reason` is the API server's own CamelCase word, or one of these where no answer came or it was of no use. */
export type ClientReason = 'NetworkFailed' | 'Timeout' | 'Aborted' | 'TooLarge' | 'BadAnswer' | 'CredentialsFailed'

/** A call to the API server that came to nothing. The message names method and path, never a query, body or credential. */
export class KubeError extends Error {
  override readonly name = 'KubeError'
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined
  readonly reason: ClientReason | (string & {})
  /** From `Retry-After`, in ms. */
  readonly retryAfterMs: number | undefined

  constructor(
    reason: ClientReason | (string & {}),
    message: string,
    options: { status?: number; retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.reason = reason
    this.status = options.status
    this.retryAfterMs = options.retryAfterMs
  }
}

/** Why an answer other than 2xx was given, from the `Status` object in its body where there is one. */
export function statusOf(response: KubeResponse): {
  reason: string
  message: string
  retryAfterMs: number | undefined
} {
  const body = parseStatus(response.text)
  return {
    reason: body.reason || (REASONS[response.status] ?? `HTTP${response.status}`),
    message: (body.message || response.text.trim() || `HTTP ${response.status}`).slice(0, 512),
    retryAfterMs: retryAfterMs(response.headers['retry-after']),
  }
}

/** The answer itself when it is 2xx. Throws a KubeError with the server's reason and message otherwise. */
export function expectOk(response: KubeResponse): KubeResponse {
  if (response.status >= 200 && response.status < 300) return response
  const { reason, message, retryAfterMs } = statusOf(response)
  throw new KubeError(reason, `${response.request}: ${message}`, { status: response.status, retryAfterMs })
}

/** `Retry-After` in ms. The API server sends whole seconds (RFC 9110 §10.2.3 also allows dates, which it never uses). */
export function retryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined
}

function parseStatus(text: string): { reason?: string; message?: string } {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('kind' in value) || value.kind !== 'Status') return {}
    const { reason, message } = value as { reason?: unknown; message?: unknown }
    return { ...(typeof reason === 'string' && { reason }), ...(typeof message === 'string' && { message }) }
  } catch {
    return {} // plain text: "404 page not found", or a proxy's page
  }
}

// k8s.io/apimachinery meta/v1 StatusReason, for answers without a Status body
const REASONS: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Gone',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}
