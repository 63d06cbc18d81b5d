import type { TlsMaterial } from '../certificates.ts'
import type { Dispatcher } from '../egress.ts'

/** The connections to one sink: made with its present certificates, and those made with earlier ones until their last answer is in. */
export class Agents implements AsyncDisposable {
  private readonly open: (tls: TlsMaterial | undefined) => Dispatcher
  private readonly earlier = new Set<Dispatcher>()
  private current: { form: string; agent: Dispatcher } | undefined

  constructor(open: (tls: TlsMaterial | undefined) => Dispatcher) {
    this.open = open
  }

  of(tls: TlsMaterial | undefined): Dispatcher {
    const form = tls?.form ?? ''
    if (this.current?.form !== form) {
      if (this.current) this.retire(this.current.agent)
      this.current = { form, agent: this.open(tls) }
    }
    return this.current.agent
  }

  private retire(agent: Dispatcher): void {
    this.earlier.add(agent)
    const forget = () => void this.earlier.delete(agent)
    // It refuses only where it is destroyed already.
    agent.close().then(forget, forget)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.current?.agent, ...this.earlier].map((agent) => agent?.destroy(null)))
  }
}
