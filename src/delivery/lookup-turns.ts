/** How many lookups may be under way, and how long one waits for its turn, ms. */
export type LookupBounds = { perNamespace: number; inAll: number; waitMs: number }

/** Connecting takes 5 s at most: one that has waited for longer is of no use. */
export const lookupBounds: LookupBounds = { perNamespace: 16, inAll: 1024, waitMs: 4_000 }

/** Of all places the last quarter is for namespaces that have none: those whose names hang can't take it. */
const shareOfMany = 3 / 4

type Waiting<T> = {
  promise: Promise<T>
  resolve(found: T | Promise<T>): void
  reject(error: Error): void
  timer: NodeJS.Timeout
}

/**
 * Lookups of host names, so many at a time for each namespace and in all. A name that is looked up already is waited for, whoever asked; beyond
 * the bounds a lookup waits for its turn, and the namespace that has the fewest under way comes first. Rejects with `late()` after `waitMs`.
 */
export function lookupTurns<T>(
  lookup: (host: string) => Promise<T>,
  late: () => Error,
  { perNamespace, inAll, waitMs }: LookupBounds = lookupBounds,
): (host: string, namespace: string) => Promise<T> {
  const underWay = new Map<string, Promise<T>>()
  const places = new Map<string, number>()
  const queues = new Map<string, Map<string, Waiting<T>>>()
  let taken = 0

  const has = (namespace: string) => places.get(namespace) ?? 0
  const isFree = (namespace: string): boolean =>
    has(namespace) < perNamespace && taken < (has(namespace) === 0 ? inAll : inAll * shareOfMany)

  const begin = (host: string, namespace: string): Promise<T> => {
    taken += 1
    places.set(namespace, has(namespace) + 1)
    const found = lookup(host).finally(() => {
      underWay.delete(host)
      taken -= 1
      if (has(namespace) > 1) places.set(namespace, has(namespace) - 1)
      else places.delete(namespace)
      letOn()
    })
    underWay.set(host, found)
    return found
  }

  const leave = (host: string, namespace: string): void => {
    const queue = queues.get(namespace)
    clearTimeout(queue?.get(host)?.timer)
    queue?.delete(host)
    if (queue?.size === 0) queues.delete(namespace)
  }

  const letOn = (): void => {
    for (let namespace = first(); namespace !== undefined; namespace = first()) {
      const [host, waiting] = queues.get(namespace)?.entries().next().value ?? []
      if (host === undefined || !waiting) return
      leave(host, namespace)
      waiting.resolve(underWay.get(host) ?? begin(host, namespace))
    }
  }

  const first = (): string | undefined => {
    let best: string | undefined
    for (const namespace of queues.keys()) {
      if (!isFree(namespace) || (best !== undefined && has(namespace) >= has(best))) continue
      best = namespace
      if (has(namespace) === 0) break
    }
    return best
  }

  const wait = (host: string, namespace: string): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const timer = setTimeout(() => {
      leave(host, namespace)
      reject(late())
    }, waitMs)
    const queue = queues.get(namespace) ?? new Map<string, Waiting<T>>()
    queues.set(namespace, queue.set(host, { promise, resolve, reject, timer }))
    return promise
  }

  return (host, namespace) =>
    underWay.get(host) ??
    queues.get(namespace)?.get(host)?.promise ??
    (isFree(namespace) ? begin(host, namespace) : wait(host, namespace))
}
