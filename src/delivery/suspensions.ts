/** The times that don't count against a row's age: the sink was suspended, or the clock was set forward. ms since the epoch. */
export type Suspensions = { since: number | undefined; past: readonly { from: number; to: number }[] }

export const neverSuspended: Suspensions = { since: undefined, past: [] }

/** Bounds the list: of more, the oldest become one, which makes rows live longer rather than shorter. */
const mostRemembered = 32

/** Notes whether the sink is suspended at `now`; the same value where nothing changed. */
export function note(times: Suspensions, suspended: boolean, now: number): Suspensions {
  if (suspended === (times.since !== undefined)) return times
  if (times.since === undefined) return { ...times, since: now }
  return { since: undefined, past: remember(times.past, times.since, now) }
}

/** The clock was set by `jump` ms, to `now`: what it leapt over was no time; a suspension under way is as long as before. */
export function moved(times: Suspensions, jump: number, now: number): Suspensions {
  const since = times.since === undefined ? undefined : times.since + jump
  return { since, past: jump > 0 ? remember(times.past, now - jump, now) : times.past }
}

function remember(past: Suspensions['past'], from: number, to: number): Suspensions['past'] {
  if (to <= from) return past
  const all = [...past, { from, to }]
  const [first, second, ...rest] = all
  if (all.length <= mostRemembered || !first || !second) return all
  return [{ from: Math.min(first.from, second.from), to: Math.max(first.to, second.to) }, ...rest]
}

/** When a row would have been tried first if the sink had never been suspended: its first attempt, moved by what was suspended since. */
export function withoutSuspension(firstAttempt: number | undefined, times: Suspensions): number | undefined {
  if (firstAttempt === undefined || times.past.length === 0) return firstAttempt
  const suspended = times.past.reduce((sum, { from, to }) => sum + Math.max(0, to - Math.max(from, firstAttempt)), 0)
  return firstAttempt + suspended
}
