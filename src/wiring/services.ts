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

/** The controller of Kubernetes makes slices of 100 endpoints (some 40 kB). */
const slicesPerPage = 10
const mostPages = 5
/** What is larger has been written by hand, to fill somebody's memory. An object that can be stored is smaller. */
const mostBytes = 2 * 1024 * 1024

/** The Services of the cluster, read when they are needed: by name, and the slices by their label. */
export function clusterServices(client: KubeClient): Services {
  const read = (plural: string) => (namespace: string, name: string) =>
    getObject(client, { group: '', version: 'v1', plural }, namespace, name, { timeoutMs, maxBytes: mostBytes })
  const reads = {
    service: async (...of: [string, string]) => (await read('services')(...of)) as Service | undefined,
    slices: (namespace: string, name: string) => slicePages(client, namespace, name),
    pod: async (...of: [string, string]) => podOf((await read('pods')(...of)) as Pod | undefined),
  }
  return openServices(reads, now, Math.random)
}

type SliceList = { metadata?: { continue?: string }; items?: EndpointSlice[] }

async function* slicePages(client: KubeClient, namespace: string, service: string): AsyncGenerator<EndpointSlice[]> {
  const labelSelector = `kubernetes.io/service-name=${service}`
  let next: string | undefined
  for (let page = 0; page < mostPages; page += 1) {
    const response = await client.request({
      method: 'GET',
      path: pathOf(endpointSlices, namespace),
      query: { labelSelector, limit: slicesPerPage, continue: next },
      timeoutMs,
      maxBytes: mostBytes,
    })
    const { metadata, items = [] } = expectOk(response).json() as SliceList
    yield items
    next = metadata?.continue
    if (!next) return
  }
}

/** What is looked at of a Pod, which may be a megabyte. */
function podOf(pod: Pod | undefined): Pod | undefined {
  if (!pod) return undefined
  const { namespace, uid, deletionTimestamp, labels } = pod.metadata
  const { hostNetwork, containers = [], initContainers = [] } = pod.spec ?? {}
  const { podIPs, conditions } = pod.status ?? {}
  const portsOf = ({ restartPolicy, ports }: (typeof containers)[number]) => ({ restartPolicy, ports })
  return {
    metadata: { namespace, uid, deletionTimestamp, labels },
    spec: { hostNetwork, containers: containers.map(portsOf), initContainers: initContainers.map(portsOf) },
    status: { podIPs, conditions },
  }
}
