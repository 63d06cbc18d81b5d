import type { Batch, Change } from '../../kube/reflector.ts'
import { type Room, unlimited } from '../overflow/admit.ts'
import { judgeMissing } from './gone.ts'
import type { JudgeDeps, Judged, Judgement, Listed } from './judge-deps.ts'
import type { Phase } from './routing.ts'
import { judgeWanted, leave, recordsOf, tellDropped, type Wanted, type Work, workFor } from './work.ts'

export type { JudgeDeps, Judged, Judgement, Listed } from './judge-deps.ts'

/** Bookmarks and objects that nobody asked for move the cursor, but are not worth a write each: at most one in this many ms. */
const idleCursorMs = 5000
/** When a cursor was reached is told so often. */
const reachedMs = 30_000

/** All that a batch of changes leads to, from one of them on, or a part of it; undefined where it leads to nothing that has to be written now. */
export function judge(
  watch: Judged & { lastCommit?: number; lastReached?: number },
  batch: Batch,
  deps: JudgeDeps,
  room: Room = unlimited,
  from = 0,
): Judgement | undefined {
  const work = workFor(watch, deps, room)
  const { commit } = work
  if (batch.phase === 'listed') judgeListed(watch, batch, work)
  else judgeChanges(watch, batch.phase, batch.changes, from, work)
  if (work.dropped.length > 0) tellDropped(work)
  if (commit.next !== undefined) return commit
  const now = deps.now()
  if (batch.phase === 'watch' && isEmpty(commit) && now - (watch.lastCommit ?? 0) < idleCursorMs) return undefined
  if (batch.phase !== 'watch' && batch.phase !== 'listed' && isEmpty(commit)) return undefined
  watch.lastCommit = now
  if (batch.cursor === undefined || deps.catchUps?.holds(watch.name)) return commit
  commit.cursor = batch.cursor
  if (now - (watch.lastReached ?? 0) >= reachedMs) commit.reached = watch.lastReached = now
  return commit
}

function judgeListed(watch: Judged, batch: Listed, work: Work): void {
  const { commit, deps } = work
  const missing = [...deps.outbox.known(watch.source.name, watch.namespace)].filter((uid) => !batch.uids.has(uid))
  if (!deps.catchUps?.open(watch, batch, missing)) {
    // What was judged is not missing any more when the rest is.
    if (!judgeMissing(watch, missing, work)) commit.next = 0
    else commit.listed = true
  }
  if (commit.next !== undefined) return
  const gaps = deps.missed?.(watch, batch.reason) ?? []
  if (gaps.length > 0) commit.gaps = gaps
}

const isEmpty = ({ records, forget, rows, dead, counts, replayed }: Judgement) =>
  records.length + forget.length + rows.length + dead.length + counts.length + replayed.length === 0

function judgeChanges(watch: Judged, phase: Phase, changes: readonly Change[], from: number, work: Work): void {
  const { deps, room } = work
  const emitters = deps.emitters()
  const deletion = { at: deps.now(), missed: false }
  const wanted: Wanted[] = []
  const unwanted: Change[] = []
  for (const change of from > 0 ? changes.slice(from) : changes) {
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
  // In the order of the changes: what is left for the next part is then all that comes behind.
  if (known) {
    const places = new Map(changes.map((change, place) => [change, place]))
    wanted.sort((a, b) => (places.get(a.change) ?? 0) - (places.get(b.change) ?? 0))
  }
  const records = recordsOf(
    wanted.map(({ change }) => change),
    deps.outbox,
  )
  const floor = phase === 'list' ? deps.floor?.(watch.name) : undefined
  const judged = judgeWanted({ source: watch.source, phase, since: deps.since, floor }, wanted, records, work)
  const left = new Set(wanted.slice(judged).map(({ change }) => change))
  if (left.size > 0) work.commit.next = changes.findIndex((change) => left.has(change))
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
