import { isDeepStrictEqual } from 'node:util'
import type { KubeObject } from '../api/object.ts'
import { activate } from './activation.ts'
import { forgetSinks, forgetSubscriptions, goneSubscriptions, knownSinks } from './forget.ts'
import type { OperatorDeps } from './operator-deps.ts'
import { Pulse } from './pulse.ts'
import { oldestFirst, Standings } from './quotas/standings.ts'
import { type Reached, reachedBy } from './recovery/namespaces-seen.ts'
import { asksForForce, requestedAt, wantedOf } from './requests.ts'
import { isLookedAtAgain, judgeSink } from './sink.ts'
import { wasStalled } from './subscription.ts'
import { Tenancy } from './tenancy/tenancy.ts'
import { closedSinks, openedSinks, understanding } from './understand.ts'

/** A Secret or sink that is missing is looked for again so often. */
const waitingMs = 30_000

/**
 * Brings what runs in line with what is declared: level by level, by key, again and again.
 * Keys are `sink namespace/name` and `subscription namespace/name`, as in the status writer.
 */
export class Operator {
  private readonly deps: OperatorDeps
  /** `subscription namespace/name`, `sink namespace/name`: whose conditions are to be told. */
  private readonly untold = new Set<string>()
  private readonly dirty = new Set<string>()
  private readonly again = new Map<string, number>()
  private readonly pulse = new Pulse()
  /** Fires when some sink's runtime changed. */
  readonly sinkChanged = new Pulse()
  /** Sinks that may be gone while a delivery to them runs, or something is kept of it. */
  private readonly gone = new Set<string>()
  /** Subscriptions that are gone, of which something may still be kept: by uid, `namespace/name`. */
  private readonly leaving = new Map<string, string>()
  /** Sinks that are judged anew for the policy alone, and whether what they refer to is known. All deliveries look once, after the last. */
  private readonly rejudged = new Map<string, boolean>()
  private first = true
  private readonly understand: ReturnType<typeof understanding>
  private readonly tenancy: Tenancy
  readonly standings: Standings

  constructor(deps: OperatorDeps) {
    this.deps = deps
    this.tenancy = new Tenancy(deps)
    this.understand = understanding(deps)
    this.standings = new Standings(deps.policy, (kind, key) => this.judgeAnew([key], kind))
  }

  get ready(): boolean {
    return !this.first
  }

  /** A CR came, changed or went. Our own writes of status come back too, and mean nothing. */
  changed(kind: 'sink' | 'subscription', key: string, before?: KubeObject, after?: KubeObject): void {
    if (before && after && before.metadata.uid === after.metadata.uid && wantedOf(before) === wantedOf(after)) return
    if (key !== '') this.dirty.add(`${kind} ${key}`)
    if (kind === 'sink') this.rejudged.delete(key)
    this.pulse.fire()
  }

  /** The administrator decides otherwise than before. `references`: also on what sinks may refer to. */
  policyChanged(references: boolean): void {
    for (const key of this.deps.subscriptions.objects.keys()) this.dirty.add(`subscription ${key}`)
    for (const key of this.deps.sinks.objects.keys()) {
      // What was to be read anew still is.
      const known = this.rejudged.get(key) ?? !this.dirty.has(`sink ${key}`)
      if (known || this.rejudged.has(key)) this.rejudged.set(key, known && !references)
      this.dirty.add(`sink ${key}`)
    }
    this.pulse.fire()
  }

  /** Labels of a namespace decide what cluster-wide subscriptions see: what came into reach is looked through. */
  namespaceChanged(name: string, before: KubeObject | undefined, after: KubeObject | undefined): void {
    // All of them are listed, maybe after sinks and subscriptions: what waits for that can begin.
    if (name === '') this.pulse.fire()
    else if (!after) this.deps.state.namespaceGone(name, before?.metadata.labels ?? {})
    if (name !== '' && !isDeepStrictEqual(before?.metadata.labels, after?.metadata.labels))
      this.judgeAnew(this.tenancy.namespaceChanged(name))
    if (name === '' || !after) return
    this.look(reachedBy({ name, before, after }, this.deps.state.compiled()))
  }

  private look(reached: readonly Reached[]): void {
    this.deps.namespacesSeen.look(reached).catch((error: unknown) => {
      this.deps.log.warn({ err: error }, 'what came into reach was not looked through to the end')
    })
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const over = new AbortController()
      const either = AbortSignal.any([signal, over.signal])
      const wake = this.pulse.next(either)
      const { sinks, subscriptions, namespaces } = this.deps
      const isKnown = sinks.synced && subscriptions.synced && namespaces.synced
      if (isKnown) await this.reconcile()
      const soonest = Math.min(...(isKnown ? this.again.values() : []), this.deps.now() + 60_000)
      await Promise.race([wake, this.deps.wait(Math.max(1, soonest - this.deps.now()), either)])
      over.abort()
    }
  }

  private async reconcile(): Promise<void> {
    const { lookingBack, namespacesSeen, outbox, recovery, sinks, state, subscriptions } = this.deps
    const now = this.deps.now()
    for (const [key, at] of this.again) if (at <= now) this.dirty.add(key)
    if (this.first) {
      // Subscriptions that were deleted while the operator was away.
      const present = subscriptions.objects.values().map((object) => object.metadata.uid)
      for (const [uid, key] of goneSubscriptions(new Set(present), this.deps)) this.leaving.set(uid, key)
      await recovery.restore([...subscriptions.objects.values()])
    }
    const keys = oldestFirst(this.dirty, this.deps)
    this.dirty.clear()
    try {
      await this.reconcileKeys(keys)
    } catch (error) {
      for (const key of keys) this.dirty.add(key)
      throw error
    }
    state.rebuild()
    if (outbox.begun) this.tell()
    const hasLeft = this.leaving.size > 0
    await forgetSubscriptions(this.leaving, this.deps)
    await lookingBack.keep()
    if (this.first) await recovery.begin([...state.subscriptions.values()], [...sinks.objects.values()])
    // Not before: a status without the counts and gaps that a life begins with would be all that the next one knows of them.
    this.tell()
    await this.deps.watches.want(this.kinds())
    lookingBack.begin()
    if (this.first) this.look(namespacesSeen.since(this.deps.state.compiled()))
    await namespacesSeen.keep()
    for (const { sink } of this.deps.outbox.pending()) {
      this.deps.startDelivery(sink)
      this.gone.add(sink)
    }
    // Of sinks that were deleted while the operator was away, or before the last subscription that something is counted of.
    if (this.first || hasLeft) for (const sink of knownSinks(outbox)) this.gone.add(sink)
    await forgetSinks(this.gone, this.deps)
    this.first = false
  }

  /** Not before changes meet the subscription: who reads that it is Ready counts on hearing all that happens from then on. */
  private tell(): void {
    for (const key of this.untold) this.deps.writer.mark(key, 'conditions')
    this.untold.clear()
  }

  /** What is to be watched: what is selected, and what something is owed of, until that is dropped and counted. */
  private kinds(): Set<string> {
    const owed = this.deps.outbox.owing().map(({ source }) => source)
    return this.deps.state.emitters().kinds().union(new Set(owed))
  }

  private async reconcileKeys(keys: readonly string[]): Promise<void> {
    const sinks = keys.filter((one) => one.startsWith('sink ')).map((one) => one.slice(5))
    for (const key of sinks) await this.reconcileSink(key)
    if (sinks.length > 0) this.sinkChanged.fire()
    const subscriptions = keys.filter((one) => one.startsWith('subscription ')).map((one) => one.slice(13))
    for (const key of subscriptions) await this.reconcileSubscription(key)
  }

  private async reconcileSink(key: string): Promise<void> {
    const { deps } = this
    const object = deps.sinks.objects.get(key)
    const before = deps.state.sinks.get(key)
    this.again.delete(`sink ${key}`)
    let concerned: ReadonlySet<string>
    const rejudged = this.rejudged.get(key)
    this.rejudged.delete(key)
    const known = rejudged === true && before?.readiness.kind === 'ready'
    const standing = this.standings.sink(key, object)
    if (!object) {
      deps.state.sinks.delete(key)
      concerned = this.tenancy.sinkChanged(key, undefined)
      this.untold.delete(`sink ${key}`)
      deps.forgotten(`sink ${key}`)
      deps.book.forgetSink(key, false)
      this.gone.add(key)
      // With the sink, the limit that reading may be waiting at is gone.
      await deps.outbox.retryNow(key)
    } else {
      if (before && before.object.metadata.uid !== object.metadata.uid) deps.book.forgetSink(key, false)
      const asked =
        requestedAt(object) !== (before ? requestedAt(before.object) : object.status?.lastHandledReconcileAt)
      if (asked) deps.asked()
      if (asksForForce(object, before?.object)) await deps.sendAgain({ sink: key })
      const checks = standing.ok ? await deps.checkSink(object, asked, known) : standing
      const state = judgeSink(object, checks, deps.policy())
      deps.state.sinks.set(key, state)
      concerned = this.tenancy.sinkChanged(key, object)
      if (isLookedAtAgain(state.readiness)) this.again.set(`sink ${key}`, deps.now() + waitingMs)
      // At first sight it is the delivery that knows whether anything has changed, by what it has kept.
      const isChanged =
        before?.runtime?.epoch !== state.runtime?.epoch || before?.readiness.reason !== state.readiness.reason
      if (before && isChanged) {
        deps.book.revive(key)
        await deps.outbox.retryNow(key)
      }
      if (deps.outbox.begun) deps.writer.mark(`sink ${key}`, 'conditions')
      else this.untold.add(`sink ${key}`)
      deps.startDelivery(key)
    }
    if (rejudged === undefined) this.sinkChanged.fire()
    this.judgeAnew(concerned)
  }

  private judgeAnew(keys: Iterable<string>, kind = 'subscription'): void {
    for (const key of keys) this.dirty.add(`${kind} ${key}`)
    if (this.dirty.size > 0) this.pulse.fire()
  }

  private async reconcileSubscription(key: string): Promise<void> {
    const { deps } = this
    const object = deps.subscriptions.objects.get(key)
    const before = deps.state.subscriptions.get(key)
    this.again.delete(`subscription ${key}`)
    if (before && before.object.metadata.uid !== object?.metadata.uid) {
      deps.state.subscriptions.delete(key)
      this.leaving.set(before.object.metadata.uid, key)
    }
    if (!object) {
      deps.state.subscriptions.delete(key)
      this.tenancy.gone(key)
      this.standings.subscription(key, undefined)
      this.untold.delete(`subscription ${key}`)
      deps.forgotten(`subscription ${key}`)
      return
    }
    if (asksForForce(object, before?.object)) await deps.sendAgain({ subscriptionUid: object.metadata.uid })
    if (requestedAt(object) !== (before && requestedAt(before.object))) deps.asked()
    const handled = before ? requestedAt(before.object) : object.status?.lastHandledReconcileAt
    if (requestedAt(object) !== handled) deps.state.acknowledged.set(object.metadata.uid, deps.now())
    if (before && before.object.metadata.generation !== object.metadata.generation)
      deps.book.forgive(object.metadata.uid)
    const uses = this.tenancy.uses(object)
    this.tenancy.judged(key, object, uses, before?.object)
    const understood = await this.understand(object, uses, requestedAt(object) !== handled, before)
    const { state, spec } = this.standings.served(key, understood)
    const { emitter } = state
    if (state.credentials) this.again.set(`subscription ${key}`, deps.now() + waitingMs)
    if (emitter && spec) {
      const opened = openedSinks(before, state)
      deps.lookingBack.add(emitter, activate(emitter, spec, deps.state.activations, deps.serverNow(), opened))
      deps.lookingBack.setAside(emitter, closedSinks(before, state))
      // After a loss of the disk the checkpoint, which stood meanwhile, tells what is to be sent.
      if (deps.outbox.begun && wasStalled(object, before)) deps.lookingBack.again(emitter)
    }
    deps.state.subscriptions.set(key, state)
    this.untold.add(`subscription ${key}`)
  }
}
