import type { Answer, Outcome } from './attempt.ts'
import { type AttemptFacts, decide } from './decide.ts'

/** What an answer means for a request: an outcome for each of its rows, or that it is sent again in halves. */
export type BatchOutcome = { kind: 'ended'; outcomes: Outcome[] } | { kind: 'halved'; reason: string; message: string }

/**
 * What is done about the answer to a request of several events. A refusal is of one of them, nobody knows which. What is tried again is so
 * as a whole: after one pause, that of the row with the most attempts; each row ages by itself.
 */
export function decideBatch(
  answer: Answer,
  rows: readonly Pick<AttemptFacts, 'attempts' | 'firstAttempt' | 'canShrink'>[],
  common: Pick<AttemptFacts, 'now' | 'random' | 'retry'>,
): BatchOutcome {
  const chance = common.random()
  const attempts = Math.max(...rows.map((row) => row.attempts))
  const facts = { ...common, attempts, random: () => chance }
  const outcomes = rows.map((row) => decide(answer, { ...row, ...facts }))
  const refusal = outcomes.find((one) => one.kind === 'shrink' || (one.kind === 'dead' && !one.expired))
  if (rows.length > 1 && refusal && 'reason' in refusal) return halved(answer, rows.length, refusal.reason)
  const at = Math.min(...outcomes.map((one) => ('at' in one ? one.at : Number.POSITIVE_INFINITY)))
  return { kind: 'ended', outcomes: outcomes.map((one) => ('at' in one ? { ...one, at } : one)) }
}

function halved(answer: Answer, events: number, reason: string): BatchOutcome {
  const why = answer.kind === 'response' ? `The sink answered ${answer.status}: it refuses` : 'There is no way to send'
  return { kind: 'halved', reason, message: `${why} a request of ${events} events, which is sent again in halves.` }
}

/** What the answer says of the sink: that it failed, where it did so for any row that is to be tried again. */
export function outcomeOfAll(outcome: BatchOutcome): Outcome {
  if (outcome.kind === 'halved') return { ...outcome, kind: 'dead', expired: false }
  return outcome.outcomes.find(({ kind }) => kind !== 'dead') ?? outcome.outcomes[0] ?? { kind: 'delivered' }
}
