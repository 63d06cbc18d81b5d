/** A token bucket: what is left of it at a time (ms, any clock that doesn't go back). */
export type Pacer = { tokens: number; at: number }

/** A tenth of a second's worth, at least one: in any t seconds no more than rate × t + burst attempts are made. */
const burst = (rate: number): number => Math.max(1, rate / 10)

export const fullPacer = (rate: number, now: number): Pacer => ({ tokens: burst(rate), at: now })

/** The bucket as it stands at `now`; `rate` in attempts a second. */
export const refill = (pacer: Pacer, rate: number, now: number): Pacer => ({
  tokens: Math.min(burst(rate), pacer.tokens + (Math.max(0, now - pacer.at) * rate) / 1000),
  at: Math.max(now, pacer.at),
})

/** How many attempts may be made now. The ε takes up what adding fractions loses. */
export const permits = (pacer: Pacer): number => Math.floor(pacer.tokens + 1e-9)

export const spend = (pacer: Pacer, attempts: number): Pacer => ({ tokens: pacer.tokens - attempts, at: pacer.at })

/** So many attempts can be allowed at once: what a request of several events waits for. */
export const mostAtOnce = (rate: number): number => Math.floor(burst(rate))

/** ms until the next attempt, or so many at once, is allowed. */
export const untilNext = (pacer: Pacer, rate: number, attempts = 1): number =>
  Math.max(0, Math.ceil(((attempts - pacer.tokens) * 1000) / rate))
