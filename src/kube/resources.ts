import type { KubeObject } from '../api/object.ts'
import { kubeTime } from '../api/time.ts'
import { accept, refuse, type Verdict } from '../api/verdict.ts'
import type { KubeClient, KubeRequest } from './client.ts'
import { apiVersionOf, pathOf, type Resource } from './path.ts'
import { expectOk, statusOf } from './response.ts'

/** What a core Event is about. */
export type EventSubject = {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; uid: string; resourceVersion?: string }
}

export type EventNote = {
  type: 'Normal' | 'Warning'
  /** CamelCase, at most 128 characters. */
  reason: string
  /** Cut at 1024 characters. */
  message: string
  /** Who says so: `carillon.dev/operator`. */
  reportingComponent: string
  /** The pod, or whatever tells replicas apart. */
  reportingInstance?: string
}

const noteLength = 1024
const coreGroup = { group: '', version: 'v1' }

/** The object, or undefined where there is none (or no such resource). Throws a KubeError for everything else. */
export async function getObject(
  client: KubeClient,
  resource: Resource,
  namespace: string | undefined,
  name: string,
  options: Pick<KubeRequest, 'signal' | 'timeoutMs' | 'maxBytes'> = {},
): Promise<KubeObject | undefined> {
  const path = pathOf(resource, namespace, name)
  const response = await client.request({ method: 'GET', path, ...options })
  return response.status === 404 ? undefined : (expectOk(response).json() as KubeObject)
}

/**
 * Server-side apply of a status, by force: the fields given become `fieldManager`'s, those it gave before and no longer gives go.
 * Refused with `NotFound` where the object is gone. Throws a KubeError for everything else.
 */
export async function applyStatus(
  client: KubeClient,
  resource: Resource & { kind: string },
  namespace: string,
  name: string,
  status: Record<string, unknown>,
  fieldManager: string,
): Promise<Verdict> {
  const response = await client.request({
    method: 'PATCH',
    path: pathOf(resource, namespace, name, 'status'),
    query: { fieldManager, force: true },
    contentType: 'application/apply-patch+yaml', // of which JSON is a part
    body: { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: { name, namespace }, status },
  })
  if (response.status === 404) return refuse('NotFound', `${resource.kind} ${namespace}/${name} is gone`)
  expectOk(response)
  return accept(undefined)
}

/** Server-side apply of a ConfigMap's whole `data`, by force, also where there is none yet. Throws a KubeError. */
export async function applyConfigMap(
  client: KubeClient,
  namespace: string,
  name: string,
  data: Record<string, string>,
  fieldManager: string,
): Promise<void> {
  const response = await client.request({
    method: 'PATCH',
    path: pathOf({ ...coreGroup, plural: 'configmaps' }, namespace, name),
    query: { fieldManager, force: true },
    contentType: 'application/apply-patch+yaml',
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data },
  })
  expectOk(response)
}

/** Writes a core/v1 Event about an object, in its namespace. What the server refuses (a namespace that is going) is a value. */
export async function createEvent(
  client: KubeClient,
  about: EventSubject,
  note: EventNote,
  now: number,
): Promise<Verdict> {
  const namespace = about.metadata.namespace ?? 'default'
  const time = kubeTime(now)
  const { name, uid, resourceVersion } = about.metadata
  const response = await client.request({
    method: 'POST',
    path: pathOf({ ...coreGroup, plural: 'events' }, namespace),
    body: {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { generateName: `${name.slice(0, 200)}.`, namespace },
      involvedObject: { apiVersion: about.apiVersion, kind: about.kind, name, namespace, uid, resourceVersion },
      type: note.type,
      reason: note.reason,
      message: [...note.message].slice(0, noteLength).join(''),
      reportingComponent: note.reportingComponent,
      reportingInstance: note.reportingInstance ?? '',
      source: { component: note.reportingComponent },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    },
  })
  if (response.status >= 200 && response.status < 300) return accept(undefined)
  const { reason, message } = statusOf(response)
  return refuse(reason, message)
}

/** The uid of namespace kube-system, which stands for the cluster. Refused where it can't be read. */
export async function clusterUid(client: KubeClient): Promise<Verdict<string>> {
  const response = await client.request({
    method: 'GET',
    path: pathOf({ ...coreGroup, plural: 'namespaces' }, undefined, 'kube-system'),
  })
  if (response.status === 200) return accept((response.json() as KubeObject).metadata.uid)
  const { reason, message } = statusOf(response)
  return refuse(reason, `the cluster's uid can't be read: ${message}`)
}
