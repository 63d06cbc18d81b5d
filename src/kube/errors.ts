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
