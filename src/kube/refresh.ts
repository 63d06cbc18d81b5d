import type { KubeObject } from '../api/object.ts'
import type { Batch, Change } from './batch.ts'
import type { Query } from './client.ts'
import { type Failure, failureOfError } from './failure.ts'
import { mostHeap } from './heap.ts'
import { aimBytes, type Bounds, type Page, type PageAnswer, smallAimBytes } from './pages.ts'

/** Asks the API server for a page of so many bytes, of a namespace or (undefined) of all. */
export type Ask = (
  query: Query,
  namespace: string | undefined,
  signal: AbortSignal,
  aim: number,
) => Promise<Page | Failure>

/** An object by its name; `most`: what takes more is too large. */
export type Named = { namespace?: string | undefined; name: string; most?: Bounds }

/** Asks it for the page that holds one object, or nothing, and that only once. */
export type AskFor = (query: Query, of: Named, signal: AbortSignal) => Promise<PageAnswer>

export type RefreshOptions = {
  namespace: string | undefined
  /** The resourceVersion as of which it lists. */
  cursor: string
  ask: Ask
  askFor: AskFor
  /** As of a reflector. */
  comparesStates: (namespace: string) => boolean
  /** Waits for the turn of a refresh to be told of what has overtaken it: one has it at a time, of all that are under way. */
  turn: (signal: AbortSignal) => Promise<Disposable>
  /** Told when a page has come. */
  came: () => void
}

/** So many objects are asked for at once, and together are no more than two pages. */
const mostAtOnce = 16
/** What is larger is asked for once more, alone. */
const small: Bounds = { bytes: (2 * aimBytes) / mostAtOnce, heap: mostHeap / mostAtOnce }

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

  /**
   * What the list holds of objects that the watch is about to tell of, as far as it has not told of them: a few small ones at a time, or a large
   * one, none of which is kept. Each is asked for once in a refresh at most, so that no number of changes keeps it from coming to its end.
   */
  async *before(changes: readonly Change[]): AsyncGenerator<Change[], Failure | undefined> {
    if (changes.length > 0) this.#aim = smallAimBytes
    const unseen = changes.filter((change) => this.#isUnseen(change))
    const isCompared = ({ object }: Change) => this.#options.comparesStates(object.metadata.namespace ?? '')
    const plain = unseen.filter((change) => !isCompared(change))
    if (plain.length > 0) yield plain.map(({ object }) => ({ type: 'upsert', object }))
    const asked = unseen.filter(isCompared).map(({ object: { metadata } }) => metadata)
    for (let from = 0; from < asked.length; from += mostAtOnce) {
      const turn = await this.#options.turn(this.#stopped.signal).catch(failureOfError)
      if ('kind' in turn) return turn
      using _turn = turn
      const large: Named[] = []
      const found = await this.#small(asked.slice(from, from + mostAtOnce), large)
      if ('kind' in found) return found
      if (found.length > 0) yield found.splice(0)
      for (const of of large) {
        const page = await this.#askFor(of)
        if ('kind' in page) return failureOf(of, page)
        if (page.changes.length > 0) yield page.changes.splice(0)
      }
    }
    return undefined
  }

  /** All that are small; those that are not are added to `large`. */
  async #small(asked: readonly Named[], large: Named[]): Promise<Change[] | Failure> {
    const found: Change[] = []
    const answers = await Promise.all(
      asked.map(async ({ namespace, name }) => {
        const of = { namespace, name }
        return { of, page: await this.#askFor({ ...of, most: small }) }
      }),
    )
    for (const { of, page } of answers) {
      if (!('kind' in page)) found.push(...page.changes)
      else if (page.kind === 'tooLarge') large.push(of)
      else return page
    }
    return found
  }

  async #askFor(of: Named): Promise<Page | Exclude<PageAnswer, { kind: 'page' }>> {
    const got = await this.#options.askFor(this.#version, of, this.#stopped.signal)
    return got.kind === 'page' ? got.page : got
  }

  stop(): void {
    this.#stopped.abort()
    letGo(this.came)
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
    void ask(query, namespace, signal, aim).then((page) => {
      this.came = page
      if (signal.aborted) letGo(page)
      came()
    })
  }
}

/** Lists are in this order (etcd's, of bytes), which names leave no two readings of. */
const keyOf = ({ metadata: { namespace = '', name } }: KubeObject): string => `${namespace}/${name}`

const letGo = (page: Page | Failure | undefined): void => {
  if (page && !('kind' in page)) page.share?.[Symbol.dispose]()
}

const failureOf = ({ name }: Named, got: Failure | { kind: 'tooLarge' }): Failure =>
  got.kind === 'tooLarge' ? { kind: 'failing', reason: 'broken', message: `${name} is too large` } : got

/** Each as a batch of its own. Who reads them may leave at any: what was held for them is given back then, too. */
export async function* asBatches<T>(before: AsyncGenerator<Change[], T>): AsyncGenerator<Batch, T> {
  let some = await before.next()
  try {
    for (; !some.done; some = await before.next()) yield { phase: 'refresh', changes: some.value, cursor: undefined }
    return some.value
  } finally {
    if (!some.done) await before.return(undefined as T)
  }
}
