import type { ObjectRecord } from '../../outbox/outbox.ts'
import type { Milestone } from '../../sources/source.ts'
import type { RouteInput } from './routing.ts'

/** What the milestones of a change depend on. */
export type MilestonesInput = Pick<RouteInput, 'source' | 'object' | 'phase' | 'gone'> & {
  record: Pick<ObjectRecord, 'projection'> | undefined
}

/** All that a change tells of an object, in the order in which it happened; `defined` is what subscriptions define of it. */
export function milestonesOf(
  { source, object, phase, record, gone }: MilestonesInput,
  defined: readonly Milestone[] = [],
): Milestone[] {
  const deletion = gone && source.deletion(object, gone)
  const last = deletion ? [deletion] : []
  // Remains are no state: all that the object's states told was told when they were seen.
  if (gone?.missed) return last
  const derived = source.milestones(object)
  const observed = phase === 'refresh' ? [] : source.transitions(record?.projection, object)
  return [...derived, ...observed, ...defined, ...last].sort(inOrder)
}

const inOrder = (a: Milestone, b: Milestone) => a.time - b.time || a.rank - b.rank
