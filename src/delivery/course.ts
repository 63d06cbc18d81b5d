import type { Row, Settlement } from '../outbox/outbox.ts'
import type { Answer, AttemptRecord, Outcome } from './attempt.ts'
import { type Circumstances, type Conclusion, conclude, recordOf } from './conclude.ts'
import type { BatchOutcome } from './decide-batch.ts'
import { halves, type Tried } from './requests.ts'

/** An answer to a request, and what is done about it. */
export type Answered = { answer: Answer; outcome: BatchOutcome; circumstances: Circumstances }

export type CourseDeps = {
  /** Makes one request; undefined where it was called off. */
  send(request: readonly Tried[]): Promise<Answered | undefined>
  /** Whether nothing more may be sent. */
  isOver(): boolean
  /** Whether it has been others' turn for a while. */
  isLong(): boolean
  now(): number
  settle(conclusion: Conclusion, row: Row): void
  /** An attempt that is followed by another at once. */
  record(record: AttemptRecord): void
  /** Hands a row back. */
  handBack(settlement: Settlement): void
}

/**
 * Sends the rows of one claim, in order, one request after the other, and settles each of them once. A refused request is halved until the
 * culprit is alone; that is gone through with, other requests wait for their turn again where it takes long. Where rows are to be tried again (for another answer, or as a summary), nothing that comes behind them is sent before:
 * what was in a request with them goes when they do, the rest is handed back.
 */
export async function runCourse(requests: readonly Tried[][], deps: CourseDeps): Promise<void> {
  const left = [...requests]
  let last: { reason: string; message: string } | undefined
  for (let request = left.shift(); request; request = left.shift()) {
    const isFresh = request[0]?.tries === 0 && request !== requests[0]
    const answered = deps.isOver() || (isFresh && deps.isLong()) ? undefined : await deps.send(request)
    if (!answered) return giveBack([request, ...left].flat(), deps.now(), last, deps)
    const { answer, outcome, circumstances } = answered
    const tried = request.map(({ row, tries }) => ({ row, tries: tries + 1 }))
    if (outcome.kind === 'halved') {
      last = outcome
      for (const { row, tries } of tried)
        deps.record(recordOf(row, answer, { ...outcome, kind: 'split' }, { ...circumstances, tries }))
      left.unshift(...halves(tried))
      continue
    }
    for (const [at, { row, tries }] of tried.entries()) {
      const own = outcome.outcomes[at] as Outcome
      deps.settle(conclude(row, answer, own, { ...circumstances, tries }), row)
    }
    const stays = outcome.outcomes.find(({ kind }) => kind !== 'delivered' && kind !== 'dead')
    if (stays) {
      const at = 'at' in stays ? Math.max(stays.at, circumstances.restsUntil ?? 0) : circumstances.now
      return giveBack(left.flat(), at, last, deps)
    }
  }
}

/** What was sent before counts, and goes at `at`; what was not is as it was. */
function giveBack(
  rows: readonly Tried[],
  at: number,
  last: { reason: string; message: string } | undefined,
  deps: CourseDeps,
): void {
  for (const { row, tries } of rows) {
    const { reason = '', message = '' } = last ?? {}
    deps.handBack(tries === 0 ? { kind: 'release', row } : { kind: 'retry', row, at, reason, message, tries })
  }
}
