import type { Found } from './discovery.ts'
import { type Located, pathOf, type Resource } from './path.ts'

/** Finds out where a resource is served; with `fresh` nothing counts that was known before. Never rejects. */
export type Finder = (fresh: boolean) => Promise<Found>

/** Where the resource of one reflector is served: given, or found and, when it is no longer there, found anew. */
export class Whereabouts {
  readonly #finder: Finder | undefined
  readonly #namespace: string | undefined
  #known: Resource | undefined
  #last: Resource | Located | undefined
  /** Where it is not served any more. */
  #left: Resource | undefined

  constructor(of: Resource | Finder, namespace: string | undefined) {
    this.#finder = typeof of === 'function' ? of : undefined
    this.#known = typeof of === 'function' ? undefined : of
    this.#last = this.#known
    this.#namespace = namespace
  }

  /** Undefined while it has to be found. */
  get known(): Resource | undefined {
    return this.#known
  }

  /** As it was found last. */
  get last(): Resource | Located | undefined {
    return this.#last
  }

  /** It was not found there. Whether there is anything to be found anew. */
  leave(): boolean {
    if (!this.#finder) return false
    this.#left = this.#known
    this.#known = undefined
    return true
  }

  /** Something of it has changed: maybe it is served in a better version by now. */
  reconsider(): void {
    if (this.#finder) this.#known = undefined
  }

  async find(signal: AbortSignal): Promise<Found | { kind: 'found'; resource: Resource }> {
    if (this.#known || !this.#finder) return this.#known ? { kind: 'found', resource: this.#known } : aborted
    const left = this.#left
    this.#left = undefined
    const found = await unlessAborted(this.#finder(left !== undefined), signal)
    if (found.kind !== 'found') return found
    const { resource } = found
    if (!resource.namespaced && this.#namespace !== undefined)
      return {
        kind: 'clusterScoped',
        message: 'its objects live in no namespace, and the operator watches only namespaces',
      }
    // Announced, and yet not there: who asks again at once would ask for ever.
    if (left && pathOf(left) === pathOf(resource))
      return { kind: 'absent', message: `${pathOf(resource)} is not found` }
    this.#known = resource
    this.#last = resource
    return found
  }
}

const aborted: Found = { kind: 'failing', reason: 'network', message: 'given up' }

/** What many wait for is not given up because one of them stops. */
async function unlessAborted(found: Promise<Found>, signal: AbortSignal): Promise<Found> {
  const stopped = Promise.withResolvers<Found>()
  const stop = () => stopped.resolve(aborted)
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  const first = await Promise.race([found, stopped.promise])
  signal.removeEventListener('abort', stop)
  return first
}
