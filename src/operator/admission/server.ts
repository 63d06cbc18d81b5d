import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { Verdict } from '../../api/verdict.ts'
import { type Budget, budgetOf } from './budget.ts'
import { type Answer, reviewed } from './review.ts'

export type AdmissionServerOptions = {
  /** Undefined: all addresses. */
  host: string | undefined
  port: number
  /** Refused: the body is none that can be reviewed. */
  review(body: unknown): Verdict<Answer>
  /** ms on a clock that is never set. */
  monotonic(): number
  /** Each request that was answered. */
  answered(result: Result): void
  log: { error(fields: object, message: string): void }
}

/** invalid: nothing that could be reviewed; busy: more at once than may; failed: a fault of ours, and the API server does as failurePolicy has it. */
export type Result = 'allowed' | 'denied' | 'invalid' | 'busy' | 'failed'

export type AdmissionServer = AsyncDisposable & {
  port: number
  /** From the next connection on. Before the first there is no connection. */
  serve(identity: { cert: string; key: string }): void
}

/** An object and the one before it, of 1.5 MiB each at most in etcd. */
const maxBytes = 3 * 2 ** 20
/** Of all bodies that are being read: anybody in the cluster can connect. */
const maxReading = 4 * maxBytes
const maxConnections = 128
const readMs = 2_000
/** The API server closes an idle connection after 90 s: never us before it. */
const idleMs = 120_000

type Failed = { status: number; result: Result; message: string }

/** Answers POST /admission over TLS, and nothing else. Rejects when the address can't be listened on. */
export async function serveAdmission(options: AdmissionServerOptions): Promise<AdmissionServer> {
  const budget = budgetOf(options.monotonic)
  const reading = { bytes: 0 }
  const server = createServer(
    { keepAliveTimeout: idleMs, headersTimeout: readMs, connectionsCheckingInterval: readMs, handshakeTimeout: readMs },
    (request, response) => {
      void answer(request, options, budget, reading).then(({ status, result, body }) => {
        options.answered(result)
        send(response, status, body)
      })
    },
  )
  server.maxConnections = maxConnections
  // Strangers who speak no TLS, or don't trust us.
  server.on('tlsClientError', (_, socket) => socket.destroy())
  server.listen(options.port, options.host)
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : options.port,
    serve: (identity) => server.setSecureContext(identity),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

type Answered = { status: number; result: Result; body: object }

async function answer(
  request: IncomingMessage,
  options: AdmissionServerOptions,
  budget: Budget,
  reading: { bytes: number },
): Promise<Answered> {
  const failed = ({ status, result, message }: Failed): Answered => ({ status, result, body: { message } })
  if (request.method !== 'POST' || request.url?.split('?')[0] !== '/admission')
    return failed({ status: 404, result: 'invalid', message: 'there is POST /admission' })
  if (!budget.left()) return failed(busy)
  const read = await readBody(request, reading)
  if (typeof read !== 'string') return failed(read)
  const done = budget.spend()
  try {
    const verdict = options.review(parse(read))
    if (!verdict.ok) return failed({ status: 400, result: 'invalid', message: verdict.message })
    return { status: 200, result: verdict.value.refusal ? 'denied' : 'allowed', body: reviewed(verdict.value) }
  } catch (err) {
    options.log.error({ err }, 'an object could not be reviewed')
    return failed({
      status: 500,
      result: 'failed',
      message: 'the object could not be reviewed; see the log of carillon',
    })
  } finally {
    done()
  }
}

const busy: Failed = { status: 503, result: 'busy', message: 'too much is being reviewed; try again' }

/** undefined, which no review takes, for what is no JSON. */
function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

async function readBody(request: IncomingMessage, reading: { bytes: number }): Promise<string | Failed> {
  const chunks: Buffer[] = []
  let bytes = 0
  const timer = setTimeout(() => request.destroy(), readMs)
  try {
    // What is left unread of it must not take the answer with it.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length
      reading.bytes += chunk.length
      if (bytes > maxBytes) return { status: 413, result: 'invalid', message: `a review has ${maxBytes} bytes at most` }
      if (reading.bytes > maxReading) return busy
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString()
  } catch {
    return { status: 408, result: 'invalid', message: `a review must be there within ${readMs} ms` } // cut off, by them or by us
  } finally {
    clearTimeout(timer)
    reading.bytes -= bytes
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  if (response.destroyed) return
  // What was not read to its end can't be followed by another request.
  if (!response.req.complete) response.setHeader('connection', 'close')
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
