import type { EventSubscription } from '../api/generated.ts'
import type { Policy } from '../api/policy.ts'
import { parseTime } from '../api/time.ts'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import type { Account, Budget } from '../cel/budget.ts'
import { compileSelection, type KnownSources } from '../filters/selection.ts'
import { compileBody, withBody } from '../formats/body.ts'
import type { Format, FormatName } from '../formats/format.ts'
import { compileRedaction } from '../formats/redaction.ts'
import type { AnnotationReader } from '../formats/user-events/annotation.ts'
import { fields, lastWrite } from '../sources/read.ts'
import type { Source } from '../sources/source.ts'
import type { ActivationSpec } from './activation.ts'
import type { Emitter, EmitterSink } from './emitter.ts'
import { allowKinds } from './kinds-allowed.ts'
import { compileOptions } from './options.ts'
import type { SubscriptionState } from './state.ts'
import { stepsOf } from './steps.ts'
import { namedSinks, type SinkUses } from './tenancy/sink-uses.ts'

type Spec = EventSubscription['spec']

export type CompileContext = {
  sources: KnownSources
  formats: Readonly<Record<FormatName, Format>>
  policy: Policy
  /** What the expressions of a namespace may take; left out: whatever their limits allow. */
  budget?(namespace: string): Budget | undefined
  /** The sink's limits.maxEventBytes, or the default while the sink isn't there. */
  maxEventBytes(sink: string): number
  /** `namespace/name` of the sink that its dead letters are sent to as well. */
  parking(sink: string): string | undefined
  /** Which sinks it may use; those that it names where this is left out. */
  uses?: SinkUses
  /** Reads what authors declare, for all subscriptions. Left out: each annotation is read anew. */
  readDeclarations?: AnnotationReader
}

/** A subscription made ready, or why it can't become right by waiting. */
export function compileSubscription(subscription: EventSubscription, context: CompileContext): Verdict<Emitter> {
  const { metadata, spec } = subscription
  const namespace = metadata.namespace ?? ''
  if (spec.namespaceSelector && !context.policy.adminNamespaces.has(namespace)) {
    return refuse(
      'NamespaceSelectorNotAllowed',
      `namespaceSelector is for admin namespaces only, and ${namespace} is none: leave it out, or ask an admin for a cluster-wide subscription`,
    )
  }
  const { policy, sources } = context
  const { adminNamespaces, tenantKinds } = policy
  const named = (spec.events ?? []).flatMap(({ kind, group }) => sources.of(kind, group))
  const allowed = allowKinds(named, {
    tenantKinds,
    isAdmin: adminNamespaces.has(namespace),
    families: sources.families,
  })
  if (!allowed.ok) return allowed
  const options = compileOptions(spec, context.readDeclarations)
  if (!options.ok) return options
  const account: Account = { cost: 0, budget: context.budget?.(namespace) }
  const bodied = compileFormats(spec, context, account)
  if (!bodied.ok) return bodied
  const formats = bodied.value
  const knows = (source: Source, milestone: string) =>
    formats.some((format) => format.knows(source, milestone, options.value))
  const besides = (source: Source, named: readonly string[] | undefined) =>
    formats.flatMap((format) => format.besides?.(source, named, options.value) ?? [])
  const selection = compileSelection(selectionOf(subscription), context.sources, knows, besides, account)
  if (!selection.ok) return selection
  const content = spec.data?.content ?? 'summary'
  return accept({
    key: `${namespace}/${metadata.name}`,
    uid: metadata.uid,
    namespace,
    cost: account.cost,
    clusterWide: spec.namespaceSelector !== undefined,
    selection: selection.value,
    formats: formats.map((format) => ({
      format,
      form: `${format.name} ${format.formOf(options.value)}`,
      steps: stepsOf(content, options.value, format),
      ...(!format.besides && selection.value.besides && { without: selection.value.besides }),
    })),
    options: options.value,
    redaction: compileRedaction(options.value.data.redact),
    ...sinksOf(context.uses ?? { open: namedSinks(subscription), closed: [] }, context),
  })
}

/** What the subscription sends: its formats, or the body that is made of the only one. */
function compileFormats(
  { formats = ['cloudevents'], body }: Spec,
  context: CompileContext,
  account: Account,
): Verdict<Format[]> {
  const named = formats.map((name) => context.formats[name])
  if (body === undefined) return accept(named)
  if (named.length > 1) {
    return refuse(
      'BodyInvalid',
      "body is made of one format's event: leave one in formats, or make a subscription for each",
    )
  }
  const program = compileBody(body, account)
  return program.ok ? accept(named.map((format) => withBody(format, program.value))) : program
}

/** All of an emitter that sinks decide, and nothing else: what is cheap, and changes without the subscription. */
export const sinksOf = ({ open, closed }: SinkUses, context: SinkContext): Pick<Emitter, 'sinks' | 'closed'> => ({
  sinks: open.map((key) => emitterSink(key, context)),
  closed,
})

export type SinkContext = Pick<CompileContext, 'maxEventBytes' | 'parking'>

function emitterSink(key: string, context: SinkContext): EmitterSink {
  const parking = context.parking(key)
  return {
    key,
    maxEventBytes: context.maxEventBytes(key),
    ...(parking !== undefined && parking !== key
      ? { parking: { key: parking, maxEventBytes: context.maxEventBytes(parking) } }
      : {}),
  }
}

/** Only what selects; fields that the user left out stay out. */
function selectionOf({ metadata, spec }: EventSubscription) {
  const { events, filter, namespaceSelector, onRequest } = spec
  return {
    ...(events && { events }),
    ...(filter && { filter }),
    ...(namespaceSelector && { namespaceSelector }),
    ...(onRequest && { onRequest: `${metadata.namespace ?? ''}/${metadata.name}` }),
  }
}

/** What activation needs of a subscription; a startFrom that is no time is refused. */
export function activationSpec(subscription: EventSubscription): Verdict<ActivationSpec> {
  const { metadata, spec, status } = subscription
  const { generation = 1 } = metadata
  // The API server's default for what no operator has seen is -1.
  const observed = status?.observedGeneration ?? -1
  const given = spec.startFrom ?? 'Now'
  const startFrom = given === 'Now' || given === 'Earliest' ? given : parseTime(given)
  if (Number.isNaN(startFrom)) {
    return refuse(
      'StartFromInvalid',
      `startFrom '${given}' is none of Now, Earliest and an RFC 3339 time such as 2026-01-31T12:00:00Z`,
    )
  }
  return accept({
    startFrom,
    created: Date.parse(metadata.creationTimestamp),
    seen: observed >= 0,
    changed: generation > observed ? lastWrite(fields(metadata)) : undefined,
    suspend: spec.suspend ?? false,
    told: new Map(
      (status?.sinks ?? []).flatMap(({ namespace, name, since }) =>
        since === undefined ? [] : [[`${namespace}/${name}`, Date.parse(since)]],
      ),
    ),
  })
}

/** Whether nothing was matched for the subscription until now, as nobody understood it. */
export const wasStalled = (
  object: EventSubscription,
  before: Pick<SubscriptionState, 'stalled'> | undefined,
): boolean =>
  before
    ? before.stalled !== undefined
    : (object.status?.conditions ?? []).some(({ type, status }) => type === 'Stalled' && status === 'True')
