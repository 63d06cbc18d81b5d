import {
  type EventSink,
  type EventSubscription,
  eventSinkResource,
  eventSubscriptionResource,
} from './api/generated.ts'
import type { KubeObject } from './api/object.ts'
import type { AttemptRecord } from './delivery/attempt.ts'
import type { Secret } from './delivery/credentials.ts'
import { readHeaders, secretReader } from './delivery/secrets.ts'
import { transports } from './delivery/transports/index.ts'
import type { DeliveryDeps } from './delivery/worker.ts'
import { formats } from './formats/index.ts'
import { fullJitter, pause } from './kube/backoff.ts'
import type { Resource } from './kube/path.ts'
import { Reflector } from './kube/reflector.ts'
import { getObject } from './kube/resources.ts'
import { activationKey } from './operator/activation.ts'
import { capacity } from './operator/capacity.ts'
import { Collection } from './operator/collection.ts'
import { Loops } from './operator/loops.ts'
import { Operator } from './operator/operator.ts'
import { type OverflowDeps, relieve, roomOf } from './operator/overflow.ts'
import { Renderer } from './operator/render.ts'
import { seedSink, seedSubscription } from './operator/seed.ts'
import { OperatorState } from './operator/state.ts'
import { Statuses } from './operator/statuses.ts'
import { Watches } from './operator/watches.ts'
import type { CommitBatch, Outbox } from './outbox/outbox.ts'
import { deliver, type ObserveDeps, observe } from './pipeline.ts'
import type { Ground } from './run.ts'
import { sources } from './sources/index.ts'
import { StatusBook } from './status/book.ts'
import type { Metrics } from './status/metrics.ts'
import { StatusWriter } from './status/writer.ts'

/** How long attempts under way may go on after a stop. */
const graceMs = 5_000

/** How often the states of watches are looked at, for the conditions that tell of them. */
const lookMs = 500

/** The operator's parts put together and started; disposing stops them in order, with nothing left under way. */
export function wire(ground: Ground, outbox: Outbox, metrics: Metrics) {
  const { config, client, cluster, egress, log } = ground
  const now = Date.now
  const book = new StatusBook()
  const loops = new Loops({
    log,
    pause: (attempt, signal) => pause(fullJitter(attempt, Math.random), signal),
    failed: (key) => metrics.loopFailures.inc({ loop: key.split(' ')[0] ?? key }),
  })
  const reflect = (
    kind: string,
    resource: Resource,
    options: { namespace?: string | undefined; labelSelector?: string; resumeFrom?: string | undefined },
  ) =>
    new Reflector({
      client,
      resource,
      ...options,
      now,
      random: Math.random,
      log,
      metrics: {
        watchEvents: (count) => metrics.watchEvents.inc({ kind }, count),
        listed: (count) => metrics.listed.inc({ kind }, count),
        relisted: (reason) => metrics.relists.inc({ kind, reason }),
        failed: (reason) => metrics.watchFailures.inc({ kind, reason }),
      },
    })
  const labelSelector = config.class === undefined ? '!carillon.dev/class' : `carillon.dev/class=${config.class}`
  const scopes =
    config.watchNamespaces.length === 0
      ? [undefined]
      : [...new Set([...config.watchNamespaces, ...config.adminNamespaces])]
  const ours = (resource: Resource & { kind: string }) =>
    scopes.map((namespace) => ({
      namespace,
      reflector: reflect(resource.kind, resource, { namespace, labelSelector }),
    }))

  const sinks = new Collection<EventSink>(ours(eventSinkResource), (key, before, after) => {
    if (after && !before) seedSink(book, after)
    operator.changed('sink', key, before, after)
  })
  const subscriptions = new Collection<EventSubscription>(ours(eventSubscriptionResource), (key, before, after) => {
    if (after && !before) seedSubscription(book, after)
    operator.changed('subscription', key, before, after)
  })
  const namespaceReflectors =
    config.adminNamespaces.length === 0
      ? []
      : [
          {
            namespace: undefined,
            reflector: reflect('Namespace', { group: '', version: 'v1', plural: 'namespaces' }, {}),
          },
        ]
  const namespaces = new Collection<KubeObject>(namespaceReflectors, (key, before, after) => {
    operator.namespaceChanged(key.slice(1), before, after)
  })
  const state = new OperatorState(new Map(outbox.activations()), (namespace) => {
    const object = namespaces.objects.get(`/${namespace}`)
    return object && (object.metadata.labels ?? {})
  })

  const statuses = new Statuses({ client, log, metrics, now, controller: 'carillon' })
  const watches = new Watches({
    sources,
    namespaces: config.watchNamespaces,
    cursors: () => outbox.cursors(),
    reflector: (source, namespace, resumeFrom) => reflect(source.kind, source, { namespace, resumeFrom }),
    start: (key, run) => loops.start(key, run),
    stop: (key) => loops.stop(key),
    observe: (watch, signal) => observe(watch, observeDeps, signal),
  })
  const renderer = new Renderer({ state, outbox, book, statuses, kindState: (kind) => watches.state(kind), now })
  const writer = new StatusWriter({
    async write(key) {
      const rendered = renderer.render(key)
      return rendered === undefined || (await statuses.write(key, rendered))
    },
    now,
    wait: pause,
  })

  const overflow: OverflowDeps = {
    state,
    outbox,
    turned(sink) {
      renderer.stale()
      writer.mark(`sink ${sink}`, 'conditions')
    },
  }
  const room = roomOf(overflow)

  const observeDeps: ObserveDeps = {
    outbox,
    emitters: () => state.emitters(),
    since: (uid, sink, kind, milestone) => state.activations.get(activationKey(uid, sink, kind, milestone)),
    cluster,
    now,
    capacity: (keys, signal) => capacity(keys, room, signal),
    exists: (uid) => [...state.subscriptions.values()].some(({ object }) => object.metadata.uid === uid),
    matched(matched) {
      for (const { emitter, kind, object, milestone } of matched) {
        metrics.matched.inc({ kind })
        const { namespace = '', name } = object.metadata
        book.matched(emitter.uid, { time: now(), kind, namespace, name, milestone: milestone.name })
        writer.mark(`subscription ${emitter.key}`, 'counters')
      }
    },
    filterFailed(failures) {
      for (const { emitter, kind, message } of failures) {
        metrics.filterErrors.inc({ kind })
        const first = book.filterFailed(emitter.uid, message, now())
        writer.mark(`subscription ${emitter.key}`, first ? 'conditions' : 'counters')
      }
    },
    poisoned(source, { object }, error) {
      metrics.poisoned.inc({ kind: source.kind })
      const { namespace, name } = object.metadata
      log.error({ kind: source.kind, namespace, name, err: error }, 'an object could not be read and is passed over')
    },
    observed(_watch, commit) {
      for (const sink of new Set(commit.rows.map((row) => row.sink))) startDelivery(sink)
      for (const dead of commit.dead) refused(dead)
    },
  }

  const readSecret = secretReader(async (namespace, name) => {
    const found = await getObject(client, { group: '', version: 'v1', plural: 'secrets' }, namespace, name)
    return found as (KubeObject & Secret) | undefined
  }, now)
  const headers = (object: EventSink, fresh: boolean) =>
    readHeaders(object.spec.http, object.metadata.namespace ?? '', readSecret, { fresh, requireLabel: true })

  /** An event that no attempt will be made for. */
  function refused({ sink, subscription, subscriptionUid, event, reason, message }: CommitBatch['dead'][number]): void {
    metrics.deadLettered.inc({ sink, reason })
    const { id, type } = event
    const failed = { time: now(), id, type, sink, subscription, reason, message, attempts: 0, nextAttempt: undefined }
    book.undeliverable(failed, subscriptionUid)
    writer.mark(`sink ${sink}`, 'counters')
  }

  function record(attempt: AttemptRecord): void {
    const { sink, subscription, reason } = attempt
    metrics.attemptSeconds.observe({ sink }, attempt.durationMs / 1000)
    if (attempt.outcome === 'delivered') metrics.delivered.inc({ sink })
    else metrics.failed.inc({ sink, reason })
    if (attempt.outcome === 'dead') metrics.deadLettered.inc({ sink, reason })
    const turned = book.attempted(attempt)
    writer.mark(`sink ${sink}`, turned ? 'conditions' : 'counters')
    writer.mark(`subscription ${subscription}`, turned ? 'conditions' : 'counters')
    if (turned) for (const key of state.referrers(sink)) writer.mark(`subscription ${key}`, 'conditions')
  }

  function startDelivery(sink: string): void {
    const deps: DeliveryDeps = {
      outbox,
      sink: () => state.sinks.get(sink)?.runtime,
      sinkChanged: (signal) => operator.sinkChanged.next(signal),
      transport: ({ url, mode, timeoutMs, concurrency }) =>
        transports.http({ url, mode, timeoutMs, connections: concurrency, egress }),
      async headers(fresh) {
        const object = state.sinks.get(sink)?.object
        return object
          ? headers(object, fresh)
          : { ok: false, reason: 'SinkNotFound', message: `EventSink ${sink} is gone` }
      },
      record,
      failed(error) {
        metrics.loopFailures.inc({ loop: 'deliver' })
        log.error({ sink, err: error }, 'delivery met an unexpected error, goes on')
      },
      now,
      random: Math.random,
      graceMs,
    }
    loops.start(`deliver ${sink}`, (signal) => deliver(sink, deps, signal))
  }

  const operator = new Operator({
    state,
    sinks,
    subscriptions,
    namespaces,
    watches,
    outbox,
    book,
    writer,
    sources,
    formats,
    adminNamespaces: new Set(config.adminNamespaces),
    checkUrl: (url) => egress.check(url),
    headers,
    startDelivery,
    asked: () => renderer.stale(),
    dropped: (rows) => metrics.dropped.inc({ reason: 'SubscriptionDeleted' }, rows),
    forgotten(key) {
      writer.forget(key)
      statuses.forget(key)
    },
    log,
    now,
    wait: pause,
  })

  loops.start('sinks', (signal) => sinks.run(signal))
  loops.start('subscriptions', (signal) => subscriptions.run(signal))
  if (namespaceReflectors.length > 0) loops.start('namespaces', (signal) => namespaces.run(signal))
  loops.start('reconcile', (signal) => operator.run(signal))
  loops.start('status', (signal) => writer.run(signal))
  loops.start('watch-states', (signal) => tellStates(signal))

  /** Marks the subscriptions of a kind whose watch came into another state, and the sinks that have room again. */
  async function tellStates(signal: AbortSignal): Promise<void> {
    const told = new Map<string, string>()
    while (!signal.aborted) {
      for (const kind of state.emitters().kinds()) {
        const { state: at } = watches.state(kind)
        if (told.get(kind) === at) continue
        told.set(kind, at)
        for (const [key, { emitter }] of state.subscriptions) {
          if (emitter?.selection.kinds.has(kind)) writer.mark(`subscription ${key}`, 'conditions')
        }
      }
      relieve(overflow)
      await pause(lookMs, signal)
    }
  }

  function refresh(): void {
    metrics.pending.reset()
    metrics.oldestPending.reset()
    for (const { sink, rows, oldest } of outbox.pending()) {
      metrics.pending.inc({ sink }, rows)
      if (oldest !== undefined) metrics.oldestPending.set({ sink }, (now() - oldest) / 1000)
    }
  }

  return {
    health: {
      refresh,
      notReady: () => (operator.ready ? undefined : 'the EventSinks and EventSubscriptions are still being read'),
    },
    async [Symbol.asyncDispose]() {
      await loops[Symbol.asyncDispose]()
      renderer.stale()
      await writer.flush(AbortSignal.timeout(graceMs))
    },
  }
}
