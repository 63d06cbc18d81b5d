import type { EventSubscription } from '../../api/generated.ts'
import type { Outbox } from '../../outbox/outbox.ts'
import type { Emitter } from '../emitter.ts'
import type { SubscriptionState } from '../state.ts'
import type { KindWatch } from '../watches.ts'
import { checkpointOf, type Observed } from './checkpoint.ts'
import type { LookingBack } from './looking-back.ts'

export type CheckpointDeps = {
  observed: Pick<Observed, 'at' | 'onServer'>
  outbox: Pick<Outbox, 'lowWater'>
  /** By `<subscription uid> <sink>`, of those that are owed something: when the earliest of its objects was written, true where nobody knows. */
  owed(): ReadonlyMap<string, number | true>
  lookingBack: Pick<LookingBack, 'isUnderWay'>
  watchesOf(kind: string): readonly KindWatch[]
  serverNow(): number
}

/** What was true at one moment. What is observed comes to be owed or waits, what is owed comes to wait: looked at in this order, nothing is missed. */
type Look = {
  observed: Map<string, number | undefined>
  /** By watch: up to when all must be in, as it is read without a fault; later than `observed` where little comes. */
  read: Map<string, number | undefined>
  owed: ReadonlyMap<string, number | true>
  lowWater: ReadonlyMap<string, number>
}

/** A watch through which nothing comes is opened anew after 90 s: a stall is found out within so long. */
const unnoticedMs = 100_000

/** The checkpoints of all subscriptions and sinks: as told last, and as they are now. */
export class Checkpoints {
  private readonly deps: CheckpointDeps
  /** By `<subscription uid> <sink>`. */
  private readonly told = new Map<string, number>()
  private seen: Look = { observed: new Map(), read: new Map(), owed: new Map(), lowWater: new Map() }

  constructor(deps: CheckpointDeps) {
    this.deps = deps
  }

  /** What an earlier process told; what is known better stays. */
  seed({ metadata, status }: EventSubscription): void {
    for (const { namespace, name, checkpoint } of status?.sinks ?? []) {
      const key = `${metadata.uid} ${namespace}/${name}`
      const time = Date.parse(checkpoint ?? '')
      if (!Number.isNaN(time) && !this.told.has(key)) this.told.set(key, Math.min(time, this.deps.serverNow()))
    }
  }

  forget(subscriptionUid: string): void {
    for (const key of this.told.keys()) if (key.startsWith(`${subscriptionUid} `)) this.told.delete(key)
  }

  /** Looks at everything that checkpoints depend on, for the calls of `of` to come. */
  look(kinds: Iterable<string>): void {
    const { deps } = this
    const observed = new Map<string, number | undefined>()
    const read = new Map<string, number | undefined>()
    const reliable = deps.serverNow() - unnoticedMs
    for (const kind of kinds) {
      for (const { name, absentAt, watchingSince } of deps.watchesOf(kind)) {
        const absent = absentAt === undefined ? undefined : deps.observed.onServer(absentAt)
        observed.set(name, latest(deps.observed.at(name), absent))
        const isReliable = watchingSince !== undefined && deps.observed.onServer(watchingSince) <= reliable
        read.set(name, latest(observed.get(name), isReliable ? reliable : undefined))
      }
    }
    this.seen = { observed, read, owed: deps.owed(), lowWater: deps.outbox.lowWater() }
  }

  /** The checkpoint, which counts as told from now on; undefined while there is none. */
  of(state: SubscriptionState, sink: string): number | undefined {
    const { uid } = state.object.metadata
    const key = `${uid} ${sink}`
    const { lowWater, owed } = this.seen
    const checkpoint = checkpointOf({
      told: this.told.get(key),
      observed: this.observedBy(state),
      lowWater: lowWater.get(key),
      owed: owed.get(key),
      // Nor does it move while nothing may be written down for the sink.
      lookingBack:
        state.emitter !== undefined &&
        (isClosed(state.emitter, sink) || this.deps.lookingBack.isUnderWay(state.emitter)),
    })
    if (checkpoint !== undefined) this.told.set(key, checkpoint)
    return checkpoint
  }

  /**
   * Up to when all that a subscription could match is in; undefined while that is not known, or the past is looked through. Of the last look. It may be
   * told, but nothing is settled by it: who has to be sure goes by `of`.
   */
  observedUntil(state: SubscriptionState): number | undefined {
    const observed = this.observedBy(state, this.seen.read)
    const isOpen = state.emitter === undefined || this.deps.lookingBack.isUnderWay(state.emitter)
    return isOpen || observed.length === 0 || observed.includes(undefined)
      ? undefined
      : Math.min(...(observed as number[]))
  }

  /** How far the checkpoint that was told last lies behind what could be told now (ms), of the sink where that is most. */
  lag({ object, emitter }: SubscriptionState): number {
    const observed = this.observedBy({ object, stalled: undefined, emitter })
    if (!emitter || observed.length === 0 || observed.includes(undefined)) return 0
    const reached = Math.min(...(observed as number[]))
    const behind = emitter.sinks.map(({ key }) => {
      const pair = `${emitter.uid} ${key}`
      const now = Math.min(reached, this.seen.lowWater.get(pair) ?? reached)
      return now - (this.told.get(pair) ?? 0)
    })
    return Math.max(0, ...behind)
  }

  private observedBy({ emitter }: SubscriptionState, times = this.seen.observed): (number | undefined)[] {
    const observed: (number | undefined)[] = []
    for (const kind of emitter?.selection.kinds.keys() ?? []) {
      const watches = this.deps.watchesOf(kind)
      if (watches.length === 0) observed.push(undefined)
      for (const { name, namespace } of watches) {
        if (namespace !== undefined && emitter && !emitter.clusterWide && emitter.namespace !== namespace) continue
        observed.push(times.get(name))
      }
    }
    return observed
  }
}

const isClosed = ({ closed }: Emitter, sink: string): boolean => closed.some(({ key }) => key === sink)

const latest = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.max(one, other)
