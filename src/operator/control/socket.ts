import { once } from 'node:events'
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { accept, refuse, type Verdict } from '../../api/verdict.ts'
import { pause } from '../../kube/backoff.ts'
import type { KubeLog } from '../../kube/log.ts'
import { maxSocketPath, socketName, versionHeader } from './api.ts'

/** A request, taken apart. */
export type Call = {
  /** What stands in the path where the route has `*`. */
  name: string
  query: URLSearchParams
  /** JSON, unchecked; undefined where the request has none. */
  body: unknown
  /** Aborts when the caller has gone, or the operator stops. */
  signal: AbortSignal
  /** Sends a line of JSON before the answer, which then is a line too. */
  tell(line: object): void
}

export type Handler = (call: Call) => Promise<Verdict<object>> | Verdict<object>

/** Handlers by `METHOD /v1/path`; a last segment `*` stands for one name. */
export type Handlers = Readonly<Record<string, Handler>>

export type ControlOptions = { directory: string; version: string; handlers: Handlers; log: KubeLog }

/** A list of as many numbers as `retry` may be given. */
const maxBody = 1024 * 1024

/** So long an answer may take that is under way at a stop. */
const lastWordsMs = 1_000

/** Where nothing else is said, a refusal is a conflict with how things stand. */
const statuses: Readonly<Record<string, number>> = {
  RequestInvalid: 400,
  UnknownPath: 404,
  DeadLetterNotFound: 404,
  SubscriptionNotFound: 404,
  SinkNotFound: 404,
  RequestTooLarge: 413,
  Unexpected: 500,
  NotReady: 503,
}

/**
 * Serves the handlers on `<directory>/control.sock`, for this process' own user only. The directory is locked by its outbox, so
 * a socket that is there is one that a killed process left behind. Refused (`SocketUnavailable`) where there can be none: the
 * operator does its work without it.
 */
export async function serveControl(options: ControlOptions): Promise<Verdict<AsyncDisposable>> {
  const path = join(options.directory, socketName)
  if (Buffer.byteLength(path) > maxSocketPath) {
    return refuse(
      'SocketUnavailable',
      `${path} is longer than the ${maxSocketPath} bytes that a unix socket's path may have: choose a shorter --data-dir, or do without deadletters, replay, purge and sinks test`,
    )
  }
  const stopped = new AbortController()
  const running = new Set<Promise<void>>()
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    const done = answer(request, response, options, stopped.signal).finally(() => running.delete(done))
    running.add(done)
  })
  server.maxConnections = 32
  try {
    rmSync(path, { force: true })
    const umask = process.umask(0o177)
    try {
      server.listen(path)
    } finally {
      process.umask(umask)
    }
    await once(server, 'listening')
    chmodSync(path, 0o600)
  } catch (error) {
    server.close()
    return refuse('SocketUnavailable', `${path} can't be made: ${(error as Error).message}`)
  }
  return accept({
    async [Symbol.asyncDispose]() {
      stopped.abort()
      const closed = once(server, 'close')
      server.close()
      await Promise.race([Promise.all(running), pause(lastWordsMs, AbortSignal.timeout(lastWordsMs))])
      server.closeAllConnections()
      await closed
    },
  })
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { handlers, version, log }: ControlOptions,
  stopped: AbortSignal,
): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  response.on('error', () => gone.abort())
  response.setHeader(versionHeader, version)
  const signal = AbortSignal.any([stopped, gone.signal])
  const tell = (line: object) => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.write(`${JSON.stringify(line)}\n`)
  }
  let result: Verdict<object>
  try {
    result = await handle(request, handlers, signal, tell)
  } catch (error) {
    log.error({ method: request.method, path: request.url, err: error }, 'a request to the socket failed')
    result = refuse('Unexpected', `the operator could not do it: ${(error as Error).message}`)
  }
  if (gone.signal.aborted) return
  if (response.headersSent) response.end(`${JSON.stringify(lastLine(result))}\n`)
  else {
    const status = result.ok ? 200 : (statuses[result.reason] ?? 409)
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
    response.end(`${JSON.stringify(result.ok ? result.value : problemOf(result))}\n`)
  }
}

const problemOf = ({ reason, message }: { reason: string; message: string }) => ({ reason, message })

const lastLine = (result: Verdict<object>) => (result.ok ? { answer: result.value } : { problem: problemOf(result) })

async function handle(
  request: IncomingMessage,
  handlers: Handlers,
  signal: AbortSignal,
  tell: Call['tell'],
): Promise<Verdict<object>> {
  const url = new URL(request.url ?? '/', 'http://socket')
  const found = find(handlers, `${request.method} ${url.pathname}`)
  if (!found) return refuse('UnknownPath', `there is no ${request.method} ${url.pathname}`.slice(0, 200))
  const body = await readBody(request)
  if (!body.ok) return body
  return found.handler({ name: found.name, query: url.searchParams, body: body.value, signal, tell })
}

function find(handlers: Handlers, route: string): { handler: Handler; name: string } | undefined {
  if (Object.hasOwn(handlers, route)) return { handler: handlers[route] as Handler, name: '' }
  const cut = route.lastIndexOf('/') + 1
  const general = `${route.slice(0, cut)}*`
  const name = decoded(route.slice(cut))
  if (name === undefined || !Object.hasOwn(handlers, general)) return undefined
  return { handler: handlers[general] as Handler, name }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined // no name at all
  }
}

async function readBody(request: IncomingMessage): Promise<Verdict<unknown>> {
  const tooLarge = refuse('RequestTooLarge', `a request has at most ${maxBody} bytes`)
  if (Number(request.headers['content-length'] ?? 0) > maxBody) return tooLarge
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBody) return tooLarge
    chunks.push(chunk)
  }
  if (size === 0) return accept(undefined)
  try {
    return accept(JSON.parse(Buffer.concat(chunks).toString()))
  } catch (error) {
    return refuse('RequestInvalid', `the request is no JSON: ${(error as Error).message}`)
  }
}
