import { rivalOf } from '../operator/rival.ts'
import type { Metrics } from '../status/metrics.ts'
import { installOf } from './lead.ts'
import type { Ground } from './parts.ts'

type Served = Parameters<typeof rivalOf>[1]

/** Counts the statuses of ours that other installs write over, and warns of the first. */
export function watchRivals({ config, log }: Ground, metrics: Metrics) {
  const own = installOf(config)
  let isTold = false
  return (kind: 'EventSink' | 'EventSubscription', key: string, before: Served, after: Served): void => {
    const rival = rivalOf(own, before, after)
    if (rival === undefined) return
    metrics.contested.inc({ kind })
    if (isTold) return
    isTold = true
    log.warn(
      { kind, object: key, install: own, other: rival },
      'another install serves the same objects, and both send their events: give one of them a class, or other namespaces to watch',
    )
  }
}
