import type { EventSink, EventSubscription } from '../../api/generated.ts'
import type { KubeObject } from '../../api/object.ts'
import { type FilterInputs, inputsOf } from '../../filters/inputs.ts'
import type { Labels } from '../../filters/selector.ts'
import { timestamp } from '../../formats/attributes.ts'
import type { Cluster, FormatProblemReason } from '../../formats/format.ts'
import { covers, type Emitter, type EmitterFormat, type EmitterSink } from '../../operator/emitter.ts'
import { type Defined, definedOf } from '../../operator/judging/defined.ts'
import { milestonesOf } from '../../operator/judging/milestones-of.ts'
import { ObjectEvents } from '../../operator/judging/object-events.ts'
import { activationSpec } from '../../operator/subscription.ts'
import { ownSecret } from '../../operator/tenancy/sink-uses.ts'
import type { Gone, Milestone, MilestoneClass, Projection, Source } from '../../sources/source.ts'
import { type Request, requestOf } from './request.ts'
import { unmetBy, whyUnselected } from './why-not.ts'

export type ExplainInput = {
  subscription: EventSubscription
  emitter: Emitter
  /** Those that were given, by `namespace/name`. */
  sinks: ReadonlyMap<string, EventSink>
  source: Source
  object: KubeObject
  /** The object as it was seen before. */
  previous?: KubeObject | undefined
  gone?: Gone | undefined
  cluster: Cluster
  /** undefined: they are not known. */
  labelsOf(namespace: string): Labels | undefined
}

/** What a subscription makes of an object, and why. */
export type Explanation = {
  /** `namespace/name`. */
  subscription: string
  object: { kind: string; namespace: string; name: string }
  /** Why no milestone of the object can match. */
  outOfReach?: string
  /** What was taken for granted, as it can't be told. */
  assumed?: string
  milestones: ExplainedMilestone[]
  /** What is asked for and the object does not show. */
  absent: { name: string; class: MilestoneClass; when: string }[]
}

export type ExplainedMilestone = {
  name: string
  key: string
  class: MilestoneClass
  /** RFC 3339. */
  time: string
  outcome?: string
  reason?: string
  /** `before`: it happened before the subscription counts. `filterFailed`: the filter failed, which is no match. */
  verdict: 'match' | 'unselected' | 'filtered' | 'filterFailed' | 'before'
  /** Why it is no match. */
  why?: string
  events: ExplainedEvent[]
  /** Events that would not be valid, and are not sent. */
  problems: { format: string; reason: FormatProblemReason; message: string }[]
  /** Formats of the subscription that have no event for it. */
  without: string[]
}

/** An event for one sink. */
export type ExplainedEvent = {
  format: string
  id: string
  type: string
  subject: string
  sink: string
  bytes: number
  /** Of the sink, or of the format. */
  limit: number
  /** `reduced`: whole it would be larger than the limit. `TooLarge`: a dead letter, as nothing smaller is to be had. */
  verdict: 'sent' | 'reduced' | 'TooLarge'
  request: Request
}

/** What happens to an object's milestones under a subscription, by the code that the operator runs. */
export function explainObject(input: ExplainInput): Explanation {
  const { subscription, emitter, source, object, labelsOf } = input
  const { namespace = '', name } = object.metadata
  const head = { subscription: emitter.key, object: { kind: source.kind, namespace, name } }
  const outOfReach = whyOutOfReach(input)
  if (outOfReach !== undefined) return { ...head, outOfReach, milestones: [], absent: [] }
  const inputs = inputsOf(source, object)
  const record = input.previous && { projection: projectionOf(input, input.previous) }
  const seen = { source, object, phase: 'watch' as const, record, gone: input.gone }
  const defined = definedIn(input, object, record, inputs)
  const told = milestonesOf(seen, defined.milestones)
  const events = new ObjectEvents({ ...seen, cluster: input.cluster }, 0)
  const shown = new Set(told.map((milestone) => milestone.name))
  const wanted = emitter.selection.kinds.get(source.name) ?? new Set()
  const isAssumed = emitter.selection.namespaces && labelsOf(namespace) === undefined
  return {
    ...head,
    ...(isAssumed && { assumed: `that namespace ${namespace} fits namespaceSelector: its labels were not given` }),
    milestones: told.map((milestone) => explainMilestone({ ...input, subscription }, milestone, inputs, events)),
    absent: [...source.catalogue, ...rowsOf(emitter, source, defined)]
      .filter((row) => wanted.has(row.name) && !shown.has(row.name))
      .map((row) => ({ name: row.name, class: row.class, when: row.when })),
  }
}

/** What the subscription defines of an object. */
function definedIn(
  { source, emitter, gone }: ExplainInput,
  object: KubeObject,
  record: { projection: Projection } | undefined,
  inputs: FilterInputs,
): Defined {
  return definedOf(
    { source, object, phase: 'list', record, gone, now: 0, floor: undefined, emitters: [emitter] },
    inputs,
  )
}

/** What would be kept of an object that was seen. */
function projectionOf(input: ExplainInput, object: KubeObject): Projection {
  const { held } = definedIn({ ...input, gone: undefined }, object, undefined, inputsOf(input.source, object))
  return { ...input.source.project(object), ...held }
}

/** What the subscription defines, as a catalogue would have it; of what failed, why. */
const rowsOf = ({ selection }: Emitter, { name: kind }: Source, { errors }: Defined) =>
  (selection.defined?.get(kind) ?? []).map(({ name, spec }) => ({
    name,
    class: spec.key === undefined ? ('observed' as const) : ('derived' as const),
    when: errors.find(({ message }) => message.startsWith(`define ${name}: `))?.message ?? spec.when,
  }))

function whyOutOfReach({ subscription, emitter, object, labelsOf }: ExplainInput): string | undefined {
  const { namespace = '' } = object.metadata
  if (subscription.spec.suspend === true) return 'the subscription is suspended: nothing is matched'
  if (emitter.clusterWide && labelsOf(namespace) === undefined) return undefined
  if (covers(emitter, namespace, labelsOf)) return undefined
  if (!emitter.clusterWide)
    return `the object is in namespace ${namespace || 'none'}, and without namespaceSelector it is those of ${emitter.namespace} only`
  const unmet = unmetBy(subscription.spec.namespaceSelector ?? {}, labelsOf(namespace))
  return `namespace ${namespace} does not fit namespaceSelector: ${unmet.join('; ')}`
}

function explainMilestone(
  input: ExplainInput,
  milestone: Milestone,
  inputs: FilterInputs,
  events: ObjectEvents,
): ExplainedMilestone {
  const { subscription, emitter, source, object } = input
  const { name, key, time, outcome, reason } = milestone
  const told = {
    name,
    key,
    class: milestone.class,
    time: timestamp(time),
    ...(outcome && { outcome }),
    ...(reason && { reason }),
  }
  const no = (verdict: ExplainedMilestone['verdict'], why: string): ExplainedMilestone => ({
    ...told,
    verdict,
    why,
    events: [],
    problems: [],
    without: [],
  })
  const judgement = emitter.selection.judge(source, object, milestone, inputs)
  if (judgement.kind === 'unselected')
    return no('unselected', whyUnselected(subscription, emitter, source, object, milestone))
  if (judgement.kind === 'filtered') return no('filtered', `the filter is false: ${subscription.spec.filter}`)
  if (judgement.kind === 'error') return no('filterFailed', `the filter fails, which is no match: ${judgement.message}`)
  const counting = emitter.sinks.filter((sink) => time >= sinceOf(subscription, sink.key))
  const [first] = emitter.sinks
  if (counting.length === 0 && first) {
    const since = timestamp(sinceOf(subscription, first.key))
    return no('before', `it happened before the subscription counts, which is since ${since}`)
  }
  const made = emitter.formats.map((one) => ({
    format: one.format.name,
    sent: counting.flatMap((sink) => eventsFor(input, milestone, one, sink, events)),
    problems: events.problems(emitter, milestone, one),
  }))
  return {
    ...told,
    verdict: 'match',
    events: made.flatMap(({ sent }) => sent),
    problems: made.flatMap(({ format, problems }) =>
      problems.map(({ reason: why, message }) => ({ format, reason: why, message })),
    ),
    without: made.filter(({ sent, problems }) => sent.length + problems.length === 0).map(({ format }) => format),
  }
}

/** ms; what a subscription that was never in a cluster leaves open counts. */
function sinceOf(subscription: EventSubscription, sink: string): number {
  const spec = activationSpec(subscription)
  if (!spec.ok) return 0
  const { startFrom, told, created } = spec.value
  const known = told.get(sink)
  if (known !== undefined) return known
  if (startFrom === 'Earliest') return 0
  return startFrom === 'Now' ? created || 0 : startFrom
}

function eventsFor(
  { emitter, sinks, subscription }: ExplainInput,
  milestone: Milestone,
  one: EmitterFormat,
  sink: EmitterSink,
  events: ObjectEvents,
): ExplainedEvent[] {
  const whole = events.of(emitter, { ...sink, maxEventBytes: Number.MAX_SAFE_INTEGER }, milestone, one)
  return events.of(emitter, sink, milestone, one).map(({ row, bytes, limit, fits }) => {
    const { id, type, subject, data } = row.event
    const isWhole = whole.some((other) => other.row.event.id === id && other.row.event.data === data)
    return {
      format: one.format.name,
      id,
      type,
      subject,
      sink: sink.key,
      bytes,
      limit,
      verdict: !fits ? 'TooLarge' : isWhole ? 'sent' : 'reduced',
      request: requestOf(row.event, sinks.get(sink.key), emitter.key, ownSecret(subscription, sink.key)),
    }
  })
}
