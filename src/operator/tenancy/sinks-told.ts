import type { Failed, SinkHealth } from '../../status/record.ts'
import type { SubscriptionState } from '../state.ts'
import { namedSinks } from './sink-uses.ts'

/** A sink that a subscription's status tells of. `isClosed`: nothing of the sink itself is told, not even whether there is one. */
export type SinkTold = { key: string; isClosed: boolean }

/** In the order in which the subscription names them. While nobody understands it, no sink of another namespace is told of. */
export function sinksTold({ object, emitter }: Pick<SubscriptionState, 'object' | 'emitter'>): SinkTold[] {
  const own = `${object.metadata.namespace ?? ''}/`
  if (!emitter) return namedSinks(object).map((key) => ({ key, isClosed: !key.startsWith(own) }))
  const open = new Set(emitter.sinks.map(({ key }) => key))
  const keys = object.spec.sinks ? namedSinks(object) : [...open, ...emitter.closed.map(({ key }) => key)]
  return keys.map((key) => ({ key, isClosed: !open.has(key) }))
}

/** The reason of what has to do with the sink's own Secrets. */
const credentialsMissing = 'CredentialsMissing'
const ownersMatter = "the sink's own credentials can't be had; its own status tells why"

/** How a sink fares, as it may be told in another namespace: what it lacks may name its owner's Secrets. */
export function healthAbroad(health: Readonly<SinkHealth>): Readonly<SinkHealth> {
  if (health.failing?.reason !== credentialsMissing) return health
  return { ...health, failing: { ...health.failing, message: ownersMatter } }
}

export const failureAbroad = (failure: Failed | undefined): Failed | undefined =>
  failure?.reason === credentialsMissing ? { ...failure, message: ownersMatter } : failure
