export type NamespacePlacesDeps = {
  /** Requests that may be under way to the sinks of a namespace at the same time; undefined: no bound. It may change. */
  limitOf(namespace: string): number | undefined
  /** A sink (`namespace/name`) could have more requests under way, but for the others of its namespace. */
  held(sink: string): void
}

/** `waiting`: those that have work, and no place for it. */
type Shares = { namespace: string; used: number; all: Set<Share>; waiting: Set<Share> }

/** One sink's part in the places of its namespace. */
export type Share = {
  sink: string
  shares: Shares
  ring: () => void
  /** Requests under way. */
  used: number
  /** The most that it ever wants. */
  concurrency: number
}

/** Until a sink has said what it wants. */
const usualConcurrency = 8

/**
 * Who may have how many requests under way among the sinks of a namespace. Half of the places are kept for all of its sinks in equal parts, and at
 * least one for each: so a sink that hangs with all it could get leaves room for the others. The rest is whose need it is; a place that
 * comes free is for who waits with the fewest.
 */
export class NamespacePlaces {
  private readonly deps: NamespacePlacesDeps
  private readonly namespaces = new Map<string, Shares>()

  constructor(deps: NamespacePlacesDeps) {
    this.deps = deps
  }

  /** A delivery begins; `ring` is called when it waits and there may be a place. */
  enter(sink: string, ring: () => void): Share {
    const [namespace = ''] = sink.split('/')
    const shares = this.namespaces.get(namespace) ?? { namespace, used: 0, all: new Set(), waiting: new Set() }
    this.namespaces.set(namespace, shares)
    const share = { sink, shares, ring, used: 0, concurrency: usualConcurrency }
    shares.all.add(share)
    return share
  }

  /** A delivery has ended; what is under way still does not count any more. */
  leave(share: Share): void {
    const { shares } = share
    if (!shares.all.delete(share)) return
    shares.waiting.delete(share)
    shares.used -= share.used
    if (shares.all.size === 0) this.namespaces.delete(shares.namespace)
    else this.ringNext(shares)
  }

  /** How many of `wanted` requests may begin. */
  places(share: Share, wanted: number, concurrency: number): number {
    const { shares } = share
    share.concurrency = concurrency
    // Who was rung and takes less than there is leaves it to the next; how much it takes shows when it is through.
    if (shares.waiting.delete(share)) queueMicrotask(() => this.ringNext(shares))
    return this.granted(share, wanted)
  }

  /** There is work for more requests than may begin. */
  wait(share: Share): undefined {
    share.shares.waiting.add(share)
    this.deps.held(share.sink)
  }

  /** Whether a sink waits for a place now. */
  isWaiting(sink: string): boolean {
    const [namespace = ''] = sink.split('/')
    for (const share of this.namespaces.get(namespace)?.waiting ?? []) if (share.sink === sink) return true
    return false
  }

  begin(share: Share, requests: number): void {
    share.used += requests
    share.shares.used += requests
  }

  end(share: Share, requests: number): void {
    const { shares } = share
    if (!shares.all.has(share)) return
    share.used -= requests
    shares.used -= requests
    this.ringNext(shares)
  }

  private granted(share: Share, wanted: number): number {
    const { shares } = share
    const limit = this.deps.limitOf(shares.namespace)
    const most = Math.floor((limit ?? 0) / 2)
    if (limit === undefined || shares.used + wanted + most <= limit) return wanted
    const part = Math.max(1, Math.floor(most / shares.all.size))
    let [kept, fewest] = [0, Number.POSITIVE_INFINITY]
    for (const other of shares.all)
      if (other !== share) kept += Math.max(0, Math.min(part, other.concurrency) - other.used)
    for (const other of shares.waiting) if (other !== share) fewest = Math.min(fewest, other.used)
    // What is its own part, and beyond that what nobody else's is, as long as nobody waits with fewer.
    const own = Math.min(limit - shares.used, part - share.used)
    const free = Math.min(limit - shares.used - Math.min(kept, most), fewest + 1 - share.used)
    return Math.max(0, Math.min(wanted, Math.max(own, free)))
  }

  /** Rings who waits with the fewest, if it would be given a place. */
  private ringNext(shares: Shares): void {
    let next: Share | undefined
    for (const share of shares.waiting) if (share.used < (next?.used ?? Number.POSITIVE_INFINITY)) next = share
    if (next && this.granted(next, 1) > 0) next.ring()
  }
}
