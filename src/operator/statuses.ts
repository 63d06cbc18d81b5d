import {
  type Condition,
  type EventSink,
  type EventSubscription,
  eventSinkResource,
  eventSubscriptionResource,
} from '../api/generated.ts'
import type { KubeClient } from '../kube/client.ts'
import type { KubeLog } from '../kube/log.ts'
import { apiVersionOf } from '../kube/path.ts'
import { applyStatus, createEvent, type EventNote, type EventSubject } from '../kube/resources.ts'
import type { Metrics } from '../status/metrics.ts'

export const fieldManager = 'carillon'

/** A status to be written, and the CR that it is for. */
export type Rendered = { object: EventSink | EventSubscription; status: { conditions?: Condition[] } }

/** Conditions whose turning is worth a core Event. `Stalled` says no more than `Ready` does. */
const told = [
  'Ready',
  'Delivering',
  'FilterErrors',
  'FormatErrors',
  'DuplicateSender',
  'Silent',
  'Overflow',
  'Throttled',
  'Continuity',
]

/** Writes statuses by server-side apply, skips those that say nothing new, and tells turned conditions as core Events. */
export class Statuses {
  private readonly written = new Map<string, { uid: string; text: string; conditions: Condition[] }>()
  private readonly deps: {
    client: KubeClient
    log: KubeLog
    metrics: Metrics
    now(): number
    controller: string
    install: string
  }

  /** `install`: what the statuses say who wrote them. */
  constructor(deps: Statuses['deps']) {
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
      const signed = { ...status, servedBy: this.deps.install }
      const applied = await applyStatus(this.deps.client, resource, namespace, name, signed, fieldManager)
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
      if (!old && condition.type === 'Continuity' && condition.status === 'True') continue
      const good = ['Ready', 'Delivering', 'Continuity'].includes(condition.type)
      const isWell = (condition.status === 'True') === good || condition.reason === 'Progressing'
      const type = isWell ? 'Normal' : 'Warning'
      await this.event(object, { type, reason: condition.reason, message: `${condition.type}: ${condition.message}` })
    }
  }

  /** Tells of deliveries that were dropped with their subscription, `namespace/name`. */
  async dropped(rows: number, { uid, key }: { uid: string; key: string }): Promise<void> {
    const [namespace = '', name = ''] = key.split('/')
    const { kind } = eventSubscriptionResource
    const about = { apiVersion: apiVersionOf(eventSubscriptionResource), kind, metadata: { namespace, name, uid } }
    const message = `${rows === 1 ? '1 delivery' : `${rows} deliveries`} waited, and went with the subscription`
    await this.event(about, { type: 'Warning', reason: 'SubscriptionDeleted', message })
  }

  /** Events are a courtesy: one that is refused (its namespace may be going) is logged and not tried again. */
  private async event(about: EventSubject, note: Omit<EventNote, 'reportingComponent'>): Promise<void> {
    const fields = { object: `${about.metadata.namespace}/${about.metadata.name}` }
    const reportingComponent = this.deps.controller
    try {
      const created = await createEvent(this.deps.client, about, { ...note, reportingComponent }, this.deps.now())
      if (!created.ok) this.deps.log.debug({ ...fields, reason: created.reason }, 'a core Event was refused')
    } catch (error) {
      this.deps.log.warn({ ...fields, err: error }, 'a core Event could not be written')
    }
  }
}
