import type { KubeClient } from './client.ts'
import { type Failure, failureOfError, failureOfResponse } from './failure.ts'
import type { Located } from './path.ts'

/** A kind that is looked for: of the versions that can be read the first that is served; of an empty one the group's own order decides. */
export type Sought = {
  kind: string
  group: string
  version: string
  versions?: readonly string[] | undefined
  /** Empty where only the cluster knows. */
  plural: string
}

export type Found = { kind: 'found'; resource: Located } | Failure

export type DiscoveryOptions = {
  client: Pick<KubeClient, 'request'>
  now: () => number
  /** An answer serves all who ask within that time: of a group that is absent, twenty kinds cost one small request. 8 s when left out. */
  sharedMs?: number
}

const timeoutMs = 15_000
/** A group of many kinds is some 30 kB. */
const maxBytes = 4 * 1024 * 1024

type Group = { kind: 'group'; versions: readonly string[] }
type Kinds = { kind: 'kinds'; entries: readonly Entry[] }
type Entry = { kind: string; name: string; namespaced: boolean; verbs: readonly unknown[] }

/**
 * Asks the API server where it serves a kind, group by group: of what a small operator watches that is less than the one document of all
 * groups (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api, unaggregated).
 */
export class Discovery {
  readonly #options: DiscoveryOptions
  readonly #answers = new Map<string, { asked: number; answer: Promise<unknown> }>()

  constructor(options: DiscoveryOptions) {
    this.#options = options
  }

  /**
   * Where the kind is served; `absent` where it is not, or can't be listed and watched. With `fresh` nothing counts that was asked for before this
   * call. Who may not discover gets what is sought as it was written, where that says enough. Never throws.
   */
  async find(sought: Sought, fresh = false): Promise<Found> {
    const { now, sharedMs = 8_000 } = this.#options
    const since = now() - (fresh ? 0 : sharedMs)
    const found = await this.#find(sought, since)
    const { group, version, plural } = sought
    return found.kind === 'forbidden' && version !== '' && plural !== ''
      ? { kind: 'found', resource: { group, version, plural, namespaced: true } }
      : found
  }

  async #find(sought: Sought, since: number): Promise<Found> {
    const { group, kind } = sought
    const path = group === '' ? '/api' : `/apis/${encodeURIComponent(group)}`
    const served = await this.#ask(path, since, group === '' ? readCore : readGroup)
    if (served.kind !== 'group') return served
    for (const version of candidates(sought, served.versions)) {
      const kinds = await this.#ask(`${path}/${encodeURIComponent(version)}`, since, readKinds)
      if (kinds.kind === 'absent') continue // it went since the group was asked for
      if (kinds.kind !== 'kinds') return kinds
      const entry = kinds.entries.find((one) => one.kind === kind && isWatchable(one))
      if (entry)
        return { kind: 'found', resource: { group, version, plural: entry.name, namespaced: entry.namespaced } }
    }
    return { kind: 'absent', message: `${group || 'the core group'} serves no ${kind} in a version that can be read` }
  }

  /** A path is always read by the same function. */
  #ask<T extends Group | Kinds>(
    path: string,
    since: number,
    read: (body: unknown) => T | undefined,
  ): Promise<T | Failure> {
    const known = this.#answers.get(path)
    if (known && known.asked >= since) return known.answer as Promise<T | Failure>
    const answer = this.#get(path, read)
    const asked = { asked: this.#options.now(), answer }
    this.#answers.set(path, asked)
    void answer.then(({ kind }) => {
      // Of what may be over by now, who asks later is to know more.
      if ((kind === 'failing' || kind === 'forbidden') && this.#answers.get(path) === asked) this.#answers.delete(path)
    })
    return answer
  }

  async #get<T>(path: string, read: (body: unknown) => T | undefined): Promise<T | Failure> {
    try {
      const response = await this.#options.client.request({ method: 'GET', path, timeoutMs, maxBytes })
      if (response.status !== 200) return failureOfResponse(response)
      const message = `GET ${path}: nothing about the API`
      return read(response.json()) ?? { kind: 'failing', reason: 'broken', message }
    } catch (error) {
      return failureOfError(error)
    }
  }
}

/** The served versions that can be read, better ones first. */
const candidates = ({ version, versions = [] }: Sought, served: readonly string[]): readonly string[] =>
  version === '' ? served : [version, ...versions].filter((one) => served.includes(one))

const isWatchable = ({ name, verbs }: Entry): boolean =>
  !name.includes('/') && verbs.includes('list') && verbs.includes('watch')

/** An APIVersions object, of the core group. */
function readCore(body: unknown): Group | undefined {
  const { versions } = (body ?? {}) as { versions?: unknown }
  return Array.isArray(versions)
    ? { kind: 'group', versions: versions.filter((one) => typeof one === 'string') }
    : undefined
}

/** An APIGroup: the preferred version first. */
function readGroup(body: unknown): Group | undefined {
  const { preferredVersion, versions } = (body ?? {}) as {
    preferredVersion?: { version?: unknown }
    versions?: unknown
  }
  if (!Array.isArray(versions)) return undefined
  const all = [preferredVersion, ...(versions as ({ version?: unknown } | null)[])].map((one) => one?.version)
  return { kind: 'group', versions: [...new Set(all.filter((one) => typeof one === 'string'))] }
}

/** An APIResourceList; its subresources are entries too. */
function readKinds(body: unknown): Kinds | undefined {
  const { resources } = (body ?? {}) as { resources?: unknown }
  if (!Array.isArray(resources)) return undefined
  const entries = (resources as (Record<string, unknown> | null)[]).flatMap((one) => {
    const { kind, name, namespaced, verbs } = one ?? {}
    return typeof kind === 'string' && typeof name === 'string' && Array.isArray(verbs)
      ? [{ kind, name, namespaced: namespaced === true, verbs: verbs as unknown[] }]
      : []
  })
  return { kind: 'kinds', entries }
}
