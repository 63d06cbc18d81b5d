import {
  type Condition,
  type EventSink,
  type EventSubscription,
  eventSinkResource,
  eventSubscriptionResource,
} from '../api/generated.ts'
import type { KubeClient } from '../kube/client.ts'
import type { KubeLog } from '../kube/log.ts'
import { applyStatus, createEvent } from '../kube/resources.ts'
import type { Metrics } from '../status/metrics.ts'

export const fieldManager = 'carillon'

/** A status to be written, and the CR that it is for. */
export type Rendered = { object: EventSink | EventSubscription; status: { conditions?: Condition[] } }

/** Conditions whose turning is worth a core Event. */
const told = ['Ready', 'Delivering', 'Stalled', 'FilterErrors', 'Overflow']

/** Writes statuses by server-side apply, skips those that say nothing new, and tells turned conditions as core Events. */
export class Statuses {
  private readonly written = new Map<string, { uid: string; text: string; conditions: Condition[] }>()
  private readonly deps: { client: KubeClient; log: KubeLog; metrics: Metrics; now(): number; controller: string }

  constructor(deps: { client: KubeClient; log: KubeLog; metrics: Metrics; now(): number; controller: string }) {
    this.deps = deps
  }

  /** The conditions as last written by us, else as they stand on the object: a watch may be behind our own write. */
  conditions(key: string, object: EventSink | EventSubscription): Condition[] {
    const written = this.written.get(key)
    return written?.uid === object.metadata.uid ? written.conditions : (object.status?.conditions ?? [])
  }

  forget(key: string): void {
    this.written.delete(key)
  }

  /** Resolves to false when it has to be tried again. */
  async write(key: string, { object, status }: Rendered): Promise<boolean> {
    const text = JSON.stringify(status)
    const before = this.conditions(key, object)
    const known = this.written.get(key)
    if (known?.uid === object.metadata.uid && known.text === text) return true
    const resource = object.kind === 'EventSink' ? eventSinkResource : eventSubscriptionResource
    const { namespace = '', name, uid } = object.metadata
    try {
      const applied = await applyStatus(this.deps.client, resource, namespace, name, status, fieldManager)
      if (!applied.ok) {
        this.deps.metrics.statusWrites.inc({ result: applied.reason })
        return applied.reason === 'NotFound'
      }
    } catch (error) {
      this.deps.metrics.statusWrites.inc({ result: 'failed' })
      this.deps.log.warn({ object: key, err: error }, 'a status could not be written, will be tried again')
      return false
    }
    this.deps.metrics.statusWrites.inc({ result: 'ok' })
    this.written.set(key, { uid, text, conditions: status.conditions ?? [] })
    await this.tell(object, before, status.conditions ?? [])
    return true
  }

  private async tell(object: EventSink | EventSubscription, before: Condition[], after: Condition[]): Promise<void> {
    for (const condition of after) {
      if (!told.includes(condition.type) || condition.status === 'Unknown') continue
      const old = before.find((candidate) => candidate.type === condition.type)
      if (old?.status === condition.status && old.reason === condition.reason) continue
      const good = condition.type === 'Ready' || condition.type === 'Delivering'
      await this.event(object, condition, (condition.status === 'True') === good ? 'Normal' : 'Warning')
    }
  }

  /** Events are a courtesy: one that is refused is logged and not tried again. */
  private async event(
    object: EventSink | EventSubscription,
    condition: Condition,
    type: 'Normal' | 'Warning',
  ): Promise<void> {
    const { reason, message } = condition
    const fields = { object: `${object.metadata.namespace}/${object.metadata.name}` }
    const note = {
      type,
      reason,
      message: `${condition.type}: ${message}`,
      reportingComponent: this.deps.controller,
    }
    try {
      const created = await createEvent(this.deps.client, object, note, this.deps.now())
      if (!created.ok) this.deps.log.debug({ ...fields, reason: created.reason }, 'a core Event was refused')
    } catch (error) {
      this.deps.log.warn({ ...fields, err: error }, 'a core Event could not be written')
    }
  }
}
