import { pause } from '../kube/backoff.ts'
import { type Chosen, pruneDeadLetters, type ReviveDeps, reviveDeadLetters } from '../operator/control/dead-letters.ts'
import type { Pulse } from '../operator/pulse.ts'
import { forgetSink } from '../status/metrics.ts'
import { now, type Parts } from './parts.ts'

/** Dead letters are kept for hours and days: so often is often enough to look which of them go. */
const lookMs = 60_000
/** Changes of sinks come in swarms. */
const leastMs = 1_000

/** What sending dead letters again needs. `exists`: whether there is a subscription of this uid. */
export const reviveDeps = ({ outbox, state }: Parts, exists: (uid: string) => boolean): ReviveDeps => ({
  outbox,
  exists,
  maxEventBytes: (sink) => state.maxEventBytes(sink),
  now,
})

/** What forceAt asks for. */
export const sendAgain =
  ({ ground: { log } }: Parts, deps: ReviveDeps) =>
  async (chosen: Chosen): Promise<void> => {
    const { revived, orphaned, tooLarge } = await reviveDeadLetters(chosen, deps)
    log.info({ ...chosen, revived, orphaned, tooLarge }, 'dead letters are sent again, as forceAt asks')
  }

/** Drops dead letters that are too old or too many, every minute and when a sink was changed. */
export async function expireDeadLetters(parts: Parts, sinkChanged: Pulse, signal: AbortSignal): Promise<void> {
  const { metrics, outbox, state, writer } = parts
  /** Sinks that are gone: what is told of their last dead letters is read until the next look. */
  const leaving = new Set<string>()
  const expired = (sink: string, letters: number) => {
    metrics.deadLettersExpired.inc({ sink }, letters)
    if (!state.sinks.has(sink)) leaving.add(sink)
    writer.mark(`sink ${sink}`, 'counters')
  }
  while (!signal.aborted) {
    const changed = new AbortController()
    const either = AbortSignal.any([signal, changed.signal])
    const woken = sinkChanged.next(either)
    const kept = outbox.deadLetterSizes()
    for (const sink of leaving) {
      leaving.delete(sink)
      if (!state.sinks.has(sink) && !kept.has(sink) && outbox.size(sink) === 0) await forgetSink(metrics, sink)
    }
    await pruneDeadLetters({ outbox, keep: (sink) => state.deadLetters(sink), expired, now })
    await pause(leastMs, signal)
    await Promise.race([woken, pause(lookMs, either)])
    changed.abort()
  }
}
