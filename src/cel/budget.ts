/** What the expressions of one namespace may still take. */
export type Budget = {
  /** How many units an evaluation may take that may take `most` by its own limits. */
  allowed(most: number): number
  spent(units: number): void
}

/** Who pays for expressions: what they are expected to cost together, and what they may take while they run. */
export type Account = { cost: number; budget?: Budget | undefined }

/** Units a second for a namespace, a tenth of a core; and for all that take much, three tenths. */
const rates = { namespace: 2_000_000, all: 6_000_000 }
/** So many seconds' worth may be taken at once. */
const burstSeconds = 2
/** Whatever was spent: an expression that costs as usual never fails for others. 25 µs, some ten times what a filter takes. */
const always = 500

type Bucket = { units: number; at: number; rate: number }

const most = ({ rate }: Bucket): number => rate * burstSeconds

/**
 * What the expressions of each namespace take of the CPU. One that has used up its part has its costly expressions end early, in an error that is
 * counted and told; cheap ones go on. What those get back that have used up half of theirs is shared by all of them.
 */
export class Budgets {
  private readonly buckets = new Map<string, Bucket>()
  private readonly all: Bucket
  private readonly now: () => number

  /** `now`: ms on a clock that is never set. */
  constructor(now: () => number) {
    this.now = now
    this.all = this.full(rates.all)
  }

  of(namespace: string): Budget {
    const bucket = this.buckets.get(namespace) ?? this.full(rates.namespace)
    this.buckets.set(namespace, bucket)
    const { all } = this
    return {
      allowed: (wanted) => {
        // Reading the clock costs as much as a cheap expression: only who has spent half of it is asked when.
        if (bucket.units >= most(bucket) / 2) return wanted
        this.refill(all, Number.POSITIVE_INFINITY)
        all.units -= this.refill(bucket, all.units)
        return Math.min(wanted, Math.max(always, bucket.units))
      },
      spent(units) {
        bucket.units = Math.max(0, bucket.units - units)
      },
    }
  }

  private full(rate: number): Bucket {
    return { units: rate * burstSeconds, at: this.now(), rate }
  }

  /** Gives how many units came to it, of those that there are. */
  private refill(bucket: Bucket, there: number): number {
    const now = this.now()
    const due = ((now - bucket.at) * bucket.rate) / 1000
    const units = Math.min(due, there, most(bucket) - bucket.units)
    bucket.units += units
    bucket.at = now
    return units
  }
}
