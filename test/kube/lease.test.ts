import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import type { Verdict } from '../../src/api/verdict.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { Lease, type LeaseOptions } from '../../src/kube/lease.ts'
import { type ControlPlane, startControlPlane } from '../controlplane/controlplane.ts'
import { clientFor } from './follow.ts'

const apiVersion = 'coordination.k8s.io/v1'
const say = () => undefined
const quiet = { debug: say, info: say, warn: say, error: say }
const never = new AbortController().signal

describe('a Lease on the real API server', { timeout: 300_000 }, () => {
  let plane: ControlPlane
  let client: KubeClient
  before(async () => {
    plane = await startControlPlane()
    client = await clientFor(plane)
  })
  after(async () => {
    await client?.[Symbol.asyncDispose]()
    await plane?.[Symbol.asyncDispose]()
  })

  const options = (name: string, instance: string, durationMs = 1000): LeaseOptions => {
    return { client, namespace: 'default', name, host: 'host', instance, durationMs, log: quiet, random: Math.random }
  }
  const spec = async (name: string) => (await plane.admin.get(apiVersion, 'Lease', 'default', name))?.spec

  it('is held by one, and by the next as soon as that one gives it back', async () => {
    await using first = taken(await Lease.take(options('handed', 'a', 600_000), fail, never))
    assert.ok(first.held)
    assert.equal((await spec('handed'))?.holderIdentity, 'host_a')
    const waits = Promise.withResolvers<string>()
    const next = Lease.take(options('handed', 'b'), waits.resolve, never)
    assert.equal(await waits.promise, 'host_a')
    await first[Symbol.asyncDispose]()
    assert.ok(!first.held)
    await using second = taken(await next)
    assert.ok(second.held)
    assert.equal((await spec('handed'))?.leaseTransitions, 2)
  })

  it('is taken over at once from a killed process of the same data directory, whatever its host', async () => {
    await write('same', { holderIdentity: 'other-host_a', leaseDurationSeconds: 600 })
    await using lease = taken(await Lease.take(options('same', 'a', 600_000), fail, never))
    assert.ok(lease.held)
  })

  it('is taken from one that is not heard of for its duration, whatever time it tells', async () => {
    const renewTime = '2099-01-01T00:00:00.000000Z'
    await write('silent', { holderIdentity: 'host_a', leaseDurationSeconds: 1, renewTime })
    const waited: string[] = []
    await using lease = taken(await Lease.take(options('silent', 'b'), (holder) => waited.push(holder), never))
    assert.ok(lease.held)
    assert.deepEqual(waited, ['host_a'])
  })

  it('tells its holder when another has taken it, and lets nothing through the fence any more', async () => {
    await using lease = taken(await Lease.take(options('lost', 'a', 3000), fail, never))
    await write('lost', { holderIdentity: 'host_b', leaseDurationSeconds: 600 })
    await once(lease.lost, 'abort')
    const stop = new AbortController()
    const fenced = lease.fence(stop.signal)
    stop.abort()
    assert.equal(await fenced, false)
    await lease[Symbol.asyncDispose]()
    assert.equal((await spec('lost'))?.holderIdentity, 'host_b')
  })

  it('is made again where somebody deletes it', async () => {
    await using lease = taken(await Lease.take(options('deleted', 'a'), fail, never))
    await plane.admin.delete(apiVersion, 'Lease', 'default', 'deleted')
    await plane.admin.waitFor(`/apis/${apiVersion}/namespaces/default/leases/deleted`, () => true, {
      what: 'the Lease',
    })
    assert.ok(await lease.fence(never))
  })

  it('closes the fence while the API server does not answer, and opens it once it is renewed', async () => {
    await using lease = taken(await Lease.take(options('away', 'a'), fail, never))
    await plane.apiserver.kill()
    while (lease.held) await new Promise((resolve) => setTimeout(resolve, 20))
    const fenced = lease.fence(never)
    await plane.apiserver.restart()
    assert.equal(await fenced, true)
    assert.ok(lease.held)
    assert.ok(!lease.lost.aborted)
  })

  it('is refused where there is no such namespace, and where there is no right to it', async () => {
    const missing = await Lease.take({ ...options('any', 'a'), namespace: 'none' }, fail, never)
    assert.equal(!missing.ok && missing.reason, 'NamespaceNotFound')
    await using weak = await clientFor(plane, plane.url, 'operator')
    const forbidden = await Lease.take({ ...options('any', 'a'), client: weak }, fail, never)
    assert.equal(!forbidden.ok && forbidden.reason, 'LeaseForbidden')
  })

  async function write(name: string, wanted: object): Promise<void> {
    await plane.admin.apply({ apiVersion, kind: 'Lease', metadata: { name, namespace: 'default' }, spec: wanted })
  }
})

function taken(lease: Verdict<Lease | undefined>): Lease {
  assert.ok(lease.ok && lease.value, JSON.stringify(lease))
  return lease.value
}

function fail(holder: string): void {
  throw new Error(`waits for ${holder}`)
}
