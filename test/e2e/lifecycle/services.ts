import assert from 'node:assert/strict'
import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { it } from 'node:test'
import { podAddressPolicy } from '../../../src/delivery/pod-addresses.ts'
import type { AdminClient } from '../../controlplane/admin.ts'
import { startSink } from '../../controlplane/sink.ts'
import { conditionsOf, momentOf, patienceMs, run } from '../fixture.ts'
import type { Scene } from './scene.ts'
import { allow } from './secrets.ts'

/** One of this machine's own addresses that a Pod could have: the API server takes no loopback address for an endpoint. */
function podAddress(): string | undefined {
  const isPrivate = podAddressPolicy(() => false)
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return all.find(({ internal, address }) => !internal && isPrivate(address))?.address
}

type Place = { admin: AdminClient; namespace: string; address: string }

function service({ admin, namespace }: Place, spec: object) {
  return admin.apply({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'hook', namespace }, spec })
}

/** A Pod as its node tells of it, with a container port `http`. */
async function pod({ admin, namespace, address }: Place, name: string, port: number): Promise<void> {
  const container = { name: 'main', image: 'none', ports: [{ name: 'http', containerPort: port }] }
  const spec = { nodeName: 'stand-in', containers: [container] }
  await admin.create({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels: { app: 'hook' } }, spec })
  const conditions = ['Initialized', 'ContainersReady', 'Ready'].map((type) => ({ type, status: 'True' }))
  const status = { phase: 'Running', podIP: address, podIPs: [{ ip: address }], conditions }
  await admin.patchStatus('v1', 'Pod', namespace, name, status)
}

/** An EndpointSlice as the controller of Kubernetes would write it, or as a tenant may. */
function slice({ admin, namespace, address }: Place, name: string, port: number, targetRef: object | undefined) {
  const endpoint = { addresses: [address], conditions: { ready: true }, ...(targetRef && { targetRef }) }
  return admin.apply({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': 'hook' } },
    addressType: isIPv6(address) ? 'IPv6' : 'IPv4',
    endpoints: [endpoint],
    ports: [{ name: '', protocol: 'TCP', port }],
  })
}

/** Sinks that name a Service: whom they reach, and whom not. */
export function services(scene: Scene): void {
  it('reaches the ready Pods of a Service, follows them, and goes nowhere that a tenant makes up', async (context) => {
    const address = podAddress()
    if (address === undefined) return context.skip('this machine has no private address that a Pod could have')
    const { stage, admin } = scene
    const team = await stage.team('services')
    const place = { admin, namespace: team.namespace, address }
    await using victim = await startSink({ address })
    const sink = (status: 'True' | 'False', reason: string, message: RegExp, type = 'Ready') =>
      team.condition('EventSink', 'sink', type, { status, reason, message })

    await team.sink('sink', { url: undefined, serviceRef: { name: 'hook', port: 80, path: '/in' } })
    await team.subscription()
    await sink('False', 'ServiceUnreadable', /may not get Services of namespace services; .*rbac\.serviceRefs/)
    const withdraw = await allow(admin, 'service-refs')
    await team.ask('EventSink', 'sink')
    await sink('False', 'ServiceNotFound', /^Service hook was not found in namespace services\.$/)
    await team.condition('EventSubscription', 'subscription', 'Ready', { reason: 'SinkNotReady' })

    await service(place, { type: 'ExternalName', externalName: 'kubernetes.default.svc' })
    const stalled = await team.ask('EventSink', 'sink')
    await sink('False', 'ServiceNotAllowed', /is of type ExternalName/)
    assert.ok(conditionsOf(stalled).some(({ type, status }) => type === 'Stalled' && status === 'True'))

    const ports = [{ name: 'http', port: 80, targetPort: 'http' }]
    await service(place, { type: 'ClusterIP', externalName: null, selector: { app: 'hook' }, ports })
    await team.ask('EventSink', 'sink')
    await team.ready()

    await slice(place, 'nobody', victim.port, undefined)
    await slice(place, 'elsewhere', victim.port, { kind: 'Pod', namespace: 'kube-system', name: 'victim' })
    await slice(place, 'missing', victim.port, { kind: 'Pod', namespace: team.namespace, name: 'victim' })
    await run(admin, team.namespace, 'one')
    const missed = /has no ready Pod: of its endpoints 2 name no Pod of this namespace, 1 are of Pods that are gone/
    const down = await sink('False', 'ServiceNotReady', missed, 'Delivering')
    assert.equal(conditionsOf(down).find(({ type }) => type === 'Ready')?.status, 'True')

    await using stack = new AsyncDisposableStack()
    const first = stack.use(await startSink({ address }))
    await pod(place, 'first', first.port)
    // A slice that the tenant wrote names the very Pod, and a port of somebody else's at its address.
    await slice(place, 'real', victim.port, { kind: 'Pod', namespace: team.namespace, name: 'first' })
    await team.ask('EventSink', 'sink')
    const received = await first.waitFor((all) => all.length >= 2, { what: 'events at the Pod', timeoutMs: patienceMs })
    assert.deepEqual(received.map(momentOf), ['taskrun/one started', 'taskrun/one finished'])
    assert.deepEqual(
      received.map(({ path, headers }) => `${headers.host}${path}`),
      Array(2).fill('hook.services.svc/in'),
    )

    await using second = await startSink({ address })
    await pod(place, 'second', second.port)
    await slice(place, 'real', 1, { kind: 'Pod', namespace: team.namespace, name: 'second' })
    await admin.request('DELETE', `/api/v1/namespaces/${team.namespace}/pods/first`, { gracePeriodSeconds: 0 })
    await stack.disposeAsync()
    await run(admin, team.namespace, 'two')
    const followed = await second.waitFor((all) => all.length >= 2, { what: 'events there', timeoutMs: patienceMs })
    assert.deepEqual(followed.map(momentOf), ['taskrun/two started', 'taskrun/two finished'])
    await sink('True', 'Delivered', /./, 'Delivering')
    assert.deepEqual([victim.received, team.server.received], [[], []])
    await withdraw()
  })
}
