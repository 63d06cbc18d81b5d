import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { Agent, request as requestTls } from 'node:https'
import type { AddressInfo } from 'node:net'

/** What is done instead of passing a request on, or to the answer that comes back. */
export type Fault =
  | { kind: 'answer'; status: number; headers?: Record<string, string>; body?: unknown }
  /** A watch's body made up here; afterwards it is ended, reset, or left open in silence. */
  | { kind: 'lines'; lines: readonly string[]; after: 'end' | 'reset' | 'silence' }
  /** The real answer, reset after so many bytes. */
  | { kind: 'reset'; afterBytes: number }
  /** The real answer, silent from the start: its head goes through, no byte of its body. */
  | { kind: 'silence' }
  /** The real answer to other query parameters. */
  | { kind: 'query'; set: Record<string, string> }

export type Seen = {
  method: string
  path: string
  query: URLSearchParams
  watch: boolean
  authorization: string | undefined
  status: number
  /** Bytes of the body that went to the client. */
  bytes: number
}

export type Faults = AsyncDisposable & {
  url: string
  seen: Seen[]
  lists(): Seen[]
  watches(): Seen[]
  /** The next request that matches gets this fault; several wait in order. Resolves when it has been dealt. */
  next(what: 'list' | 'watch', fault: Fault): Promise<void>
  /** Every request that matches gets this fault, until it is taken back. */
  always(what: 'list' | 'watch', fault: Fault): { lift(): void }
  /** Resets every connection that carries a watch. */
  resetWatches(): void
}

type Planned = { what: 'list' | 'watch'; fault: Fault; dealt: () => void; lasting: boolean }

/** A reverse proxy on 127.0.0.1, in plain HTTP, before the real API server, to answer wrongly and to break off at will. */
export async function startFaults(target: { url: string; ca: string }): Promise<Faults> {
  const planned: Planned[] = []
  const seen: Seen[] = []
  const open = new Set<ServerResponse>()
  const agent = new Agent({ ca: target.ca, keepAlive: true })

  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? '/', 'http://proxy')
    const entry: Seen = {
      method: incoming.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      watch: url.searchParams.has('watch'),
      authorization: incoming.headers.authorization,
      status: 0,
      bytes: 0,
    }
    seen.push(entry)
    if (entry.watch) open.add(outgoing)
    outgoing.on('close', () => open.delete(outgoing)).on('error', () => outgoing.destroy())
    const plan = planned.find(({ what }) => what === kindOf(entry))
    if (plan && !plan.lasting) planned.splice(planned.indexOf(plan), 1)
    void deal(entry, incoming, outgoing, plan?.fault).then(plan?.dealt)
  })

  async function deal(entry: Seen, incoming: IncomingMessage, outgoing: ServerResponse, fault: Fault | undefined) {
    if (fault?.kind === 'answer') {
      entry.status = fault.status
      outgoing.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers })
      outgoing.end(typeof fault.body === 'string' ? fault.body : JSON.stringify(fault.body ?? {}))
    } else if (fault?.kind === 'lines') {
      entry.status = 200
      outgoing.writeHead(200, { 'content-type': 'application/json' })
      for (const line of fault.lines) outgoing.write(line)
      if (fault.after === 'end') outgoing.end()
      if (fault.after === 'reset') outgoing.socket?.resetAndDestroy()
    } else {
      if (fault?.kind === 'query') for (const [name, value] of Object.entries(fault.set)) entry.query.set(name, value)
      await pass(entry, incoming, outgoing, fault)
    }
  }

  function pass(entry: Seen, incoming: IncomingMessage, outgoing: ServerResponse, fault: Fault | undefined) {
    const { promise, resolve } = Promise.withResolvers<void>()
    const send = target.url.startsWith('https') ? requestTls : request
    const url = `${target.url}${entry.path}?${entry.query}`
    const { host: _, ...headers } = incoming.headers
    const upstream = send(url, { method: entry.method, headers, agent }, (answer) => {
      entry.status = answer.statusCode ?? 0
      outgoing.writeHead(entry.status, answer.headers)
      outgoing.flushHeaders()
      resolve()
      answer.on('error', () => outgoing.destroy())
      answer.on('data', (chunk: Buffer) => {
        if (fault?.kind === 'silence') return
        const rest = fault?.kind === 'reset' ? fault.afterBytes - entry.bytes : chunk.length
        const part = chunk.subarray(0, Math.max(0, rest))
        entry.bytes += part.length
        const flows = outgoing.write(part)
        if (part.length < chunk.length) outgoing.write('', () => outgoing.socket?.resetAndDestroy())
        else if (!flows) {
          answer.pause()
          outgoing.once('drain', () => answer.resume())
        }
      })
      answer.on('end', () => (fault === undefined || fault.kind === 'query') && outgoing.end())
    })
    upstream.on('error', () => {
      resolve()
      outgoing.destroy()
    })
    outgoing.on('close', () => upstream.destroy())
    incoming.pipe(upstream)
    return promise
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    lists: () => seen.filter((entry) => kindOf(entry) === 'list'),
    watches: () => seen.filter((entry) => entry.watch),
    next(what, fault) {
      const { promise, resolve } = Promise.withResolvers<void>()
      planned.push({ what, fault, dealt: resolve, lasting: false })
      return promise
    },
    always(what, fault) {
      const plan = { what, fault, dealt: () => undefined, lasting: true }
      planned.push(plan)
      return { lift: () => void planned.splice(planned.indexOf(plan), 1) }
    },
    resetWatches() {
      for (const response of open) response.socket?.resetAndDestroy()
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      agent.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const kindOf = (entry: Seen) =>
  entry.watch ? 'watch' : entry.method === 'GET' && entry.query.has('limit') ? 'list' : undefined
