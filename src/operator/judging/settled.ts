import { fields, stampedWrite } from '../../sources/read.ts'
import type { RouteInput } from './routing.ts'

/** Labels may come after the end (Tekton writes them in an update of its own): so long an ended object is judged anew. */
export const settleMs = 10 * 60_000

/**
 * What was done with before this time (ms) is settled: for an object that has ended all or nothing is, of one that lasts what is so old.
 * By when the object was written: a watch that goes on after hours tells late what was written in time.
 */
export const settledBefore = ({ source, object, now, gone, phase }: RouteInput): number => {
  const ended = source.lasts ? undefined : source.endedAt(object)
  if (phase !== 'watch' || !(source.lasts || (ended !== undefined && now - ended > settleMs))) return nothingIs
  const written = gone ? undefined : stampedWrite(fields(object.metadata))
  const before = Math.min(written ?? now, now) - settleMs
  if (ended === undefined) return before
  return ended < before ? allIs : nothingIs
}

const [nothingIs, allIs] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
