import { type SinkDefaults, sinkDefaults } from '../api/defaults.ts'
import type { EventSink, EventSubscription } from '../api/generated.ts'
import type { Policy } from '../api/policy.ts'
import type { Refusal } from '../api/verdict.ts'
import type { SinkRuntime } from '../delivery/sink.ts'
import type { Load } from '../outbox/outbox.ts'
import type { Readiness } from '../status/summarise.ts'
import { type Emitter, type EmitterIndex, indexEmitters } from './emitter.ts'

/** A sink as the operator last understood it. `runtime` is absent where there is nothing that could be delivered to. */
export type SinkState = {
  object: EventSink
  readiness: Readiness
  runtime: SinkRuntime | undefined
  maxEventBytes: number
  /** What may wait for it. */
  maxPending: Load
  /** How long (ms) and how many dead letters are kept. */
  deadLetters: { retention: number; max: number }
}

/** A subscription as the operator last understood it. `emitter` is absent where it can't be compiled. */
export type SubscriptionState = {
  object: EventSubscription
  /** Why it is stalled, or undefined. */
  stalled: Readiness | undefined
  emitter: Emitter | undefined
  /** Which the emitter was compiled by. */
  policy?: Policy | undefined
  /** What is wrong with the Secrets that it has its own credentials in. */
  credentials?: Refusal | undefined
  /** Why it has no sink, where it names none. */
  noSink?: Refusal | undefined
}

/** So many namespaces that went are remembered. */
const departedLimit = 256

/** All that the operator knows, kept by reconciling; read by the hot paths. */
export class OperatorState {
  readonly sinks = new Map<string, SinkState>()
  readonly subscriptions = new Map<string, SubscriptionState>()
  readonly activations: Map<string, number>
  /** When each subscription, by uid, was last asked for a reconciliation; ms. */
  readonly acknowledged = new Map<string, number>()
  private index: EmitterIndex = indexEmitters([], () => undefined)
  private usersOf: Map<string, Set<string>> | undefined
  private readonly labelsOf: (namespace: string) => Record<string, string> | undefined
  /** Labels of namespaces that are gone: the deletes of what was in them may be told later, by another watch. */
  private readonly departed = new Map<string, Record<string, string>>()

  /** What counts for a sink that is not there. */
  private readonly defaults: () => SinkDefaults

  constructor(
    activations: Map<string, number>,
    labelsOf: (namespace: string) => Record<string, string> | undefined,
    defaults: () => SinkDefaults = () => sinkDefaults,
  ) {
    this.activations = activations
    this.labelsOf = labelsOf
    this.defaults = defaults
  }

  emitters(): EmitterIndex {
    return this.index
  }

  /** Of all subscriptions that could be compiled. */
  compiled(): Emitter[] {
    return [...this.subscriptions.values()].flatMap(({ emitter }) => emitter ?? [])
  }

  /** To be called after subscriptions or namespaces have changed. */
  rebuild(): void {
    this.usersOf = undefined
    this.index = indexEmitters(this.compiled(), this.labelsOf, (name) => this.labelsOf(name) ?? this.departed.get(name))
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

  /** The namespaces of these subscriptions. */
  namespacesOf(sink: string): string[] {
    return [...new Set(this.referrers(sink).map((key) => key.split('/')[0] ?? ''))]
  }

  /** The same, of when `rebuild` was called last: as often as anybody asks. */
  users(sink: string): ReadonlySet<string> {
    this.usersOf ??= usersBySink(this.compiled())
    return this.usersOf.get(sink) ?? nobody
  }

  /** The sinks that subscriptions of a namespace refer to. */
  sinksOf(namespace: string): string[] {
    const own = this.compiled().filter((emitter) => emitter.namespace === namespace)
    return [...new Set(own.flatMap(({ sinks }) => sinks.map(({ key }) => key)))]
  }

  /** What may wait for a sink. Its default limits count until it is there. */
  maxPending(sink: string): Load {
    const { maxPending: rows, maxPendingBytes: bytes } = this.defaults().limits
    return this.sinks.get(sink)?.maxPending ?? { rows, bytes }
  }

  /** Of a subscription, by its uid; undefined where there is none. */
  owner(uid: string): { key: string; emitter: Emitter | undefined } | undefined {
    for (const [key, { object, emitter }] of this.subscriptions)
      if (object.metadata.uid === uid) return { key, emitter }
    return undefined
  }

  maxEventBytes(sink: string): number {
    return this.sinks.get(sink)?.maxEventBytes ?? this.defaults().limits.maxEventBytes
  }

  /** Those of a sink that is gone are kept for as long as one that says nothing would keep them. */
  deadLetters(sink: string): { retention: number; max: number } {
    return this.sinks.get(sink)?.deadLetters ?? this.defaults().deadLetters
  }
}

const nobody: ReadonlySet<string> = new Set()

function usersBySink(emitters: readonly Emitter[]): Map<string, Set<string>> {
  const users = new Map<string, Set<string>>()
  for (const { namespace, sinks } of emitters)
    for (const { key } of sinks) users.set(key, (users.get(key) ?? new Set()).add(namespace))
  return users
}
