import type { Row, Settlement } from '../outbox/outbox.ts'
import type { AttemptRecord, Outcome } from './attempt.ts'

/** What an outcome means for its row, and what the books say of the attempt. */
export type Conclusion = { settlement: Settlement; record: AttemptRecord }

/** What a conclusion rests on besides. Times are ms since the epoch. */
export type Circumstances = {
  now: number
  /** Attempts made since the row was claimed, this one included; 1 when left out. */
  tries?: number
  /** Where the sink as a whole rests after this attempt. */
  restsUntil?: number | undefined
  /** The sink that dead letters are sent to as well. */
  parking?: string | undefined
  /** What failed are the subscription's own credentials. */
  isOwn?: boolean | undefined
  /** What is kept of the answer's text, should the row become a dead letter. */
  text?: string | undefined
}

/** The attempt: how long it took, and the status that came of it. */
type Made = { durationMs: number; status?: number | undefined }

export function conclude(row: Row, made: Made, outcome: Outcome, circumstances: Circumstances): Conclusion {
  const { now, tries = 1 } = circumstances
  const settled = settle(row, outcome, circumstances)
  const settlement = tries === 1 ? settled : { ...settled, tries }
  const record = recordOf(row, made, outcome, circumstances)
  record.nextAttempt = nextAttempt(settlement, outcome, now)
  return { settlement, record }
}

/** What the books say of an attempt, but for when the next one is. */
export function recordOf(
  row: Row,
  made: Made,
  outcome: Outcome | { kind: 'split'; reason: string; message: string },
  { now, restsUntil, tries = 1, isOwn }: Circumstances,
): AttemptRecord {
  const isSinks = outcome.kind !== 'delivered' && outcome.kind !== 'shrink' && outcome.kind !== 'split'
  return {
    time: now,
    sink: row.sink,
    subscription: row.subscription,
    subscriptionUid: row.subscriptionUid,
    id: row.event.id,
    type: row.event.type,
    subject: row.event.subject,
    attempts: row.attempts + tries,
    durationMs: made.durationMs,
    httpStatus: made.status,
    outcome: outcome.kind,
    reason: 'reason' in outcome ? outcome.reason : '',
    message: 'message' in outcome ? outcome.message : '',
    nextAttempt: outcome.kind === 'split' ? now : undefined,
    rests: isSinks && (outcome.kind === 'gone' || restsUntil !== undefined),
    ...(isOwn && { isOwn }),
  }
}

function settle(row: Row, outcome: Outcome, { restsUntil, parking, text }: Circumstances): Settlement {
  if (outcome.kind === 'delivered') return { kind: 'delivered', row }
  const { reason, message } = outcome
  if (outcome.kind === 'shrink') return { kind: 'shrink', row, reason, message }
  if (outcome.kind === 'dead') {
    const park = parking === row.sink || row.parked ? undefined : parking
    return { kind: 'dead', row, reason, message, ...(text && { answer: text }), ...(park && { park }) }
  }
  // The row that rests with its sink is not due before the sink is.
  const at = Math.max(outcome.at, restsUntil ?? 0)
  return { kind: outcome.kind === 'retry' ? 'retry' : 'hold', row, at, reason, message }
}

function nextAttempt(settlement: Settlement, outcome: Outcome, now: number): number | undefined {
  if (outcome.kind === 'gone') return undefined
  if (settlement.kind === 'shrink') return now
  return settlement.kind === 'retry' || settlement.kind === 'hold' ? settlement.at : undefined
}
