import type { Cluster, Lookup } from '../../formats/format.ts'
import type { Batch, Change, RelistReason } from '../../kube/reflector.ts'
import type { CommitBatch, CountDelta, NewGap, ObjectRecord, Outbox } from '../../outbox/outbox.ts'
import type { Gone, Source } from '../../sources/source.ts'
import { activationKey, isPending } from '../activation.ts'
import type { Replayed, Replays } from '../control/replays.ts'
import type { Emitter, EmitterIndex, Since } from '../emitter.ts'
import { type Room, unlimited } from '../overflow/admit.ts'
import { dropCounts, lostWith } from '../overflow/owed.ts'
import type { Floor } from '../recovery/floors.ts'
import { route } from './route.ts'
import type { Matched, Phase, Routed, RouteInput } from './routing.ts'

export type JudgeDeps = {
  outbox: Outbox
  emitters(): EmitterIndex
  since: Since
  cluster: Cluster
  /** What a watch's list has to know of an earlier life whose disk was lost; undefined where that is nothing. */
  floor?(watch: string): Floor | undefined
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

/** `replayed`: what replays are told of once the rest is durable. */
export type Judgement = CommitBatch & { replayed: Replayed[] }

/** The source to judge with, and the name of the cursor. */
export type Judged = { name: string; source: Source; namespace?: string }

/** Bookmarks and objects that nobody asked for move the cursor, but are not worth a write each: at most one in this many ms. */
const idleCursorMs = 5000

/** All that a batch of changes leads to, or undefined where it leads to nothing that has to be written now. */
export function judge(
  watch: Judged & { lastCommit?: number },
  batch: Batch,
  deps: JudgeDeps,
  room: Room = unlimited,
): Judgement | undefined {
  const commit: Judgement = {
    watch: watch.name,
    cursor: batch.cursor,
    records: [],
    forget: [],
    rows: [],
    dead: [],
    counts: [],
    replayed: [],
  }
  const work: Work = { deps, room, commit, dropped: [] }
  if (batch.phase === 'listed') {
    commit.listed = true
    const gaps = deps.missed?.(watch, batch.reason) ?? []
    if (gaps.length > 0) commit.gaps = gaps
    judgeMissing(watch, batch.uids, work)
  } else judgeChanges(watch, batch.phase, batch.changes, work)
  if (work.dropped.length > 0) tellDropped(work)
  const now = deps.now()
  if (batch.phase === 'watch' && isEmpty(commit) && now - (watch.lastCommit ?? 0) < idleCursorMs) return undefined
  if (batch.phase !== 'watch' && batch.phase !== 'listed' && isEmpty(commit)) return undefined
  watch.lastCommit = now
  return commit
}

/** A batch on its way to be a commit. */
type Work = { deps: JudgeDeps; room: Room; commit: Judgement; dropped: Routed['dropped'] }

const isEmpty = ({ records, forget, rows, dead, counts, replayed }: Judgement) =>
  records.length + forget.length + rows.length + dead.length + counts.length + replayed.length === 0

/** A change, and who may want what it tells. `gone` where the object is. */
type Wanted = { change: Change; takers: readonly Emitter[]; gone: Gone | undefined }

function judgeChanges(watch: Judged, phase: Phase, changes: readonly Change[], work: Work): void {
  const { deps, room } = work
  const emitters = deps.emitters()
  const deletion = { at: deps.now(), missed: false }
  const wanted: Wanted[] = []
  const unwanted: Change[] = []
  for (const change of changes) {
    const isGone = change.type === 'delete' && phase !== 'refresh'
    const takers = emitters.forObject(watch.source.name, namespaceOf(change), isGone)
    if (takers.length > 0) wanted.push({ change, takers, gone: isGone ? deletion : undefined })
    else if (isGone || room.mayOwe()) unwanted.push(change)
  }
  // Nobody wants them now, but somebody may have.
  const known = unwanted.length === 0 ? undefined : recordsOf(unwanted, deps.outbox)
  for (const change of unwanted) {
    const record = known?.get(change.object.metadata.uid)
    if (!record) continue
    if (change.type === 'delete' && phase !== 'refresh') leave(record, watch.source, work)
    else if (record.owed) wanted.push({ change, takers: [], gone: undefined })
  }
  if (wanted.length === 0) return
  const records = recordsOf(
    wanted.map(({ change }) => change),
    deps.outbox,
  )
  const floor = phase === 'list' ? deps.floor?.(watch.name) : undefined
  judgeWanted({ source: watch.source, phase, since: deps.since, floor }, wanted, records, work)
}

const recordsOf = (changes: readonly Change[], outbox: Outbox) =>
  outbox.records(changes.map(({ object }) => object.metadata.uid))

/** So many records are looked at in one go: a list may lack all that there ever was. */
const missingAtOnce = 256

/**
 * What the ledger knows and a complete list no longer holds went while nobody watched. What had not come to its end is told by its
 * remains, to those for whom it was looked through while it was there: those with an activation that is kept.
 */
function judgeMissing({ source, namespace }: Judged, listed: ReadonlySet<string>, work: Work): void {
  const { deps } = work
  const missing = [...deps.outbox.known(source.name, namespace)].filter((uid) => !listed.has(uid))
  if (missing.length === 0) return
  const kept = deps.outbox.activations()
  const since: Since = (...of) => {
    const from = kept.get(activationKey(...of))
    return from === undefined || isPending(from) ? undefined : from
  }
  const gone = { at: deps.now(), missed: true }
  const emitters = deps.emitters()
  for (let first = 0; first < missing.length; first += missingAtOnce) {
    const records = deps.outbox.records(missing.slice(first, first + missingAtOnce))
    const wanted: Wanted[] = []
    for (const record of records.values()) {
      const { resourceVersion, remains } = record
      const takers = remains ? emitters.forObject(source.name, remains.metadata.namespace ?? '', true) : []
      if (!remains || takers.length === 0) leave(record, source, work)
      else {
        const object = { ...remains, metadata: { ...remains.metadata, resourceVersion } }
        wanted.push({ change: { type: 'delete', object }, takers, gone })
      }
    }
    judgeWanted({ source, phase: 'list', since }, wanted, records, work)
  }
}

function judgeWanted(
  given: Pick<RouteInput, 'source' | 'phase' | 'since' | 'floor'>,
  wanted: readonly Wanted[],
  records: ReadonlyMap<string, ObjectRecord>,
  { deps, room, commit, dropped }: Work,
): void {
  const written = new Map<string, ObjectRecord>()
  const matched: Matched[] = []
  const replays = given.phase !== 'watch' && deps.replays?.any ? deps.replays : undefined
  const now = deps.now()
  const known: Lookup = (...name) => deps.outbox.named(...name)
  for (const { change, takers, gone } of wanted) {
    const { object } = change
    const { uid } = object.metadata
    const record = written.get(uid) ?? records.get(uid)
    try {
      const replay =
        replays && !gone ? (emitter: Emitter) => replays.windowOf(emitter.uid, given.source.name, uid) : undefined
      const of = { object, record, emitters: takers, cluster: deps.cluster, known, now, gone, room, replay }
      const routed = route({ ...given, ...of })
      if (routed.record) written.set(uid, routed.record)
      commit.rows.push(...routed.rows)
      commit.dead.push(...routed.dead)
      commit.counts.push(...routed.counts)
      matched.push(...routed.matched)
      dropped.push(...routed.dropped)
      commit.replayed.push(...routed.replayed)
      if (routed.filterErrors.length > 0) deps.filterFailed(routed.filterErrors)
      if (routed.formatErrors.length > 0) deps.formatFailed(routed.formatErrors)
    } catch (error) {
      deps.poisoned(given.source, change, error)
      if (gone && record) dropped.push(...lostWith(record, given.source, room))
    }
    if (!gone) continue
    written.delete(uid)
    forget(commit, uid, record)
  }
  commit.records.push(...written.values())
  commit.counts = sumCounts(commit.counts)
  if (matched.length > 0) deps.matched(matched)
}

/** What is gone, with nothing to be told of it: nor will what is owed. */
function leave(record: ObjectRecord, source: Source, { commit, dropped, room }: Work): void {
  forget(commit, record.uid, record)
  dropped.push(...lostWith(record, source, room))
}

/** What other objects' events link to is remembered for a while. */
function forget(commit: Judgement, uid: string, record: ObjectRecord | undefined): void {
  commit.forget.push(uid)
  if (record?.chain === undefined) return
  const { source, namespace, name, chain, seen: keys } = record
  commit.remember ??= []
  commit.remember.push({ source, namespace, name, uid, chain, keys })
}

function tellDropped({ commit, dropped, room }: Work): void {
  const { counts, gaps } = dropCounts(dropped)
  commit.counts = sumCounts([...commit.counts, ...counts])
  commit.gaps = [...(commit.gaps ?? []), ...gaps]
  room.dropped(dropped.reduce((sum, one) => sum + one.deliveries, 0))
}

/** A batch that was judged before the emitters changed, without what it holds for subscriptions that are gone. */
export function withoutForgotten(commit: Judgement, exists: (subscriptionUid: string) => boolean): Judgement {
  const isWanted = ({ subscriptionUid }: { subscriptionUid: string }) => exists(subscriptionUid)
  const { rows, dead, counts, gaps } = commit
  const kept = { rows: rows.filter(isWanted), dead: dead.filter(isWanted), counts: counts.filter(isWanted) }
  // What nobody would ever take up must not be owed.
  const records = commit.records.map(({ owed, ...record }) => ({
    ...record,
    ...(owed && { owed: ofThose(owed, exists) }),
  }))
  return { ...commit, ...kept, records, ...(gaps && { gaps: gaps.filter(isWanted) }) }
}

const ofThose = (owed: Record<string, string[]>, exists: (subscriptionUid: string) => boolean) =>
  Object.fromEntries(Object.entries(owed).filter(([pair]) => exists(pair.split(' ')[0] ?? '')))

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
