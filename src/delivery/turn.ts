import type { Row } from '../outbox/outbox.ts'
import type { Moment } from './clock.ts'
import type { DeliveryDeps } from './delivery-deps.ts'
import { free, freeEvents, type Gate, untilFree, untilFreeEvents } from './gate.ts'
import type { BatchPolicy, SinkRuntime } from './sink.ts'
import type { SinkQuota } from './sink-quota.ts'

/** What one look at the outbox goes by. */
export type Turn = {
  key: string
  outbox: DeliveryDeps['outbox']
  quota: SinkQuota
  moment: Moment
  sink: SinkRuntime
  /** As it is after what was launched. */
  gate(): Gate
}

/** While rows wait for a pace, others' retries may fall due among them. */
const heldLookMs = 1000

/** Claims what may go now, one event a request. Gives the ms until there is something to do again; undefined where only a ring tells. */
export function takeRows(turn: Turn, occupied: () => number, launch: (rows: Row[]) => void): number | undefined {
  const { key, outbox, quota, sink, gate } = turn
  const { now, clock } = turn.moment
  const wanted = free(gate(), sink, clock, occupied())
  if (wanted === 0) return untilFree(gate(), sink, clock, occupied())
  const places = quota.places(wanted, sink.concurrency)
  const room = quota.room()
  const rows = places > 0 && room > 0 ? outbox.claim(key, places, now, quota.pace(), room) : []
  if (rows.length > 0) launch(rows)
  if (rows.length === places) {
    if (places === wanted) return untilFree(gate(), sink, clock, occupied())
    if (places > 0 || isDue(turn)) return quota.wait()
  }
  if (quota.room() <= 0 && isDue(turn)) return quota.waitForRoom()
  return untilDue(turn)
}

/** The same for a sink that takes several events in a request. */
export function takeBatches(
  turn: Turn,
  batch: BatchPolicy & { isLast: boolean },
  { requests, bytes, launch }: { requests: () => number; bytes: () => number; launch: (rows: Row[]) => void },
): number | undefined {
  const { key, outbox, quota, sink, gate } = turn
  const { now, clock } = turn.moment
  const delayMs = batch.isLast ? 0 : batch.maxDelayMs
  const pace = quota.pace()
  for (;;) {
    const events = freeEvents(gate(), sink, clock, requests())
    if (events === 0) return untilFreeEvents(gate(), sink, clock, requests())
    if (quota.places(1, sink.concurrency) === 0) return isDue(turn, delayMs) ? quota.wait() : untilDue(turn, delayMs)
    if (quota.room() <= 0) return isDue(turn, delayMs) ? quota.waitForRoom() : untilDue(turn, delayMs)
    const rows = outbox.claimBatch(key, { rows: events, bytes: bytes(), delayMs }, now, pace)
    if (rows.length === 0) break
    launch(rows)
  }
  return untilDue(turn, batch.maxDelayMs)
}

const isDue = ({ key, outbox, moment: { now } }: Turn, delayMs = 0): boolean =>
  (outbox.nextAttempt(key, delayMs) ?? Number.POSITIVE_INFINITY) <= now

/** What is due already and was not claimed waits for its pace, and is rung for. */
function untilDue({ key, outbox, quota, moment: { now } }: Turn, delayMs = 0): number | undefined {
  const due = outbox.nextAttempt(key, delayMs)
  const isHeld = quota.isHeld()
  if (due === undefined) return undefined
  return isHeld && due <= now ? heldLookMs : Math.max(1, due - now)
}
