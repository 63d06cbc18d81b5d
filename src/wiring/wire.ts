import type { EventSubscription } from '../api/generated.ts'
import { fullJitter, pause } from '../kube/backoff.ts'
import { Replays } from '../operator/control/replays.ts'
import { Loops } from '../operator/loops.ts'
import type { Operator } from '../operator/operator.ts'
import type { Overflow } from '../operator/overflow/overflow.ts'
import { takeUp } from '../operator/overflow/take-up.ts'
import { OperatorState } from '../operator/state.ts'
import { NamespaceWatch } from '../operator/tenancy/namespace-watch.ts'
import type { Outbox } from '../outbox/outbox.ts'
import type { SqliteOutbox } from '../outbox/sqlite.ts'
import { StatusBook } from '../status/book.ts'
import type { Metrics } from '../status/metrics.ts'
import { accessReader } from './access.ts'
import { createCatchUps } from './archive.ts'
import { watchConfig } from './config-watch.ts'
import { controlHandlers } from './control.ts'
import { expireDeadLetters, reviveDeps } from './dead-letters.ts'
import { deliveryStarter } from './deliveries.ts'
import type { Leadership } from './lead.ts'
import { createOperator } from './operator.ts'
import { createOverflow, takeUpDeps } from './overflow.ts'
import { type Fence, type Ground, now, type Parts } from './parts.ts'
import { createQuotas, gaugeThrottled, tellThrottled } from './quotas.ts'
import { recovering, tellCheckpoints, tellLast } from './recovery.ts'
import { watchSilence } from './silence.ts'
import { createStatuses, tellStates } from './statuses.ts'
import { watchTektonSink } from './tekton-sink.ts'
import { collections, createWatches, observeDeps } from './watches.ts'

/** How long a stop waits for the last statuses to be written. */
const flushMs = 5_000

/** What /readyz and /metrics ask. */
export type Health = { refresh(): void; notReady(): string | undefined }

/** The operator's parts put together and started; disposing stops them in order, with nothing left under way. */
export function wire(
  ground: Ground,
  outbox: SqliteOutbox,
  metrics: Metrics,
  leadership: Pick<Leadership, 'fence' | 'lost'>,
) {
  const wired = connect(ground, outbox, metrics, leadership)
  const { parts, operator, overflow, recover } = wired
  start(wired)
  return {
    /** What the operator's socket answers. */
    handlers: (version: string) => controlHandlers({ ...parts, ...wired }, version),
    health: {
      refresh() {
        gaugePending(metrics, outbox, overflow)
        gaugeThrottled(metrics, parts.quotas)
        const { sinks, subscriptions } = operator.standings.refused()
        metrics.refused.set({ kind: 'EventSink' }, sinks)
        metrics.refused.set({ kind: 'EventSubscription' }, subscriptions)
      },
      notReady: () => (operator.ready ? undefined : 'the EventSinks and EventSubscriptions are still being read'),
    },
    async [Symbol.asyncDispose]() {
      await parts.loops[Symbol.asyncDispose]()
      parts.quotas.quota.paces[Symbol.dispose]()
      // What a damaged outbox counts is told to nobody, and where another instance works it is that one which tells.
      if (outbox.damaged.aborted || leadership.lost.aborted) return
      parts.renderer.stale()
      tellLast(parts, recover)
      await Promise.all([recover.since.write(), parts.writer.flush(AbortSignal.timeout(flushMs))])
    },
  }
}

type Wired = ReturnType<typeof connect>

/** Some parts ask each other: whoever is made first is given a function that gives the other. */
function connect(
  ground: Ground,
  outbox: SqliteOutbox,
  metrics: Metrics,
  leadership: Pick<Leadership, 'fence' | 'lost'>,
) {
  const fence: Fence = (stop) => leadership.fence(stop)
  const leads = () => !leadership.lost.aborted
  const book = new StatusBook()
  const seed = (one: EventSubscription) => recover.checkpoints.seed(one)
  const served = collections(
    ground,
    metrics,
    book,
    () => operator,
    seed,
    () => namespaces.need('grants'),
  )
  const { subscriptions } = served
  const namespaces = new NamespaceWatch({
    collection: served.namespaces,
    start: () => loops.start('namespaces', (signal) => served.namespaces.run(signal)),
    after: (ms) => void setTimeout(() => operator.namespaceChanged('', undefined, undefined), ms).unref(),
    now,
  })
  const declared = { ...served, namespaces }
  const labelsOf = (name: string) => {
    const namespace = namespaces.objects.get(`/${name}`)
    return namespace && (namespace.metadata.labels ?? {})
  }
  const state = new OperatorState(new Map(), labelsOf, () => ground.policy().defaults)
  const ofTekton = { sink: undefined, due: false }
  const quotas = createQuotas(ground.policy)
  const told = createStatuses({ ground, outbox, metrics, book, state, ofTekton, quotas }, () => ({
    overflow,
    recover,
    watches,
    catchUps,
  }))
  const loops = createLoops(ground, metrics)
  const shared = { ground, outbox, metrics, book, loops, state, fence, ofTekton, quotas }
  const parts: Parts = { ...shared, ...told, replays: new Replays() }
  const recover = recovering(
    parts,
    () => watches,
    () => overflow,
    namespaces.objects,
  )
  const overflow = createOverflow(parts)
  const access = accessReader(ground)
  const startDelivery = deliveryStarter(
    parts,
    access,
    (signal) => operator.sinkChanged.next(signal),
    leads,
    (key) => subscriptions.objects.get(key),
  )
  const catchUps = createCatchUps(
    parts,
    recover,
    () => watches,
    () => observing,
  )
  const observing = observeDeps(parts, recover, overflow, startDelivery, catchUps)
  const watches = createWatches(parts, observing)
  const exists = (uid: string) => [...subscriptions.objects.values()].some(({ metadata }) => metadata.uid === uid)
  const reviving = reviveDeps(parts, exists)
  const operator: Operator = createOperator(parts, { declared, recover, watches, reviving, access, startDelivery })
  return { parts, declared, recover, overflow, startDelivery, watches, catchUps, reviving, operator, access }
}

function start({ parts, declared, recover, overflow, startDelivery, watches, catchUps, operator }: Wired): void {
  const { ground, loops, writer } = parts
  loops.start('sinks', (signal) => declared.sinks.run(signal))
  loops.start('subscriptions', (signal) => declared.subscriptions.run(signal))
  const needNamespaces = () => {
    if (ground.policy().adminNamespaces.size > 0) declared.namespaces.need('admins')
  }
  needNamespaces()
  watchConfig(parts, (before) => {
    needNamespaces()
    operator.policyChanged(before.requireCredentialLabel !== ground.policy().requireCredentialLabel)
  })
  loops.start('reconcile', (signal) => operator.run(signal))
  loops.start('status', (signal) => writer.run(signal))
  loops.start('since', (signal) => recover.since.run(signal))
  loops.start('checkpoints', (signal) => tellCheckpoints(parts, recover, signal))
  loops.start('watch-states', (signal) => tellStates(parts, watches, signal))
  loops.start('throttled', (signal) => tellThrottled(parts, signal))
  loops.start('silence', (signal) => watchSilence(parts, { recover, overflow, startDelivery }, signal))
  loops.start('take-up', (signal) => takeUp(takeUpDeps(parts, overflow, watches), signal))
  if (catchUps) loops.start('archive', (signal) => catchUps.run(signal))
  const { tektonConfigNamespace } = ground.config
  if (tektonConfigNamespace !== undefined)
    loops.start('tekton-sink', (signal) => watchTektonSink(parts, tektonConfigNamespace, signal))
  loops.start('dead-letters', (signal) => expireDeadLetters(parts, operator.sinkChanged, signal))
}

const createLoops = ({ log }: Ground, metrics: Metrics): Loops =>
  new Loops({
    log,
    pause: (attempt, signal) => pause(fullJitter(attempt, Math.random), signal),
    failed: (key) => metrics.loopFailures.inc({ loop: key.split(' ')[0] ?? key }),
  })

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
