import type { Cluster } from '../formats/format.ts'
import type { Batch, Change } from '../kube/reflector.ts'
import type { CommitBatch, CountDelta, ObjectRecord, Outbox } from '../outbox/outbox.ts'
import type { Source } from '../sources/source.ts'
import type { Emitter, EmitterIndex, Since } from './emitter.ts'
import { type Matched, type Phase, type Routed, route } from './route.ts'

export type JudgeDeps = {
  outbox: Outbox
  emitters(): EmitterIndex
  since: Since
  cluster: Cluster
  now(): number
  /** Told of what was taken, of filters that failed, and of objects that no code of ours could read. */
  matched(matched: readonly Matched[]): void
  filterFailed(failures: Routed['filterErrors']): void
  poisoned(source: Source, change: Change, error: unknown): void
}

/** The source to judge with, and the name of the cursor. */
export type Judged = { name: string; source: Source; namespace?: string }

/** Bookmarks and objects that nobody asked for move the cursor, but are not worth a write each: at most one in this many ms. */
const idleCursorMs = 5000

/** All that a batch of changes leads to, or undefined where it leads to nothing that has to be written now. */
export function judge(watch: Judged & { lastCommit?: number }, batch: Batch, deps: JudgeDeps): CommitBatch | undefined {
  const commit: CommitBatch = {
    watch: watch.name,
    cursor: batch.cursor,
    records: [],
    forget: [],
    rows: [],
    dead: [],
    counts: [],
  }
  if (batch.phase === 'listed') {
    for (const uid of deps.outbox.known(watch.source.kind, watch.namespace))
      if (!batch.uids.has(uid)) commit.forget.push(uid)
  } else judgeChanges(watch, batch.phase, batch.changes, deps, commit)
  const now = deps.now()
  if (batch.phase === 'watch' && isEmpty(commit) && now - (watch.lastCommit ?? 0) < idleCursorMs) return undefined
  if (batch.phase !== 'watch' && batch.phase !== 'listed' && isEmpty(commit)) return undefined
  watch.lastCommit = now
  return commit
}

const isEmpty = (commit: CommitBatch) =>
  commit.records.length + commit.forget.length + commit.rows.length + commit.dead.length + commit.counts.length === 0

function judgeChanges(
  watch: Judged,
  phase: Phase,
  changes: readonly Change[],
  deps: JudgeDeps,
  commit: CommitBatch,
): void {
  const emitters = deps.emitters()
  const wanted: { change: Change; takers: readonly Emitter[] }[] = []
  const gone: string[] = []
  for (const change of changes) {
    const takers = emitters.forObject(watch.source.kind, namespaceOf(change))
    if (takers.length > 0) wanted.push({ change, takers })
    else if (change.type === 'delete') gone.push(change.object.metadata.uid)
  }
  // Nobody wants them now, but somebody may have.
  if (gone.length > 0) commit.forget.push(...deps.outbox.records(gone).keys())
  if (wanted.length === 0) return
  const records = deps.outbox.records(wanted.map(({ change }) => change.object.metadata.uid))
  const written = new Map<string, ObjectRecord>()
  const matched: Matched[] = []
  const now = deps.now()
  for (const { change, takers } of wanted) {
    const { object } = change
    const { uid } = object.metadata
    try {
      const routed = route({
        source: watch.source,
        object,
        phase,
        record: written.get(uid) ?? records.get(uid),
        emitters: takers,
        since: deps.since,
        cluster: deps.cluster,
        now,
      })
      if (routed.record) written.set(uid, routed.record)
      commit.rows.push(...routed.rows)
      commit.dead.push(...routed.dead)
      commit.counts.push(...routed.counts)
      matched.push(...routed.matched)
      if (routed.filterErrors.length > 0) deps.filterFailed(routed.filterErrors)
    } catch (error) {
      deps.poisoned(watch.source, change, error)
    }
    if (change.type === 'delete' && phase !== 'refresh') {
      written.delete(uid)
      commit.forget.push(uid)
    }
  }
  commit.records = [...written.values()]
  commit.counts = sumCounts(commit.counts)
  if (matched.length > 0) deps.matched(matched)
}

/** A batch that waited for long, without what it holds for subscriptions that were deleted meanwhile. */
export function withoutForgotten(commit: CommitBatch, exists: (subscriptionUid: string) => boolean): CommitBatch {
  const isWanted = ({ subscriptionUid }: { subscriptionUid: string }) => exists(subscriptionUid)
  const { rows, dead, counts } = commit
  return { ...commit, rows: rows.filter(isWanted), dead: dead.filter(isWanted), counts: counts.filter(isWanted) }
}

const namespaceOf = (change: Change): string => change.object.metadata.namespace ?? ''

/** One entry per subscription and sink, however many milestones a batch held. */
export function sumCounts(deltas: readonly CountDelta[]): CountDelta[] {
  const sums = new Map<string, CountDelta>()
  for (const delta of deltas) {
    const key = `${delta.subscriptionUid} ${delta.sink}`
    const sum = sums.get(key) ?? { ...delta, counts: {} }
    if (!sums.has(key)) sums.set(key, sum)
    for (const [name, value] of Object.entries(delta.counts) as [keyof CountDelta['counts'], number][]) {
      sum.counts[name] = (sum.counts[name] ?? 0) + value
    }
  }
  return [...sums.values()]
}
