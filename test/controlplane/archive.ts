import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { KubeObject } from '../../src/api/object.ts'
import { certificate } from '../delivery/certificates.ts'

/** What is answered instead of a page. */
export type Refusal = { status: number; headers?: Record<string, string>; body?: string }

export type Asked = { path: string; query: URLSearchParams; token: string | undefined; status: number }

export type Archive = AsyncDisposable & {
  url: string
  /** PEM of its own authority. */
  ca: string
  /** The token that it takes. */
  token: string
  /** What it holds, by uid: its last state. */
  objects: Map<string, KubeObject>
  asked: Asked[]
  /** The next requests are answered so, in order. */
  refuse(...refusals: Refusal[]): void
  /** Every request is, until it is taken back. */
  refuseAll(refusal: Refusal | undefined): void
  put(object: KubeObject): void
}

/**
 * KubeArchive's REST API, as far as lists go (kubearchive/kubearchive, docs reference/api and cmd/api): HTTPS, a bearer token, the newest first,
 * `limit` from 1 to 1000, `continue`, `creationTimestampAfter`; a List without resourceVersion, whose items hold all that was archived; errors
 * are a JSON object with a message. It knows the resources of `plurals`.
 */
export async function startArchive(plurals: Record<string, string> = { taskruns: 'TaskRun' }): Promise<Archive> {
  const identity = certificate({ name: 'archive', hosts: ['localhost'], ca: true })
  const queue: Refusal[] = []
  let always: Refusal | undefined
  const archive = {
    ca: identity.cert,
    token: 'token-of-the-operator',
    objects: new Map<string, KubeObject>(),
    asked: [] as Asked[],
    refuse: (...refusals: Refusal[]) => void queue.push(...refusals),
    refuseAll: (refusal: Refusal | undefined) => {
      always = refusal
    },
    put: (object: KubeObject) => void archive.objects.set(object.metadata.uid, object),
  }
  const server: Server = createServer({ cert: identity.cert, key: identity.key }, (request, response) => {
    const url = new URL(request.url ?? '/', 'https://archive')
    const token = request.headers.authorization?.replace(/^Bearer /, '')
    const answer =
      token === archive.token
        ? (queue.shift() ?? always ?? pageOf(archive.objects, plurals, url))
        : { status: 401, body: JSON.stringify({ message: 'authentication failed' }) }
    archive.asked.push({ path: url.pathname, query: url.searchParams, token, status: answer.status })
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(answer.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(archive, {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

const failed = (status: number, message: string): Refusal => ({ status, body: JSON.stringify({ message }) })

function pageOf(objects: ReadonlyMap<string, KubeObject>, plurals: Record<string, string>, url: URL): Refusal {
  const [, group, version, namespace, plural = ''] =
    /^\/apis\/([^/]+)\/([^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)$/.exec(url.pathname) ?? []
  const limit = Number(url.searchParams.get('limit') ?? 100)
  if (!Object.hasOwn(plurals, plural)) return failed(404, `unable to find the API resource ${plural}`)
  if (!(limit >= 1 && limit <= 1000)) return failed(400, 'bad limit parameter')
  const after = url.searchParams.get('creationTimestampAfter') ?? ''
  const from = url.searchParams.get('continue') ?? ''
  const all = [...objects.values()]
    .filter((one) => one.apiVersion === `${group}/${version}` && one.kind === plurals[plural])
    .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
    .filter(({ metadata }) => metadata.creationTimestamp > after)
    .sort((one, other) => (placeOf(one) < placeOf(other) ? 1 : -1))
    .filter((one) => from === '' || placeOf(one) < Buffer.from(from, 'base64').toString())
  const items = all.slice(0, limit)
  const last = items.at(-1)
  const next = all.length > limit && last ? Buffer.from(placeOf(last)).toString('base64') : ''
  return { status: 200, body: JSON.stringify({ kind: 'List', apiVersion: 'v1', items, metadata: { continue: next } }) }
}

const placeOf = ({ metadata }: KubeObject): string => `${metadata.creationTimestamp} ${metadata.uid}`
