import type { KubeObject } from '../../api/object.ts'
import { fields, lastWrite, time } from '../../sources/read.ts'
import { activationKey, isPending } from '../activation.ts'
import type { Since } from '../emitter.ts'
import { type Room, unlimited } from '../overflow/admit.ts'
import type { JudgeDeps, Judged, Judgement } from './judge-deps.ts'
import { judgeWanted, leave, tellDropped, type Wanted, type Work, workFor } from './work.ts'

/** So many records are looked at in one go: a list may lack all that there ever was. */
const missingAtOnce = 256

/**
 * What the ledger knows and a complete list no longer holds went while nobody watched. What had not come to its end is told by its
 * remains, to those for whom it was looked through while it was there: those with an activation that is kept. False where that is more than one
 * commit takes: the others are still missing once it is durable.
 */
export function judgeMissing({ source }: Judged, missing: readonly string[], work: Work): boolean {
  const { deps } = work
  if (missing.length === 0) return true
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
    if (judgeWanted({ source, phase: 'list', since }, wanted, records, work) < wanted.length) return false
  }
  return true
}

/**
 * Objects that are gone, as an archive has them: their last states. `missing` are those that are known and were not in the list; of others, what
 * is known is still there, or its end was seen.
 */
export function judgeArchived(
  watch: Judged,
  objects: readonly KubeObject[],
  missing: ReadonlySet<string>,
  deps: JudgeDeps,
  room: Room = unlimited,
  from = 0,
): Judgement {
  const work = workFor(watch, deps, room)
  const { source } = watch
  const records = deps.outbox.records(objects.map(({ metadata }) => metadata.uid))
  const wanted: Wanted[] = []
  for (const object of objects.slice(from)) {
    const { uid, namespace = '', deletionTimestamp } = object.metadata
    const record = records.get(uid)
    if (record && !missing.has(uid)) continue
    const takers = deps.emitters().forObject(source.name, namespace, true)
    const at = time(deletionTimestamp) ?? lastWrite(fields(object.metadata)) ?? deps.now()
    if (takers.length > 0) wanted.push({ change: { type: 'delete', object }, takers, gone: { at, missed: false } })
    else if (record) leave(record, source, work)
  }
  const floor = deps.floor?.(watch.name)
  const judged = judgeWanted({ source, phase: 'list', since: deps.since, floor }, wanted, records, work)
  const left = wanted[judged]
  if (left) work.commit.next = objects.indexOf(left.change.object)
  if (work.dropped.length > 0) tellDropped(work)
  return work.commit
}

/** The end of what `catchUps` looked for: the list counts now, and nothing more is known of what is still `missing`. */
export function judgeLeft(
  watch: Judged,
  missing: readonly string[],
  deps: JudgeDeps,
  room: Room = unlimited,
): Judgement {
  const work = workFor(watch, deps, room)
  if (judgeMissing(watch, missing, work)) work.commit.listed = true
  else work.commit.next = 0
  if (work.dropped.length > 0) tellDropped(work)
  return work.commit
}
