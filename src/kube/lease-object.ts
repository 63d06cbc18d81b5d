import type { KubeObject } from '../api/object.ts'
import type { KubeClient } from './client.ts'
import { pathOf } from './path.ts'
import { expectOk } from './response.ts'

/** `spec` of coordination.k8s.io/v1 Lease. */
export type LeaseSpec = {
  holderIdentity?: string
  leaseDurationSeconds?: number
  acquireTime?: string
  renewTime?: string
  leaseTransitions?: number
}

/** `metadata` is undefined of one that is yet to be made. */
export type LeaseObject = { metadata: KubeObject['metadata'] | undefined; spec: LeaseSpec }

type Which = { client: KubeClient; namespace: string; name: string }

const resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' }

/** So that a renewal that hangs leaves time for another. */
const timeoutMs = 5_000

/** Undefined where there is none. Throws a KubeError for all else. */
export async function getLease({ client, namespace, name }: Which): Promise<LeaseObject | undefined> {
  const response = await client.request({ method: 'GET', path: pathOf(resource, namespace, name), timeoutMs })
  return response.status === 404 ? undefined : read(expectOk(response).json())
}

/** Makes it, or writes it where it is as it was read. Throws a KubeError: `Conflict` or `AlreadyExists` where somebody was faster. */
export async function putLease({ client, namespace, name }: Which, lease: LeaseObject): Promise<LeaseObject> {
  const made = lease.metadata !== undefined
  const response = await client.request({
    method: made ? 'PUT' : 'POST',
    path: pathOf(resource, namespace, made ? name : undefined),
    body: {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace },
      ...(made ? lease : { spec: lease.spec }),
    },
    timeoutMs,
  })
  return read(expectOk(response).json())
}

const read = (body: unknown): LeaseObject => {
  const { metadata, spec = {} } = body as { metadata: KubeObject['metadata']; spec?: LeaseSpec }
  return { metadata, spec }
}

/** metav1.MicroTime. */
export const leaseTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z')
