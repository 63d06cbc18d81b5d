import type { Outcome } from './attempt.ts'

/** The same, but tried again at once where it is tried again. */
export const soon = (outcome: Outcome, now: number): Outcome => ('at' in outcome ? { ...outcome, at: now } : outcome)
