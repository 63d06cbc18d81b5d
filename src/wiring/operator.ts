import { formats } from '../formats/index.ts'
import { pause } from '../kube/backoff.ts'
import type { ReviveDeps } from '../operator/control/dead-letters.ts'
import { Operator } from '../operator/operator.ts'
import type { NamespaceWatch } from '../operator/tenancy/namespace-watch.ts'
import type { Watches } from '../operator/watches.ts'
import { sourcesOfFamilies } from '../sources/index.ts'
import { forgetSink } from '../status/metrics.ts'
import type { AccessReader } from './access.ts'
import { sendAgain } from './dead-letters.ts'
import { now, type Parts } from './parts.ts'
import { leave, type Recovering } from './recovery.ts'
import { sinkChecker } from './sink-checker.ts'
import type { Declared } from './watches.ts'

/** What reconciling acts upon. */
export type Reconciled = {
  declared: Pick<Declared, 'sinks' | 'subscriptions'> & { namespaces: NamespaceWatch }
  recover: Recovering
  watches: Watches
  reviving: ReviveDeps
  access: AccessReader
  startDelivery(sink: string): void
}

/** Connects the reconciling of sinks and subscriptions to what it acts upon. */
export function createOperator(parts: Parts, reconciled: Reconciled): Operator {
  const { book, ground, loops, metrics, ofTekton, outbox, quotas, renderer, state, statuses, writer } = parts
  const { access, declared, recover, reviving, startDelivery, watches } = reconciled
  const { lookingBack, namespacesSeen, recovery, serverNow } = recover
  const operator: Operator = new Operator({
    ...declared,
    state,
    watches,
    outbox,
    lookingBack,
    recovery,
    namespacesSeen,
    book,
    writer,
    sources: sourcesOfFamilies(ground.config.sources),
    formats,
    policy: ground.policy,
    budget: quotas.budget,
    checkSink: sinkChecker(ground, access, (key) => operator.changed('sink', key)),
    ownCredentials: access.own,
    startDelivery,
    stopDelivery: (sink) => loops.stop(`deliver ${sink}`),
    ended: (sink) => void forgetSink(metrics, sink),
    sendAgain: sendAgain(parts, reviving),
    asked() {
      renderer.stale()
      ofTekton.due = true
    },
    dropped(rows, subscription) {
      metrics.dropped.inc({ reason: 'SubscriptionDeleted' }, rows)
      void statuses.dropped(rows, subscription)
    },
    left: (uid) => leave(parts, recover, uid),
    forgotten(key) {
      writer.forget(key)
      statuses.forget(key)
    },
    log: ground.log,
    now,
    serverNow,
    wait: pause,
  })
  return operator
}
