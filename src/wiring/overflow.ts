import { pause } from '../kube/backoff.ts'
import { Overflow } from '../operator/overflow/overflow.ts'
import type { TakeUpDeps } from '../operator/overflow/take-up.ts'
import type { Watches } from '../operator/watches.ts'
import { now, type Parts } from './parts.ts'

/** What keeps sinks and namespaces within their caps. */
export function createOverflow({ ground, metrics, outbox, renderer, state, writer }: Parts): Overflow {
  const mark = (sink: string, how: 'conditions' | 'counters', namespace?: string) => {
    writer.mark(`sink ${sink}`, how)
    for (const key of state.referrers(sink))
      if (namespace === undefined || key.startsWith(`${namespace}/`)) writer.mark(`subscription ${key}`, how)
  }
  return new Overflow({
    outbox,
    capOf: (kind, name) => (kind === 'sink' ? state.maxPending(name) : ground.policy().quotas.pending),
    users: (sink) => state.users(sink).size,
    owner: (uid) => state.owner(uid),
    turned(kind, name, how) {
      renderer.stale()
      const [sink = '', namespace] = name.split(' ')
      if (kind === 'namespace') for (const one of state.sinksOf(name)) mark(one, how)
      else mark(sink, how, namespace)
    },
    dropped: (deliveries) => metrics.dropped.inc({ reason: 'Overflow' }, deliveries),
  })
}

/** What taking up needs of the operator. */
export const takeUpDeps = ({ ground, state }: Parts, overflow: Overflow, watches: Watches): TakeUpDeps => ({
  overflow,
  isWatched: (kind) => watches.watchesOf(kind).length > 0,
  owedIn(sink, namespace) {
    const users = state.users(sink)
    return [namespace, ...ground.policy().adminNamespaces].filter((one) => users.has(one))
  },
  refresh: (kind, namespace) => watches.refresh(kind, namespace),
  log: ground.log,
  now,
  wait: pause,
})
