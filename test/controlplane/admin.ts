import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../../src/api/object.ts'
import { decode, linesOf, watchUrl } from './wire.ts'

/** An object as it is applied; what stands beside its names is the server's to judge. */
export type Manifest = {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; [key: string]: unknown }
  [key: string]: unknown
}
export type Answer = { status: number; body: unknown }
export type WatchEvent = { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'; object: KubeObject }
export type Wait = { what: string; timeoutMs?: number }

/** The API server refused a request of AdminClient; `status` is the HTTP status, the message the server's own. */
export class ApiError extends Error {
  readonly status: number
  constructor(what: string, answer: Answer) {
    const { message } = (typeof answer.body === 'object' ? answer.body : { message: answer.body }) as {
      message?: string
    }
    super(`${what}: ${answer.status} ${message ?? ''}`)
    this.name = 'ApiError'
    this.status = answer.status
  }
}

type Resource = { name: string; kind: string; namespaced: boolean }

/** A small client with the admin's token, for tests and the demo. Every method but `request` throws ApiError on a refusal. */
export class AdminClient implements AsyncDisposable {
  readonly #url: string
  readonly #authorization: Record<string, string>
  readonly #agent: Agent
  /** Apart, as every watch keeps a connection. */
  readonly #watches: Agent
  readonly #resources = new Map<string, Resource[]>()

  /** `token` is empty where `tls` holds the client's certificate and key instead. */
  constructor(url: string, ca: string, token: string, tls: { cert?: string; key?: string } = {}) {
    this.#url = url
    this.#authorization = token === '' ? {} : { authorization: `Bearer ${token}` }
    const connect = { ...tls, ...(ca !== '' && { ca }) }
    this.#agent = new Agent({ connect, connections: 16, headersTimeout: 60_000 })
    this.#watches = new Agent({ connect, bodyTimeout: 0 })
  }

  /** One request; strings are sent as they are, other bodies as JSON. The body comes back parsed where it is JSON. */
  async request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await this.#send(new URL(path, this.#url), {
      method: method as 'GET',
      dispatcher: this.#agent,
      headers: { 'content-type': 'application/json', ...headers },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    })
    return { status: answer.statusCode, body: await decode(answer) }
  }

  /** The server says 429 while it fills its cache of a kind, just after its start and after a CRD's; that passes. */
  async #send(url: URL, options: Parameters<typeof request>[1] & { headers: Record<string, string> }) {
    const headers = { ...this.#authorization, ...options.headers }
    for (const end = Date.now() + 10_000; ; ) {
      const answer = await request(url, { ...options, headers })
      if (answer.statusCode !== 429 || Date.now() > end) return answer
      await answer.body.dump()
      await delay(50)
    }
  }

  async #ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<KubeObject> {
    const answer = await this.request(method, path, body, headers)
    if (answer.status >= 300) throw new ApiError(`${method} ${path}`, answer)
    return answer.body as KubeObject
  }

  /** The path of a collection, or of one object where `name` is given. `kind` may also be the plural. */
  async path(apiVersion: string, kind: string, namespace?: string, name?: string): Promise<string> {
    const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    const known = () => this.#resources.get(apiVersion)?.find((one) => one.kind === kind || one.name === kind)
    // A CRD is served a moment after it is established, so what is not there yet gets some seconds.
    for (const end = Date.now() + 10_000; !known(); await delay(20)) {
      const { status, body } = await this.request('GET', base)
      const { resources = [] } = body as { resources?: Resource[] }
      if (status === 200)
        this.#resources.set(
          apiVersion,
          resources.filter((one) => !one.name.includes('/')),
        )
      if (!known() && Date.now() > end) throw new Error(`the API server has no ${kind} in ${apiVersion}`)
    }
    const { name: plural, namespaced } = known() as Resource
    const scope = namespaced && namespace !== undefined ? `/namespaces/${namespace}` : ''
    return `${base}${scope}/${plural}${name === undefined ? '' : `/${name}`}`
  }

  /**
   * Server-side apply of objects or of multi-document YAML, in the order given but CRDs first; returns what the server
   * made of them. CRDs are waited for until they are served. Objects without a namespace go to `namespace`.
   */
  async apply(what: string | Manifest | Manifest[], namespace = 'default'): Promise<KubeObject[]> {
    const manifests = manifestsOf(what)
    const crds = manifests.filter((one) => one.kind === 'CustomResourceDefinition')
    const others = manifests.filter((one) => one.kind !== 'CustomResourceDefinition')
    const applied = await Promise.all(crds.map((crd) => this.#applyOne(crd, namespace)))
    for (const crd of crds) {
      const path = await this.path(crd.apiVersion, crd.kind, undefined, crd.metadata.name)
      await this.waitFor(path, (one) => conditionOf(one, 'Established') === 'True', {
        what: `${crd.metadata.name} to be established`,
      })
    }
    this.#resources.clear()
    for (const one of others) applied.push(await this.#applyOne(one, namespace))
    return applied
  }

  async #applyOne(manifest: Manifest, namespace: string): Promise<KubeObject> {
    const { apiVersion, kind, metadata } = manifest
    const path = await this.path(apiVersion, kind, metadata.namespace ?? namespace, metadata.name)
    const query = '?fieldManager=carillon-test&force=true&fieldValidation=Strict'
    return this.#ask('PATCH', path + query, manifest, { 'content-type': 'application/apply-patch+yaml' })
  }

  /** The object, or undefined where there is none. */
  async get(
    apiVersion: string,
    kind: string,
    namespace: string | undefined,
    name: string,
  ): Promise<KubeObject | undefined> {
    const path = await this.path(apiVersion, kind, namespace, name)
    const answer = await this.request('GET', path)
    if (answer.status === 404) return undefined
    if (answer.status >= 300) throw new ApiError(`GET ${path}`, answer)
    return answer.body as KubeObject
  }

  async list(apiVersion: string, kind: string, namespace?: string): Promise<KubeObject[]> {
    const list = await this.#ask('GET', await this.path(apiVersion, kind, namespace))
    return (list as unknown as { items: KubeObject[] }).items
  }

  async create(manifest: Manifest, namespace = 'default'): Promise<KubeObject> {
    const { apiVersion, kind, metadata } = manifest
    return this.#ask('POST', await this.path(apiVersion, kind, metadata.namespace ?? namespace), manifest)
  }

  async delete(apiVersion: string, kind: string, namespace: string | undefined, name: string): Promise<void> {
    await this.#ask('DELETE', await this.path(apiVersion, kind, namespace, name))
  }

  /** JSON merge patch of the object itself. */
  async mergePatch(apiVersion: string, kind: string, namespace: string | undefined, name: string, patch: object) {
    const path = await this.path(apiVersion, kind, namespace, name)
    return this.#ask('PATCH', path, patch, { 'content-type': 'application/merge-patch+json' })
  }

  /** JSON merge patch of the status subresource; `status` is what stands under the key `status`. */
  async patchStatus(apiVersion: string, kind: string, namespace: string | undefined, name: string, status: object) {
    const path = `${await this.path(apiVersion, kind, namespace, name)}/status`
    return this.#ask('PATCH', path, { status }, { 'content-type': 'application/merge-patch+json' })
  }

  /** A namespace with its ServiceAccount `default`, which elsewhere the controller manager makes. */
  async createNamespace(name: string, labels: Record<string, string> = {}): Promise<KubeObject> {
    const namespace = await this.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
    await this.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }, name)
    return namespace
  }

  /**
   * Every change to the object or collection at `path`, from the state it is in now (which comes first, as ADDED), until
   * `signal` is aborted (ends quietly) or the server ends the watch. A `resourceVersion` in the path's query starts there.
   */
  async *watch(path: string, signal?: AbortSignal): AsyncGenerator<WatchEvent, void> {
    const answer = await this.#send(watchUrl(this.#url, path), {
      dispatcher: this.#watches,
      headers: {},
      signal: signal ?? null,
    })
    if (answer.statusCode !== 200) {
      throw new ApiError(`watch ${path}`, { status: answer.statusCode, body: await decode(answer) })
    }
    try {
      for await (const line of linesOf(answer.body)) yield JSON.parse(line) as WatchEvent
    } catch (error) {
      if (!signal?.aborted) throw error
    }
  }

  /**
   * The first state of the object at `path` (or of any in the collection) for which `predicate` is true, seen by a watch.
   * Rejects after `timeoutMs` (30 000) with `what` was waited for and the last state seen.
   */
  async waitFor(path: string, predicate: (object: KubeObject) => boolean, wait: Wait): Promise<KubeObject> {
    return this.#waitForEvent(path, ({ type, object }) => type !== 'DELETED' && predicate(object), wait)
  }

  /** Resolves when the object at `path` is gone; rejects as waitFor does. */
  async waitGone(path: string, wait: Wait): Promise<void> {
    const { status, body } = await this.request('GET', path)
    if (status === 404) return
    const { resourceVersion } = (body as KubeObject).metadata
    await this.#waitForEvent(`${path}?resourceVersion=${resourceVersion}`, ({ type }) => type === 'DELETED', wait)
  }

  async #waitForEvent(path: string, test: (event: WatchEvent) => boolean, { what, timeoutMs = 30_000 }: Wait) {
    const timeout = AbortSignal.timeout(timeoutMs)
    let last: KubeObject | undefined
    try {
      // The server may end a watch at any time, so it is taken up again.
      while (!timeout.aborted) {
        for await (const event of this.watch(path, timeout)) {
          if (event.type === 'ERROR') break
          last = event.object
          if (test(event)) return event.object
        }
      }
    } catch (error) {
      if (!timeout.aborted) throw error
    }
    const seen = last ? JSON.stringify(last.status ?? last).slice(0, 1000) : 'nothing'
    throw new Error(`waited ${timeoutMs} ms in vain for ${what} (${path}); last seen: ${seen}`)
  }

  /** The server's own table of the objects at `path` (what kubectl get prints), as aligned text without a final newline. */
  async table(path: string): Promise<string> {
    const answer = await this.#ask('GET', path, undefined, { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' })
    const { columnDefinitions, rows } = answer as unknown as {
      columnDefinitions: { name: string; priority: number }[]
      rows?: { cells: unknown[] }[]
    }
    const shown = columnDefinitions.map((_, index) => index).filter((index) => columnDefinitions[index]?.priority === 0)
    const lines = [
      shown.map((index) => columnDefinitions[index]?.name.toUpperCase() ?? ''),
      ...(rows ?? []).map(({ cells }) => shown.map((index) => String(cells[index] ?? ''))),
    ]
    const widths = shown.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
    return lines
      .map((line) =>
        line
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('   ')
          .trimEnd(),
      )
      .join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#agent.destroy(), this.#watches.destroy()])
  }
}

function manifestsOf(what: string | Manifest | Manifest[]): Manifest[] {
  if (typeof what !== 'string') return Array.isArray(what) ? what : [what]
  return parseAllDocuments(what).flatMap((document) => {
    if (document.errors[0]) throw document.errors[0]
    const one = document.toJS() as Manifest | null
    return one === null ? [] : [one]
  })
}

/** The status (`True`, `False`, `Unknown`) of one of an object's conditions. */
export function conditionOf(object: KubeObject, type: string): string | undefined {
  const { conditions } = (object.status ?? {}) as { conditions?: { type: string; status: string }[] }
  return conditions?.find((one) => one.type === type)?.status
}
