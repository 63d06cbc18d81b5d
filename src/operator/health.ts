import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { Metrics } from '../status/metrics.ts'
import type { Admission } from './scrape-access.ts'

export type HealthOptions = {
  /** Undefined: all addresses. */
  host: string | undefined
  port: number
  metrics: Metrics
  /** Undefined when ready, else what is waited for. */
  notReady(): string | undefined
  /** Brings gauges up to date before they are read. */
  refresh(): void
  /** Who may have /metrics, by the header authorization; left out: everybody. */
  admit?: ((authorization: string | undefined) => Promise<Admission>) | undefined
}

type Send = (status: number, body: string, type?: string) => void

/** Serves /healthz (alive), /readyz (reads and delivers) and /metrics. Rejects when the address can't be listened on. */
export async function serveHealth(options: HealthOptions): Promise<AsyncDisposable & { port: number }> {
  const server: Server = createServer((request, response) => {
    const send: Send = (status, body, type = 'text/plain; charset=utf-8') => {
      const wanted = status === 401 ? { 'www-authenticate': 'Bearer' } : {}
      response.writeHead(status, { 'content-type': type, ...wanted }).end(body)
    }
    if (request.url === '/healthz') return send(200, 'ok\n')
    if (request.url === '/readyz') {
      const waiting = options.notReady()
      return waiting === undefined ? send(200, 'ok\n') : send(503, `${waiting}\n`)
    }
    if (request.url !== '/metrics') return send(404, 'there are /healthz, /readyz and /metrics\n')
    showMetrics(options, request.headers.authorization, send).catch((error: Error) => send(500, `${error.message}\n`))
  })
  server.listen(options.port, options.host)
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : options.port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function showMetrics(options: HealthOptions, authorization: string | undefined, send: Send): Promise<void> {
  const admission = await options.admit?.(authorization)
  if (admission && !admission.ok) return send(admission.status, `${admission.message}\n`)
  options.refresh()
  const { registry } = options.metrics
  send(200, await registry.metrics(), registry.contentType)
}
