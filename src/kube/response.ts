import { KubeError } from './errors.ts'

/** An answer of the API server, read to its end. Any status is a value; see `expectOk`. */
export type KubeResponse = {
  /** Method and path, for messages. */
  readonly request: string
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
  readonly text: string
  /** Parses the body, or what it was made, anew at each call. Throws a KubeError `BadAnswer` when it is not JSON. */
  json(made?: Buffer): unknown
}

export function responseOf(
  request: string,
  status: number,
  headers: Record<string, string | string[] | undefined>,
  body: Buffer,
): KubeResponse {
  return {
    request,
    status,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    body,
    get text() {
      return body.toString('utf8')
    },
    json(made = body) {
      try {
        return JSON.parse(made.toString('utf8')) as unknown
      } catch {
        // No cause: V8 quotes what it could not read, and that may be a Secret.
        throw new KubeError('BadAnswer', `${request}: ${body.length} bytes that are not JSON`, { status })
      }
    },
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
    reason: body.reason || (reasonsOfStatuses[response.status] ?? `HTTP${response.status}`),
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
    if (typeof value !== 'object' || value === null || ('kind' in value && value.kind !== 'Status')) return {}
    const { reason, message } = value as { reason?: unknown; message?: unknown }
    return { ...(typeof reason === 'string' && { reason }), ...(typeof message === 'string' && { message }) }
  } catch {
    return {} // plain text: "404 page not found", or a proxy's page
  }
}

// k8s.io/apimachinery meta/v1 StatusReason, for answers without a Status body
const reasonsOfStatuses: Record<number, string> = {
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
