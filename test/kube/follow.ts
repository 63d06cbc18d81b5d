import type { KubeObject } from '../../src/api/object.ts'
import { connect, type KubeClient } from '../../src/kube/client.ts'
import { type Batch, Reflector, type ReflectorOptions, type ReflectorState } from '../../src/kube/reflector.ts'
import type { ControlPlane } from '../controlplane/controlplane.ts'

/** A client for the control plane, with the admin's token or another, directly or through a proxy. */
export async function clientFor(
  plane: ControlPlane,
  url = plane.url,
  user: 'admin' | 'operator' = 'admin',
): Promise<KubeClient> {
  const connected = await connect({ kubeconfig: plane.kubeconfig(user, url) })
  if (!connected.ok) throw new Error(connected.message)
  return connected.value
}

/** What a consumer knows who keeps only name and resourceVersion of what the batches of a reflector tell. */
export type Follower = AsyncDisposable & {
  reflector: Reflector
  /** Names of the objects that are there, by uid. */
  objects: Map<string, string>
  versions: Map<string, string>
  /** Phases of the batches so far, with the number of changes. */
  batches: { phase: Batch['phase']; changes: number; cursor: string | undefined }[]
  /** Names of the objects that were deleted, or found missing after a list. */
  deleted: string[]
  relists: string[]
  failures: string[]
  names(): string[]
  count(phase: Batch['phase']): number
  /** Resolves once the condition holds; looked at after each batch and each change of state. Rejects after a minute. */
  until(what: string, holds: (follower: Follower) => boolean): Promise<void>
  untilState(state: ReflectorState): Promise<void>
}

export type FollowOptions = Partial<ReflectorOptions> & Pick<ReflectorOptions, 'client' | 'resource'>

export function follow(
  options: FollowOptions,
  take: (batch: Batch) => Promise<void> = async () => undefined,
): Follower {
  const relists: string[] = []
  const failures: string[] = []
  const watchers = new Set<() => void>()
  const look = (..._: unknown[]) => {
    for (const watcher of watchers) watcher()
  }
  const reflector = new Reflector({
    name: 'followed',
    now: Date.now,
    random: () => 0.01, // a hundredth of the usual waiting between attempts
    // Every change of state is logged, every failure counted: both are looked at as the batches are.
    log: { debug: look, info: look, warn: look, error: look },
    metrics: {
      watchEvents: look,
      listed: look,
      relisted: (reason) => look(relists.push(reason)),
      failed: (reason) => look(failures.push(reason)),
    },
    ...options,
  })
  const stop = new AbortController()
  const follower: Follower = {
    reflector,
    objects: new Map(),
    versions: new Map(),
    batches: [],
    deleted: [],
    relists,
    failures,
    names: () => [...follower.objects.values()].sort(),
    count: (phase) => follower.batches.filter((batch) => batch.phase === phase).length,
    async until(what, holds) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const watcher = () => holds(follower) && resolve()
      const told = () =>
        JSON.stringify({ state: reflector.state(), batches: follower.batches.slice(-20), relists, failures })
      const timer = setTimeout(() => reject(new Error(`never came: ${what}; ${told()}`)), 60_000)
      watchers.add(watcher)
      watcher()
      await Promise.race([promise, ended]).finally(() => {
        clearTimeout(timer)
        watchers.delete(watcher)
      })
    },
    untilState: (state) => follower.until(`state ${state}`, () => reflector.state().state === state),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await ended
    },
  }
  const ended = (async () => {
    for await (const batch of reflector.batches(stop.signal)) {
      learn(follower, batch)
      await take(batch)
      follower.batches.push({ phase: batch.phase, changes: batch.changes.length, cursor: batch.cursor })
      look()
    }
  })()
  return follower
}

function learn({ objects, versions, deleted }: Follower, batch: Batch): void {
  for (const { type, object } of batch.changes) {
    if (type === 'delete') {
      objects.delete(object.metadata.uid)
      deleted.push(object.metadata.name)
    } else objects.set(object.metadata.uid, object.metadata.name)
    versions.set(object.metadata.name, object.metadata.resourceVersion)
  }
  if (batch.phase !== 'listed') return
  for (const [uid, name] of objects) {
    if (batch.uids.has(uid)) continue
    objects.delete(uid)
    deleted.push(name)
  }
}

export const widgets = { group: 'test.carillon.dev', version: 'v1', plural: 'widgets' }

/** A resource that takes any content. */
export const widgetCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.test.carillon.dev' },
  spec: {
    group: widgets.group,
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}

export const collection = (namespace: string) => `/apis/${widgets.group}/v1/namespaces/${namespace}/widgets`

export async function createWidget(
  plane: ControlPlane,
  namespace: string,
  name: string,
  bytes = 0,
): Promise<KubeObject> {
  const answer = await plane.admin.request('POST', collection(namespace), {
    apiVersion: 'test.carillon.dev/v1',
    kind: 'Widget',
    metadata: { name },
    spec: { filler: 'x'.repeat(bytes) },
  })
  if (answer.status !== 201)
    throw new Error(`widget ${name}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`)
  return answer.body as KubeObject
}

export async function createNamespace(plane: ControlPlane, name: string): Promise<string> {
  await plane.admin.request('POST', '/api/v1/namespaces', { metadata: { name } })
  return name
}
