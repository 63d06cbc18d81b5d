/** Something that is kept for a namespace; `size` in any unit. `forget` is called where there is no room for it any more. */
export type Kept = { namespace: string; size: number; forget(): void }

/** Room for what is kept, so much for a namespace and in all: what was not used for longest goes first. */
export function kept({ perNamespace, inAll }: { perNamespace: number; inAll: number }) {
  // Those that were not used for longest are first.
  const all = new Set<Kept>()
  const sizes = new Map<string, number>()
  let taken = 0
  const sizeOf = (namespace: string) => sizes.get(namespace) ?? 0
  const take = (namespace: string, size: number): void => {
    taken += size
    const left = sizeOf(namespace) + size
    if (left > 0) sizes.set(namespace, left)
    else sizes.delete(namespace)
  }
  const leave = (one: Kept): void => {
    if (all.delete(one)) take(one.namespace, -one.size)
  }
  return {
    enter(one: Kept): void {
      all.add(one)
      take(one.namespace, one.size)
      const isOver = () => sizeOf(one.namespace) > perNamespace
      for (const other of all) {
        if (!isOver() && taken <= inAll) break
        if (taken <= inAll && other.namespace !== one.namespace) continue
        leave(other)
        other.forget()
      }
    },
    /** It was used just now. */
    use(one: Kept): void {
      if (all.delete(one)) all.add(one)
    },
    leave,
  }
}
