import type { Outbox } from '../outbox/outbox.ts'
import type { Room } from './capacity.ts'
import type { OperatorState } from './state.ts'

export type OverflowDeps = {
  state: Pick<OperatorState, 'overflowing' | 'maxPending'>
  outbox: Room['outbox'] & Pick<Outbox, 'size'>
  /** A sink came to its limit, or has room again. */
  turned(sink: string): void
}

/** A sink that was full is told to be so until it has some room, so that the condition doesn't turn with every delivery. */
const reliefAt = 0.9

/** What reading waits at; remembers which sinks it had to wait for. */
export const roomOf = ({ state, outbox, turned }: OverflowDeps): Room => ({
  outbox,
  maxPending: (sink) => state.maxPending(sink),
  full(sinks) {
    for (const sink of sinks) {
      if (state.overflowing.has(sink)) continue
      state.overflowing.add(sink)
      turned(sink)
    }
  },
})

/** Forgets the sinks that have room again. */
export function relieve({ state, outbox, turned }: OverflowDeps): void {
  for (const sink of state.overflowing) {
    if (outbox.size(sink) > reliefAt * state.maxPending(sink)) continue
    state.overflowing.delete(sink)
    turned(sink)
  }
}
