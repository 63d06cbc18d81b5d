/** What the expressions of one namespace may still take. */
export type Budget = {
  /** How many units an evaluation may take that may take `most` by its own limits. */
  allowed(most: number): number
  spent(units: number): void
}

/** Who pays for expressions: what they are expected to cost together, and what they may take while they run. */
export type Account = { cost: number; budget?: Budget | undefined }

/** Units a second: a tenth of a core. */
const perSecond = 2_000_000
/** What a namespace that was quiet may take at once. */
const burst = 10 * perSecond
/** Whatever was spent: an expression that costs as usual never fails for others. 0.1 ms. */
const always = 2_000

type Bucket = { units: number; at: number }

/**
 * What the expressions of each namespace take of the CPU. One that has used up its part has its costly expressions end early, in an error that is
 * counted and told; cheap ones go on.
 */
export class Budgets {
  private readonly buckets = new Map<string, Bucket>()
  private readonly now: () => number

  /** `now`: ms on a clock that is never set. */
  constructor(now: () => number) {
    this.now = now
  }

  of(namespace: string): Budget {
    const bucket = this.buckets.get(namespace) ?? { units: burst, at: this.now() }
    this.buckets.set(namespace, bucket)
    return {
      allowed: (most) => {
        // Reading the clock costs as much as a cheap expression: only who has spent most of it is asked when.
        if (bucket.units < burst / 2) this.refill(bucket)
        return Math.min(most, Math.max(always, bucket.units))
      },
      spent(units) {
        bucket.units = Math.max(0, bucket.units - units)
      },
    }
  }

  /** Forgets namespaces that nobody compiles for any more. */
  keep(namespaces: ReadonlySet<string>): void {
    for (const namespace of this.buckets.keys()) if (!namespaces.has(namespace)) this.buckets.delete(namespace)
  }

  private refill(bucket: Bucket): void {
    const now = this.now()
    bucket.units = Math.min(burst, bucket.units + ((now - bucket.at) * perSecond) / 1000)
    bucket.at = now
  }
}
