import type { Policy } from '../api/policy.ts'
import { type Budget, Budgets } from '../cel/budget.ts'
import { FlightRoom } from '../delivery/flight-room.ts'
import { NamespacePaces } from '../delivery/namespace-paces.ts'
import { NamespacePlaces } from '../delivery/namespace-places.ts'
import type { Quota } from '../delivery/sink-quota.ts'
import { pause } from '../kube/backoff.ts'
import type { RenderDeps } from '../operator/render.ts'
import type { Metrics } from '../status/metrics.ts'
import { Throttling, throttledTold } from '../status/throttling.ts'
import type { Parts } from './parts.ts'

/** How often it is looked at what quotas slow, for the conditions that tell of it. */
const lookMs = 1000

/** What the quotas of namespaces hold deliveries to, and what is told of that. Those of admin namespaces are not held to any. */
export type Quotas = {
  quota: Quota
  /** Of the CPU that expressions take; undefined: no bound. */
  budget(namespace: string): Budget | undefined
  throttling: Throttling
  throttled: RenderDeps['throttled']
}

export function createQuotas(policy: () => Policy): Quotas {
  const monotonic = () => performance.now()
  const throttling = new Throttling(monotonic, (one) => {
    if (one.startsWith('sink ')) return places.isWaiting(one.slice(5))
    return one.startsWith('bytes ') && flights.isWaiting(one.slice(6))
  })
  const of = (quota: 'eventsPerSecond' | 'connections') => (namespace: string) => {
    const { adminNamespaces, quotas } = policy()
    return adminNamespaces.has(namespace) ? undefined : quotas[quota]
  }
  const [rateOf, limitOf] = [of('eventsPerSecond'), of('connections')]
  const places = new NamespacePlaces({ limitOf, held: (one) => throttling.note(`sink ${one}`) })
  const flights = new FlightRoom((one) => throttling.note(`bytes ${one}`))
  const budgets = new Budgets(monotonic)
  return {
    throttling,
    budget: (namespace) => (policy().adminNamespaces.has(namespace) ? undefined : budgets.of(namespace)),
    quota: {
      paces: new NamespacePaces({
        rateOf,
        monotonic,
        sleep: pause,
        held: (one) => throttling.note(`namespace ${one}`),
      }),
      places,
      flights,
      isPaced: () => policy().quotas.eventsPerSecond !== undefined,
    },
    throttled: {
      ofSubscription(namespace) {
        const rate = throttling.isTold(`namespace ${namespace}`) ? rateOf(namespace) : undefined
        return rate === undefined ? undefined : throttledTold.subscription(namespace, rate)
      },
      ofSink(sink) {
        const [namespace = ''] = sink.split('/')
        if (throttling.isTold(`bytes ${sink}`)) return throttledTold.bytes(namespace)
        const limit = throttling.isTold(`sink ${sink}`) ? limitOf(namespace) : undefined
        return limit === undefined ? undefined : throttledTold.sink(namespace, limit)
      },
    },
  }
}

const quotaOf = { sink: 'connections', namespace: 'eventsPerSecond', bytes: 'bytes' }

/** Sets what /metrics shows of it. */
export function gaugeThrottled({ throttled }: Metrics, { throttling }: Quotas): void {
  throttled.reset()
  for (const slowed of throttling.told()) {
    const [kind, name = ''] = slowed.split(' ')
    const [namespace = ''] = name.split('/')
    throttled.inc({ quota: quotaOf[kind as keyof typeof quotaOf], namespace })
  }
}

/** Tells of what comes to be slowed, and is not any more. */
export async function tellThrottled({ quotas, state, writer }: Parts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const slowed of quotas.throttling.look()) {
      const [kind, name = ''] = slowed.split(' ')
      if (kind !== 'namespace') writer.mark(`sink ${name}`, 'conditions')
      else
        for (const key of state.subscriptions.keys())
          if (key.startsWith(`${name}/`)) writer.mark(`subscription ${key}`, 'conditions')
    }
    await pause(lookMs, signal)
  }
}
