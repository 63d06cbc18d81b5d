import {
  type EventSink,
  type EventSubscription,
  eventSinkResource,
  eventSubscriptionResource,
} from '../api/generated.ts'
import type { KubeObject } from '../api/object.ts'
import { Discovery } from '../kube/discovery.ts'
import type { Resource } from '../kube/path.ts'
import { Reflector } from '../kube/reflector.ts'
import type { Finder } from '../kube/whereabouts.ts'
import { activationKey } from '../operator/activation.ts'
import { Collection } from '../operator/collection.ts'
import type { Operator } from '../operator/operator.ts'
import type { Overflow } from '../operator/overflow/overflow.ts'
import type { CatchUps } from '../operator/recovery/catch-ups.ts'
import { seedSink, seedSubscription } from '../operator/recovery/seed.ts'
import { needsLabels } from '../operator/tenancy/lets-in.ts'
import { Watches } from '../operator/watches.ts'
import type { CommitBatch, NewGap } from '../outbox/outbox.ts'
import { type ObserveDeps, observe } from '../pipeline.ts'
import { sourceNamed } from '../sources/index.ts'
import type { StatusBook } from '../status/book.ts'
import type { Metrics } from '../status/metrics.ts'
import { type Ground, now, type Parts } from './parts.ts'
import { judging, keyOfUid, type Recovering } from './recovery.ts'
import { watchRivals } from './rivals.ts'

type Scope = {
  namespace?: string | undefined
  select?: { labelSelector?: string; fieldSelector?: string }
  resumeFrom?: string | undefined
  comparesStates?: (namespace: string) => boolean
}

/** A reflector whose numbers are metrics of its kind. */
export function createReflector(
  { client, log }: Ground,
  metrics: Metrics,
  kind: string,
  resource: Resource | Finder,
  scope: Scope,
) {
  const watchEvents = metrics.watchEvents.labels({ kind })
  const listed = metrics.listed.labels({ kind })
  return new Reflector({
    client,
    name: kind,
    resource,
    ...scope,
    now,
    random: Math.random,
    log,
    metrics: {
      watchEvents: (count) => watchEvents.inc(count),
      listed: (count) => listed.inc(count),
      relisted: (reason) => metrics.relists.inc({ kind, reason }),
      failed: (reason) => metrics.watchFailures.inc({ kind, reason }),
    },
  })
}

export type Declared = ReturnType<typeof collections>

/** The CRs that this install serves, and namespaces, for when somebody needs their labels (`needLabels`: a sink that is served does). */
export function collections(
  ground: Ground,
  metrics: Metrics,
  book: StatusBook,
  operator: () => Operator,
  seed: (subscription: EventSubscription) => void,
  needLabels: () => void,
) {
  const { class: name, watchNamespaces } = ground.config
  const { adminNamespaces } = ground.policy()
  const contest = watchRivals(ground, metrics)
  const labelSelector = name === undefined ? '!carillon.dev/class' : `carillon.dev/class=${name}`
  const scopes = watchNamespaces.length === 0 ? [undefined] : [...new Set([...watchNamespaces, ...adminNamespaces])]
  const reflect = (kind: string, resource: Resource, scope: Scope) => ({
    namespace: scope.namespace,
    reflector: createReflector(ground, metrics, kind, resource, scope),
  })
  const ours = (resource: Resource & { kind: string }) =>
    scopes.map((namespace) => reflect(resource.kind, resource, { namespace, select: { labelSelector } }))
  // By name where only some are served: the right to that can be given for those alone.
  const ofNamespace = (name: string | undefined) => {
    const select = name === undefined ? {} : { select: { fieldSelector: `metadata.name=${name}` } }
    const resource = { group: '', version: 'v1', plural: 'namespaces' }
    return { namespace: name, reflector: createReflector(ground, metrics, 'Namespace', resource, select) }
  }
  return {
    sinks: new Collection<EventSink>(ours(eventSinkResource), (key, before, after) => {
      if (after && !before) seedSink(book, after)
      if (after && needsLabels(after)) needLabels()
      contest('EventSink', key, before, after)
      operator().changed('sink', key, before, after)
    }),
    subscriptions: new Collection<EventSubscription>(ours(eventSubscriptionResource), (key, before, after) => {
      if (after && !before) {
        seedSubscription(book, after)
        seed(after)
      }
      contest('EventSubscription', key, before, after)
      operator().changed('subscription', key, before, after)
    }),
    namespaces: new Collection<KubeObject>(scopes.map(ofNamespace), (key, before, after) =>
      operator().namespaceChanged(key.slice(1), before, after),
    ),
  }
}

/** The watches of what subscriptions ask for, each observed in a loop of its own. */
export function createWatches({ ground, loops, metrics, outbox }: Parts, observing: ObserveDeps): Watches {
  const discovery = new Discovery({ client: ground.client, now })
  return new Watches({
    source: sourceNamed,
    namespaces: ground.config.watchNamespaces,
    cursors: () => outbox.cursors(),
    reflector: (source, namespace, resumeFrom) =>
      createReflector(ground, metrics, source.name, (fresh) => discovery.find(source, fresh), {
        namespace,
        resumeFrom,
        // What a run tells can be read from its state, but for what subscriptions define.
        comparesStates: (within) =>
          source.lasts === true ||
          observing
            .emitters()
            .forObject(source.name, within)
            .some(({ selection }) => selection.defined?.has(source.name)),
      }),
    start: (key, run) => loops.start(key, run),
    stop: (key) => loops.stop(key),
    observe: (watch, signal) => observe(watch, observing, signal),
  })
}

/** What the observing of runs needs of the operator. */
export function observeDeps(
  parts: Parts,
  recover: Recovering,
  overflow: Overflow,
  startDelivery: (sink: string) => void,
  catchUps: CatchUps | undefined,
): ObserveDeps {
  const { book, fence, ground, metrics, outbox, state, writer } = parts
  return {
    outbox,
    emitters: () => state.emitters(),
    since: (uid, sink, kind, milestone) => state.activations.get(activationKey(uid, sink, kind, milestone)),
    cluster: ground.cluster,
    ...judging(recover, parts),
    ...(catchUps && { catchUps }),
    fence,
    // What it is compared with, and written beside, is of the API server's clock.
    now: () => ground.client.serverTime(),
    room: () => overflow.room(),
    exists: (uid) => state.hasSubscription(uid),
    matched(matched) {
      metrics.matched.inc({ kind: matched[0]?.kind ?? '' }, matched.length)
      for (const { emitter, kind, object, milestone } of matched) {
        const { namespace = '', name } = object.metadata
        const match = { time: now(), kind, namespace, name, milestone: milestone.name }
        const endsSilence = book.matched(emitter.uid, match)
        writer.mark(`subscription ${emitter.key}`, endsSilence ? 'conditions' : 'counters')
      }
    },
    filterFailed(failures) {
      for (const { emitter, kind, message } of failures) {
        metrics.filterErrors.inc({ kind })
        const first = book.filterFailed(emitter.uid, message, now())
        writer.mark(`subscription ${emitter.key}`, first ? 'conditions' : 'counters')
      }
    },
    formatFailed(failures) {
      for (const { emitter, kind, object, milestone, problems } of failures) {
        const [problem] = problems
        if (!problem) continue
        for (const { reason } of problems) metrics.invalid.inc({ kind, reason })
        const { namespace, name } = object.metadata
        const message = `${kind} ${namespace ? `${namespace}/` : ''}${name}, ${milestone}: ${problem.message}`
        const failed = { count: problems.length, reason: problem.reason, message, time: now() }
        const first = book.formatFailed(emitter.uid, failed)
        writer.mark(`subscription ${emitter.key}`, first ? 'conditions' : 'counters')
      }
    },
    poisoned({ kind }, { object }, error) {
      metrics.poisoned.inc({ kind })
      const { namespace, name } = object.metadata
      ground.log.error({ kind, namespace, name, err: error }, 'an object could not be read and is passed over')
    },
    replays: parts.replays,
    observed(_watch, commit) {
      parts.replays.committed(commit.replayed)
      for (const sink of new Set(commit.rows.map((row) => row.sink))) startDelivery(sink)
      for (const dead of commit.dead) tellRefused(parts, dead)
      if (commit.gaps) tellGaps(parts, commit.gaps)
    },
    passed(watch, batch) {
      if (!catchUps?.holds(watch.name)) recover.observed.take(watch.name, batch)
    },
  }
}

function tellGaps({ renderer, state, writer }: Parts, gaps: readonly NewGap[]): void {
  renderer.stale()
  for (const uid of new Set(gaps.map((gap) => gap.subscriptionUid))) {
    const key = keyOfUid(state, uid)
    if (key !== undefined) writer.mark(`subscription ${key}`, 'conditions')
  }
}

/** Tells of an event that no attempt will be made for. */
export function tellRefused({ book, metrics, writer }: Parts, dead: CommitBatch['dead'][number]): void {
  const { sink, subscription, subscriptionUid, event, reason, message } = dead
  metrics.deadLettered.inc({ sink, reason })
  const { id, type } = event
  const failed = { time: now(), id, type, sink, subscription, reason, message, attempts: 0, nextAttempt: undefined }
  book.undeliverable(failed, subscriptionUid)
  writer.mark(`sink ${sink}`, 'counters')
}
