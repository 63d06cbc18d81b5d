// The namespace controller's part, which belongs to the controller manager: a namespace's contents go, then the namespace.
import { setTimeout as delay } from 'node:timers/promises'
import type { KubeObject } from '../../src/api/object.ts'
import { type AdminClient, ApiError } from './admin.ts'

/**
 * Deletes a namespace as Kubernetes does (pkg/controller/namespace/deletion): it is marked as terminating, from when on the API server
 * lets nothing new into it; all that is in it is deleted, a resource after the other, until nothing is left; then its finalizer goes, and it
 * with it. Kubernetes takes resources in no order; here `first` (plurals) come first, the others as they are served.
 */
export async function deleteNamespace(admin: AdminClient, name: string, first: readonly string[] = []): Promise<void> {
  await admin.delete('v1', 'Namespace', undefined, name)
  const placeOf = (path: string) => {
    const place = first.indexOf(path.slice(path.lastIndexOf('/') + 1))
    return place === -1 ? first.length : place
  }
  const paths = (await contents(admin, name)).sort((a, b) => placeOf(a) - placeOf(b))
  for (const end = Date.now() + 30_000; ; await delay(50)) {
    for (const path of paths) await accepted(admin, 'DELETE', path)
    const lists = await Promise.all(paths.map((path) => accepted(admin, 'GET', path)))
    const left = lists.flatMap((list) => (list as unknown as { items: KubeObject[] }).items)
    if (left.length === 0) break
    if (Date.now() > end) throw new Error(`namespace ${name} still holds ${left.map(({ metadata }) => metadata.name)}`)
  }
  const path = `/api/v1/namespaces/${name}`
  const namespace = await accepted(admin, 'GET', path)
  await accepted(admin, 'PUT', `${path}/finalize`, { ...namespace, spec: { ...namespace.spec, finalizers: [] } })
  await admin.waitGone(path, { what: `namespace ${name} to be gone` })
}

type Served = { name: string; namespaced: boolean; verbs: string[] }

/** The collections of a namespace that can be listed and deleted, each in its preferred version. */
async function contents(admin: AdminClient, namespace: string): Promise<string[]> {
  const { groups } = (await accepted(admin, 'GET', '/apis')) as unknown as {
    groups: { preferredVersion: { groupVersion: string } }[]
  }
  const bases = ['/api/v1', ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)]
  const served = await Promise.all(
    bases.map(async (base) => {
      const { resources } = (await accepted(admin, 'GET', base)) as unknown as { resources: Served[] }
      return resources
        .filter(({ namespaced, verbs }) => namespaced && verbs.includes('deletecollection') && verbs.includes('list'))
        .map((resource) => `${base}/namespaces/${namespace}/${resource.name}`)
    }),
  )
  return served.flat()
}

async function accepted(admin: AdminClient, method: string, path: string, body?: unknown): Promise<KubeObject> {
  const answer = await admin.request(method, path, body)
  if (answer.status >= 300) throw new ApiError(`${method} ${path}`, answer)
  return answer.body as KubeObject
}
