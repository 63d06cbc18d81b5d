import type { KubeLog } from '../../kube/log.ts'
import type { Outbox } from '../../outbox/outbox.ts'
import { type Activated, byKind, isPending, pendingOf, settledOf, standingFor, suspendedSince } from '../activation.ts'
import type { Emitter } from '../emitter.ts'
import type { OperatorState } from '../state.ts'
import type { Watches } from '../watches.ts'

/** One list that looks through what happened since these times (ms), by activation. */
type Look = { since: ReadonlyMap<string, number> }

export type LookingBackDeps = {
  state: Pick<OperatorState, 'activations'>
  outbox: Pick<Outbox, 'activate'>
  watches: Pick<Watches, 'refresh'>
  /** Told of a subscription, by its uid, whose activations were kept anew. */
  kept(subscriptionUid: string): void
  log: KubeLog
}

/**
 * Looks through what happened since an activation's time and before it was seen. The activation is durable at once, as pending, and
 * settled once the objects have been listed to the end: a process that ends in between looks once more, from the same time.
 */
export class LookingBack {
  private readonly deps: LookingBackDeps
  /** Activations whose past has not been looked through, by subscription. */
  private readonly pending = new Map<string, Set<string>>()
  /** What is being looked through, and by which look. */
  private readonly running = new Map<string, Look>()
  private readonly wanted: Activated[] = []
  /** Those that are pending because nothing may be written down for them now. */
  private readonly aside = new Set<string>()
  private readonly unwritten = new Set<string>()

  constructor(deps: LookingBackDeps) {
    this.deps = deps
  }

  /** What the outbox, or the record of an earlier life, has kept: what was pending there still is. */
  restore(kept: Iterable<readonly [key: string, since: number]>): void {
    for (const [key, since] of kept) {
      this.deps.state.activations.set(key, settledOf(since))
      if (isPending(since)) this.open(key)
    }
  }

  /** Takes what has become active, and what is pending still of the emitter, for `keep` and `begin`. */
  add(emitter: Emitter, entries: ReadonlyMap<string, number>): void {
    const { activations } = this.deps.state
    for (const [key, since] of entries) {
      activations.set(key, since)
      this.unwritten.add(key)
      if (since === suspendedSince) this.close(key)
      else this.open(key)
    }
    if (!this.isUnderWay(emitter)) return
    const isWanted = (key: string) =>
      this.isPending(key) && this.running.get(key)?.since.get(key) !== activations.get(key)
    for (const sink of emitter.sinks)
      for (const key of standingFor(emitter, [sink.key], activations)) this.aside.delete(key)
    this.wanted.push(...byKind(emitter, isWanted))
  }

  /** All that the emitter selects is to be looked through once more, each from its own time: for a while nothing was matched. */
  again(emitter: Emitter): void {
    const { activations } = this.deps.state
    const entries = new Map<string, number>()
    for (const { keys } of byKind(emitter, (key) => (activations.get(key) ?? suspendedSince) !== suspendedSince))
      for (const key of keys) entries.set(key, activations.get(key) ?? 0)
    this.add(emitter, entries)
  }

  /**
   * Nothing may be written down for some of the sinks of a subscription: what happens from now on is looked through when `add` finds that it may
   * again, in this life or the next.
   */
  setAside(emitter: Emitter, sinks: readonly string[]): void {
    const { activations } = this.deps.state
    for (const key of standingFor(emitter, sinks, activations)) {
      if (this.aside.has(key) || activations.get(key) === suspendedSince) continue
      this.aside.add(key)
      this.unwritten.add(key)
      this.running.delete(key)
      this.open(key)
    }
  }

  /** Whether it is pending for another reason than that nothing may be written down for it. */
  isUnseen(key: string): boolean {
    return this.isPending(key) && !this.aside.has(key)
  }

  isPending(key: string): boolean {
    return this.pending.get(uidOf(key))?.has(key) ?? false
  }

  /** Whether some of a subscription's past has not been looked through: of what it selects now, for only that is looked for. */
  isUnderWay(emitter: Emitter): boolean {
    return this.pending.has(emitter.uid) && byKind(emitter, (key) => this.isPending(key)).length > 0
  }

  forget(subscriptionUid: string): void {
    const { activations } = this.deps.state
    for (const key of activations.keys()) if (uidOf(key) === subscriptionUid) activations.delete(key)
    for (const keys of [this.unwritten, this.aside])
      for (const key of keys) if (uidOf(key) === subscriptionUid) keys.delete(key)
    this.pending.delete(subscriptionUid)
  }

  /** Writes down what was taken, durably; before the watches that it needs begin. */
  async keep(): Promise<void> {
    if (this.unwritten.size === 0) return
    const entries = new Map<string, number>()
    for (const key of this.unwritten) {
      const since = this.deps.state.activations.get(key) ?? 0
      entries.set(key, this.isPending(key) ? pendingOf(since) : since)
    }
    await this.write(entries)
    for (const key of entries.keys()) this.unwritten.delete(key)
  }

  /** Starts looking, once the watches run: where one has yet to list, that very list is what is looked through. */
  begin(): void {
    const { activations } = this.deps.state
    for (const { keys, ...where } of this.wanted.splice(0)) {
      const since = new Map(keys.filter((key) => this.isPending(key)).map((key) => [key, activations.get(key) ?? 0]))
      if (since.size === 0) continue
      const look = { since }
      for (const key of since.keys()) this.running.set(key, look)
      this.look(where, look).catch((error: unknown) => {
        const { kind, namespace } = where
        const told = { kind, namespace, err: error }
        this.deps.log.warn(told, 'what happened before an activation was not looked through to the end')
      })
    }
  }

  private async look({ uid, kind, namespace }: Omit<Activated, 'keys'>, look: Look): Promise<void> {
    const { state, watches } = this.deps
    try {
      await watches.refresh(kind, namespace)
      // What was suspended or forgotten meanwhile is closed; what was resumed begins at another time, and is looked through from there; what was
      // set aside has not been seen.
      const isSame = ([key, from]: [string, number]) =>
        this.isPending(key) && this.running.get(key) === look && state.activations.get(key) === from
      const seen = new Map([...look.since].filter(isSame))
      if (seen.size > 0) await this.writeSeen({ uid, kind, namespace, keys: [...seen.keys()] }, seen)
      for (const one of seen) if (isSame(one)) this.close(one[0])
    } finally {
      for (const key of look.since.keys()) if (this.running.get(key) === look) this.running.delete(key)
    }
  }

  /** Where the disk takes nothing, it is looked through once more when operator and disk come round. */
  private async writeSeen(activated: Activated, seen: ReadonlyMap<string, number>): Promise<void> {
    try {
      await this.write(seen)
    } catch (error) {
      this.wanted.push(activated)
      throw error
    }
  }

  private async write(entries: ReadonlyMap<string, number>): Promise<void> {
    await this.deps.outbox.activate(entries)
    for (const uid of new Set([...entries.keys()].map(uidOf))) this.deps.kept(uid)
  }

  private open(key: string): void {
    const uid = uidOf(key)
    const own = this.pending.get(uid) ?? new Set()
    this.pending.set(uid, own.add(key))
  }

  private close(key: string): void {
    const own = this.pending.get(uidOf(key))
    own?.delete(key)
    this.aside.delete(key)
    if (own?.size === 0) this.pending.delete(uidOf(key))
  }
}

const uidOf = (key: string): string => key.slice(0, key.indexOf(' '))
