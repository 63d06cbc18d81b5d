import { sinkDefaults } from '../api/defaults.ts'
import type { EventSink, EventSubscription } from '../api/generated.ts'
import type { SinkRuntime } from '../delivery/sink.ts'
import type { Readiness } from '../status/summarise.ts'
import { type Emitter, type EmitterIndex, indexEmitters } from './emitter.ts'

export const requestedAtAnnotation = 'reconcile.fluxcd.io/requestedAt'

/** A sink as the operator last understood it. `runtime` is absent where there is nothing that could be delivered to. */
export type SinkState = {
  object: EventSink
  readiness: Readiness
  runtime: SinkRuntime | undefined
  maxEventBytes: number
  maxPending: number
}

/** A subscription as the operator last understood it. `emitter` is absent where it can't be compiled. */
export type SubscriptionState = {
  object: EventSubscription
  /** Why it is stalled, or undefined. */
  stalled: Readiness | undefined
  emitter: Emitter | undefined
}

/** So many namespaces that went are remembered. */
const departedLimit = 256

/** All that the operator knows, kept by reconciling; read by the hot paths. */
export class OperatorState {
  readonly sinks = new Map<string, SinkState>()
  readonly subscriptions = new Map<string, SubscriptionState>()
  readonly activations: Map<string, number>
  /** Sinks at which reading had to wait, until there is room again. */
  readonly overflowing = new Set<string>()
  private index: EmitterIndex = indexEmitters([], () => undefined)
  private readonly labelsOf: (namespace: string) => Record<string, string> | undefined
  /** Labels of namespaces that are gone: the deletes of what was in them may be told later, by another watch. */
  private readonly departed = new Map<string, Record<string, string>>()

  constructor(activations: Map<string, number>, labelsOf: (namespace: string) => Record<string, string> | undefined) {
    this.activations = activations
    this.labelsOf = labelsOf
  }

  emitters(): EmitterIndex {
    return this.index
  }

  /** To be called after subscriptions or namespaces have changed. */
  rebuild(): void {
    const emitters = [...this.subscriptions.values()].flatMap((state) => state.emitter ?? [])
    this.index = indexEmitters(emitters, this.labelsOf, (name) => this.labelsOf(name) ?? this.departed.get(name))
  }

  namespaceGone(name: string, labels: Record<string, string>): void {
    this.departed.delete(name)
    this.departed.set(name, labels)
    const [oldest] = this.departed.keys()
    if (this.departed.size > departedLimit && oldest !== undefined) this.departed.delete(oldest)
  }

  /** Whether there is still a subscription of this uid. */
  hasSubscription(uid: string): boolean {
    for (const { object } of this.subscriptions.values()) if (object.metadata.uid === uid) return true
    return false
  }

  /** `namespace/name` of the subscriptions that refer to a sink. */
  referrers(sink: string): string[] {
    return [...this.subscriptions].flatMap(([key, { emitter }]) =>
      emitter?.sinks.some((one) => one.key === sink) ? [key] : [],
    )
  }

  /** A sink's default limits count until it is there. */
  maxPending(sink: string): number {
    return this.sinks.get(sink)?.maxPending ?? sinkDefaults.limits.maxPending
  }
}
