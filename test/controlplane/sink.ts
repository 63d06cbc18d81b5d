import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, isIPv6 } from 'node:net'

export type Received = {
  /** The event's id: header ce-id, else `id` of a structured event, else header webhook-id; '' where there is none. Of a batch: all of `ids`. */
  id: string
  /** Of a batch the ids of its events, in order; else just `id`. */
  ids: string[]
  /** Header Carillon-Subscription, '' where there is none. */
  subscription: string
  /** When it had come in whole: milliseconds since the epoch, with fractions. */
  time: number
  /** 1 for the first request with this id and subscription. */
  attempt: number
  /** These four are empty with `record: 'ids'`. */
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
}

export type Behaviour =
  | { kind: 'answer'; status: number; headers?: Record<string, string>; body?: string; delayMs?: number }
  | { kind: 'hang' }
  | { kind: 'reset' }

export type SinkOptions = {
  /** What it does at first: answers 204 when left out. */
  behaviour?: Behaviour | ((request: Received) => Behaviour)
  /** 'ids' keeps little of each request, for load. */
  record?: 'all' | 'ids'
  /** A free one when left out. */
  port?: number
  /** 127.0.0.1 when left out. */
  address?: string
}

export type Sink = AsyncDisposable & {
  /** `http://127.0.0.1:port` */
  url: string
  port: number
  /** Everything received so far, in order; refused requests too. */
  received: Received[]
  /** Changes what it does, from the next request on. */
  behave(behaviour: Behaviour | ((request: Received) => Behaviour)): void
  /** Resolves with what was received once `predicate` is true of it; rejects after `timeoutMs` (30 000). */
  waitFor(predicate: (received: Received[]) => boolean, wait: { what: string; timeoutMs?: number }): Promise<Received[]>
}

/** An HTTP server on a free port of 127.0.0.1 that takes deliveries, and misbehaves on demand. */
export async function startSink(options: SinkOptions = {}): Promise<Sink> {
  const { record = 'all', address = '127.0.0.1' } = options
  let behaviour = options.behaviour ?? { kind: 'answer', status: 204 }
  const received: Received[] = []
  const attempts = new Map<string, number>()
  const waiters = new Set<() => void>()

  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('error', () => response.destroy())
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const one = describe(request, chunks, record)
      const key = `${one.subscription} ${one.id}`
      one.attempt = (attempts.get(key) ?? 0) + 1
      attempts.set(key, one.attempt)
      received.push(one)
      act(typeof behaviour === 'function' ? behaviour(one) : behaviour, response)
      for (const wake of waiters) wake()
    })
  })
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(options.port ?? 0, address, 512, resolve),
  )
  const { port } = server.address() as AddressInfo

  return {
    url: `http://${isIPv6(address) ? `[${address}]` : address}:${port}`,
    port,
    received,
    behave(next) {
      behaviour = next
    },
    waitFor: (predicate, { what, timeoutMs = 30_000 }) =>
      new Promise((resolve, reject) => {
        const done = (finish: () => void) => {
          clearTimeout(timer)
          waiters.delete(check)
          finish()
        }
        const check = () => predicate(received) && done(() => resolve(received))
        const timer = setTimeout(() => {
          const seen = received.slice(-5).map((one) => `${one.headers['ce-type'] ?? one.method} ${one.id}`)
          const message = `waited ${timeoutMs} ms in vain for ${what}; ${received.length} received, last: ${seen.join(', ')}`
          done(() => reject(new Error(message)))
        }, timeoutMs)
        waiters.add(check)
        check()
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function describe(request: IncomingMessage, chunks: Buffer[], record: 'all' | 'ids'): Received {
  const { headers } = request
  const structured = headers['content-type']?.startsWith('application/cloudevents') ?? false
  const body = record === 'all' || structured ? Buffer.concat(chunks).toString() : ''
  const ids = (structured ? idsOf(body) : undefined) ?? [String(headers['ce-id'] ?? headers['webhook-id'] ?? '')]
  const one = {
    id: ids.join(' '),
    ids,
    subscription: String(headers['carillon-subscription'] ?? ''),
    time: performance.timeOrigin + performance.now(),
    attempt: 0,
  }
  if (record === 'ids') return { ...one, method: '', path: '', headers: {}, body: '' }
  return { ...one, method: request.method ?? '', path: request.url ?? '', headers, body }
}

/** The ids of a structured event or a batch; a body that isn't JSON has none, and is recorded all the same. */
function idsOf(body: string): string[] | undefined {
  try {
    const events = JSON.parse(body) as { id?: string } | { id?: string }[]
    return [events].flat().map(({ id = '' }) => id)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function act(behaviour: Behaviour, response: ServerResponse): void {
  switch (behaviour.kind) {
    case 'hang':
      return
    case 'reset':
      response.socket?.resetAndDestroy()
      return
    case 'answer': {
      const answer = () => response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body)
      if (behaviour.delayMs) setTimeout(answer, behaviour.delayMs).unref()
      else answer()
      return
    }
    default:
      behaviour satisfies never
  }
}
