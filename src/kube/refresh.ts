import type { KubeObject } from '../api/object.ts'
import type { Change } from './batch.ts'
import type { Query } from './client.ts'
import type { Failure } from './failure.ts'
import { aimBytes, type Page, smallAimBytes } from './pages.ts'

/** What is asked of the API server, of a namespace or (undefined) of all: a page of so many bytes, or one object, and that only once. */
export type Ask = (
  query: Query,
  namespace: string | undefined,
  signal: AbortSignal,
  of: { aim: number } | { name: string },
) => Promise<Page | Failure>

export type RefreshOptions = {
  namespace: string | undefined
  /** The resourceVersion as of which it lists. */
  cursor: string
  ask: Ask
  /** As of a reflector. */
  comparesStates: (namespace: string) => boolean
  /** Told when a page has come. */
  came: () => void
}

/** Most objects asked for at once. */
const mostAtOnce = 16

/**
 * One more list, read page by page while the watch goes on: it is of the past, so that what the watch tells of an object has to come after what the
 * list does. What the watch tells of before its page has come is left out of the page, and told first (`before`): as it is in the list, which is
 * asked for it by name, or, where that makes no difference, as it is now.
 */
export class Refresh {
  /** What came of the page that was asked for last. */
  came: Page | Failure | undefined
  readonly #options: RefreshOptions
  readonly #stopped = new AbortController()
  /** As of when. */
  #version: Query
  #isOfNow = false
  /** What the next page is aimed at: more each time, as long as the watch tells nothing that would wait for it. */
  #aim = smallAimBytes
  #next: string | undefined
  #passed = ''
  /** By uid, what the watch has told of. */
  readonly #told = new Set<string>()

  constructor(options: RefreshOptions) {
    this.#options = options
    this.#version = { resourceVersion: options.cursor, resourceVersionMatch: 'Exact' }
    this.#ask()
  }

  /** Once more, and as of now: its version has been compacted away. What the watch has told of is in there as it is. */
  asOfNow(): void {
    this.#version = {}
    this.#isOfNow = true
    this.#told.clear()
    this.#next = undefined
    this.#passed = ''
    this.#ask()
  }

  /** What a page has to tell. */
  changesOf(page: Page): Change[] {
    const last = page.changes.at(-1)?.object
    if (last) this.#passed = keyOf(last)
    return page.changes.filter(({ object }) => !this.#told.has(object.metadata.uid))
  }

  /** Asks for the page after that one, which may come while that one is taken in; false where it was the last. */
  next({ next }: Page): boolean {
    this.#next = next
    if (next !== undefined) this.#ask()
    return next !== undefined
  }

  /** What the list holds of objects that the watch is about to tell of, as far as it has not told of them. */
  async before(changes: readonly Change[]): Promise<Change[] | Failure> {
    const { ask, comparesStates } = this.#options
    if (changes.length > 0) this.#aim = smallAimBytes
    const unseen = changes.filter((change) => this.#isUnseen(change))
    const isCompared = ({ object }: Change) => comparesStates(object.metadata.namespace ?? '')
    const asked = unseen.filter(isCompared)
    const found: Change[] = unseen
      .filter((change) => !isCompared(change))
      .map(({ object }) => ({ type: 'upsert', object }))
    for (let from = 0; from < asked.length; from += mostAtOnce) {
      const some = asked.slice(from, from + mostAtOnce).map(({ object: { metadata } }) => metadata)
      const pages = await Promise.all(
        some.map(({ namespace, name }) => ask(this.#version, namespace, this.#stopped.signal, { name })),
      )
      for (const page of pages) {
        if ('kind' in page) return page
        found.push(...page.changes)
      }
    }
    return found
  }

  stop(): void {
    this.#stopped.abort()
  }

  /** Marks it as seen. What has come to be since is in no page; as of now, a watch that is behind may tell so of what has long been. */
  #isUnseen({ object, isNew }: Change): boolean {
    const { namespace } = this.#options
    if (namespace !== undefined && object.metadata.namespace !== namespace) return false
    if (this.#told.has(object.metadata.uid)) return false
    this.#told.add(object.metadata.uid)
    return (!isNew || this.#isOfNow) && keyOf(object) > this.#passed
  }

  #ask(): void {
    const { ask, came, namespace } = this.#options
    const { signal } = this.#stopped
    const aim = this.#aim
    this.#aim = Math.min(2 * aim, aimBytes)
    this.came = undefined
    const query = this.#next === undefined ? this.#version : { continue: this.#next }
    void ask(query, namespace, signal, { aim }).then((page) => {
      this.came = page
      came()
    })
  }
}

/** Lists are in this order (etcd's, of bytes), which names leave no two readings of. */
const keyOf = ({ metadata: { namespace = '', name } }: KubeObject): string => `${namespace}/${name}`
