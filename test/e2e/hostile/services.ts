import type { Manifest } from '../../controlplane/admin.ts'
import type { HostileCase } from './cases.ts'

/** Where all made-up slices lead: somebody listens there, at every port. */
const victim = '10.0.0.1'

const service = (namespace: string, name: string, spec: object): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec,
})

/** What a tenant writes by hand, with the right to write slices in their namespace. */
const slice = (namespace: string, name: string, targetRef: object | undefined): Manifest => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${name}-made-up`, namespace, labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  ports: [{ name: '', port: 80, protocol: 'TCP' }],
  endpoints: [{ addresses: [victim], conditions: { ready: true }, ...(targetRef && { targetRef }) }],
})

const selected = { selector: { app: 'hook' }, ports: [{ port: 80 }] }

type Made = [name: string, spec: object, targetRef: object | undefined | 'none', expect: RegExp]

const made: Made[] = [
  ['external', { type: 'ExternalName', externalName: 'name-2.example.com' }, 'none', /^ServiceNotAllowed/],
  ['no-selector', { ports: [{ port: 80 }] }, undefined, /^ServiceNotAllowed/],
  ['no-target', selected, undefined, /^ServiceNotReady/],
  ['no-such-pod', selected, { kind: 'Pod', name: 'nobody' }, /^ServiceNotReady/],
  ['anothers-pod', selected, { kind: 'Pod', name: 'pod', namespace: 'kube-system' }, /^ServiceNotReady/],
  ['a-node', selected, { kind: 'Node', name: 'node' }, /^ServiceNotReady/],
  ['a-path', selected, { kind: 'Pod', name: '../../secrets/token' }, /^ServiceNotReady/],
  ['external-ips', { ...selected, externalIPs: [victim] }, 'none', /^ServiceNotReady/],
  ['unknown-port', { selector: { app: 'hook' }, ports: [{ port: 81 }, { port: 82, name: 'b' }] }, 'none', /^not taken/],
]

/** Services that lead where their namespace has nothing. */
export const services: HostileCase[] = [
  ...made.map(
    ([name, spec, targetRef, expect]): HostileCase => ({
      name: `a Service made up: ${name}`,
      http: { serviceRef: { name, port: 80 } },
      beside: (namespace) => [
        service(namespace, name, spec),
        ...(targetRef === 'none' ? [] : [slice(namespace, name, targetRef)]),
      ],
      expect,
    }),
  ),
  { name: 'a Service that is not there', http: { serviceRef: { name: 'absent' } }, expect: /^ServiceNotFound/ },
  {
    name: 'a Service named as one of another namespace',
    http: { serviceRef: { name: 'kubernetes.default' } },
    expect: /^not taken: .*name must be the name of a Service/,
  },
  {
    name: 'a path that would change the host',
    http: { serviceRef: { name: 'absent', path: '@169.254.169.254/' } },
    expect: /^not taken: .*path must begin with/,
  },
]
