import type { EventSink, EventSubscription } from '../../api/generated.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Policy } from '../../api/policy.ts'
import { accept, type Verdict } from '../../api/verdict.ts'
import type { Understood } from '../understand.ts'
import { Roster } from './roster.ts'

/** Which sinks and subscriptions the quotas of their namespaces leave; those of admin namespaces are held to none. */
export class Standings {
  private readonly sinks: Roster
  private readonly subscriptions: Roster
  private readonly turned: (kind: 'sink' | 'subscription', key: string) => void

  /** `turned`: the standing of one (`namespace/name`) has changed by what became of another. */
  constructor(policy: () => Policy, turned: Standings['turned']) {
    this.turned = turned
    const bounds = (namespace: string, entries: 'sinks' | 'subscriptions') => {
      const { adminNamespaces, quotas } = policy()
      if (adminNamespaces.has(namespace)) return { entries: undefined, cost: undefined }
      return { entries: quotas[entries], cost: entries === 'sinks' ? undefined : quotas.filterCost }
    }
    const costQuota = 'quotas.maxFilterCostPerNamespace'
    this.sinks = new Roster((namespace) => bounds(namespace, 'sinks'), {
      kind: 'EventSink',
      quota: 'quotas.maxSinksPerNamespace',
      costQuota,
    })
    this.subscriptions = new Roster((namespace) => bounds(namespace, 'subscriptions'), {
      kind: 'EventSubscription',
      quota: 'quotas.maxSubscriptionsPerNamespace',
      costQuota,
    })
  }

  /** Undefined: it is gone. */
  sink(key: string, object: EventSink | undefined): Verdict<true> {
    return this.judge('sink', this.sinks, key, object, 0)
  }

  /** Undefined: it is gone. `cost`: of its expressions. */
  subscription(key: string, object: EventSubscription | undefined, cost = 0): Verdict<true> {
    return this.judge('subscription', this.subscriptions, key, object, cost)
  }

  /** A subscription as it was understood, if it is served; stalled otherwise. */
  served(key: string, understood: Understood): Understood {
    const { object, emitter } = understood.state
    const standing = this.subscription(key, object, emitter?.cost)
    if (standing.ok) return understood
    const { reason, message } = standing
    return { state: { object, stalled: { kind: 'stalled', reason, message }, emitter: undefined }, spec: undefined }
  }

  refused(): { sinks: number; subscriptions: number } {
    return { sinks: this.sinks.refused(), subscriptions: this.subscriptions.refused() }
  }

  private judge(
    kind: 'sink' | 'subscription',
    roster: Roster,
    key: string,
    object: KubeObject | undefined,
    cost: number,
  ): Verdict<true> {
    const { standing, turned } = object
      ? roster.enter({ key, created: object.metadata.creationTimestamp, cost })
      : { standing: accept(true as const), turned: roster.leave(key) }
    for (const one of turned) this.turned(kind, one)
    return standing
  }
}

/** `sink namespace/name` and the like of what is to be judged: the oldest first, so that none is served before an older one is known. */
export function oldestFirst(
  keys: Iterable<string>,
  { sinks, subscriptions }: Record<'sinks' | 'subscriptions', { readonly objects: ReadonlyMap<string, KubeObject> }>,
): string[] {
  const objectOf = (key: string) =>
    (key.startsWith('sink ') ? sinks : subscriptions).objects.get(key.slice(key.indexOf(' ') + 1))
  const created = new Map([...keys].map((key) => [key, objectOf(key)?.metadata.creationTimestamp ?? '']))
  const order = (one: string, other: string) => (one < other ? -1 : 1)
  return [...created.keys()].sort((one, other) => {
    const [a = '', b = ''] = [created.get(one), created.get(other)]
    return a === b ? order(one, other) : order(a, b)
  })
}
