import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { EventSink, EventSubscription } from '../../src/api/generated.ts'
import type { Told } from './evidence.ts'
import { apiVersion } from './layout.ts'
import type { Scene } from './scene.ts'

/** A CR whose status does not follow; there may be a reason that passes. */
export class Unanswered extends Error {}

/** The statuses of everything that was declared, with numbers as of now. CRs that are gone tell nothing. */
export async function tell(scene: Scene): Promise<Told[]> {
  const all: [Told['of'], string][] = [
    ...scene.declared.map(({ key }): [Told['of'], string] => ['EventSubscription', key]),
    ...scene.sinkKeys.map((key): [Told['of'], string] => ['EventSink', key]),
  ]
  const told = await Promise.all(all.map(([of, key]) => tellOne(scene, of, key)))
  return told.filter((one) => one !== undefined)
}

async function tellOne(scene: Scene, of: Told['of'], key: string): Promise<Told | undefined> {
  const [namespace = '', name = ''] = key.split('/')
  const asked = randomUUID()
  const path = `/apis/${apiVersion}/namespaces/${namespace}/${of.toLowerCase()}s/${name}`
  const patch = { metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': asked } } }
  if ((await scene.api.write('PATCH', path, patch)).status === 404) return undefined
  for (const end = Date.now() + 30_000; Date.now() < end; await delay(50)) {
    const { status, body } = await scene.api.write('GET', path)
    if (status === 404) return undefined
    const said = (body as unknown as EventSink | EventSubscription).status
    if (said?.lastHandledReconcileAt !== asked) continue
    const { delivered = 0, deadLettered = 0, dropped = 0 } = said.counts ?? {}
    const counts = said.counts as { matched?: number; pending?: number } | undefined
    const pending = of === 'EventSink' ? (said as EventSink['status'])?.pending : counts?.pending
    const matched = counts?.matched
    return {
      of,
      key,
      delivered,
      deadLettered,
      dropped,
      pending: pending ?? 0,
      ...(matched !== undefined && { matched }),
    }
  }
  throw new Unanswered(`${of} ${key} did not answer requestedAt within 30 s`)
}
