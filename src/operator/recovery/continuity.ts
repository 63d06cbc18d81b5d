import { kubeTime } from '../../api/time.ts'
import type { RelistReason } from '../../kube/reflector.ts'
import type { NewGap } from '../../outbox/outbox.ts'
import type { Source } from '../../sources/source.ts'
import type { Emitter } from '../emitter.ts'

const losses = {
  lost: { reason: 'LedgerLost', what: "the operator's data was lost" },
  damaged: { reason: 'StorageDamaged', what: "the operator's data was damaged, and set aside" },
}

/** Why nothing is known of an earlier life of the operator. */
export type Loss = keyof typeof losses

/** What an operator without its disk tells each subscription that an earlier one has served. `floor`: from when on it takes up; ms. */
export function lossGap(subscriptionUid: string, loss: Loss, floor: number): NewGap {
  const { reason, what } = losses[loss]
  const from = kubeTime(Math.max(floor, 0))
  const again = `of all objects written since ${from} everything is sent again, with the same ids`
  return { subscriptionUid, reason, message: `${what}; ${again}; what was deleted or passed unseen is not known` }
}

/** Relists in which what happened meanwhile is missing; the others are the first, and that of a resource that was not there. */
const breaks: ReadonlySet<RelistReason> = new Set(['expired', 'empty-watches', 'broken'])

export const isBreak = (reason: RelistReason): boolean => breaks.has(reason)

/** An emitter toward the kind of a watch. Times are ms, the API server's clock. */
export type Newcomer = {
  /** Whether it was never looked through what there is of the kind. */
  isPending: boolean
  /** From when on it counts, or was there. */
  since: number
  /** Up to when the watch was followed before its place was too old. */
  followed: number | undefined
  now: number
}

/** A watch that somebody has come to want begins within so long. */
const beginsMs = 60_000

/**
 * Whether a list that had to be made anew is the first that an emitter meets of a kind, and was begun for it: the place was left by others, and what
 * has passed since then was never to be told to this one.
 */
export const isNewcomer = ({ isPending, since, followed, now }: Newcomer): boolean =>
  isPending && now - since < beginsMs && (followed === undefined || since > followed)

/**
 * The gaps of a list that had to be made since the watch's place was too old: for those that select what passes between two states, and is not in
 * the later one, as all that a subscription defines may. All other derived milestones are read from what was listed, and deletions are noticed by the ledger.
 */
export function watchGaps(source: Source, reason: RelistReason, emitters: Iterable<Emitter>): NewGap[] {
  if (!isBreak(reason)) return []
  const passing = source.catalogue.filter(
    ({ name, class: of, until }) => (of === 'observed' && name !== 'deleted') || until !== undefined,
  )
  const gaps: NewGap[] = []
  for (const { uid, selection } of emitters) {
    const selected = selection.kinds.get(source.name)
    const defined = selection.defined?.get(source.name) ?? []
    const missed = [...passing.filter((row) => selected?.has(row.name)), ...defined].map(({ name }) => name)
    if (missed.length === 0) continue
    const message = `the watch of ${source.name} had to begin anew: ${missed.join(', ')} that passed meanwhile may be missing`
    gaps.push({ subscriptionUid: uid, reason: 'WatchGap', message })
  }
  return gaps
}
