/** How much of the process reviews may take: whoever can connect could else slow deliveries. */
export type Budget = {
  left(): boolean
  /** Begins a review; what it gives ends it. */
  spend(): () => void
}

/** So much at once, ms. */
const burst = 2_000
/** Of each ms that goes by. */
const share = 0.25

/** A bucket of time: a review takes out what it took. `monotonic` is in ms. */
export function budgetOf(monotonic: () => number): Budget {
  let level = burst
  let at = monotonic()
  const fill = () => {
    const now = monotonic()
    level = Math.min(burst, level + (now - at) * share)
    at = now
    return now
  }
  return {
    left() {
      fill()
      return level > 0
    },
    spend() {
      const begun = fill()
      return () => {
        level -= monotonic() - begun
      }
    },
  }
}
