import { formats } from '../formats/index.ts'
import { fullJitter, pause } from '../kube/backoff.ts'
import { Loops } from '../operator/loops.ts'
import { Operator } from '../operator/operator.ts'
import type { Overflow } from '../operator/overflow.ts'
import { Renderer } from '../operator/render.ts'
import { Replays } from '../operator/replays.ts'
import { OperatorState } from '../operator/state.ts'
import { Statuses } from '../operator/statuses.ts'
import { takeUp } from '../operator/take-up.ts'
import { Watches } from '../operator/watches.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { SqliteOutbox } from '../outbox/sqlite.ts'
import { observe } from '../pipeline.ts'
import { sources } from '../sources/index.ts'
import { StatusBook } from '../status/book.ts'
import { forgetSink, type Metrics } from '../status/metrics.ts'
import { StatusWriter } from '../status/writer.ts'
import { controlHandlers } from './control.ts'
import { expireDeadLetters, reviveDeps, sendAgain } from './dead-letters.ts'
import { deliveryStarter, headersReader } from './deliveries.ts'
import { createOverflow, takeUpDeps } from './overflow.ts'
import { type Fence, type Ground, now, type Parts } from './parts.ts'
import { leave, recovering, tellCheckpoints, tellLast } from './recovery.ts'
import { storageTeller } from './storage.ts'
import { collections, createReflector, observeDeps } from './watches.ts'

/** How often the states of watches are looked at, for the conditions that tell of them. */
const lookMs = 500

/** How long a stop waits for the last statuses to be written. */
const flushMs = 5_000

/** What /readyz and /metrics ask. */
export type Health = { refresh(): void; notReady(): string | undefined }

/** The operator's parts put together and started; disposing stops them in order, with nothing left under way. */
export function wire(ground: Ground, outbox: SqliteOutbox, metrics: Metrics, fence: Fence) {
  const { client, config, egress, log } = ground
  const book = new StatusBook()
  const loops = createLoops(ground, metrics)
  const { sinks, subscriptions, namespaces } = collections(
    ground,
    metrics,
    book,
    () => operator,
    (one) => recover.checkpoints.seed(one),
  )
  const state = new OperatorState(new Map(), (name) => {
    const namespace = namespaces.objects.get(`/${name}`)
    return namespace && (namespace.metadata.labels ?? {})
  })
  const statuses = new Statuses({ client, log, metrics, now, controller: 'carillon' })
  const write = async (key: string) => {
    const rendered = renderer.render(key)
    return rendered === undefined || (await statuses.write(key, rendered))
  }
  const writer = new StatusWriter({ write, now, wait: pause })
  const parts: Parts = { ground, outbox, metrics, book, loops, state, writer, fence, replays: new Replays() }
  const recover = recovering(
    parts,
    () => watches,
    () => overflow,
    namespaces.objects,
  )
  const headers = headersReader(ground)
  const startDelivery = deliveryStarter(parts, headers, (signal) => operator.sinkChanged.next(signal))
  const overflow = createOverflow(parts, () => renderer.stale())
  const exists = (uid: string) => [...subscriptions.objects.values()].some(({ metadata }) => metadata.uid === uid)
  const reviving = reviveDeps(parts, exists)
  const observing = observeDeps(parts, recover, overflow, startDelivery, () => renderer.stale())
  const watches = new Watches({
    sources,
    namespaces: config.watchNamespaces,
    cursors: () => outbox.cursors(),
    reflector: (source, namespace, resumeFrom) =>
      createReflector(ground, metrics, source.kind, source, { namespace, resumeFrom }),
    start: (key, run) => loops.start(key, run),
    stop: (key) => loops.stop(key),
    observe: (watch, signal) => observe(watch, observing, signal),
  })
  const renderer = new Renderer({
    state,
    outbox,
    book,
    statuses,
    overflow,
    checkpoints: recover.checkpoints,
    kindState: (kind) => watches.state(kind),
    now,
  })
  const operator = new Operator({
    state,
    sinks,
    subscriptions,
    namespaces,
    watches,
    outbox,
    lookingBack: recover.lookingBack,
    recovery: recover.recovery,
    namespacesSeen: recover.namespacesSeen,
    book,
    writer,
    sources,
    formats,
    adminNamespaces: new Set(config.adminNamespaces),
    checkUrl: (url) => egress.check(url),
    headers,
    startDelivery,
    stopDelivery: (sink) => loops.stop(`deliver ${sink}`),
    ended: (sink) => void forgetSink(metrics, sink),
    sendAgain: sendAgain(parts, reviving),
    asked: () => renderer.stale(),
    dropped(rows, subscription) {
      metrics.dropped.inc({ reason: 'SubscriptionDeleted' }, rows)
      void statuses.dropped(rows, subscription)
    },
    left: (uid) => leave(parts, recover, uid),
    forgotten(key) {
      writer.forget(key)
      statuses.forget(key)
    },
    log,
    now,
    serverNow: recover.serverNow,
    wait: pause,
  })
  loops.start('sinks', (signal) => sinks.run(signal))
  loops.start('subscriptions', (signal) => subscriptions.run(signal))
  if (config.adminNamespaces.length > 0) loops.start('namespaces', (signal) => namespaces.run(signal))
  loops.start('reconcile', (signal) => operator.run(signal))
  loops.start('status', (signal) => writer.run(signal))
  loops.start('since', (signal) => recover.since.run(signal))
  loops.start('checkpoints', (signal) => tellCheckpoints(parts, recover, signal))
  loops.start('watch-states', (signal) => tellStates(parts, watches, signal))
  loops.start('take-up', (signal) => takeUp(takeUpDeps(parts, overflow, watches), signal))
  loops.start('dead-letters', (signal) => expireDeadLetters(parts, operator.sinkChanged, signal))
  return {
    /** What the operator's socket answers. */
    handlers: (version: string) =>
      controlHandlers({ ...parts, operator, renderer, watches, reviving, startDelivery }, version),
    health: {
      refresh: () => gaugePending(metrics, outbox, overflow),
      notReady: () => (operator.ready ? undefined : 'the EventSinks and EventSubscriptions are still being read'),
    },
    async [Symbol.asyncDispose]() {
      await loops[Symbol.asyncDispose]()
      // What a damaged outbox counts is told to nobody.
      if (outbox.damaged.aborted) return
      renderer.stale()
      tellLast(parts, recover)
      await Promise.all([recover.since.write(), writer.flush(AbortSignal.timeout(flushMs))])
    },
  }
}

const createLoops = ({ log }: Ground, metrics: Metrics): Loops =>
  new Loops({
    log,
    pause: (attempt, signal) => pause(fullJitter(attempt, Math.random), signal),
    failed: (key) => metrics.loopFailures.inc({ loop: key.split(' ')[0] ?? key }),
  })

/** Marks the subscriptions of a kind whose watch came into another state, and tells of the state of the disk. */
async function tellStates(parts: Parts, watches: Watches, signal: AbortSignal) {
  const { state, writer } = parts
  const told = new Map<string, string>()
  const tellStorage = storageTeller(parts)
  while (!signal.aborted) {
    tellStorage()
    for (const kind of state.emitters().kinds()) {
      const { state: at } = watches.state(kind)
      if (told.get(kind) === at) continue
      told.set(kind, at)
      for (const [key, { emitter }] of state.subscriptions) {
        if (emitter?.selection.kinds.has(kind)) writer.mark(`subscription ${key}`, 'conditions')
      }
    }
    await pause(lookMs, signal)
  }
}

function gaugePending(metrics: Metrics, outbox: Outbox, overflow: Overflow): void {
  metrics.owed.reset()
  for (const [sink, objects] of overflow.owedObjects()) metrics.owed.set({ sink }, objects)
  metrics.pending.reset()
  metrics.oldestPending.reset()
  metrics.deadLettersKept.reset()
  for (const [sink, kept] of outbox.deadLetterSizes()) metrics.deadLettersKept.set({ sink }, kept)
  for (const { sink, rows, oldest } of outbox.pending()) {
    metrics.pending.inc({ sink }, rows)
    if (oldest !== undefined) metrics.oldestPending.set({ sink }, (now() - oldest) / 1000)
  }
}
