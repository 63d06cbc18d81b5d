import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import { type Credentials, credentialsReader } from './credentials.ts'
import { KubeError } from './errors.ts'
import { HeapRoom, mostHeap } from './heap.ts'
import { type Cluster, type ClusterOptions, findCluster } from './kubeconfig.ts'
import type { KubeLog } from './log.ts'
import { Pools, type Use } from './pools.ts'
import { type KubeResponse, responseOf, statusOf } from './response.ts'
import { ServerClock } from './server-clock.ts'

export type Query = Record<string, string | number | boolean | undefined>

export type KubeRequest = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  query?: Query
  /** Sent as JSON; a string goes as it is. */
  body?: unknown
  /** application/json when left out. */
  contentType?: string
  accept?: string
  signal?: AbortSignal
  /** For the whole request, the answer's last byte included; 30 s when left out. */
  timeoutMs?: number
  /** An answer longer than this is cut off with a KubeError `TooLarge`; 16 MiB when left out. */
  maxBytes?: number
}

/** The answer to a request for a stream: its body (destroyed when the signal is aborted), or what was answered instead of 2xx. */
export type KubeStream = { kind: 'open'; body: Readable } | { kind: 'refused'; response: KubeResponse }

export type ConnectOptions = ClusterOptions & {
  userAgent?: string
  log?: KubeLog
  now?: () => number
  /** How long the first request may take; 10 s when left out. */
  timeoutMs?: number
}

const defaultTimeoutMs = 30_000
const defaultMaxBytes = 16 * 1024 * 1024
const credentialsAgeMs = 60_000

/** Finds the cluster, its credentials, and asks it for its version. A refusal says what was tried and what to do. */
export async function connect(options: ConnectOptions = {}): Promise<Verdict<KubeClient>> {
  const found = findCluster(options)
  if (!found.ok) return found
  const client = new KubeClient(found.value, options)
  const refusal = await probe(client, found.value.from, options.timeoutMs ?? 10_000)
  if (!refusal) return accept(client)
  await client[Symbol.asyncDispose]()
  return refusal
}

async function probe(client: KubeClient, from: string, timeoutMs: number): Promise<Verdict<KubeClient> | undefined> {
  try {
    const response = await client.request({ method: 'GET', path: '/version', timeoutMs })
    // Who may read the version is up to the cluster; that it answered as an API server does is enough.
    if (response.status === 200 || response.status === 403) return undefined
    const message = `${client.server} (from ${from}) answered ${response.status}: ${statusOf(response).message}`
    return response.status === 401
      ? refuse(
          'Unauthorized',
          `${message}. Its credentials are wrong or have expired: log in again, or name another kubeconfig`,
        )
      : refuse('NoAPIServer', `${message}. Is it a Kubernetes API server?`)
  } catch (error) {
    if (!(error instanceof KubeError)) throw error
    if (error.reason === 'CredentialsFailed') return refuse(error.reason, error.message)
    return refuse(
      'Unreachable',
      `no answer from ${client.server} (from ${from}): ${causeOf(error)}. Is the cluster up, and is this its address?`,
    )
  }
}

/** The API server, with the credentials of a kubeconfig or pod. Network failures are thrown as KubeError; any status is a value. */
export class KubeClient implements AsyncDisposable {
  /** The API server's URL. */
  readonly server: string
  /** What is parsed of its answers at a time, and, of that, of what a refresh was overtaken by. */
  readonly room = { pages: new HeapRoom(), overtaken: new HeapRoom(mostHeap) }
  readonly #options: ConnectOptions
  readonly #read = credentialsReader()
  readonly #origin: string
  readonly #prefix: string
  readonly #now: () => number
  readonly #clock: ServerClock
  #cluster: Cluster
  #pools: Pools | undefined
  #credentials: Credentials | undefined
  #readAt = 0
  #reading: Promise<Credentials> | undefined

  constructor(cluster: Cluster, options: ConnectOptions) {
    const url = new URL(cluster.server)
    this.server = cluster.server
    this.#cluster = cluster
    this.#options = options
    this.#origin = url.origin
    this.#prefix = url.pathname.replace(/\/$/, '')
    this.#now = options.now ?? Date.now
    this.#clock = new ServerClock(this.#now)
  }

  /** The API server's time, ms since the epoch, as near as its answers tell. */
  serverTime(): number {
    return this.#clock.now()
  }

  async request(request: KubeRequest): Promise<KubeResponse> {
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), request.timeoutMs ?? defaultTimeoutMs)
    const abort = () => deadline.abort(request.signal?.reason)
    if (request.signal?.aborted) abort()
    request.signal?.addEventListener('abort', abort)
    try {
      return await this.#answer(request, deadline.signal)
    } catch (error) {
      throw this.#failure(
        request,
        error,
        request.signal?.aborted ? 'Aborted' : deadline.signal.aborted ? 'Timeout' : undefined,
      )
    } finally {
      clearTimeout(timer)
      request.signal?.removeEventListener('abort', abort)
    }
  }

  /** The same as somebody else: with their token alone, on a connection of its own. 30 s at most. */
  async requestAs(token: string, request: KubeRequest): Promise<KubeResponse> {
    try {
      const { cert: _, key: __, ...tls } = (await this.#authorize('cached')).tls
      const headers = { authorization: `Bearer ${token}` }
      await using pools = new Pools(this.#origin, this.#cluster.proxy, this.#options.log)
      const signal = AbortSignal.timeout(request.timeoutMs ?? defaultTimeoutMs)
      const answer = await this.#send(
        { dispatcher: pools.take('requests', tls), use: 'requests' },
        request,
        { headers, tls },
        signal,
      )
      return responseOf(nameOf(request), answer.statusCode, answer.headers, await bytesOf(request, answer.body))
    } catch (error) {
      throw this.#failure(request, error, undefined)
    }
  }

  /** Opens a watch, on a connection of its own, with credentials read just now. */
  async stream({ path, query, signal }: { path: string; query?: Query; signal: AbortSignal }): Promise<KubeStream> {
    const request: KubeRequest = { method: 'GET', path, ...(query && { query }), signal }
    try {
      let credentials = await this.#authorize('reread')
      let { statusCode, headers, body } = await this.#send(
        this.#pool('watches', credentials),
        request,
        credentials,
        signal,
      )
      if (statusCode === 401 && (await this.#reauthorize(credentials))) {
        await body.dump({ limit: 65_536 })
        credentials = await this.#authorize('cached')
        ;({ statusCode, headers, body } = await this.#send(
          this.#pool('watches', credentials),
          request,
          credentials,
          signal,
        ))
      }
      if (statusCode >= 200 && statusCode < 300) return { kind: 'open', body }
      const response = responseOf(nameOf(request), statusCode, headers, await bytesOf(request, body))
      return { kind: 'refused', response }
    } catch (error) {
      throw this.#failure(request, error, signal.aborted ? 'Aborted' : undefined)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pools?.[Symbol.asyncDispose]()
  }

  async #answer(request: KubeRequest, signal: AbortSignal): Promise<KubeResponse> {
    const credentials = await this.#authorize('cached')
    const response = await this.#exchange(request, credentials, signal)
    if (response.status !== 401 || !(await this.#reauthorize(credentials))) return response
    return await this.#exchange(request, await this.#authorize('cached'), signal)
  }

  async #exchange(request: KubeRequest, credentials: Credentials, signal: AbortSignal): Promise<KubeResponse> {
    const answer = await this.#send(this.#pool('requests', credentials), request, credentials, signal)
    return responseOf(nameOf(request), answer.statusCode, answer.headers, await bytesOf(request, answer.body))
  }

  #pool(use: Use, { tls }: Credentials): { dispatcher: Dispatcher; use: Use } {
    this.#pools ??= new Pools(this.#origin, this.#cluster.proxy, this.#options.log)
    return { dispatcher: this.#pools.take(use, tls), use }
  }

  async #send(
    { dispatcher, use }: { dispatcher: Dispatcher; use: Use },
    request: KubeRequest,
    credentials: Credentials,
    signal: AbortSignal,
  ) {
    const { body } = request
    const response = await dispatcher.request<Dispatcher.DispatchOptions>({
      origin: this.#origin,
      path: this.#prefix + request.path + queryOf(request.query),
      method: request.method,
      headers: {
        ...credentials.headers,
        accept: request.accept ?? 'application/json',
        'user-agent': this.#options.userAgent ?? 'carillon',
        ...(body !== undefined && { 'content-type': request.contentType ?? 'application/json' }),
      },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
      signal,
      // What a busy consumer leaves lying is handed to it in one piece: its next batch.
      ...(use === 'watches' && { highWaterMark: 262_144 }),
    })
    this.#clock.tell(response.headers.date)
    return response
  }

  /** The server refused these credentials: reads them once more. True if others are there now, or have come meanwhile. */
  async #reauthorize(refused: Credentials): Promise<boolean> {
    const current = this.#credentials === refused ? await this.#authorize('rejected') : this.#credentials
    return JSON.stringify(current) !== JSON.stringify(refused)
  }

  async #authorize(need: 'cached' | 'reread' | 'rejected'): Promise<Credentials> {
    const fresh = this.#now() - this.#readAt < credentialsAgeMs
    if (need === 'cached' && fresh && this.#credentials) return this.#credentials
    this.#reading ??= this.#reread(need === 'rejected').finally(() => {
      this.#reading = undefined
    })
    return await this.#reading
  }

  async #reread(rejected: boolean): Promise<Credentials> {
    const found = findCluster(this.#options)
    // A file that is just being written: what was there before serves on.
    if (found.ok && found.value.server === this.server) this.#cluster = found.value
    try {
      this.#credentials = await this.#read(this.#cluster, rejected)
    } catch (error) {
      if (!this.#credentials) throw error
      this.#options.log?.warn({ err: error }, 'the credentials could not be read again; the former ones are used on')
    }
    this.#readAt = this.#now()
    return this.#credentials
  }

  #failure(request: KubeRequest, error: unknown, reason: 'Aborted' | 'Timeout' | undefined): unknown {
    if (error instanceof KubeError) return error
    if (reason === 'Timeout') {
      const after = `no whole answer within ${request.timeoutMs ?? defaultTimeoutMs} ms`
      return new KubeError('Timeout', `${nameOf(request)}: ${after}`, { cause: error })
    }
    const failed = new KubeError(reason ?? 'NetworkFailed', nameOf(request), { cause: error })
    failed.message += `: ${reason === 'Aborted' ? 'given up' : causeOf(failed)}`
    return failed
  }
}

async function bytesOf(request: KubeRequest, body: Readable): Promise<Buffer> {
  const { maxBytes = defaultMaxBytes } = request
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes)
      throw new KubeError('TooLarge', `${nameOf(request)}: an answer of more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, bytes)
}

const nameOf = ({ method, path }: KubeRequest): string => `${method} ${path}`

/** The innermost message: undici and node wrap the one that tells people something. */
function causeOf(error: unknown): string {
  let inner = error
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause
  if (inner instanceof AggregateError && inner.errors.length > 0) inner = inner.errors[0]
  return inner instanceof Error ? inner.message || ((inner as NodeJS.ErrnoException).code ?? inner.name) : String(inner)
}

function queryOf(query: Query = {}): string {
  const given = new URLSearchParams()
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== '') given.set(name, String(value))
  return given.size === 0 ? '' : `?${given}`
}
