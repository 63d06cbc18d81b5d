/** Closer than this, the wall clock is taken for right: the `Date` of an answer tells whole seconds, and took its time to come. */
const toleranceMs = 2_000

/**
 * The API server's clock, as the `Date` of its answers tells it. What Kubernetes writes into objects is of this clock, so what is
 * compared with that must be too: a pod whose own clock is an hour ahead would take the next hour for the past.
 */
export class ServerClock {
  readonly #now: () => number
  readonly #monotonic: () => number
  #told: { date: number; at: number } | undefined

  /** `now` in ms since the epoch; `monotonic` in ms on a clock that is never set. */
  constructor(now: () => number, monotonic: () => number = () => performance.now()) {
    this.#now = now
    this.#monotonic = monotonic
  }

  /** Takes in the `Date` header of an answer; one that is missing, or no date, changes nothing. */
  tell(header: string | string[] | undefined): void {
    const date = typeof header === 'string' ? Date.parse(header) : Number.NaN
    // The header's second has begun, and not ended: half of it has passed, give or take as much.
    if (!Number.isNaN(date)) this.#told = { date: date + 500, at: this.#monotonic() }
  }

  /** ms since the epoch; the wall clock's where that is near enough, or nothing was told yet. */
  now(): number {
    const wall = this.#now()
    if (!this.#told) return wall
    const server = this.#told.date + this.#monotonic() - this.#told.at
    return Math.abs(server - wall) <= toleranceMs ? wall : Math.round(server)
  }
}
