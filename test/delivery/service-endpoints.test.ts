import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ServiceRef } from '../../src/api/sink-url.ts'
import { type Service, targetOf } from '../../src/delivery/service.ts'
import {
  type EndpointSlice,
  endpointsOf,
  noCandidates,
  type Pod,
  withSlices,
} from '../../src/delivery/service-endpoints.ts'

const ref: ServiceRef = { namespace: 'team-a', name: 'hook', port: undefined, scheme: 'http' }

const service = (spec: Service['spec'] = {}): Service => ({
  spec: { type: 'ClusterIP', selector: { app: 'hook' }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
})

describe('the port of a Service that a sink names', () => {
  const ports = (...all: NonNullable<Service['spec']>['ports'] & object) => service({ ports: all })
  const several = ports({ port: 8443 }, { port: 443 }, { port: 80 }, { port: 8080 })
  const right: [what: string, Service, Partial<ServiceRef>, targetPort: number | string][] = [
    ['the only one', ports({ port: 8080, targetPort: 'http' }), {}, 'http'],
    ['the same where no targetPort is given', ports({ port: 8080 }), {}, 8080],
    ['the one that is named', several, { port: 8443 }, 8443],
    ['80 of several, for http', several, {}, 80],
    ['443 of several, for https', several, { scheme: 'https' }, 443],
    ['the only one of TCP', ports({ port: 53, protocol: 'UDP' }, { port: 9000, protocol: 'TCP' }), {}, 9000],
    ['that of a headless Service', service({ type: 'ClusterIP' }), {}, 8080],
    ['that of a LoadBalancer', service({ type: 'LoadBalancer' }), {}, 8080],
  ]
  for (const [what, given, named, targetPort] of right) {
    it(`is ${what}`, () => {
      const target = targetOf(given, { ...ref, ...named })
      assert.equal(target.ok && target.value.targetPort, targetPort)
    })
  }

  const wrong: [what: string, Service | undefined, Partial<ServiceRef>, reason: string, message: RegExp][] = [
    ['there is no Service', undefined, {}, 'ServiceNotFound', /^Service hook was not found in namespace team-a\.$/],
    [
      'it is an ExternalName',
      service({ type: 'ExternalName' }),
      {},
      'ServiceNotAllowed',
      /ExternalName .* http\.url\.$/,
    ],
    ['it has no selector', { spec: { ports: [{ port: 80 }] } }, {}, 'ServiceNotAllowed', /has no selector/],
    ['its selector is empty', service({ selector: {} }), {}, 'ServiceNotAllowed', /has no selector/],
    ['it has no ports', service({ ports: [] }), {}, 'ServiceNotAllowed', /has no TCP port\./],
    ['it has none of TCP', ports({ port: 53, protocol: 'UDP' }), {}, 'ServiceNotAllowed', /has no TCP port\./],
    ['the port is another', several, { port: 81 }, 'ServiceNotAllowed', /no TCP port 81; it has 8443, 443, 80, 8080\./],
    ['several, none usual', ports({ port: 1 }, { port: 2 }), {}, 'ServiceNotAllowed', /name one in .*; it has 1, 2\./],
    ['80 for https', ports({ port: 80 }, { port: 1 }), { scheme: 'https' }, 'ServiceNotAllowed', /several ports/],
  ]
  for (const [what, given, named, reason, message] of wrong) {
    it(`is refused: ${what}`, () => {
      const target = targetOf(given, { ...ref, ...named })
      assert.ok(!target.ok)
      assert.equal(target.reason, reason)
      assert.match(target.message, message)
    })
  }
})

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number]

const slice = (endpoint: Partial<Endpoint> = {}, targetRef: Partial<Endpoint['targetRef']> = {}): EndpointSlice => ({
  endpoints: [
    {
      addresses: ['10.1.2.3'],
      conditions: { ready: true },
      targetRef: { kind: 'Pod', namespace: 'team-a', name: 'one', uid: 'u1', ...targetRef },
      ...endpoint,
    },
  ],
})

const pod = ({ metadata, spec, status }: Partial<Pod> = {}): Pod => ({
  metadata: { namespace: 'team-a', uid: 'u1', labels: { app: 'hook', version: '1' }, ...metadata },
  spec: { containers: [{ ports: [{ name: 'http', containerPort: 9090 }] }], ...spec },
  status: { podIPs: [{ ip: '10.1.2.3' }], conditions: [{ type: 'Ready', status: 'True' }], ...status },
})

/** What is connected to, by Pods of which `one` is given. */
function chosen(
  slices: EndpointSlice[],
  one: Pod | undefined,
  spec: Service['spec'] = {},
  more: Record<string, Pod> = {},
) {
  const target = targetOf(service(spec), ref)
  assert.ok(target.ok)
  const pods = new Map<string, Pod | undefined>([['one', one], ...Object.entries(more)])
  return endpointsOf({ ref, target: target.value, candidates: withSlices(noCandidates, slices, 'team-a'), pods })
}

describe('the endpoints of a Service', () => {
  const right: [what: string, EndpointSlice[], Pod, Service['spec'], endpoints: string[]][] = [
    ['a ready Pod at its own address', [slice()], pod(), {}, ['10.1.2.3:8080']],
    ['one whose slice says nothing of being ready', [slice({ conditions: {} })], pod(), {}, ['10.1.2.3:8080']],
    ['one without conditions at all', [slice({ conditions: undefined })], pod(), {}, ['10.1.2.3:8080']],
    ['one whose slice names no uid', [slice({}, { uid: undefined })], pod(), {}, ['10.1.2.3:8080']],
    [
      'a container port by its name',
      [slice()],
      pod(),
      { ports: [{ port: 80, targetPort: 'http' }] },
      ['10.1.2.3:9090'],
    ],
    [
      'a port of an init container that stays',
      [slice()],
      pod({ spec: { initContainers: [{ restartPolicy: 'Always', ports: [{ name: 'side', containerPort: 7 }] }] } }),
      { ports: [{ port: 80, targetPort: 'side' }] },
      ['10.1.2.3:7'],
    ],
    ['each address once, however many slices hold it', [slice(), slice(), slice()], pod(), {}, ['10.1.2.3:8080']],
    [
      'the first address of an endpoint alone',
      [slice({ addresses: ['10.1.2.3', '10.9.9.9'] })],
      pod(),
      {},
      ['10.1.2.3:8080'],
    ],
    [
      'both families, that of the Service first',
      [slice(), slice({ addresses: ['fd00::3'] })],
      pod({ status: { podIPs: [{ ip: '10.1.2.3' }, { ip: 'fd00::3' }] } as Pod['status'] & object }),
      { ipFamilies: ['IPv6', 'IPv4'] },
      ['fd00::3:8080', '10.1.2.3:8080'],
    ],
  ]
  for (const [what, slices, one, spec, endpoints] of right) {
    it(`are ${what}`, () => {
      const conditions = [{ type: 'Ready', status: 'True' }]
      const whole = { ...one, status: { conditions, ...one.status } }
      const verdict = chosen(slices, whole, spec)
      assert.ok(verdict.ok, verdict.ok ? '' : verdict.message)
      assert.deepEqual(
        verdict.value.map(({ address, port }) => `${address}:${port}`),
        endpoints,
      )
    })
  }

  it('are never at the port that a slice names', () => {
    const forged = { ...slice(), ports: [{ name: '', port: 10250 }] }
    const verdict = chosen([forged], pod())
    assert.deepEqual(verdict.ok && verdict.value, [{ address: '10.1.2.3', port: 8080 }])
  })

  const none = /^Service hook of namespace team-a has no ready Pod: of its endpoints 1 /
  const wrong: [what: string, EndpointSlice[], Pod | undefined, message: RegExp][] = [
    ['there are no slices', [], pod(), /has no ready Pod: it has no endpoints\.$/],
    ['slices are empty', [{ endpoints: null }, {}], pod(), /it has no endpoints\.$/],
    ['an address is none', [slice({ addresses: ['metadata.internal'] })], pod(), /it has no endpoints\.$/],
    ['there is no targetRef', [slice({ targetRef: undefined })], pod(), /1 name no Pod of this namespace/],
    ['the Pod is said to be elsewhere', [slice({}, { namespace: 'kube-system' })], pod(), /1 name no Pod of this/],
    ['its namespace is left out', [slice({}, { namespace: undefined })], pod(), /1 name no Pod of this/],
    ['it is no Pod', [slice({}, { kind: 'Node' })], pod(), /1 name no Pod of this/],
    ['its name leads elsewhere', [slice({}, { name: '../../secrets/one' })], pod(), /1 name no Pod of this/],
    ['its name leads up', [slice({}, { name: '..' })], pod(), /1 name no Pod of this/],
    ['its name is longer than names are', [slice({}, { name: 'a'.repeat(254) })], pod(), /1 name no Pod of this/],
    ['its uid is longer than uids are', [slice({}, { uid: 'a'.repeat(129) })], pod(), /1 name no Pod of this/],
    ['its name is empty', [slice({}, { name: '' })], pod(), /1 name no Pod of this/],
    ['the slice says that it is not ready', [slice({ conditions: { ready: false } })], pod(), /1 are not ready/],
    ['there is no such Pod', [slice()], undefined, /1 are of Pods that are gone/],
    [
      'it is another of that name',
      [slice()],
      pod({ metadata: { namespace: 'team-a', uid: 'u2' } }),
      /1 are of Pods that/,
    ],
    ['the address is another', [slice({ addresses: ['10.0.0.1'] })], pod(), /1 name a Pod that has another address/],
    ['the address is in another form', [slice({ addresses: ['::ffff:10.1.2.3'] })], pod(), /has another address/],
    ['the address is loopback', [slice({ addresses: ['127.0.0.1'] })], pod(), /1 name a Pod that has another address/],
    ['it has no address yet', [slice()], pod({ status: { podIPs: [] } }), /1 name a Pod that has another address/],
    [
      'the Service does not select it',
      [slice()],
      pod({ metadata: { namespace: 'team-a', uid: 'u1', labels: { app: 'other' } } }),
      /or other labels/,
    ],
    [
      'it is not ready',
      [slice()],
      pod({ status: { podIPs: [{ ip: '10.1.2.3' }], conditions: [{ type: 'Ready', status: 'False' }] } }),
      /1 are not ready/,
    ],
    [
      'nobody says that it is ready',
      [slice()],
      pod({ status: { podIPs: [{ ip: '10.1.2.3' }], conditions: [] } }),
      /1 are not ready/,
    ],
    [
      'it is on its way out',
      [slice()],
      pod({
        metadata: {
          namespace: 'team-a',
          uid: 'u1',
          labels: { app: 'hook' },
          deletionTimestamp: '2026-01-01T00:00:00Z',
        },
      }),
      /1 are not ready/,
    ],
  ]
  for (const [what, slices, one, message] of wrong) {
    it(`are none where ${what}`, () => {
      const verdict = chosen(slices, one)
      assert.ok(!verdict.ok)
      assert.equal(verdict.reason, 'ServiceNotReady')
      assert.match(verdict.message, message)
      if (!/no endpoints/.test(verdict.message)) assert.match(verdict.message, none)
    })
  }

  it('are none where a Pod lacks the port that the Service names', () => {
    const verdict = chosen([slice()], pod(), { ports: [{ port: 80, targetPort: 'grpc' }] })
    assert.match(verdict.ok ? '' : verdict.message, /1 lack a container port of the name in targetPort\.$/)
  })

  it("are refused on a node's own network, whose address is not the Pod's alone", () => {
    const verdict = chosen([slice()], pod({ spec: { hostNetwork: true } }))
    assert.equal(verdict.ok ? '' : verdict.reason, 'ServiceNotAllowed')
    assert.match(verdict.ok ? '' : verdict.message, /hostNetwork/)
  })

  it('are those that are good among others that are not, which a message counts', () => {
    const two = pod({
      metadata: { namespace: 'team-a', uid: 'u2', labels: { app: 'hook' } },
      status: { podIPs: [{ ip: '10.1.2.4' }], conditions: [{ type: 'Ready', status: 'True' }] },
    })
    const other = slice({ addresses: ['10.1.2.4'] }, { name: 'two', uid: 'u2' })
    const forged = slice({ addresses: ['10.0.0.1'] }, { namespace: 'kube-system' })
    const verdict = chosen([forged, slice(), other], undefined, {}, { two })
    assert.deepEqual(verdict.ok && verdict.value, [{ address: '10.1.2.4', port: 8080 }])
    const missing = chosen([forged, slice(), forged], undefined)
    assert.match(missing.ok ? '' : missing.message, /2 name no Pod of this namespace, 1 are of Pods that are gone\.$/)
  })

  it('has messages that fit into a status', () => {
    const long = { ...ref, namespace: 'n'.repeat(63), name: 's'.repeat(63) }
    const verdict = endpointsOf({
      ref: long,
      target: { selector: { app: 'hook' }, targetPort: 80, families: [] },
      candidates: withSlices(
        noCandidates,
        [slice({}, { namespace: 'x' }), slice({ conditions: { ready: false } }, { namespace: long.namespace })],
        long.namespace,
      ),
      pods: new Map(),
    })
    assert.ok(!verdict.ok && verdict.message.length <= 256, verdict.ok ? '' : String(verdict.message.length))
  })
})
