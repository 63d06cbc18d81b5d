import type { ReflectorState } from '../kube/reflector.ts'
import type { Readiness } from '../status/summarise.ts'
import type { SinkState, SubscriptionState } from './state.ts'

export type KindState = { kind: string; state: ReflectorState; message?: string | undefined }

/** How far a subscription is, from what it refers to: pure. A kind that the cluster lacks holds nothing up but itself. */
export function subscriptionReadiness(
  { stalled, emitter, object }: SubscriptionState,
  sinks: ReadonlyMap<string, SinkState>,
  kindStates: readonly KindState[],
): Readiness {
  if (stalled || !emitter) return stalled ?? { kind: 'waiting', reason: 'Progressing', message: 'not looked at yet' }
  for (const { key } of emitter.sinks) {
    const sink = sinks.get(key)
    if (!sink) {
      return {
        kind: 'waiting',
        reason: 'SinkNotFound',
        message: `EventSink ${key} doesn't exist; matching events wait for it`,
      }
    }
    if (sink.readiness.kind !== 'ready') {
      const { reason, message } = sink.readiness
      return { kind: 'waiting', reason: 'SinkNotReady', message: `EventSink ${key} isn't ready: ${reason}: ${message}` }
    }
  }
  if (object.spec.suspend) return { kind: 'ready', reason: 'Suspended', message: 'suspended: nothing is matched' }
  return kindsReadiness(kindStates)
}

function kindsReadiness(kindStates: readonly KindState[]): Readiness {
  const forbidden = kindStates.filter((one) => one.state === 'forbidden').map((one) => one.kind)
  if (forbidden.length > 0) {
    return {
      kind: 'waiting',
      reason: 'Forbidden',
      message: `the operator may not list and watch ${forbidden.join(', ')}; its ClusterRole lacks the right`,
    }
  }
  const absent = kindStates.filter((one) => one.state === 'absent').map((one) => one.kind)
  const present = kindStates.filter((one) => one.state !== 'absent').map((one) => one.kind)
  if (present.length === 0) {
    return {
      kind: 'waiting',
      reason: 'KindNotServed',
      message: `the cluster doesn't serve ${absent.join(', ')}, which is waited for`,
    }
  }
  const starting = kindStates
    .filter((one) => one.state === 'starting' || one.state === 'listing')
    .map((one) => one.kind)
  if (starting.length > 0) return { kind: 'waiting', reason: 'Progressing', message: `reading ${starting.join(', ')}` }
  const note = absent.length > 0 ? `; the cluster doesn't serve ${absent.join(', ')} yet` : ''
  return { kind: 'ready', reason: 'Watching', message: `watching ${present.join(', ')}${note}` }
}
