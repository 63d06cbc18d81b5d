/** The whole story: what is watched becomes rows of the outbox; rows become deliveries. */

import type { DeliveryDeps } from './delivery/delivery-deps.ts'
import { SinkDelivery } from './delivery/sink-delivery.ts'
import type { Batch } from './kube/reflector.ts'
import { type JudgeDeps, type Judged, type Judgement, judge, withoutForgotten } from './operator/judging/judge.ts'
import { persist } from './operator/judging/persist.ts'
import type { Room } from './operator/overflow/admit.ts'
import type { Outbox } from './outbox/outbox.ts'
import type { Source } from './sources/source.ts'

/** A watched resource: its source, and the name under which its cursor is kept (`TaskRun`, or `TaskRun/team-a`). */
export type Watch = {
  name: string
  readonly source: Source
  batches(signal: AbortSignal): AsyncIterable<Batch>
}

export type ObserveDeps = JudgeDeps & {
  outbox: Outbox
  /** Where one batch's rows may be written down. */
  room(): Room & Disposable
  /** Whether this instance still leads; waits while that is not known. */
  fence(signal: AbortSignal): Promise<boolean>
  /** Whether a subscription, by its uid, is still there. */
  exists(subscriptionUid: string): boolean
  observed(watch: Judged, commit: Judgement): void
  /** Told of each batch once all that it led to, if anything, is durable. */
  passed(watch: Watch, batch: Batch): void
}

/**
 * Watch → milestones → route → commit. Everything that a batch leads to is durable before the next is read; of a killed process all of it is, or none, but
 * for what is so much that it goes in parts.
 */
export async function observe(watch: Watch, deps: ObserveDeps, signal: AbortSignal): Promise<void> {
  for await (const batch of watch.batches(signal)) {
    if (!(await write(watch, (room, from) => judge(watch, batch, deps, room, from), deps, signal))) return
    deps.passed(watch, batch)
  }
}

/** Makes durable what is judged to follow, if anything does: in parts, one after the other, where it is much. False where that is over. */
export async function write(
  watch: Judged,
  judged: (room: Room, from: number) => Judgement | undefined,
  deps: ObserveDeps,
  signal: AbortSignal,
): Promise<boolean> {
  for (let from: number | undefined = 0; from !== undefined; ) {
    const at: number = from
    const part = await writePart(watch, (room) => judged(room, at), deps, signal)
    if (!part) return false
    from = part.next
  }
  return true
}

const nothing: Pick<Judgement, 'next'> = {}

async function writePart(
  watch: Judged,
  judged: (room: Room) => Judgement | undefined,
  deps: ObserveDeps,
  signal: AbortSignal,
): Promise<Pick<Judgement, 'next'> | undefined> {
  const asked = deps.emitters()
  using room = deps.room()
  const judgement = judged(room)
  if (!judgement) return nothing
  const current = async () => {
    if (!(await deps.fence(signal))) return undefined
    return asked === deps.emitters() ? judgement : withoutForgotten(judgement, deps.exists)
  }
  const commit = await persist(deps.outbox, current, signal)
  if (!commit) return undefined
  deps.observed(watch, commit)
  return commit
}

/** Claim → send → decide → settle → record, for one sink, until `signal` aborts. */
export async function deliver(sink: string, deps: DeliveryDeps, signal: AbortSignal): Promise<void> {
  await using delivery = new SinkDelivery(sink, deps)
  await delivery.run(signal)
}
