import type { KubeObject } from '../api/object.ts'

export const requestedAtAnnotation = 'reconcile.fluxcd.io/requestedAt'
export const forceAtAnnotation = 'reconcile.fluxcd.io/forceAt'

type Asking = {
  metadata: { uid: string; annotations?: Record<string, string> }
  status?: { lastHandledReconcileAt?: string; lastHandledForceAt?: string }
}

/** What of a CR asks for something: its spec's generation, its labels, what its annotations request, and its end. */
export const wantedOf = (object: KubeObject): string =>
  JSON.stringify([
    object.metadata.generation,
    object.metadata.labels,
    requestedAt(object),
    object.metadata.annotations?.[forceAtAnnotation],
    object.metadata.deletionTimestamp,
  ])

export const requestedAt = (object: { metadata: { annotations?: Record<string, string> } }): string | undefined =>
  object.metadata.annotations?.[requestedAtAnnotation]

/** What `status.lastHandledForceAt` says once the object has been looked at; it stays when the annotation is taken away. */
export const handledForceAt = ({ metadata, status }: Asking): string | undefined =>
  metadata.annotations?.[forceAtAnnotation] ?? status?.lastHandledForceAt

/**
 * Whether the annotation `forceAt` asks for something that was not asked for before: Flux's rule (fluxcd/pkg apis/meta, ForceRequestStatus). It
 * counts where its value is also that of `requestedAt`, and both are new; one that does not count is answered all the same.
 * `before` is the object as it was last looked at by this process; where there is none, the status tells what was handled.
 */
export function asksForForce(object: Asking, before: Asking | undefined): boolean {
  const forceAt = object.metadata.annotations?.[forceAtAnnotation]
  if (forceAt === undefined || forceAt !== object.metadata.annotations?.[requestedAtAnnotation]) return false
  const known = before?.metadata.uid === object.metadata.uid ? before.metadata.annotations : undefined
  const handled = [object.status?.lastHandledForceAt, object.status?.lastHandledReconcileAt]
  return ![...handled, known?.[forceAtAnnotation], known?.[requestedAtAnnotation]].includes(forceAt)
}
