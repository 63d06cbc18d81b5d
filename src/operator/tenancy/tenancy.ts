import type { EventSink, EventSubscription } from '../../api/generated.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Policy } from '../../api/policy.ts'
import type { Pair, Withholding } from '../../outbox/withholding.ts'
import type { OperatorState } from '../state.ts'
import { type LabelsOf, letsIn } from './lets-in.ts'
import { Referrers } from './referrers.ts'
import { isDefault, type SinkFacts, type SinkUses, sinkUses } from './sink-uses.ts'

export type TenancyDeps = {
  state: Pick<OperatorState, 'sinks'>
  /** As they are declared, by `namespace/name`. */
  subscriptions: { readonly objects: ReadonlyMap<string, EventSubscription> }
  /** By `/name`. */
  namespaces: { readonly objects: ReadonlyMap<string, KubeObject> }
  outbox: { readonly withholding: Pick<Withholding, 'by' | 'reconsider'> }
  policy(): Policy
}

const namespaceOf = (key: string): string => key.slice(0, key.indexOf('/'))

/**
 * Who may use whose sinks (docs/decisions/038-tenancy.md). A grant decides twice: what is written down for a sink (`uses`), and whether what
 * was written down before is handed out, whatever has become of the subscription meanwhile (`Outbox.withholding`).
 */
export class Tenancy {
  private readonly deps: TenancyDeps
  private readonly referrers = new Referrers()
  /** `namespace/name` of the sinks that are labelled as defaults, wherever they are. */
  private readonly defaults = new Set<string>()
  /** By sink: where its dead letters are parked. */
  private readonly parking = new Map<string, string>()
  private readonly facts: SinkFacts

  constructor(deps: TenancyDeps) {
    this.deps = deps
    const { namespaces, policy, state } = deps
    const labelsOf: LabelsOf = (name) => {
      const namespace = namespaces.objects.get(`/${name}`)
      return namespace && (namespace.metadata.labels ?? {})
    }
    const sink = (key: string) => state.sinks.get(key)?.object
    this.facts = {
      sink,
      labelsOf,
      defaults: () => {
        const { adminNamespaces } = policy()
        return [...this.defaults].flatMap((key) => (adminNamespaces.has(namespaceOf(key)) ? (sink(key) ?? []) : []))
      },
    }
    deps.outbox.withholding.by((pair) => this.isWithheld(pair))
  }

  /** The sinks that a subscription may use now. */
  uses(subscription: EventSubscription): SinkUses {
    return sinkUses(subscription, this.facts)
  }

  /** Of a sink that was judged, or is gone: gives the subscriptions that have to be judged again. */
  sinkChanged(key: string, sink: EventSink | undefined): Set<string> {
    const was = this.defaults.delete(key)
    const is = sink !== undefined && isDefault(sink)
    if (is) this.defaults.add(key)
    const parking = sink?.spec.deadLetters?.sinkRef?.name
    if (parking === undefined) this.parking.delete(key)
    else this.parking.set(key, `${namespaceOf(key)}/${parking}`)
    this.deps.outbox.withholding.reconsider({ sink: key })
    const concerned = new Set(this.referrers.of(key))
    for (const [parked, parking] of this.parking)
      if (parking === key) for (const one of this.referrers.of(parked)) concerned.add(one)
    return was || is ? concerned.union(this.referrers.namingNone) : concerned
  }

  /** Of a subscription that was judged. */
  judged(key: string, subscription: EventSubscription, uses: SinkUses, before: EventSubscription | undefined): void {
    this.referrers.set(key, subscription, uses)
    const hadBody = before?.spec.body !== undefined
    if (before && hadBody !== (subscription.spec.body !== undefined))
      this.deps.outbox.withholding.reconsider({ namespace: namespaceOf(key) })
  }

  gone(key: string): void {
    this.referrers.delete(key)
  }

  /** A namespace has other labels, came or went: gives the subscriptions that have to be judged again. */
  namespaceChanged(name: string): ReadonlySet<string> {
    this.deps.outbox.withholding.reconsider({ namespace: name })
    return this.referrers.abroadFrom(name)
  }

  /** Rows of a sink that isn't there wait for it as a whole. */
  private isWithheld({ sink, subscription }: Pair): boolean {
    const namespace = namespaceOf(subscription)
    if (namespaceOf(sink) === namespace) return false
    const object = this.facts.sink(sink)
    if (!object) return false
    if (!letsIn(object, namespace, this.facts.labelsOf)) return true
    const { body } = this.deps.subscriptions.objects.get(subscription)?.spec ?? {}
    return body !== undefined && object.spec.allowBody !== true
  }
}
