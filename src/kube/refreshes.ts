import { KubeError } from './errors.ts'

/** Requests for one more list, waiting; `namespace` undefined means all. */
type Waiting = { namespace: string | undefined; done: PromiseWithResolvers<void> }

/** The requests that one list answers. Every one is settled by `resolve`, or put back by `keep`. */
export type Taken = { namespace: string | undefined; resolve(): void; keep(): void }

/** Requests for one more list, coalesced: all that wait when a list begins are answered by it. */
export class Refreshes {
  readonly #waiting = new Map<string | undefined, Waiting>()
  #wake: (() => void) | undefined

  get wanted(): boolean {
    return this.#waiting.size > 0
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

  /** The requests that the next list is to answer: everything that waits where one asks for all, else one namespace's. */
  take(): Taken | undefined {
    const [first] = this.#waiting.values()
    if (!first) return undefined
    return this.#waiting.has(undefined) ? this.takeAll() : this.#taken(first.namespace, [first])
  }

  /** Everything that waits, for a list of all namespaces. */
  takeAll(): Taken {
    return this.#taken(undefined, [...this.#waiting.values()])
  }

  /** Resolves when `pending` settles or a request comes in, to whether requests wait and `pending` has not settled. */
  async interrupts(pending: Promise<unknown>): Promise<boolean> {
    let settled = false
    const woken = Promise.withResolvers<void>()
    const settle = () => {
      settled = true
      woken.resolve()
    }
    pending.then(settle, settle)
    this.#wake = woken.resolve
    // One turn, for what has settled already to tell so.
    await (this.wanted ? Promise.resolve() : woken.promise)
    this.#wake = undefined
    return !settled && this.wanted
  }

  /** Rejects what waits. */
  stop(): void {
    for (const { done } of this.#waiting.values())
      done.reject(new KubeError('Aborted', 'the reflector was stopped before the list was through'))
    this.#waiting.clear()
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
