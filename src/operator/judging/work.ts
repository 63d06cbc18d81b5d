import type { Lookup } from '../../formats/format.ts'
import type { Change } from '../../kube/reflector.ts'
import type { CountDelta, ObjectRecord, Outbox } from '../../outbox/outbox.ts'
import type { Gone, Source } from '../../sources/source.ts'
import type { Emitter } from '../emitter.ts'
import type { Room } from '../overflow/admit.ts'
import { dropCounts, lostWith } from '../overflow/owed.ts'
import type { JudgeDeps, Judged, Judgement } from './judge-deps.ts'
import { route } from './route.ts'
import type { Matched, Routed, RouteInput } from './routing.ts'
import { weightOf } from './spending.ts'

/** So much of the heap (bytes, about) the rows of one commit may take, and those of one object besides. */
const mostAtOnce = 4 * 1024 * 1024

/** A batch on its way to be a commit. `weight`: of its rows. */
export type Work = { deps: JudgeDeps; room: Room; commit: Judgement; dropped: Routed['dropped']; weight: number }

export const workFor = ({ name: watch }: Judged, deps: JudgeDeps, room: Room): Work => {
  const commit: Judgement = { watch, records: [], forget: [], rows: [], dead: [], counts: [], replayed: [] }
  return { deps, room, commit, dropped: [], weight: 0 }
}

/** A change, and who may want what it tells. `gone` where the object is. */
export type Wanted = { change: Change; takers: readonly Emitter[]; gone: Gone | undefined }

export const recordsOf = (changes: readonly Change[], outbox: Outbox) =>
  outbox.records(changes.map(({ object }) => object.metadata.uid))

/** Gives how many of those wanted were judged: the others would be too much for this commit. */
export function judgeWanted(
  given: Pick<RouteInput, 'source' | 'phase' | 'since' | 'floor'>,
  wanted: readonly Wanted[],
  records: ReadonlyMap<string, ObjectRecord>,
  work: Work,
): number {
  const { deps, room, commit, dropped } = work
  const written = new Map<string, ObjectRecord>()
  const matched: Matched[] = []
  const replays = given.phase !== 'watch' && deps.replays?.any ? deps.replays : undefined
  const now = deps.now()
  const known: Lookup = (...name) => deps.outbox.named(...name)
  let judged = 0
  for (const { change, takers, gone } of wanted) {
    if (work.weight > mostAtOnce) break
    let isPart = false
    const { object } = change
    const { uid } = object.metadata
    const record = written.get(uid) ?? records.get(uid)
    try {
      const replay =
        replays && !gone ? (emitter: Emitter) => replays.windowOf(emitter.uid, given.source.name, uid) : undefined
      const of = {
        object,
        lacks: change.lacks,
        record,
        emitters: takers,
        cluster: deps.cluster,
        known,
        now,
        gone,
        room,
        replay,
      }
      const routed = route({ ...given, ...of })
      isPart = routed.isPart
      if (routed.record) written.set(uid, routed.record)
      work.weight += weightOf(routed.rows) + weightOf(routed.dead)
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
    if (isPart) break
    judged += 1
    if (!gone) continue
    written.delete(uid)
    forget(commit, uid, record)
  }
  commit.records.push(...written.values())
  commit.counts = sumCounts(commit.counts)
  if (matched.length > 0) deps.matched(matched)
  return judged
}

/** What is gone, with nothing to be told of it: nor will what is owed. */
export function leave(record: ObjectRecord, source: Source, { commit, dropped, room }: Work): void {
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

export function tellDropped({ commit, dropped, room }: Work): void {
  const { counts, gaps } = dropCounts(dropped)
  commit.counts = sumCounts([...commit.counts, ...counts])
  commit.gaps = [...(commit.gaps ?? []), ...gaps]
  room.dropped(dropped.reduce((sum, one) => sum + one.deliveries, 0))
}

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
