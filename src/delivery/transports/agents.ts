import type { TlsMaterial } from '../certificates.ts'
import type { Dispatcher } from '../egress.ts'

/** Connections that were made with the same certificates, which are held for them. `release`: they are all closed. */
type Pool = { form: string; agent: Dispatcher; release(): void }

/** The connections to one sink: made with its present certificates, and those made with earlier ones until their last answer is in. */
export class Agents implements AsyncDisposable {
  private readonly open: (tls: TlsMaterial | undefined) => Dispatcher
  private readonly earlier = new Set<Pool>()
  private current: Pool | undefined

  constructor(open: (tls: TlsMaterial | undefined) => Dispatcher) {
    this.open = open
  }

  /** Those of certificates, for a request that is made at once; they are closed as soon as the sink brings others. */
  of(tls: TlsMaterial | undefined): Dispatcher {
    const form = tls?.form ?? ''
    if (this.current?.form !== form) {
      if (this.current) this.retire(this.current)
      this.current = this.pool(form, tls)
    }
    return this.current.agent
  }

  /** Closes all that is idle: what is sent next has a connection of its own. */
  rest(): void {
    if (this.current) this.retire(this.current)
  }

  private pool(form: string, tls: TlsMaterial | undefined): Pool {
    const { ended, hold } = tls?.lease ?? {}
    const letGo = hold?.()
    const end = () => this.retire(pool)
    const pool = {
      form,
      agent: this.open(tls),
      release() {
        ended?.removeEventListener('abort', end)
        letGo?.()
      },
    }
    // The sink has brought others since this request's were read: they serve it alone.
    if (ended?.aborted) queueMicrotask(end)
    else ended?.addEventListener('abort', end)
    return pool
  }

  private retire(pool: Pool): void {
    if (this.current === pool) this.current = undefined
    if (this.earlier.has(pool)) return
    this.earlier.add(pool)
    const forget = () => {
      this.earlier.delete(pool)
      pool.release()
    }
    // It refuses only where it is destroyed already.
    pool.agent.close().then(forget, forget)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pools = [...(this.current ? [this.current] : []), ...this.earlier]
    await Promise.all(
      pools.map(async (pool) => {
        await pool.agent.destroy(null)
        pool.release()
      }),
    )
  }
}
