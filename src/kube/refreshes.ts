import { KubeError } from './errors.ts'
import type { Refresh } from './refresh.ts'

/** Requests for one more list, waiting; `namespace` undefined means all. */
type Waiting = { namespace: string | undefined; done: PromiseWithResolvers<void> }

/** The requests that one list answers. Every one is settled by `resolve`, or put back by `keep`. */
export type Taken = { namespace: string | undefined; resolve(): void; keep(): void }

/** Requests for one more list, coalesced: all that wait when a list begins are answered by it. One list is under way at a time. */
export class Refreshes {
  readonly #waiting = new Map<string | undefined, Waiting>()
  #running: { refresh: Refresh; asked: Taken } | undefined
  #resting: NodeJS.Timeout | undefined
  #wake: (() => void) | undefined

  /** What is under way. */
  get current(): Refresh | undefined {
    return this.#running?.refresh
  }

  ask(namespace: string | undefined): Promise<void> {
    let waiting = this.#waiting.get(namespace)
    if (!waiting) {
      waiting = { namespace, done: Promise.withResolvers() }
      this.#waiting.set(namespace, waiting)
    }
    this.#wake?.()
    return waiting.done.promise
  }

  /** Begins the next list where none is under way: of everything that waits where one asks for all, else of one namespace. */
  begin(make: (namespace: string | undefined, came: () => void) => Refresh): void {
    const [first] = this.#waiting.values()
    if (this.#running || !first || this.#resting) return
    const asked = this.#waiting.has(undefined) ? this.takeAll() : this.#taken(first.namespace, [first])
    this.#running = { refresh: make(asked.namespace, () => this.#wake?.()), asked }
  }

  /** The list under way is through. */
  done(): void {
    this.#running?.asked.resolve()
    this.#running = undefined
  }

  /** The list under way came to nothing: it begins once more, so many ms from now. */
  again(ms = 0): void {
    this.#running?.refresh.stop()
    this.#running?.asked.keep()
    this.#running = undefined
    if (ms === 0) return
    clearTimeout(this.#resting)
    this.#resting = setTimeout(() => {
      this.#resting = undefined
      this.#wake?.()
    }, ms)
  }

  /** Everything that waits, for a list of all namespaces. */
  takeAll(): Taken {
    return this.#taken(undefined, [...this.#waiting.values()])
  }

  /**
   * Resolves when `pending` settles, or when a page has come of the list under way, or a list may begin; to whether `pending` can wait: where both
   * are so, it depends on `favoured`.
   */
  async comeBefore(pending: Promise<unknown>, favoured: boolean): Promise<boolean> {
    let settled = false
    const settle = () => {
      settled = true
      this.#wake?.()
    }
    pending.then(settle, settle)
    await Promise.resolve() // one turn, for what has settled already to tell so
    while (!settled && !this.#isDue) {
      const woken = Promise.withResolvers<void>()
      this.#wake = woken.resolve
      await woken.promise
    }
    this.#wake = undefined
    return this.#isDue && (favoured || !settled)
  }

  /** Rejects what waits. */
  stop(): void {
    clearTimeout(this.#resting)
    this.#resting = undefined
    for (const { done } of this.#waiting.values())
      done.reject(new KubeError('Aborted', 'the reflector was stopped before the list was through'))
    this.#waiting.clear()
  }

  get #isDue(): boolean {
    if (this.#running) return this.#running.refresh.came !== undefined
    return this.#waiting.size > 0 && !this.#resting
  }

  #taken(namespace: string | undefined, taken: readonly Waiting[]): Taken {
    for (const waiting of taken) this.#waiting.delete(waiting.namespace)
    return {
      namespace,
      resolve: () => {
        for (const { done } of taken) done.resolve()
      },
      keep: () => {
        for (const waiting of taken) {
          const newer = this.#waiting.get(waiting.namespace)
          if (newer) newer.done.promise.then(waiting.done.resolve, waiting.done.reject)
          else this.#waiting.set(waiting.namespace, waiting)
        }
      },
    }
  }
}
