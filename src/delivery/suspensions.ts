/** The times during which a sink was suspended or missing: they don't count against a row's age. ms since the epoch. */
export type Suspensions = { since: number | undefined; past: readonly { from: number; to: number }[] }

export const neverSuspended: Suspensions = { since: undefined, past: [] }

/** Suspended time older than this cannot matter: no row is tried for so long. Bounds the list. */
const mostRemembered = 64

/** Notes whether the sink is suspended at `now`; the same value where nothing changed. */
export function note(times: Suspensions, suspended: boolean, now: number): Suspensions {
  if (suspended === (times.since !== undefined)) return times
  if (times.since === undefined) return { ...times, since: now }
  return { since: undefined, past: [...times.past, { from: times.since, to: now }].slice(-mostRemembered) }
}

/** When a row would have been tried first if the sink had never been suspended: its first attempt, moved by what was suspended since. */
export function withoutSuspension(firstAttempt: number | undefined, times: Suspensions): number | undefined {
  if (firstAttempt === undefined || times.past.length === 0) return firstAttempt
  const suspended = times.past.reduce((sum, { from, to }) => sum + Math.max(0, to - Math.max(from, firstAttempt)), 0)
  return firstAttempt + suspended
}
