import type { EventSubscription } from '../api/generated.ts'
import type { Refusal } from '../api/verdict.ts'
import type { ReflectorState } from '../kube/reflector.ts'
import type { Readiness } from '../status/summarise.ts'
import type { SinkState, SubscriptionState } from './state.ts'
import type { WatchState } from './watches.ts'

export type KindState = { kind: string } & WatchState

/** How far a subscription is, from what it refers to: pure. A kind that the cluster lacks holds nothing up but itself. */
export function subscriptionReadiness(
  { stalled, emitter, object, credentials, noSink }: SubscriptionState,
  sinks: ReadonlyMap<string, SinkState>,
  kindStates: readonly KindState[],
): Readiness {
  if (stalled || !emitter) return stalled ?? { kind: 'waiting', reason: 'Progressing', message: 'not looked at yet' }
  const [closed = noSink] = emitter.closed
  if (closed) return waitingFor(closed)
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
      // What a sink of another namespace lacks is its owner's to know: it may name Secrets.
      const why = key.startsWith(`${emitter.namespace}/`) ? message : 'its own status tells why'
      return { kind: 'waiting', reason: 'SinkNotReady', message: `EventSink ${key} isn't ready: ${reason}: ${why}` }
    }
  }
  if (credentials) return waitingFor(credentials)
  if (object.spec.suspend) return { kind: 'ready', reason: 'Suspended', message: 'suspended: nothing is matched' }
  const homeless = kindStates
    .filter(({ clusterScoped }) => clusterScoped && !emitter.clusterWide)
    .map(({ kind }) => kind)
  if (homeless.length > 0) {
    const who = 'only a subscription of an admin namespace, with a namespaceSelector, reaches them'
    return { kind: 'waiting', reason: 'KindNotAllowed', message: `${homeless.join(', ')} live in no namespace: ${who}` }
  }
  return kindsReadiness(kindStates, object.spec.events)
}

const waitingFor = ({ reason, message }: Pick<Refusal, 'reason' | 'message'>): Readiness => ({
  kind: 'waiting',
  reason,
  message,
})

type Events = EventSubscription['spec']['events']

function kindsReadiness(kindStates: readonly KindState[], events: Events): Readiness {
  const inState = (...states: ReflectorState[]) =>
    kindStates.filter((one) => states.includes(one.state)).map((one) => one.kind)
  const scoped = inState('clusterScoped')
  if (scoped.length > 0) {
    const why = 'the operator watches only the namespaces of --watch-namespace'
    return { kind: 'waiting', reason: 'Forbidden', message: `${scoped.join(', ')} live in no namespace, and ${why}` }
  }
  const absent = inState('absent')
  const forbidden = inState('forbidden')
  const present = inState('failing', 'starting', 'listing', 'watching')
  // Who names no kind wants those that there are.
  const lacking = `the operator may not list and watch ${forbidden.join(', ')}; its ClusterRole or Role lacks the right`
  if (forbidden.length > 0 && (events || present.length === 0))
    return { kind: 'waiting', reason: 'Forbidden', message: lacking }
  if (present.length === 0) {
    const message = events
      ? `the cluster doesn't serve ${absent.join(', ')}, which is waited for`
      : `the cluster serves none of the ${absent.length} kinds that a subscription without events is of; they are waited for`
    return { kind: 'waiting', reason: 'KindNotServed', message }
  }
  const starting = inState('starting', 'listing')
  if (starting.length > 0) return { kind: 'waiting', reason: 'Progressing', message: `reading ${starting.join(', ')}` }
  return {
    kind: 'ready',
    reason: 'Watching',
    message: `watching ${present.join(', ')}${noteOf(absent, present, events)}${forbidden.length > 0 ? `; ${lacking}` : ''}`,
  }
}

/** Kinds that the cluster lacks: named where the subscription does; one of several groups that a kind is read in is no news. */
function noteOf(absent: readonly string[], present: readonly string[], events: Events): string {
  if (!events) return absent.length === 0 ? '' : `; ${absent.length} more that the cluster doesn't serve yet`
  const isThere = (kind: string) => present.some((one) => kindOf(one) === kind)
  const isAnyGroup = (kind: string) => events.every((entry) => entry.kind !== kind || entry.group === undefined)
  const missed = absent.filter((name) => !isThere(kindOf(name)) || !isAnyGroup(kindOf(name)))
  return missed.length > 0 ? `; the cluster doesn't serve ${missed.join(', ')} yet` : ''
}

/** Of a source's name: `Component.konflux-ci.dev` is of kind Component. */
const kindOf = (source: string): string => source.split('.', 1)[0] ?? source
