import type { EventSubscription } from '../api/generated.ts'
import { refuse } from '../api/verdict.ts'
import type { AttemptRecord } from '../delivery/attempt.ts'
import type { DeliveryDeps } from '../delivery/delivery-deps.ts'
import type { SinkRuntime } from '../delivery/sink.ts'
import { transports } from '../delivery/transports/index.ts'
import { ownSecret } from '../operator/tenancy/sink-uses.ts'
import type { Row } from '../outbox/outbox.ts'
import { StorageError } from '../outbox/trouble.ts'
import { deliver } from '../pipeline.ts'
import type { AccessReader } from './access.ts'
import { type Ground, now, type Parts } from './parts.ts'

/** Starts the delivery to a sink, where it doesn't run already. */
export function deliveryStarter(
  parts: Parts,
  access: AccessReader,
  sinkChanged: (signal: AbortSignal) => Promise<void>,
  leads: () => boolean,
  /** As it is declared; by `namespace/name`. */
  subscription: (key: string) => EventSubscription | undefined,
) {
  const { ground, loops, metrics, outbox, quotas, state } = parts
  const depsOf = (sink: string): DeliveryDeps => ({
    outbox,
    sink: () => state.sinks.get(sink)?.runtime,
    sinkChanged,
    transport: transportTo(ground),
    async access(fresh: boolean) {
      const object = state.sinks.get(sink)?.object
      return object ? access(object, fresh) : refuse('SinkNotFound', `EventSink ${sink} is gone`)
    },
    ownCredentials(row: Row, fresh: boolean) {
      const object = subscription(row.subscription)
      if (object?.metadata.uid !== row.subscriptionUid) return undefined
      const secret = ownSecret(object, sink)
      return secret === undefined ? undefined : access.own(object.metadata.namespace ?? '', secret, fresh)
    },
    absent: () => (state.sinks.has(sink) ? ('unusable' as const) : ('missing' as const)),
    missingMaxAgeMs: () => ground.policy().defaults.retry.maxAge,
    quota: quotas.quota,
    sendsLast: leads,
    record: recorder(parts, sink),
    parked: (parking: string) => startDelivery(parking),
    failed(error: unknown) {
      // Told once for all, and no fault of this loop: it goes on when the disk does.
      if (error instanceof StorageError) return
      metrics.loopFailures.inc({ loop: 'deliver' })
      ground.log.error({ sink, err: error }, 'delivery met an unexpected error, goes on')
    },
    now,
    random: Math.random,
    graceMs: ground.config.graceMs,
  })
  // Also where one comes to its end just now: what it was asked for goes on after that.
  const startDelivery = (sink: string): void =>
    loops.start(`deliver ${sink}`, (signal) => deliver(sink, depsOf(sink), signal))
  return startDelivery
}

/** The way to a sink, through the one door out. */
export const transportTo =
  ({ egress, services }: Ground) =>
  ({ key, url, service, mode, validation, timeoutMs, concurrency }: SinkRuntime) =>
    transports.http({
      namespace: key.slice(0, key.indexOf('/')),
      url,
      mode,
      validation,
      timeoutMs,
      connections: concurrency,
      egress,
      endpoints: service && ((fresh) => services.endpoints(service, fresh)),
    })

/** Takes attempts into metrics, book and status. */
function recorder({ book, metrics, state, writer }: Parts, sink: string) {
  const seconds = metrics.attemptSeconds.labels({ sink })
  const delivered = metrics.delivered.labels({ sink })
  return (attempt: AttemptRecord): void => {
    const { outcome, reason, subscription } = attempt
    seconds.observe(attempt.durationMs / 1000)
    if (outcome === 'delivered') delivered.inc()
    else metrics.failed.inc({ sink, reason })
    if (outcome === 'dead') metrics.deadLettered.inc({ sink, reason })
    const turned = book.attempted(attempt)
    writer.mark(`sink ${sink}`, turned ? 'conditions' : 'counters')
    writer.mark(`subscription ${subscription}`, turned ? 'conditions' : 'counters')
    if (turned) for (const key of state.referrers(sink)) writer.mark(`subscription ${key}`, 'conditions')
  }
}
