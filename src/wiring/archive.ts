import { pause } from '../kube/backoff.ts'
import { CatchUps } from '../operator/recovery/catch-ups.ts'
import type { Watches } from '../operator/watches.ts'
import { type ObserveDeps, write } from '../pipeline.ts'
import type { Parts } from './parts.ts'
import { type Recovering, reachedIn } from './recovery.ts'

/** What looks in the archive, where there is one. */
export function createCatchUps(
  { ground, metrics, outbox, state, writer }: Parts,
  { observed, serverNow }: Recovering,
  watches: () => Watches,
  observing: () => ObserveDeps,
): CatchUps | undefined {
  const { archive, log, marginMs } = ground
  const settings = ground.config.archive
  if (!archive || !settings) return undefined
  const { afterMs, reachMs } = settings
  return new CatchUps({
    archive,
    outbox,
    observed,
    isWatched: (name) => watches().has(name),
    reached: (watch) => reachedIn(state, watch).filter(({ selection }) => selection.kinds.has(watch.source.name)),
    write: (watch, judged, signal) =>
      write(watch, (room, from) => judged(observing(), room, from), observing(), signal),
    turned(source) {
      for (const [key, { emitter }] of state.subscriptions)
        if (emitter?.selection.kinds.has(source)) writer.mark(`subscription ${key}`, 'conditions')
    },
    afterMs,
    reachMs,
    marginMs,
    metrics: {
      told: (kind, objects) => metrics.archived.inc({ kind }, objects),
      failed: (kind, reason) => metrics.archiveFailures.inc({ kind, reason }),
    },
    monotonic: () => performance.now(),
    serverNow,
    random: Math.random,
    wait: pause,
    log,
  })
}
