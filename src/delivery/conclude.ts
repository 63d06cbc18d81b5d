import type { Row, Settlement } from '../outbox/outbox.ts'
import type { Answer, AttemptRecord, Outcome } from './attempt.ts'

/** What an outcome means for its row, and what the books say of the attempt. */
export type Conclusion = { settlement: Settlement; record: AttemptRecord }

/** `now` in ms since the epoch; `restsUntil` likewise, where the sink as a whole rests after this attempt. */
export function conclude(
  row: Row,
  answer: Answer,
  outcome: Outcome,
  now: number,
  restsUntil: number | undefined,
): Conclusion {
  const rests = outcome.kind !== 'delivered' && (outcome.kind === 'gone' || restsUntil !== undefined)
  const settlement = settle(row, outcome, restsUntil)
  const waits = settlement.kind === 'retry' || settlement.kind === 'hold'
  const record: AttemptRecord = {
    time: now,
    sink: row.sink,
    subscription: row.subscription,
    subscriptionUid: row.subscriptionUid,
    id: row.event.id,
    type: row.event.type,
    subject: row.event.subject,
    attempts: row.attempts + 1,
    durationMs: answer.durationMs,
    httpStatus: answer.kind === 'response' ? answer.status : undefined,
    outcome: outcome.kind === 'shrink' ? 'dead' : outcome.kind,
    reason: 'reason' in outcome ? outcome.reason : '',
    message: 'message' in outcome ? outcome.message : '',
    nextAttempt: waits && outcome.kind !== 'gone' ? settlement.at : undefined,
    rests,
  }
  return { settlement, record }
}

/** The row that rests with its sink is not due before the sink is. */
function settle(row: Row, outcome: Outcome, restsUntil: number | undefined): Settlement {
  if (outcome.kind === 'delivered') return { kind: 'delivered', row }
  const { reason, message } = outcome
  // The outbox holds encoded bytes only: there is no smaller form to be had from it.
  if (outcome.kind === 'dead' || outcome.kind === 'shrink') return { kind: 'dead', row, reason, message }
  const at = Math.max(outcome.at, restsUntil ?? 0)
  return { kind: outcome.kind === 'retry' ? 'retry' : 'hold', row, at, reason, message }
}
