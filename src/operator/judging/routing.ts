import type { KubeObject } from '../../api/object.ts'
import type { Cluster, FormatProblem, Lookup } from '../../formats/format.ts'
import type { CommitBatch, ObjectRecord } from '../../outbox/outbox.ts'
import type { Gone, Milestone, Source } from '../../sources/source.ts'
import type { Replayed, ReplayWindow } from '../control/replays.ts'
import type { Emitter, Since } from '../emitter.ts'
import type { Room } from '../overflow/admit.ts'
import type { Dropped } from '../overflow/owed.ts'
import type { Floor } from '../recovery/floors.ts'

/** How an object came in. Only the watch and the list tell what comes after what; a refresh may be ahead of the watch. */
export type Phase = 'list' | 'watch' | 'refresh'

export type RouteInput = {
  source: Source
  object: KubeObject
  phase: Phase
  /** As of a Change. */
  lacks?: readonly string[] | undefined
  record: ObjectRecord | undefined
  emitters: readonly Emitter[]
  since: Since
  cluster: Cluster
  /** What is remembered of other objects. */
  known?: Lookup | undefined
  now: number
  /** The object is gone, and this its last state, or its remains. */
  gone?: Gone | undefined
  /** Without end when left out. */
  room?: Room
  /** The replay that a subscription is in, if any: for what it covers, ledger and `since` are set aside. */
  replay?: ((emitter: Emitter) => ReplayWindow | undefined) | undefined
  /** While the kind is listed for the first time after the disk was lost. */
  floor?: Floor | undefined
}

/** What an object's change leads to; merged into one CommitBatch by the caller. */
export type Routed = Pick<CommitBatch, 'rows' | 'dead' | 'counts'> & {
  /** Undefined when nothing about the object has to be remembered anew. */
  record: ObjectRecord | undefined
  matched: Matched[]
  /** What there was no room for, and what no later state tells again. */
  dropped: Dropped[]
  filterErrors: { emitter: Emitter; kind: string; message: string }[]
  /** Events that are not sent, as they would not be valid. */
  formatErrors: FormatError[]
  /** One entry for each replay that the object was looked at for. */
  replayed: Replayed[]
  /** Of an object that is gone: the rest of what it tells is owed, and goes when it is looked at again, as one that is gone. */
  isPart: boolean
}

/** What the formats of a subscription could not make of an object's milestone. */
export type FormatError = {
  emitter: Emitter
  kind: string
  object: KubeObject
  milestone: string
  problems: readonly FormatProblem[]
}

/** A milestone that a subscription took: what `status.lastMatched` tells. */
export type Matched = { emitter: Emitter; object: KubeObject; kind: string; milestone: Milestone }
