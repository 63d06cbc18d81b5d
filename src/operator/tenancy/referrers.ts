import type { EventSubscription } from '../../api/generated.ts'
import { namedSinks, type SinkUses } from './sink-uses.ts'

const nobody: ReadonlySet<string> = new Set()

type Refers = { sinks: ReadonlySet<string>; namesNone: boolean; namespace: string; isAbroad: boolean }

/** Which subscriptions (`namespace/name`) a change of a sink, or of a namespace's labels, concerns: not all of them. */
export class Referrers {
  private readonly known = new Map<string, Refers>()
  private readonly bySink = new Map<string, Set<string>>()
  private readonly byNamespace = new Map<string, Set<string>>()
  private readonly without = new Set<string>()

  set(key: string, subscription: EventSubscription, { open, closed }: SinkUses): void {
    this.delete(key)
    const { namespace = '' } = subscription.metadata
    const named = namedSinks(subscription)
    const namesNone = subscription.spec.sinks === undefined
    const isAbroad = namesNone || named.some((sink) => !sink.startsWith(`${namespace}/`))
    const refers = {
      sinks: new Set([...named, ...open, ...closed.map((one) => one.key)]),
      namesNone,
      namespace,
      isAbroad,
    }
    this.known.set(key, refers)
    for (const sink of refers.sinks) add(this.bySink, sink, key)
    if (isAbroad) add(this.byNamespace, namespace, key)
    if (namesNone) this.without.add(key)
  }

  delete(key: string): void {
    const refers = this.known.get(key)
    if (!refers) return
    this.known.delete(key)
    for (const sink of refers.sinks) remove(this.bySink, sink, key)
    if (refers.isAbroad) remove(this.byNamespace, refers.namespace, key)
    this.without.delete(key)
  }

  /** Those that name a sink, or use it as the default. */
  of(sink: string): ReadonlySet<string> {
    return this.bySink.get(sink) ?? nobody
  }

  /** Those that name no sink. */
  get namingNone(): ReadonlySet<string> {
    return this.without
  }

  /** Those of a namespace that may use sinks of others. */
  abroadFrom(namespace: string): ReadonlySet<string> {
    return this.byNamespace.get(namespace) ?? nobody
  }
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key)
  if (set) set.add(value)
  else map.set(key, new Set([value]))
}

function remove(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key)
  set?.delete(value)
  if (set?.size === 0) map.delete(key)
}
