import type { EventSink, EventSubscription } from '../api/generated.ts'
import type { CountDelta, Counts, Gaps, Outbox, Pending } from '../outbox/outbox.ts'
import type { StatusBook } from '../status/book.ts'
import type { ArchiveFacts } from '../status/continuity.ts'
import { type SinkView, summariseSink, summariseSubscription } from '../status/summarise.ts'
import type { Throttled } from '../status/throttling.ts'
import { activeSince } from './activation.ts'
import type { Overflow } from './overflow/overflow.ts'
import { type KindState, subscriptionReadiness } from './readiness.ts'
import type { Checkpoints } from './recovery/checkpoints.ts'
import { handledForceAt, requestedAt } from './requests.ts'
import type { OperatorState, SinkState, SubscriptionState } from './state.ts'
import type { Rendered, Statuses } from './statuses.ts'
import { duplicateSender, sendsAsTekton, type TektonSink } from './tekton-sink.ts'
import { failureAbroad, healthAbroad, type SinkTold, sinksTold } from './tenancy/sinks-told.ts'

export type RenderDeps = {
  state: OperatorState
  outbox: Outbox
  book: StatusBook
  statuses: Pick<Statuses, 'conditions'>
  overflow: Pick<Overflow, 'of' | 'ofSubscription'>
  /** What the quotas of namespaces slow. */
  throttled: {
    ofSubscription(namespace: string): Throttled | undefined
    ofSink(sink: string): Throttled | undefined
  }
  checkpoints: Pick<Checkpoints, 'look' | 'of'>
  kindState(kind: string): Omit<KindState, 'kind'>
  /** What is known of these kinds from the archive. */
  archive?(kinds: readonly string[]): ArchiveFacts | undefined
  /** Where Tekton sends events by itself, as far as that is looked at. */
  tektonSink(): TektonSink | undefined
  now(): number
}

/** Counting all that is pending is worth it once in so many ms, not for each of a thousand statuses. */
const countEveryMs = 1000

const zero: Counts = { matched: 0, filtered: 0, delivered: 0, retried: 0, deadLettered: 0, dropped: 0, invalid: 0 }

/** Gathers the facts of a status: what the outbox counted, what the book remembers, what reconciling found. */
export class Renderer {
  private readonly deps: RenderDeps
  private counted = {
    at: Number.NEGATIVE_INFINITY,
    pending: [] as Pending[],
    counts: [] as CountDelta[],
    deadLetters: new Map<string, number>(),
    gaps: new Map<string, Gaps>(),
  }

  constructor(deps: RenderDeps) {
    this.deps = deps
  }

  /** Undefined when the CR isn't there any more. `key` is `sink namespace/name` or `subscription namespace/name`. */
  render(key: string): Rendered | undefined {
    const [kind, name = ''] = key.split(' ')
    if (kind === 'sink') {
      const sink = this.deps.state.sinks.get(name)
      return sink && this.sink(key, name, sink)
    }
    const subscription = this.deps.state.subscriptions.get(name)
    return subscription && this.subscription(key, subscription)
  }

  /** Counts anew at the next call, whatever the time. */
  stale(): void {
    this.counted.at = Number.NEGATIVE_INFINITY
  }

  private tallies() {
    const now = this.deps.now()
    if (now - this.counted.at >= countEveryMs) {
      const { checkpoints, outbox, state } = this.deps
      checkpoints.look(state.emitters().kinds())
      this.counted = {
        at: now,
        pending: outbox.pending(),
        counts: outbox.counts(),
        deadLetters: outbox.deadLetterSizes(),
        gaps: outbox.gaps(),
      }
    }
    return this.counted
  }

  private sink(key: string, name: string, { object, readiness }: SinkState): Rendered {
    const { pending, counts, deadLetters } = this.tallies()
    const waiting = pending.filter((entry) => entry.sink === name)
    const rows = sum(waiting.map((entry) => entry.rows))
    const status = summariseSink({
      ...this.common(key, object),
      readiness,
      health: this.deps.book.health(name),
      pending: rows,
      oldestPending: oldest(waiting),
      overflow: this.deps.overflow.of(name, this.deps.state.namespacesOf(name)),
      throttled: this.deps.throttled.ofSink(name),
      counts: total(counts.filter((count) => count.sink === name)),
      deadLetters: deadLetters.get(name) ?? 0,
    })
    return { object, status }
  }

  private subscription(key: string, state: SubscriptionState): Rendered {
    const { object, emitter } = state
    const { uid } = object.metadata
    const { pending, counts, gaps } = this.tallies()
    const kinds = [...(emitter?.selection.kinds.keys() ?? [])]
    const waiting = pending.filter((entry) => entry.subscription === key.split(' ')[1])
    const status = summariseSubscription({
      ...this.common(key, object),
      readiness: subscriptionReadiness(
        state,
        this.deps.state.sinks,
        kinds.map((kind) => ({ kind, ...this.deps.kindState(kind) })),
      ),
      counts: total(counts.filter((count) => count.subscriptionUid === uid)),
      pending: sum(waiting.map((entry) => entry.rows)),
      throttled: this.throttled(key, object, waiting),
      lastMatched: this.deps.book.lastMatched(uid),
      filterErrors: this.deps.book.filterErrors(uid),
      formatErrors: this.deps.book.formatErrors(uid),
      silence: this.deps.book.silence(uid),
      gaps: gaps.get(uid),
      archive: this.deps.archive?.(kinds),
      duplicateSender: this.duplicateSender(state),
      acknowledged: this.deps.state.acknowledged.get(uid),
      sinks: sinksTold(state).map((sink) => this.view(state, sink, waiting)),
    })
    return { object, status }
  }

  /** Of a subscription that has rows; what is told already stays for as long as its namespace is slowed. */
  private throttled(key: string, object: EventSubscription, waiting: readonly Pending[]): Throttled | undefined {
    const isTold = this.deps.statuses.conditions(key, object).some(({ type }) => type === 'Throttled')
    return waiting.length > 0 || isTold
      ? this.deps.throttled.ofSubscription(object.metadata.namespace ?? '')
      : undefined
  }

  private duplicateSender({ object, emitter }: SubscriptionState) {
    const sink = this.deps.tektonSink()
    if (!sink || !sendsAsTekton(emitter, object)) return undefined
    const urls = (emitter?.sinks ?? []).flatMap(({ key }) => {
      const url = this.deps.state.sinks.get(key)?.runtime?.url
      return url === undefined ? [] : [{ key, url }]
    })
    return duplicateSender(sink, urls)
  }

  private view(state: SubscriptionState, { key: sink, isClosed }: SinkTold, waiting: readonly Pending[]): SinkView {
    const own = state.object.metadata.namespace ?? ''
    const [namespace = '', name = ''] = sink.split('/')
    const isAbroad = namespace !== own
    const since = this.since(state, sink)
    // What was never used has no history here, though dead letters may have been parked there.
    const isKnown = !isClosed || since !== undefined
    const rows = isKnown ? waiting.filter((entry) => entry.sink === sink) : []
    const { lastDelivered, lastFailure, failing } = isKnown ? this.deps.book.pair(state.object.metadata.uid, sink) : {}
    const health = isClosed ? { failures: 0 } : this.deps.book.health(sink)
    return {
      namespace,
      name,
      health: failing ? { ...health, failing } : isAbroad ? healthAbroad(health) : health,
      overflow: isClosed
        ? undefined
        : this.deps.overflow.ofSubscription(sink, own, state.emitter?.clusterWide === true),
      lastDelivered,
      lastFailure: isAbroad ? failureAbroad(lastFailure) : lastFailure,
      pending: sum(rows.map((entry) => entry.rows)),
      oldestPending: oldest(rows),
      since,
      checkpoint: this.deps.checkpoints.of(state, sink),
    }
  }

  /** While nobody understands the subscription, as it was told before. */
  private since({ object, emitter }: SubscriptionState, sink: string): number | undefined {
    if (!emitter) {
      const told = object.status?.sinks?.find(({ namespace, name }) => `${namespace}/${name}` === sink)?.since
      return told === undefined ? undefined : Date.parse(told)
    }
    return activeSince(emitter, this.deps.state.activations, [sink])
  }

  private common(key: string, object: EventSink | EventSubscription) {
    return {
      generation: object.metadata.generation ?? 0,
      previous: this.deps.statuses.conditions(key, object),
      requestedAt: requestedAt(object),
      forceAt: handledForceAt(object),
      storage: this.deps.outbox.storage(),
      now: this.deps.now(),
    }
  }
}

const sum = (values: readonly number[]): number => values.reduce((left, right) => left + right, 0)

function oldest(waiting: readonly Pending[]): number | undefined {
  const times = waiting.flatMap((entry) => entry.oldest ?? [])
  return times.length > 0 ? Math.min(...times) : undefined
}

function total(deltas: readonly CountDelta[]): Counts {
  const sums = { ...zero }
  for (const { counts } of deltas) {
    for (const name of Object.keys(zero) as (keyof Counts)[]) sums[name] += counts[name] ?? 0
  }
  return sums
}
