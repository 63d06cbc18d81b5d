import { setImmediate as turn } from 'node:timers/promises'
import type { EventSubscription } from '../../../src/api/generated.ts'
import type { KubeObject } from '../../../src/api/object.ts'
import { defaultPolicy } from '../../../src/api/policy.ts'
import { sinkUrl } from '../../../src/api/sink-url.ts'
import { accept } from '../../../src/api/verdict.ts'
import { formats } from '../../../src/formats/index.ts'
import { pause } from '../../../src/kube/backoff.ts'
import type { Batch, Reflector } from '../../../src/kube/reflector.ts'
import { activationKey, pendingOf } from '../../../src/operator/activation.ts'
import { Loops } from '../../../src/operator/loops.ts'
import { Operator } from '../../../src/operator/operator.ts'
import { Overflow } from '../../../src/operator/overflow/overflow.ts'
import { listsFor } from '../../../src/operator/overflow/take-up.ts'
import { Observed } from '../../../src/operator/recovery/checkpoint.ts'
import { Checkpoints } from '../../../src/operator/recovery/checkpoints.ts'
import { floorFrom } from '../../../src/operator/recovery/floors.ts'
import { LookingBack } from '../../../src/operator/recovery/looking-back.ts'
import { Recovery } from '../../../src/operator/recovery/recovery.ts'
import { SinceKeeper } from '../../../src/operator/recovery/since-keeper.ts'
import { Renderer } from '../../../src/operator/render.ts'
import { OperatorState } from '../../../src/operator/state.ts'
import { type RunningWatch, Watches } from '../../../src/operator/watches.ts'
import type { Outbox } from '../../../src/outbox/outbox.ts'
import { type ObserveDeps, observe } from '../../../src/pipeline.ts'
import { knownSources, sourceNamed, sources } from '../../../src/sources/index.ts'
import { StatusBook } from '../../../src/status/book.ts'
import { cluster as place, sink } from '../scene.ts'
import type { Cluster, Kind } from './cluster.ts'
import { Feed } from './feed.ts'

export const sinkNames = ['qe', 'audit'] as const
export const marginMs = 2_000
const cap = { rows: 6, bytes: 1e9 }

const ignore = () => undefined
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore }

export type Hooks = {
  /** Runs that are gone, and of which something may never have been seen. */
  unseen(uids: readonly string[]): void
  /** A batch was taken in, under what the operator knew when it was judged. */
  passed(batch: Batch, kind: string): void
  /** Deliveries that were dropped and counted. */
  dropped(): void
  poisoned(error: unknown): void
}

/** One process of the operator, from its start to its end: its own parts, but for the API server and the deliveries. */
export class Life {
  readonly feeds = new Map<Kind, Feed>()
  readonly operator: Operator
  readonly state = new OperatorState(new Map(), ignore)
  /** While it is shut, what was judged is not committed. */
  gate: PromiseWithResolvers<void> | undefined
  private readonly cluster: Cluster
  private readonly watches: Watches
  private readonly loops: Loops
  private readonly overflow: Overflow
  private readonly renderer: Renderer
  private readonly since: SinceKeeper
  private readonly subscriptions = new Map<string, EventSubscription>()
  private readonly checkpoints: Checkpoints

  constructor(cluster: Cluster, outbox: Outbox, hooks: Hooks) {
    this.cluster = cluster
    const now = () => cluster.now
    const { state } = this
    this.loops = new Loops({
      log: { ...silent, error: (fields: object) => hooks.poisoned((fields as { err?: unknown }).err) },
      pause: (_attempt, signal) => pause(1, signal),
      failed: ignore,
    })
    this.overflow = new Overflow({
      outbox,
      capOf: (kind) => (kind === 'sink' ? cap : { rows: 1e6, bytes: 1e9 }),
      users: (sink) => state.users(sink).size,
      owner: (uid) => state.owner(uid),
      turned: ignore,
      dropped: () => hooks.dropped(),
    })
    const observed = new Observed({ now, serverNow: now })
    this.since = new SinceKeeper({
      className: undefined,
      read: async (name) => cluster.record.get(name),
      apply: async (name, data) => void cluster.record.set(name, data),
      activations: () =>
        state.activations.entries().map(([key, at]) => [key, lookingBack.isPending(key) ? pendingOf(at) : at] as const),
      log: silent,
      random: () => 0,
      wait: pause,
    })
    const lookingBack = new LookingBack({
      state,
      outbox,
      watches: { refresh: (kind, namespace) => this.watches.refresh(kind, namespace) },
      kept: (uid) => this.since.changed(uid),
      log: silent,
    })
    this.checkpoints = new Checkpoints({
      observed,
      outbox,
      owed: () => this.owed(),
      lookingBack,
      watchesOf: (kind) => this.watches.watchesOf(kind),
      serverNow: now,
    })
    const observing: ObserveDeps = {
      outbox,
      emitters: () => state.emitters(),
      since: (...of) => state.activations.get(activationKey(...of)),
      cluster: place,
      floor: (watch) => floorFrom(outbox.floors(watch), (key) => lookingBack.isPending(key), marginMs),
      fence: (signal) => this.fence(signal),
      now,
      room: () => this.overflow.room(),
      exists: (uid) => state.hasSubscription(uid),
      matched: ignore,
      formatFailed(failures) {
        const [other] = failures
          .flatMap(({ problems }) => problems)
          .filter((one) => one.reason !== 'DeclarationInvalid')
        if (other) hooks.poisoned(new Error(other.message))
      },
      filterFailed: (failures) => hooks.poisoned(new Error(failures[0]?.message)),
      poisoned: (_source, _change, error) => hooks.poisoned(error),
      observed: ignore,
      passed(watch, batch) {
        observed.take(watch.name, batch)
        hooks.passed(batch, watch.source.kind)
      },
    }
    this.watches = new Watches({
      source: sourceNamed,
      namespaces: [],
      cursors: () => outbox.cursors(),
      reflector: (source, _namespace, resumeFrom) => this.feed(source.kind as Kind, resumeFrom, hooks),
      start: (key, run) => this.loops.start(key, run),
      stop: (key) => this.loops.stop(key),
      observe: (watch: RunningWatch, signal) => observe(watch, observing, signal),
    })
    const book = new StatusBook()
    this.renderer = new Renderer({
      state,
      outbox,
      book,
      statuses: { conditions: () => [] },
      overflow: this.overflow,
      checkpoints: this.checkpoints,
      throttled: { ofSubscription: () => undefined, ofSink: () => undefined },
      tektonSink: () => undefined,
      kindState: (kind) => this.watches.state(kind),
      now,
    })
    const recovery = new Recovery({
      outbox,
      since: this.since,
      lookingBack,
      kinds: () => Object.keys(sources),
      loss: () => 'lost',
      marginMs,
      serverNow: now,
    })
    lookingBack.restore(outbox.activations())
    for (const key of state.activations.keys()) this.since.changed(key.slice(0, key.indexOf(' ')))
    this.operator = new Operator({
      state,
      sinks: {
        objects: new Map(sinkNames.map((name) => [`team-a/${name}`, sink({}, { name, uid: `uid-${name}` })])),
        synced: true,
      },
      subscriptions: { objects: this.subscriptions, synced: true },
      namespaces: { objects: new Map<string, KubeObject>(), synced: true },
      watches: this.watches,
      outbox,
      lookingBack,
      recovery,
      namespacesSeen: { since: () => [], look: async () => undefined, keep: async () => undefined },
      book,
      writer: { mark: ignore },
      sources: knownSources,
      formats,
      policy: () => defaultPolicy,
      checkSink: async (sink) => ({ url: accept(new URL(sinkUrl(sink))), credentials: accept({ headers: {} }) }),
      ownCredentials: async () => accept(undefined),
      startDelivery: ignore,
      stopDelivery: async () => undefined,
      ended: ignore,
      sendAgain: async () => undefined,
      asked: ignore,
      dropped: ignore,
      forgotten: ignore,
      left: (uid) => {
        lookingBack.forget(uid)
        this.checkpoints.forget(uid)
        this.since.changed(uid)
      },
      log: silent,
      now,
      serverNow: now,
      wait: pause,
    })
    for (const name of sinkNames) this.operator.changed('sink', `team-a/${name}`, undefined, sink({}, { name }))
    // A process looks at what is owed before it does anything else.
    this.overflow.look(() => false)
  }

  private feed(kind: Kind, resumeFrom: string | undefined, hooks: Hooks): Reflector {
    const feed = new Feed(this.cluster, kind, resumeFrom, hooks.unseen)
    this.feeds.set(kind, feed)
    const dispose = async () => {
      if (this.feeds.get(kind) === feed) this.feeds.delete(kind)
    }
    return Object.assign(feed, { resource: () => undefined, [Symbol.asyncDispose]: dispose }) as unknown as Reflector
  }

  private async fence(signal: AbortSignal): Promise<boolean> {
    if (!this.gate) return !signal.aborted
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    await Promise.race([this.gate.promise, aborted])
    return !signal.aborted
  }

  private owed(): Map<string, number | true> {
    const owed = new Map<string, number | true>()
    if (!this.overflow.mayOwe()) return owed
    for (const { emitter } of this.state.subscriptions.values()) {
      for (const { key } of emitter?.sinks ?? []) {
        const at = emitter && this.overflow.heldAt(emitter.uid, key)
        if (emitter && at !== undefined) owed.set(`${emitter.uid} ${key}`, at === 'unknown' ? true : at)
      }
    }
    return owed
  }

  /** The operator takes note of what is declared now, and brings what runs in line with it. */
  async reconcile(): Promise<void> {
    const declared = new Map([...this.cluster.subscriptions].map(([name, { object }]) => [`team-a/${name}`, object]))
    for (const key of new Set([...this.subscriptions.keys(), ...declared.keys()])) {
      const [before, after] = [this.subscriptions.get(key), declared.get(key)]
      if (before === after) continue
      if (after && !before) this.checkpoints.seed(after)
      if (after) this.subscriptions.set(key, after)
      else this.subscriptions.delete(key)
      this.operator.changed('subscription', key, before, after)
    }
    const stop = new AbortController()
    const running = this.operator.run(stop.signal)
    await turn()
    stop.abort()
    await running
    await this.since.write()
  }

  /** Writes the statuses of the subscriptions that the operator knows. */
  async tell(): Promise<void> {
    this.renderer.stale()
    for (const [key, { object }] of this.state.subscriptions) {
      const name = object.metadata.name
      const declared = this.cluster.subscriptions.get(name)
      const status = this.renderer.render(`subscription ${key}`)?.status as EventSubscription['status']
      if (!declared || declared.object.metadata.uid !== object.metadata.uid || !status) continue
      declared.object = { ...declared.object, status }
    }
    await this.since.write()
  }

  /** Opens what was full where there is room, and asks for the lists that would take up what is owed. */
  takeUp(): void {
    const { owing } = this.overflow.look((kind) => this.watches.watchesOf(kind).length > 0)
    for (const kind of listsFor(owing, (to) => this.overflow.takes(to, this.state.namespacesOf(to))).keys())
      this.watches.refresh(kind, 'team-a').catch(ignore)
  }

  /** As a kill would end it. */
  async end(): Promise<void> {
    await this.loops[Symbol.asyncDispose]()
  }
}
