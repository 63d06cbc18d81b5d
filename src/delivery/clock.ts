/** The two clocks at one moment. `now`: wall clock, ms since the epoch; `clock`: ms, never set; `jump`: by how much the first was set since the last look, else 0. */
export type Moment = { now: number; clock: number; jump: number }

/** Less is drift, and the time between two readings. */
export const leastJumpMs = 1000

/** Looks at both clocks, and tells when the wall clock was set: by NTP after a bad start, by hand, by a machine that slept. */
export function watchClocks(wall: () => number, monotonic: () => number): () => Moment {
  let offset: number | undefined
  return () => {
    const [now, clock] = [wall(), monotonic()]
    const before = offset ?? now - clock
    offset = now - clock
    const jump = offset - before
    return { now, clock, jump: Math.abs(jump) < leastJumpMs ? 0 : jump }
  }
}
