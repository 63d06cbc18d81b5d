/** Lets at most `most` at a time do their work; the others wait, and have their turn in the order in which they came. */
export function takeTurns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let working = 0
  return async (work) => {
    if (working >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    else working += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else working -= 1
    }
  }
}

/**
 * As `takeTurns`, and at most `perNamespace` at a time for one namespace. Those of one have their turn in the order in which they came, and of the
 * namespaces that wait each has one after the other: none waits for all that another one wants.
 */
export function takeTurnsByNamespace({ perNamespace, inAll }: { perNamespace: number; inAll: number }) {
  // Whose last turn is longest ago is first.
  const waiting = new Map<string, (() => void)[]>()
  const working = new Map<string, number>()
  let all = 0
  const has = (namespace: string) => working.get(namespace) ?? 0
  const isFree = (namespace: string) => all < inAll && has(namespace) < perNamespace
  const begin = (namespace: string): void => {
    all += 1
    working.set(namespace, has(namespace) + 1)
  }
  const end = (namespace: string): void => {
    all -= 1
    if (has(namespace) > 1) working.set(namespace, has(namespace) - 1)
    else working.delete(namespace)
    for (const [next, queue] of waiting) {
      if (!isFree(next)) continue
      waiting.delete(next)
      const first = queue.shift()
      if (queue.length > 0) waiting.set(next, queue)
      begin(next)
      first?.()
      return
    }
  }
  const wait = (namespace: string) =>
    new Promise<void>((resolve) => {
      const queue = waiting.get(namespace) ?? []
      queue.push(resolve)
      waiting.set(namespace, queue)
    })
  return async <T>(namespace: string, work: () => Promise<T>): Promise<T> => {
    if (isFree(namespace)) begin(namespace)
    else await wait(namespace)
    try {
      return await work()
    } finally {
      end(namespace)
    }
  }
}
