import { removeCondition, setCondition } from '../api/conditions.ts'
import type { Condition, EventSinkStatus, EventSubscriptionStatus } from '../api/generated.ts'
import { kubeTime } from '../api/time.ts'
import type { Counts, Gaps, StorageState } from '../outbox/outbox.ts'
import { shortText } from '../sources/read.ts'
import { isFailing } from './book.ts'
import { type ArchiveFacts, continuity } from './continuity.ts'
import { delivering, type Told } from './delivering.ts'
import { filterErrorsTold, formatErrorsTold } from './event-errors.ts'
import { type Overflow, overflowOfSinks } from './overflow.ts'
import type { Delivered, Failed, LastMatched, SinkHealth } from './record.ts'
import { type Silence, silentTold } from './silence.ts'
import { storageOverflow } from './storage.ts'
import type { Throttled } from './throttling.ts'

/** How far the operator came with a CR: the one of kstatus' three states that it is in. */
export type Readiness =
  | { kind: 'ready'; reason: string; message: string }
  /** Becomes right by waiting. */
  | { kind: 'waiting'; reason: string; message: string }
  /** Needs the user. */
  | { kind: 'stalled'; reason: string; message: string }

/** A CR as it stands, and what is known beside it. Times are ms. */
type Common = {
  generation: number
  previous: Condition[]
  readiness: Readiness
  requestedAt: string | undefined
  /** What the annotation forceAt said when it was last answered. */
  forceAt: string | undefined
  storage: StorageState
  throttled?: Throttled | undefined
  now: number
}

export type SinkFacts = Common & {
  health: SinkHealth
  pending: number
  oldestPending: number | undefined
  overflow: Overflow | undefined
  counts: Counts
  /** Dead letters that are kept now. */
  deadLetters: number
}

export type SubscriptionFacts = Common & {
  counts: Counts
  pending: number
  lastMatched: LastMatched | undefined
  filterErrors: { count: number; message: string } | undefined
  formatErrors: { count: number; reason: string; message: string } | undefined
  /** 'unknown': as it was told before. */
  silence: Silence | undefined | 'unknown'
  gaps: Gaps | undefined
  archive?: ArchiveFacts | undefined
  /** Somebody else sends the same events. */
  duplicateSender: { reason: string; message: string } | undefined
  /** When a reconciliation was last asked for; ms, undefined where not since the start. */
  acknowledged: number | undefined
  sinks: SinkView[]
}

/** One of a subscription's sinks as the subscription sees it. */
export type SinkView = {
  namespace: string
  name: string
  health: SinkHealth
  overflow: Overflow | undefined
  lastDelivered: Delivered | undefined
  lastFailure: Failed | undefined
  pending: number
  oldestPending: number | undefined
  since: number | undefined
  checkpoint: number | undefined
}

/** The whole status of a sink. */
export function summariseSink(facts: SinkFacts): EventSinkStatus {
  let conditions = withReadiness(facts)
  conditions = set(conditions, facts, 'Delivering', delivering([{ health: facts.health }]))
  conditions = withLimits(conditions, facts, facts.overflow)
  const { delivered, retried, deadLettered, dropped } = facts.counts
  return prune({
    observedGeneration: facts.generation,
    lastHandledReconcileAt: shortText(facts.requestedAt, 1024),
    lastHandledForceAt: shortText(facts.forceAt, 1024),
    conditions,
    counts: { delivered, retried, deadLettered, dropped },
    deadLetters: facts.deadLetters,
    pending: facts.pending,
    oldestPending: optionalTime(facts.oldestPending),
    lastDelivered: facts.health.lastDelivered && deliveredView(facts.health.lastDelivered, 'subscription'),
    lastFailure: facts.health.lastFailure && failedView(facts.health.lastFailure, 'subscription'),
  }) as EventSinkStatus
}

/** The whole status of a subscription. */
export function summariseSubscription(facts: SubscriptionFacts): EventSubscriptionStatus {
  let conditions = withReadiness(facts)
  const named = facts.sinks.map((sink) => ({ name: `sink ${sink.namespace}/${sink.name}`, health: sink.health }))
  conditions = set(conditions, facts, 'Delivering', delivering(named))
  conditions = facts.filterErrors
    ? set(conditions, facts, 'FilterErrors', filterErrorsTold(facts.filterErrors))
    : removeCondition(conditions, 'FilterErrors')
  conditions = facts.formatErrors
    ? set(conditions, facts, 'FormatErrors', formatErrorsTold(facts.formatErrors))
    : removeCondition(conditions, 'FormatErrors')
  conditions = facts.duplicateSender
    ? set(conditions, facts, 'DuplicateSender', { status: 'True', ...facts.duplicateSender })
    : removeCondition(conditions, 'DuplicateSender')
  conditions = withSilence(conditions, facts)
  conditions = withLimits(conditions, facts, overflowOfSinks(facts.sinks))
  const previous = facts.previous.find(({ type }) => type === 'Continuity')
  conditions = set(conditions, facts, 'Continuity', continuity({ ...facts, previous }))
  const { lastMatched } = facts
  return prune({
    observedGeneration: facts.generation,
    lastHandledReconcileAt: shortText(facts.requestedAt, 1024),
    lastHandledForceAt: shortText(facts.forceAt, 1024),
    conditions,
    counts: { ...facts.counts, pending: facts.pending },
    lastMatched: lastMatched && { ...lastMatched, time: kubeTime(lastMatched.time) },
    lastDelivered: latest(
      facts.sinks.map((sink) => sink.lastDelivered),
      (value) => deliveredView(value, 'sink'),
    ),
    lastFailure: latest(
      facts.sinks.map((sink) => sink.lastFailure),
      (value) => failedView(value, 'sink'),
    ),
    sinks: facts.sinks.map(sinkStatus),
  }) as EventSubscriptionStatus
}

const sinkStatus = (sink: SinkView) =>
  prune({
    namespace: sink.namespace,
    name: sink.name,
    delivering: wasTried(sink.health) ? !isFailing(sink.health) : undefined,
    pending: sink.pending,
    oldestPending: optionalTime(sink.oldestPending),
    lastDelivered: sink.lastDelivered && deliveredView(sink.lastDelivered),
    lastFailure: sink.lastFailure && failedView(sink.lastFailure),
    since: optionalTime(sink.since),
    checkpoint: optionalTime(sink.checkpoint),
  })

const wasTried = ({ lastDelivered, failing }: SinkHealth): boolean =>
  lastDelivered !== undefined || failing !== undefined

/** There while it is true. */
function withSilence(conditions: Condition[], facts: SubscriptionFacts): Condition[] {
  const { silence } = facts
  if (silence === 'unknown') return conditions
  return silence ? set(conditions, facts, 'Silent', silentTold(silence)) : removeCondition(conditions, 'Silent')
}

/** There while they are true. A disk that takes nothing is the greater trouble. */
function withLimits(before: Condition[], facts: Common, ofSinks: Overflow | undefined): Condition[] {
  const { storage, throttled } = facts
  const conditions = throttled
    ? set(before, facts, 'Throttled', { status: 'True', ...throttled })
    : removeCondition(before, 'Throttled')
  const overflow = storageOverflow(storage) ?? ofSinks
  return overflow
    ? set(conditions, facts, 'Overflow', { status: 'True', ...overflow })
    : removeCondition(conditions, 'Overflow')
}

function withReadiness(facts: Common): Condition[] {
  const { readiness } = facts
  const { kind, reason, message } = readiness
  const conditions = set(facts.previous, facts, 'Ready', {
    status: kind === 'ready' ? 'True' : 'False',
    reason,
    message,
  })
  const present = kind === 'waiting' ? 'Reconciling' : kind === 'stalled' ? 'Stalled' : undefined
  const kept = ['Reconciling', 'Stalled'].filter((type) => type !== present).reduce(removeCondition, conditions)
  return present ? set(kept, facts, present, { status: 'True', reason, message }) : kept
}

const set = (conditions: Condition[], facts: Common, type: string, verdict: Told): Condition[] =>
  setCondition(conditions, { type, ...verdict, observedGeneration: facts.generation }, facts.now)

const optionalTime = (ms: number | undefined) => (ms === undefined ? undefined : kubeTime(ms))

function latest<T extends { time: number }, U>(values: (T | undefined)[], view: (value: T) => U): U | undefined {
  let newest: T | undefined
  for (const value of values) if (value && value.time >= (newest?.time ?? 0)) newest = value
  return newest && view(newest)
}

/**
 * Who the other side is, is told where it isn't clear: a sink's status names the subscription, a subscription's the sink. Texts that others
 * chose, as a declaration does the subject, are held to the CRD's limits: for one that is longer the API server refuses the whole status.
 */
function deliveredView(value: Delivered, other?: 'sink' | 'subscription') {
  const { time: at, id, type, subject, httpStatus, attempts, durationMs } = value
  return {
    time: kubeTime(at),
    id,
    type: shortText(type, 256),
    subject: shortText(subject, 1024),
    ...(other && { [other]: value[other] }),
    httpStatus,
    attempts,
    durationMs: Math.round(durationMs),
  }
}

function failedView(value: Failed, other?: 'sink' | 'subscription') {
  const { time: at, id, type, reason, message, attempts, nextAttempt } = value
  return prune({
    time: kubeTime(at),
    id,
    type: shortText(type, 256),
    ...(other && { [other]: value[other] }),
    reason,
    message,
    attempts,
    nextAttempt: optionalTime(nextAttempt),
  })
}

/** Server-side apply gives up the fields that are left out. */
function prune<T extends Record<string, unknown>>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Partial<T>
}
