import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { BlockList, isIPv4 } from 'node:net'
import { before, suite, test } from 'node:test'
import { compileAddressPolicy } from '../../src/delivery/addresses.ts'
import type { Manifest } from '../controlplane/admin.ts'
import { ensureTool } from '../controlplane/tools.ts'
import { find, render } from './render.ts'

type Peer = { ipBlock?: { cidr: string; except?: string[] }; namespaceSelector?: object }
type Rule = { ports?: { port: number | string; protocol?: string }[]; to?: Peer[]; from?: Peer[] }
type Spec = { podSelector: { matchLabels: object }; policyTypes: string[]; ingress: Rule[]; egress: Rule[] }

suite("the chart's NetworkPolicy", () => {
  let helm: string
  const specOf = async (...values: string[]) => {
    const manifests = await render(helm, `--set=${['networkPolicy.enabled=true', ...values].join(',')}`)
    const policy = find(manifests, 'NetworkPolicy')
    return { spec: policy.spec as Spec, manifests }
  }
  const publicPeers = ({ egress }: Spec): Peer[] =>
    egress.find(({ to }) => to?.some(({ ipBlock }) => ipBlock?.except))?.to ?? []

  before(async () => {
    helm = await ensureTool('helm')
  })

  test('is there where it is asked for', async () => {
    assert.equal(
      (await render(helm)).some(({ kind }) => kind === 'NetworkPolicy'),
      false,
    )
  })

  test('selects the pod, and lets in what asks for metrics', async () => {
    const { spec, manifests } = await specOf()
    const template = find(manifests, 'StatefulSet').spec as { template: { metadata: Manifest['metadata'] } }
    const labels = template.template.metadata.labels as Record<string, string>
    for (const [key, value] of Object.entries(spec.podSelector.matchLabels)) assert.equal(labels[key], value)
    assert.deepEqual([spec.policyTypes, spec.ingress], [['Ingress', 'Egress'], [{ ports: [{ port: 'http' }] }]])
    const from = 'networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.name=monitoring'
    const { spec: narrow } = await specOf(from, 'webhook.enabled=true', 'networkPolicy.apiServerCidrs={10.0.0.1/32}')
    assert.deepEqual(narrow.ingress, [
      { ports: [{ port: 'http' }], from: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }] },
      { ports: [{ port: 'webhook' }], from: [{ ipBlock: { cidr: '10.0.0.1/32' } }] },
    ])
    assert.ok(
      narrow.egress.some(({ to, ports }) => !ports && to?.[0]?.ipBlock?.cidr === '10.0.0.1/32' && to.length === 1),
    )
    assert.equal(
      narrow.egress.some(({ ports }) => ports?.some(({ port }) => port === 6443)),
      false,
    )
  })

  test('lets out what the guard lets out by default: the same addresses, and no other', async () => {
    const { spec } = await specOf()
    const policy = compileAddressPolicy([])
    assert.ok(policy.ok)
    const edges = [
      '1.1.1.1',
      '9.255.255.255',
      '10.0.0.0',
      '11.0.0.0',
      '169.254.169.254',
      '2606:4700::1111',
      'fd00:ec2::254',
      '::1',
      '2002::1',
      '2001:1ff::1',
      '2001:200::1',
    ]
    const v4 = Array.from({ length: 3000 }, () => [...randomBytes(4)].join('.'))
    const v6 = Array.from({ length: 1000 }, () =>
      [...Array(8).keys()]
        .map((at) => (at === 0 ? 0x2000 + randomInt(0x2000) : randomInt(0x10000)).toString(16))
        .join(':'),
    )
    const peers = publicPeers(spec)
    assert.equal(peers.length, 2)
    for (const address of [...edges, ...v4, ...v6])
      assert.equal(
        peers.some((peer) => reaches(peer, address)),
        policy.value(address),
        address,
      )
  })

  test('lets out what an administrator allows besides', async () => {
    const cidrs = 'config.egress.allowCidrs={10.96.0.0/16,fd00::/8}'
    const rule = 'networkPolicy.extraEgress[0].to[0].ipBlock.cidr=10.1.2.3/32'
    const { spec } = await specOf(cidrs, rule)
    assert.deepEqual(
      publicPeers(spec).slice(2),
      ['10.96.0.0/16', 'fd00::/8'].map((cidr) => ({ ipBlock: { cidr } })),
    )
    assert.deepEqual(spec.egress.at(-1), { to: [{ ipBlock: { cidr: '10.1.2.3/32' } }] })
  })

  test('lets out to Pods where sinks may name Services, and only where it serves', async () => {
    const selectors = ({ egress }: Spec) =>
      egress.flatMap(({ to = [] }) => to.flatMap(({ namespaceSelector: one }) => one ?? []))
    assert.deepEqual(selectors((await specOf()).spec), [{}])
    assert.deepEqual(selectors((await specOf('rbac.serviceRefs=false')).spec), [])
    const { spec } = await specOf('config.watchNamespaces={a,b}', 'config.adminNamespaces={b,c}')
    const [key, operator] = ['kubernetes.io/metadata.name', 'In']
    assert.deepEqual(selectors(spec), [{ matchExpressions: [{ key, operator, values: ['a', 'b', 'c'] }] }])
  })
})

function reaches({ ipBlock }: Peer, address: string): boolean {
  if (!ipBlock) return false
  const family = isIPv4(address) ? 'ipv4' : 'ipv6'
  const isIn = (cidr: string) => {
    const [network = '', bits] = cidr.split('/')
    if ((isIPv4(network) ? 'ipv4' : 'ipv6') !== family) return false
    const list = new BlockList()
    list.addSubnet(network, Number(bits), family)
    return list.check(address, family)
  }
  return isIn(ipBlock.cidr) && !(ipBlock.except ?? []).some(isIn)
}
