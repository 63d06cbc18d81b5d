import { KubeError } from './errors.ts'
import type { KubeResponse } from './response.ts'
import { retryAfterMs, statusOf } from './response.ts'

/** Why a list or a watch came to nothing, by what is to be done about it. */
export type Failure =
  /** The resourceVersion or continue token is too old: list anew. */
  | { kind: 'expired' }
  /** There is no such resource: look for it again. */
  | { kind: 'absent'; message: string }
  | { kind: 'forbidden'; message: string }
  /** Its objects live in no namespace, and only namespaces are watched. */
  | { kind: 'clusterScoped'; message: string }
  /** Anything else: again, after a while. `reason` is a word for a metric's label. */
  | { kind: 'failing'; reason: FailingReason; message: string; retryAfterMs?: number | undefined }

export type FailingReason =
  | 'network'
  | 'timeout'
  | 'unauthorized'
  | 'throttled'
  | 'refused'
  | 'server'
  | 'broken'
  | 'stalled'

export function failureOfResponse(response: KubeResponse): Failure {
  const { message } = statusOf(response)
  return failureOfStatus(response.status, message, retryAfterMs(response.headers['retry-after']))
}

/** Of a code as in HTTP or in the Status object of a watch's ERROR event. */
export function failureOfStatus(code: number, message: string, retryAfter?: number): Failure {
  if (code === 410) return { kind: 'expired' }
  if (code === 404) return { kind: 'absent', message }
  if (code === 403) return { kind: 'forbidden', message }
  return {
    kind: 'failing',
    reason: reasonOf(code),
    message,
    ...(retryAfter !== undefined && { retryAfterMs: retryAfter }),
  }
}

export function failureOfError(error: unknown): Failure {
  if (!(error instanceof KubeError)) return { kind: 'failing', reason: 'network', message: String(error) }
  const reason = reasonsOfErrors[error.reason] ?? 'network'
  return { kind: 'failing', reason, message: error.message }
}

function reasonOf(code: number): FailingReason {
  if (code === 401) return 'unauthorized'
  if (code === 429 || code === 503) return 'throttled'
  return code >= 500 ? 'server' : 'refused'
}

const reasonsOfErrors: Record<string, FailingReason> = {
  Timeout: 'timeout',
  CredentialsFailed: 'unauthorized',
  TooLarge: 'broken',
  BadAnswer: 'broken',
}
