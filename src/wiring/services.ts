import type { Service } from '../delivery/service.ts'
import type { EndpointSlice, Pod } from '../delivery/service-endpoints.ts'
import { openServices, type Services } from '../delivery/services.ts'
import type { KubeClient } from '../kube/client.ts'
import { pathOf } from '../kube/path.ts'
import { getObject } from '../kube/resources.ts'
import { expectOk } from '../kube/response.ts'
import { now } from './parts.ts'

const endpointSlices = { group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices' }

/** Longer than that nobody waits for a connection. */
const timeoutMs = 5_000

/** Slices are read until they hold so many endpoints, in so few pages. The controller of Kubernetes makes slices of 100 (some 40 kB). */
const enoughEndpoints = 1_000
const slicesPerPage = 10
const mostPages = 5
/** What is larger has been written by hand, to fill somebody's memory. A slice that can be stored is smaller. */
const mostBytes = 2 * 1024 * 1024

/** The Services of the cluster, read when they are needed: by name, and the slices by their label. */
export function clusterServices(client: KubeClient): Services {
  const read = (plural: string) => (namespace: string, name: string) =>
    getObject(client, { group: '', version: 'v1', plural }, namespace, name, AbortSignal.timeout(timeoutMs))
  const reads = {
    service: async (...of: [string, string]) => (await read('services')(...of)) as Service | undefined,
    slices: (namespace: string, name: string) => listSlices(client, namespace, name),
    pod: async (...of: [string, string]) => (await read('pods')(...of)) as Pod | undefined,
  }
  return openServices(reads, now, Math.random)
}

type SliceList = { metadata?: { continue?: string }; items?: EndpointSlice[] }

async function listSlices(client: KubeClient, namespace: string, service: string): Promise<EndpointSlice[]> {
  const slices: EndpointSlice[] = []
  const labelSelector = `kubernetes.io/service-name=${service}`
  let endpoints = 0
  let next: string | undefined
  for (let page = 0; page < mostPages && endpoints < enoughEndpoints; page += 1) {
    const response = await client.request({
      method: 'GET',
      path: pathOf(endpointSlices, namespace),
      query: { labelSelector, limit: slicesPerPage, continue: next },
      timeoutMs,
      maxBytes: mostBytes,
    })
    const { metadata, items = [] } = expectOk(response).json() as SliceList
    slices.push(...items)
    for (const { endpoints: held } of items) endpoints += held?.length ?? 0
    next = metadata?.continue
    if (!next) break
  }
  return slices
}
