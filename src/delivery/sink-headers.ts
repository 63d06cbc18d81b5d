import { refuse, type Verdict } from '../api/verdict.ts'
import type { Answer } from './attempt.ts'

export type Headers = Readonly<Record<string, string>>

/** Answers that say of the credentials that they are wrong. */
const refusals = [401, 403, 407]

/** The headers that a sink's spec and Secrets ask for; read afresh after an answer that refused the last ones. */
export class SinkHeaders {
  private readonly fetch: (fresh: boolean) => Promise<Verdict<Headers>>
  private readonly failed: (error: unknown) => void
  private refused = false

  constructor(fetch: (fresh: boolean) => Promise<Verdict<Headers>>, failed: (error: unknown) => void) {
    this.fetch = fetch
    this.failed = failed
  }

  answered(status: number): void {
    this.refused = refusals.includes(status)
  }

  /** Never rejects. */
  async read(): Promise<Verdict<Headers>> {
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

/** What becomes of an attempt whose headers could not be had. */
export const withoutCredentials = (message: string): Answer => ({
  kind: 'failure',
  class: 'CredentialsMissing',
  message,
  durationMs: 0,
})
