import type { EventSink, EventSubscription } from '../../api/generated.ts'
import { keyOf } from '../../api/object.ts'
import { type Refusal, refuse } from '../../api/verdict.ts'
import { notFound } from '../../delivery/not-found.ts'
import { type LabelsOf, letsIn } from './lets-in.ts'

/** A sink that may not be used for now, and why. */
export type ClosedSink = Omit<Refusal, 'ok'> & { key: string }

/** Which sinks a subscription may use, by `namespace/name`. */
export type SinkUses = {
  /** Those of its own namespace are among them whether they are there or not. */
  open: readonly string[]
  /** Nothing is written down for them. One that isn't there and one that doesn't let the subscription's namespace in are the same. */
  closed: readonly ClosedSink[]
  /** Why there is none, where the subscription names none. */
  none?: Refusal
}

export type SinkFacts = {
  sink(key: string): EventSink | undefined
  labelsOf: LabelsOf
  /** The default sinks of admin namespaces. */
  defaults(): Iterable<EventSink>
}

/** Makes a sink of an admin namespace the one of subscriptions that name none. */
export const defaultLabel = 'carillon.dev/default'

export const isDefault = ({ metadata }: EventSink): boolean => metadata.labels?.[defaultLabel] === 'true'

/** `namespace/name` of the sinks that a subscription names, each once. */
export function namedSinks({ metadata, spec }: EventSubscription): string[] {
  const { namespace: own = '' } = metadata
  return [...new Set((spec.sinks ?? []).map(({ name, namespace = own }) => `${namespace}/${name}`))]
}

/** The Secret that a subscription has its own credentials for a sink in, which is in the subscription's namespace. */
export function ownSecret({ metadata, spec }: EventSubscription, sink: string): string | undefined {
  const { namespace: own = '' } = metadata
  return spec.sinks?.find(({ name, namespace = own }) => `${namespace}/${name}` === sink)?.secretRef?.name
}

/** Which sinks a subscription may use now: pure. */
export function sinkUses(subscription: EventSubscription, facts: SinkFacts): SinkUses {
  const { namespace = '' } = subscription.metadata
  if (!subscription.spec.sinks) return defaultUse(subscription, facts)
  const open: string[] = []
  const closed: ClosedSink[] = []
  for (const key of namedSinks(subscription)) {
    const sink = facts.sink(key)
    const why = key.startsWith(`${namespace}/`) ? undefined : whyClosed(subscription, key, sink, facts)
    if (why) closed.push({ key, reason: why.reason, message: why.message })
    else open.push(key)
  }
  return { open, closed }
}

function defaultUse(subscription: EventSubscription, facts: SinkFacts): SinkUses {
  const { namespace = '' } = subscription.metadata
  const found = [...facts.defaults()].filter((sink) => letsIn(sink, namespace, facts.labelsOf))
  const keys = found.map(keyOf).sort()
  const [sink] = found
  const [key] = keys
  if (!sink || key === undefined) {
    const message = `the subscription names no sink, and no default sink lets namespace ${namespace} in: name one in sinks, or ask an admin for a default`
    return { open: [], closed: [], none: refuse('SinkNotFound', message) }
  }
  if (keys.length > 1) {
    const message = `the subscription names no sink, and there are ${keys.length} default sinks for namespace ${namespace}: ${keys.join(', ')}; name one in sinks, or ask an admin to leave one of them`
    const why = refuse('AmbiguousDefault', message)
    return { open: [], closed: keys.map((one) => ({ key: one, reason: why.reason, message })), none: why }
  }
  const why = keyOf(sink).startsWith(`${namespace}/`) ? undefined : whyClosed(subscription, key, sink, facts)
  return why ? { open: [], closed: [{ key, ...reasonOf(why) }] } : { open: [key], closed: [] }
}

const reasonOf = ({ reason, message }: Refusal) => ({ reason, message })

/** Why a sink of another namespace can't be used; one that is missing reads as one that lets nobody in. */
function whyClosed(
  { metadata, spec }: EventSubscription,
  key: string,
  sink: EventSink | undefined,
  { labelsOf }: SinkFacts,
): Refusal | undefined {
  const { namespace = '' } = metadata
  if (!sink || !letsIn(sink, namespace, labelsOf)) return refuse('SinkNotFound', notFound(key, namespace))
  if (spec.body === undefined || sink.spec.allowBody) return undefined
  return refuse(
    'BodyNotAllowed',
    `EventSink ${key} takes no body that subscriptions of other namespaces make: leave body out, or ask its owner for allowBody: true`,
  )
}
