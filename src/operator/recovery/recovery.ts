import type { EventSink, EventSubscription } from '../../api/generated.ts'
import { keyOf } from '../../api/object.ts'
import { goneUid } from '../../outbox/counts.ts'
import type { CommitBatch, CountDelta, NewGap, Outbox } from '../../outbox/outbox.ts'
import { gapsTold } from '../../status/continuity.ts'
import { settledOf, suspendedSince } from '../activation.ts'
import type { SubscriptionState } from '../state.ts'
import { type Loss, lossGap } from './continuity.ts'
import { type EarlierLife, floorsFor } from './floors.ts'
import type { LookingBack } from './looking-back.ts'
import type { SinceKeeper } from './since-keeper.ts'

export type RecoveryDeps = {
  outbox: Pick<Outbox, 'begun' | 'begin' | 'activate' | 'activations' | 'commit' | 'counts' | 'gaps'>
  since: Pick<SinceKeeper, 'read'>
  lookingBack: Pick<LookingBack, 'restore'>
  /** Names of the sources that a subscription may have selected from, where nobody knows which. */
  kinds(subscription: EventSubscription): readonly string[]
  /** Why the outbox knows nothing of an earlier life, should there have been one. */
  loss(): Loss
  marginMs: number
  /** The API server's clock, ms. */
  serverNow(): number
}

/** Numbers of gaps that a status tells are taken over up to here; nobody counts further. */
const maxGaps = 1000

/**
 * The beginning of a life of which the disk knows nothing: it is a first one, or the disk was lost. What an earlier life left in the statuses
 * and in the record of `since` becomes activations and floors, before anything is watched (docs/decisions/012-checkpoints.md). Killed in
 * between, it begins once more.
 */
export class Recovery {
  private readonly deps: RecoveryDeps
  private recorded = new Map<string, number>()
  private restored = false

  constructor(deps: RecoveryDeps) {
    this.deps = deps
  }

  /** Before subscriptions are activated: what was active in an earlier life stands. */
  async restore(subscriptions: Iterable<EventSubscription>): Promise<void> {
    const { outbox, lookingBack, since } = this.deps
    if (outbox.begun || this.restored) return
    this.recorded = await since.read([...subscriptions].map((one) => one.metadata.uid))
    // What one that was killed before the life began has kept is newer than what is recorded.
    const kept = outbox.activations()
    const standing = new Map([...this.recorded].filter(([key]) => !kept.has(key)))
    // Now, not later: what is activated from here on is newer, too.
    await outbox.activate(standing)
    lookingBack.restore(standing)
    this.restored = true
  }

  /** Once they are, and before they are watched for. */
  async begin(subscriptions: readonly SubscriptionState[], sinks: readonly EventSink[]): Promise<void> {
    const { outbox } = this.deps
    if (outbox.begun) return
    const floors = new Map<string, number>()
    const gaps: NewGap[] = []
    const own = Map.groupBy(this.recorded, ([key]) => key.split(' ', 1)[0] ?? '')
    for (const { object, emitter } of subscriptions) {
      const recorded = own.get(object.metadata.uid) ?? []
      const known = [
        ...(emitter?.selection.kinds.keys() ?? this.deps.kinds(object)),
        ...recorded.map(([key]) => kindOf(key)),
      ]
      const lives = this.livesOf(object, recorded)
      const found = floorsFor(object.metadata.uid, new Set(known), lives, this.deps.marginMs)
      for (const [key, floor] of found) floors.set(key, floor)
      if (found.size > 0) gaps.push(...this.gapsOf(object, Math.min(...found.values())))
    }
    // Before the life begins: one that is killed in between tells of the loss once more, rather than not at all.
    const counts = outbox.counts().length > 0 ? [] : countsTold(subscriptions, sinks)
    if (gaps.length + counts.length > 0) await outbox.commit({ ...nothing, gaps, counts })
    await outbox.begin(floors)
    this.recorded.clear()
  }

  private livesOf(object: EventSubscription, recorded: readonly [string, number][]): Map<string, EarlierLife> {
    const lives = new Map<string, EarlierLife>()
    const now = this.deps.serverNow()
    for (const { namespace, name, checkpoint, since } of object.status?.sinks ?? [])
      lives.set(`${namespace}/${name}`, { checkpoint: past(checkpoint, now), since: past(since, now) })
    for (const [key, kept] of recorded) {
      const sink = key.split(' ')[1] ?? ''
      const since = settledOf(kept)
      const life = lives.get(sink) ?? { checkpoint: undefined, since: undefined }
      if (since !== suspendedSince) life.since = Math.min(since, life.since ?? since)
      lives.set(sink, life)
    }
    return lives
  }

  private gapsOf({ metadata, status }: EventSubscription, floor: number): NewGap[] {
    if (this.deps.outbox.gaps().has(metadata.uid)) return []
    const told = gapsTold(status?.conditions?.find(({ type }) => type === 'Continuity'))
    const gap = lossGap(metadata.uid, this.deps.loss(), floor)
    return Array.from({ length: Math.min(told, maxGaps) + 1 }, () => gap)
  }
}

/**
 * What the statuses have counted, so that they only grow. Which part of a subscription's numbers is of which sink is not told: a sink's own go on
 * beside them, as those of subscriptions that are gone.
 */
function countsTold(subscriptions: readonly SubscriptionState[], sinks: readonly EventSink[]): CountDelta[] {
  const ofSubscriptions = subscriptions.map(({ object: { metadata, status } }) => {
    const { pending: _, ...counts } = { pending: 0, ...status?.counts }
    return { subscription: keyOf({ metadata }), subscriptionUid: metadata.uid, sink: '', counts }
  })
  const ofSinks = sinks.map(({ metadata, status }) => {
    return { subscription: '', subscriptionUid: goneUid, sink: keyOf({ metadata }), counts: { ...status?.counts } }
  })
  return [...ofSubscriptions, ...ofSinks].filter(({ counts }) => Object.values(counts).some((count) => count > 0))
}

const nothing: CommitBatch = { watch: '', records: [], forget: [], rows: [], dead: [], counts: [] }

const kindOf = (key: string): string => key.split(' ')[2] ?? ''

/** A time told in a status, never one of the future: the clock that wrote it may have been ahead. */
function past(time: string | undefined, now: number): number | undefined {
  const ms = time === undefined ? Number.NaN : Date.parse(time)
  return Number.isNaN(ms) ? undefined : Math.min(ms, now)
}
