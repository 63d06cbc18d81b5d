import { refuse, type Verdict } from '../api/verdict.ts'
import type { Access } from './access.ts'
import type { Answer } from './attempt.ts'

/** Answers that say of the credentials that they are wrong. */
const refusals = [401, 403, 407]

/** Whether an answer says of the credentials that were sent that they are wrong, or why none were sent. What a sink says before it agrees is no such. */
export const concernsCredentials = (answer: Answer): boolean =>
  answer.kind === 'response'
    ? answer.asked !== true && refusals.includes(answer.status)
    : answer.class === 'CredentialsMissing'

/** What a sink's spec, Secrets and ConfigMaps ask of requests; read afresh after an answer that refused the last ones. */
export class SinkAccess {
  private readonly fetch: (fresh: boolean) => Promise<Verdict<Access>>
  private readonly failed: (error: unknown) => void
  private refused = false

  constructor(fetch: (fresh: boolean) => Promise<Verdict<Access>>, failed: (error: unknown) => void) {
    this.fetch = fetch
    this.failed = failed
  }

  /** What refused credentials is asked with fresh ones; so is whom certificates did not bring to an understanding. */
  answered(answer: Answer): void {
    this.refused = answer.kind === 'response' ? refusals.includes(answer.status) : answer.class === 'TLSFailed'
  }

  /** Never rejects. */
  async read(): Promise<Verdict<Access>> {
    try {
      const fresh = this.refused
      this.refused = false
      return await this.fetch(fresh)
    } catch (error) {
      this.failed(error)
      return refuse('CredentialsUnreadable', 'The credentials of the sink could not be read; it is tried again.')
    }
  }
}

/** What becomes of an attempt whose credentials could not be had; `reason` in the place of CredentialsMissing. */
export const withoutCredentials = (message: string, reason?: string): Answer => ({
  kind: 'failure',
  class: 'CredentialsMissing',
  ...(reason !== undefined && { reason }),
  message,
  durationMs: 0,
})
