import type { Cluster } from '../../formats/format.ts'
import type { Batch, Change, RelistReason } from '../../kube/reflector.ts'
import type { CommitBatch, NewGap, Outbox } from '../../outbox/outbox.ts'
import type { Source } from '../../sources/source.ts'
import type { Replayed, Replays } from '../control/replays.ts'
import type { EmitterIndex, Since } from '../emitter.ts'
import type { Floor } from '../recovery/floors.ts'
import type { Matched, Routed } from './routing.ts'

export type JudgeDeps = {
  outbox: Outbox
  emitters(): EmitterIndex
  since: Since
  cluster: Cluster
  /** What a watch's list has to know of an earlier life whose disk was lost; undefined where that is nothing. */
  floor?(watch: string): Floor | undefined
  /** What came and went unseen, where that is looked for elsewhere. */
  catchUps?: {
    /**
     * Told of each complete list, and of what is known and not in it. True where that is looked for: it is judged later then, with what is found, and
     * until then the outbox knows nothing of the list.
     */
    open(watch: Judged, listed: Listed, missing: readonly string[]): boolean
    /** Whether that is under way: the cursor stands meanwhile, so that a process that is killed begins with the list once more. */
    holds(watch: string): boolean
  }
  /** What may have been missed, by whom, where the list had to be made since the watch's place was too old. */
  missed?(watch: Judged, reason: RelistReason): NewGap[]
  now(): number
  /** Told of what was taken, of filters that failed, and of objects that no code of ours could read. */
  matched(matched: readonly Matched[]): void
  filterFailed(failures: Routed['filterErrors']): void
  formatFailed(failures: Routed['formatErrors']): void
  poisoned(source: Source, change: Change, error: unknown): void
  replays?: Pick<Replays, 'any' | 'windowOf'>
}

/**
 * `replayed`: what replays are told of once the rest is durable. `next`: it is only a part, as more would not fit into memory; once it is durable the
 * same is judged again, from that index on.
 */
export type Judgement = CommitBatch & { replayed: Replayed[]; next?: number }

export type Listed = Batch & { phase: 'listed' }

/** The source to judge with, and the name of the cursor. */
export type Judged = { name: string; source: Source; namespace?: string }
