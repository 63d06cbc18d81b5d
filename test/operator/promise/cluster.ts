import type { EventSubscription } from '../../../src/api/generated.ts'
import type { KubeObject } from '../../../src/api/object.ts'
import { type SubscriptionSpec, start, subscription } from '../scene.ts'

export type Kind = 'TaskRun' | 'CustomRun'
export const kinds: readonly Kind[] = ['TaskRun', 'CustomRun']

export const artifactPublished = 'dev.cdevents.artifact.published'

/** What half of the runs declare: an event of a TaskRun's end, and one of its start that is none. */
const declared = [
  {
    ...{ name: 'image', type: artifactPublished, on: { kind: 'TaskRun', milestone: 'finished' } },
    subject: { id: 'pkg:oci/shop@sha256%3Aabc' },
  },
  {
    ...{ name: 'wrong', type: artifactPublished, on: { kind: 'TaskRun', milestone: 'started' } },
    subject: { id: 'shop' },
  },
]

/** Whether a run declares these. */
export const declaresEvents = ({ kind, metadata }: KubeObject): boolean =>
  kind === 'TaskRun' && metadata.annotations?.['carillon.dev/events'] !== undefined

/** A write to a run: what its watch tells, and what a list shows from then on. `time` in ms. */
export type Write = { version: number; type: 'upsert' | 'delete'; object: KubeObject; time: number }

/** What anybody may know of a subscription from outside. Times are ms. */
export type Declared = { object: EventSubscription; written: number }

/** Runs and subscriptions as an API server keeps them, and what an operator leaves there: statuses, and the record of `since`. */
export class Cluster {
  now = start
  version = 100
  readonly log: Record<Kind, Write[]> = { TaskRun: [], CustomRun: [] }
  readonly subscriptions = new Map<string, Declared>()
  readonly record = new Map<string, Record<string, string>>()
  /** All states that each run ever had, by uid. */
  readonly states = new Map<string, KubeObject[]>()
  private runs = 0
  private uids = 0

  /** As Kubernetes writes times. */
  private stamp(): string {
    return `${new Date(this.now).toISOString().slice(0, 19)}Z`
  }

  create(kind: Kind): void {
    this.runs += 1
    const name = `run-${this.runs}`
    const declares = this.runs % 2 === 0 && { annotations: { 'carillon.dev/events': JSON.stringify(declared) } }
    const metadata = { name, namespace: 'team-a', uid: `uid-${name}`, creationTimestamp: this.stamp(), ...declares }
    const object = { apiVersion: 'tekton.dev/v1', kind, metadata, spec: {} } as unknown as KubeObject
    this.put(kind, 'upsert', object)
  }

  /** What happens next to a run: it starts, ends, gets its label, is signed; or all that is left at once. */
  advance(kind: Kind, which: number, steps: number): void {
    const live = this.live(kind)
    const object = live[which % Math.max(1, live.length)]
    if (!object) return
    const next = structuredClone(object)
    for (let step = 0; step < steps; step += 1) this.step(next)
    this.put(kind, 'upsert', next)
  }

  private step(object: KubeObject): void {
    const status = (object.status ?? {}) as Record<string, unknown>
    const at = this.stamp()
    const condition = (value: string, reason: string) => [
      { type: 'Succeeded', status: value, reason, lastTransitionTime: at },
    ]
    if (status.startTime === undefined) object.status = { startTime: at, conditions: condition('Unknown', 'Running') }
    else if (status.completionTime === undefined)
      object.status = { ...status, completionTime: at, conditions: condition('True', 'Succeeded') }
    else if (!object.metadata.labels) object.metadata.labels = { type: 'build' }
    else object.metadata.annotations = { ...object.metadata.annotations, 'chains.tekton.dev/signed': 'true' }
  }

  remove(kind: Kind, which: number): void {
    const live = this.live(kind)
    const object = live[which % Math.max(1, live.length)]
    if (object) this.put(kind, 'delete', structuredClone(object))
  }

  private put(kind: Kind, type: Write['type'], object: KubeObject): void {
    this.version += 1
    object.metadata.resourceVersion = String(this.version)
    if (type === 'upsert') object.metadata.managedFields = [{ manager: 'controller', time: this.stamp() }]
    this.log[kind].push({ version: this.version, type, object, time: this.now })
    const { uid } = object.metadata
    this.states.set(uid, [...(this.states.get(uid) ?? []), object])
  }

  /** The runs that there were at a version; now, when left out. */
  live(kind: Kind, version = Number.POSITIVE_INFINITY): KubeObject[] {
    const live = new Map<string, KubeObject>()
    for (const write of this.log[kind]) {
      if (write.version > version) break
      if (write.type === 'delete') live.delete(write.object.metadata.uid)
      else live.set(write.object.metadata.uid, write.object)
    }
    return [...live.values()]
  }

  /** Of all runs that there ever were. */
  uidsOf(kind: Kind): string[] {
    return [...new Set(this.log[kind].map(({ object }) => object.metadata.uid))]
  }

  after(kind: Kind, version: number): Write[] {
    return this.log[kind].filter((write) => write.version > version)
  }

  /** Declares a subscription, or changes what one of the name declares. */
  declare(name: string, spec: Partial<SubscriptionSpec>): void {
    const before = this.subscriptions.get(name)?.object
    if (!before) this.uids += 1
    const metadata = before?.metadata ?? {
      name,
      namespace: 'team-a',
      uid: `${this.uids % 10}-${name}-${this.uids}`,
      creationTimestamp: this.stamp(),
      generation: 0,
    }
    const generation = (metadata.generation ?? 0) + 1
    const object = subscription(spec, {
      ...metadata,
      generation,
      managedFields: [{ manager: 'kubectl', time: this.stamp() }],
    })
    this.subscriptions.set(name, {
      object: { ...object, ...(before?.status && { status: before.status }) },
      written: this.now,
    })
  }
}
