import type { RetryPolicy } from './sink.ts'

/** The longest delay before attempt `attempts + 2`, in ms: doubles from `initialDelayMs` up to `maxDelayMs`. */
export const backoffCeiling = (attempts: number, policy: RetryPolicy): number =>
  Math.min(policy.maxDelayMs, policy.initialDelayMs * 2 ** Math.min(Math.max(attempts, 0), 60))

/**
 * Exponential backoff with full jitter, in ms: anywhere between 0 and the ceiling, so that many rows that failed together
 * don't come back together (AWS Architecture Blog, "Exponential Backoff And Jitter").
 */
export const backoff = (attempts: number, policy: RetryPolicy, random: () => number): number =>
  Math.round(random() * backoffCeiling(attempts, policy))
