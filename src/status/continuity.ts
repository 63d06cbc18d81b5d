import type { Condition } from '../api/generated.ts'
import { kubeTime } from '../api/time.ts'
import type { Gaps } from '../outbox/outbox.ts'

/** So long after the last gap the condition stays False, unless the gap is acknowledged before. */
export const tellGapMs = 24 * 3_600_000

/** How far what came and went unseen is known from an archive; times in ms. */
export type ArchiveFacts =
  | { kind: 'failing'; from: number; message: string }
  /** So many objects were found that were gone. */
  | { kind: 'over'; at: number; objects: number }

export type ContinuityFacts = {
  gaps: Gaps | undefined
  /** The condition as it stands. */
  previous: Condition | undefined
  /** When this process was last asked for a reconciliation (requestedAt) of the subscription; ms. */
  acknowledged: number | undefined
  now: number
  archive?: ArchiveFacts | undefined
}

/** Whether the subscription may have missed something of late. The number of all gaps so far goes first: it is read from there where the disk is lost. */
export function continuity(facts: ContinuityFacts): Told {
  const known = ofGaps(facts)
  const { archive, now } = facts
  if (archive?.kind === 'failing') {
    const unread = `what came and went since ${kubeTime(archive.from)} is looked for in the archive, which can't be read`
    const message = `${known.message}; ${unread}: ${archive.message}; it is tried again`
    return { status: 'False', reason: 'ArchiveUnreachable', message }
  }
  if (archive === undefined || now - archive.at >= tellGapMs) return known
  const objects = archive.objects === 1 ? '1 object' : `${archive.objects} objects`
  return { ...known, message: `${known.message}; of ${objects} that came and went meanwhile the archive told` }
}

type Told = Pick<Condition, 'status' | 'reason' | 'message'>

function ofGaps(facts: ContinuityFacts): Told {
  const { gaps } = facts
  if (!gaps || gaps.count === 0) return { status: 'True', reason: 'Continuous', message: 'no gap is known' }
  const count = gaps.count === 1 ? '1 gap' : `${gaps.count} gaps`
  const message = `${count} so far, the last at ${kubeTime(gaps.time)}: ${gaps.message}`
  return isOver(facts, gaps.time)
    ? { status: 'True', reason: 'Continuous', message }
    : { status: 'False', reason: gaps.reason, message }
}

/** The gaps that a condition tells of. */
export const gapsTold = (condition: Condition | undefined): number =>
  Number(/^(\d+) gaps? so far/.exec(condition?.message ?? '')?.[1] ?? 0)

/** A condition that turned True after the gap was acknowledged then, by whichever process. */
function isOver({ previous, acknowledged, now }: ContinuityFacts, gap: number): boolean {
  if (now - gap >= tellGapMs) return true
  if (acknowledged !== undefined && acknowledged > gap) return true
  return previous?.status === 'True' && Date.parse(previous.lastTransitionTime) > gap
}
