import { fullPacer, type Pacer, permits, refill, spend, untilNext } from './pacer.ts'

export type NamespacePacesDeps = {
  /** Attempts a second for the subscriptions of a namespace; undefined: no bound. It may change. */
  rateOf(namespace: string): number | undefined
  /** ms on a clock that is never set. */
  monotonic(): number
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /** Rows of a subscription of this namespace are due and have to wait. */
  held(namespace: string): void
}

type Bucket = { pacer: Pacer; waiting: Set<() => void>; timer: AbortController | undefined }

/** A quota may be raised while somebody waits. */
const longestWaitMs = 1000
/** Beyond so many, buckets that are full are forgotten. */
const mostBuckets = 4096

/**
 * How many attempts a second the subscriptions of each namespace make, over all sinks together. Deliveries that wait for the same namespace are
 * rung in the order in which they came, as many as attempts are allowed by then.
 */
export class NamespacePaces implements Disposable {
  private readonly deps: NamespacePacesDeps
  private readonly buckets = new Map<string, Bucket>()

  constructor(deps: NamespacePacesDeps) {
    this.deps = deps
  }

  allows(namespace: string): boolean {
    const rate = this.deps.rateOf(namespace)
    if (rate === undefined) return true
    if (permits(this.filled(namespace, rate).pacer) > 0) return true
    this.deps.held(namespace)
    return false
  }

  /** An attempt begins. Those of a request go together, so that a bucket may come to owe some. */
  took(namespace: string): void {
    const bucket = this.buckets.get(namespace)
    if (bucket) bucket.pacer = spend(bucket.pacer, 1)
  }

  /** Rings once when the subscriptions of a namespace may go on. */
  wait(namespace: string, ring: () => void): void {
    const bucket = this.buckets.get(namespace)
    bucket?.waiting.add(ring)
    if (bucket && !bucket.timer) this.await(namespace, bucket)
  }

  /** Nobody is there to be rung any more. */
  forget(ring: () => void): void {
    for (const { waiting } of this.buckets.values()) waiting.delete(ring)
  }

  private filled(namespace: string, rate: number): Bucket {
    const now = this.deps.monotonic()
    const found = this.buckets.get(namespace)
    if (found) {
      found.pacer = refill(found.pacer, rate, now)
      return found
    }
    if (this.buckets.size >= mostBuckets) this.prune(now)
    const bucket = { pacer: fullPacer(rate, now), waiting: new Set<() => void>(), timer: undefined }
    this.buckets.set(namespace, bucket)
    return bucket
  }

  private prune(now: number): void {
    for (const [namespace, { pacer, waiting }] of this.buckets) {
      const rate = this.deps.rateOf(namespace)
      const isFull = rate === undefined || refill(pacer, rate, now).tokens >= fullPacer(rate, now).tokens
      if (waiting.size === 0 && isFull) this.buckets.delete(namespace)
    }
  }

  private await(namespace: string, bucket: Bucket): void {
    const rate = this.deps.rateOf(namespace)
    const ms = rate === undefined ? 0 : untilNext(this.filled(namespace, rate).pacer, rate)
    const timer = new AbortController()
    bucket.timer = timer
    void this.deps.sleep(Math.min(longestWaitMs, Math.max(1, ms)), timer.signal).then(() => {
      if (timer.signal.aborted) return
      bucket.timer = undefined
      this.ring(namespace, bucket)
      if (bucket.waiting.size > 0) this.await(namespace, bucket)
    })
  }

  private ring(namespace: string, bucket: Bucket): void {
    const rate = this.deps.rateOf(namespace)
    let left = rate === undefined ? bucket.waiting.size : permits(this.filled(namespace, rate).pacer)
    for (const ring of bucket.waiting) {
      if (left <= 0) return
      left -= 1
      bucket.waiting.delete(ring)
      ring()
    }
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.buckets.values()) timer?.abort()
    this.buckets.clear()
  }
}
