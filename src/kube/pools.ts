import { type Dispatcher, Pool, ProxyAgent } from 'undici'
import type { Tls } from './credentials.ts'
import type { KubeLog } from './log.ts'

export type Use = 'requests' | 'watches'

/** Connections to one API server, for requests and, apart so that neither starves the other, for watches. */
export class Pools implements AsyncDisposable {
  readonly #origin: string
  readonly #proxy: string | undefined
  readonly #log: KubeLog | undefined
  readonly #retired = new Set<Dispatcher>()
  #current: { read: Tls; material: string; pools: Record<Use, Dispatcher> } | undefined

  constructor(origin: string, proxy: string | undefined, log: KubeLog | undefined) {
    this.#origin = origin
    this.#proxy = proxy
    this.#log = log
  }

  /** Connections with this TLS material. After it has changed, what runs on the former ones may come to its end. */
  take(use: Use, tls: Tls): Dispatcher {
    if (this.#current?.read === tls) return this.#current.pools[use]
    const material = JSON.stringify(tls)
    if (this.#current?.material === material) {
      this.#current.read = tls
    } else {
      for (const pool of Object.values(this.#current?.pools ?? {})) this.#retire(pool)
      this.#current = {
        read: tls,
        material,
        pools: { requests: this.#open('requests', tls), watches: this.#open('watches', tls) },
      }
    }
    return this.#current.pools[use]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...Object.values(this.#current?.pools ?? {}), ...this.#retired]
    this.#current = undefined
    await Promise.all(all.map((pool) => pool.destroy()))
  }

  #open(use: Use, tls: Tls): Dispatcher {
    const options = {
      // HTTP/2 costs twice the CPU here, and would put all watches on one connection.
      allowH2: false,
      connections: use === 'requests' ? 10 : null,
      pipelining: 1,
      keepAliveTimeout: 20_000,
      headersTimeout: use === 'requests' ? 0 : 30_000, // requests have a deadline of their own
      bodyTimeout: 0, // as have requests; watches are guarded by the reflector
    }
    const connect = { ...tls, timeout: 10_000, keepAlive: true, keepAliveInitialDelay: 30_000 }
    if (!this.#proxy) return new Pool(this.#origin, { ...options, connect })
    return new ProxyAgent({ ...options, uri: this.#proxy, requestTls: { ...tls, timeout: 10_000 } })
  }

  #retire(pool: Dispatcher): void {
    this.#retired.add(pool)
    pool
      .close()
      .catch((error: unknown) => this.#log?.debug({ err: error }, 'connections with former credentials ended badly'))
      .finally(() => this.#retired.delete(pool))
  }
}
