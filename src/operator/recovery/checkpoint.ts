import type { Batch } from '../../kube/reflector.ts'
import { fields, lastWrite } from '../../sources/read.ts'

/**
 * Taken off a checkpoint, and off a `since`, when it is used; never when it is written. It covers what their times can't be trusted with: clocks of
 * several API servers that differ, the lag of a watch cache, a watch that stalls unnoticed (90 s), writes whose order is not that of their times,
 * and a record of `since` that came too late.
 */
export const marginMs = 5 * 60_000

/** So long nothing came: what came then had nothing before it that was still under way. */
const quietMs = 1000

export type Clocks = {
  /** This machine's, ms. */
  now(): number
  /** The API server's, ms, as near as its answers tell. */
  serverNow(): number
}

/**
 * Up to when each watch has been observed, and all that it led to is durable: ms, the API server's clock, by the watch's name. Never goes back.
 *
 * - After changes: the last write of the last of them. Anybody may write a time of their own into managedFields, so never later than now.
 * - After a bookmark alone: now, but only where the stream had been waited at for a second. Else events may lie behind it, in our own buffers.
 * - After a whole list: when it was asked for.
 *
 * A watch that goes on from a cursor is not known of before one of these.
 */
export class Observed {
  private readonly times = new Map<string, number>()
  private readonly clocks: Clocks

  constructor(clocks: Clocks) {
    this.clocks = clocks
  }

  /** To be told of a batch once what it led to has been committed. */
  take(watch: string, batch: Batch): void {
    const now = this.clocks.serverNow()
    if (batch.phase === 'listed') this.reach(watch, this.onServer(batch.began), now)
    if (batch.phase !== 'watch') return
    const last = batch.changes.at(-1)
    if (last) this.reach(watch, lastWrite(fields(last.object.metadata)), now)
    else if (batch.waited >= quietMs) this.reach(watch, now, now)
  }

  at(watch: string): number | undefined {
    return this.times.get(watch)
  }

  /** A time of this machine, as the API server's clock has it. */
  onServer(ms: number): number {
    return ms + this.clocks.serverNow() - this.clocks.now()
  }

  private reach(watch: string, time: number | undefined, now: number): void {
    if (time === undefined) return
    const reached = Math.min(time, now)
    if (reached > (this.times.get(watch) ?? Number.NEGATIVE_INFINITY)) this.times.set(watch, reached)
  }
}

/** What a checkpoint is made of. Times are ms, the API server's clock. */
export type CheckpointFacts = {
  /** As it was last told. */
  told: number | undefined
  /** Up to when each watch was observed that the subscription needs. */
  observed: readonly (number | undefined)[]
  /** Not after the write of any object that a delivery waits for. */
  lowWater: number | undefined
  /** When the earliest object was written that the sink is owed milestones of; true where that is not known. */
  owed: number | true | undefined
  /** Whether the past is being looked through for something that became active. */
  lookingBack: boolean
}

/**
 * The time up to which all writes to objects are settled at a sink. It stands where nothing better is known, and goes forward with what was
 * observed. It goes back only to what waits or is owed: an object written before it may be sent late (a subscription that starts in the past, a
 * dead letter revived, a namespace that came into reach), and is unsettled until then. That the watches were observed less far than before (a
 * restart, a new kind) moves it nowhere: what was settled stays so, and what a new kind had before is told by its own `since`.
 */
export function checkpointOf({ told, observed, lowWater, owed, lookingBack }: CheckpointFacts): number | undefined {
  const stands = lookingBack || owed === true || observed.length === 0 || observed.includes(undefined)
  const reached = stands ? told : Math.min(...(observed as number[]))
  if (reached === undefined) return undefined
  return Math.min(
    Math.max(reached, told ?? reached),
    lowWater ?? Number.POSITIVE_INFINITY,
    typeof owed === 'number' ? owed : Number.POSITIVE_INFINITY,
  )
}
