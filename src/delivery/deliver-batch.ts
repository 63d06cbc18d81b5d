import type { Row, Settlement } from '../outbox/outbox.ts'
import type { Answer, Outcome } from './attempt.ts'
import type { BatchSize } from './batch-size.ts'
import type { Moment } from './clock.ts'
import type { Circumstances, Conclusion } from './conclude.ts'
import { type Answered, runCourse } from './course.ts'
import { decideBatch, outcomeOfAll } from './decide-batch.ts'
import type { DeliveryDeps } from './delivery-deps.ts'
import { requestsOf, type Tried } from './requests.ts'
import type { RowAccess } from './row-access.ts'
import { sendRows } from './send-rows.ts'
import type { SinkRuntime } from './sink.ts'
import type { SinkStanding } from './sink-standing.ts'
import { soon } from './soon.ts'
import { withoutSuspension } from './suspensions.ts'
import type { Transport } from './transports/transport.ts'

/** What the delivery of one claim rests on. */
export type BatchContext = {
  deps: Pick<DeliveryDeps, 'random' | 'now' | 'record'>
  standing: SinkStanding
  size: BatchSize
  transport: Transport
  accessOf(row: Row): RowAccess
  /** Calls requests off. */
  signal: AbortSignal
  /** Whether nothing may be sent any more, after so many requests of this claim. */
  isOver(sent: number): boolean
  /** Both clocks as they are. */
  moment(): Moment
  learn: Learn
  settle(conclusion: Conclusion): void
  handBack(settlement: Settlement): void
}

/** Takes an answer into account for the sink as a whole, or for the subscription's own credentials; `isCurrent`: its spec is still the one that was sent by. */
export type Learn = (
  row: Row,
  answer: Answer,
  outcome: Outcome,
  sink: SinkRuntime,
  moment: Moment,
  of: RowAccess,
) => { isCurrent: boolean; circumstances: Circumstances }

/** For so long a claim that is cut into several requests keeps its place among those of its sink. */
const turnMs = 1000

/** Sends the rows of one claim, all of one subscription: in one request, or in as many as it takes, one after the other. */
export async function deliverBatch(rows: readonly Row[], sink: SinkRuntime, context: BatchContext): Promise<void> {
  const { deps, standing, settle, handBack } = context
  let sent = 0
  const since = context.moment().clock
  await runCourse(requestsOf(rows, sink.batch?.maxEvents ?? 1), {
    send(request) {
      // The claim has been taken off the sink's pace, as one request; what is sent again has not, nor what the claim is cut into.
      if (request[0]?.tries || sent > 0) standing.begin(request[0]?.tries ? request.length : 0, 1)
      sent += 1
      return attempt(request, sink, context)
    },
    isOver: () => context.isOver(sent) || (sent > 0 && standing.isAtRate(sink, context.moment())),
    isLong: () => context.moment().clock - since >= turnMs,
    now: () => deps.now(),
    record: (record) => deps.record(record),
    settle,
    handBack,
  })
}

/** One request; undefined where it was called off. */
async function attempt(
  request: readonly Tried[],
  sink: SinkRuntime,
  context: BatchContext,
): Promise<Answered | undefined> {
  const { accessOf, deps, standing, size, learn } = context
  const rows = request.map(({ row }) => row)
  const [first] = rows as [Row]
  const of = accessOf(first)
  const answer = await sendRows(rows, sink, of, context)
  if (answer.kind === 'failure' && answer.class === 'Aborted') return undefined
  const moment = context.moment()
  const { now } = moment
  const { suspensions } = standing.current
  const facts = request.map(({ row, tries }) => ({
    attempts: row.attempts + tries,
    firstAttempt: withoutSuspension(row.firstAttempt, suspensions),
    canShrink: row.event.summary !== undefined,
  }))
  const outcome = decideBatch(answer, facts, { now, random: deps.random, retry: sink.retry })
  size.learn(sink, answer, request)
  const { isCurrent, circumstances } = learn(first, answer, outcomeOfAll(outcome), sink, moment, of)
  if (isCurrent || outcome.kind === 'halved') return { answer, outcome, circumstances }
  const outcomes = outcome.outcomes.map((one) => soon(one, now))
  return { answer, outcome: { kind: 'ended', outcomes }, circumstances }
}
