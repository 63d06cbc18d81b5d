import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { connect } from '../../src/kube/client.ts'
import { clusterServices } from '../../src/wiring/services.ts'

type Answer = { status?: number; body: unknown }

const service = { spec: { selector: { app: 'hook' }, ports: [{ port: 80, targetPort: 8080 }] } }
const podAt = (ip: string) => ({
  metadata: { namespace: 'team-a', labels: { app: 'hook' }, annotations: { large: 'x'.repeat(1000) } },
  spec: { containers: [{ name: 'main' }] },
  status: { podIPs: [{ ip }], conditions: [{ type: 'Ready', status: 'True' }] },
})
const slice = (pod: string, ip: string) => ({
  endpoints: [{ addresses: [ip], targetRef: { kind: 'Pod', namespace: 'team-a', name: pod } }],
})

/** What becomes of Service `hook`, by an API server that answers so, and what that was asked. */
async function read(answers: (url: URL) => Answer) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://server')
    if (url.pathname !== '/version') asked.push(`${url.pathname.replace(/^.*\/namespaces\/team-a\//, '')}${url.search}`)
    const { status = 200, body } = url.pathname === '/version' ? { body: {} } : answers(url)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const directory = mkdtempSync(join(tmpdir(), 'carillon-services-'))
  try {
    const kubeconfig = join(directory, 'kubeconfig')
    const cluster = { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
    const contexts = [{ name: 'c', context: { cluster: 'c', user: 'c' } }]
    const users = [{ name: 'c', user: {} }]
    const config = { clusters: [{ name: 'c', cluster }], users, contexts, 'current-context': 'c' }
    writeFileSync(kubeconfig, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config }))
    const connected = await connect({ kubeconfig })
    assert.ok(connected.ok)
    await using client = connected.value
    const ref = { namespace: 'team-a', name: 'hook', port: undefined, scheme: 'http' } as const
    return { verdict: await clusterServices(client).endpoints(ref, false), asked }
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    rmSync(directory, { recursive: true })
  }
}

const kindOf = ({ pathname }: URL): string => pathname.split('/').at(-1) ?? ''
const first = 'endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dhook&limit=10'

describe('reading a Service of the cluster', () => {
  it('asks for it, for its slices page by page, and for their Pods by name', async () => {
    const { verdict, asked } = await read((url) => {
      if (kindOf(url) === 'hook') return { body: service }
      if (kindOf(url) === 'one') return { body: podAt('10.0.0.1') }
      if (kindOf(url) === 'two') return { status: 404, body: {} }
      const isFirst = !url.searchParams.has('continue')
      return isFirst
        ? { body: { metadata: { continue: 'next' }, items: [slice('one', '10.0.0.1')] } }
        : { body: { metadata: {}, items: [slice('two', '10.0.0.2')] } }
    })
    assert.deepEqual(verdict.ok && verdict.value, [{ address: '10.0.0.1', port: 8080 }])
    assert.deepEqual(asked.slice(0, 3), ['services/hook', first, `${first}&continue=next`])
    assert.deepEqual(asked.slice(3).toSorted(), ['pods/one', 'pods/two'])
  })

  it('ends after a few pages, however many there are', async () => {
    const { verdict, asked } = await read((url) =>
      kindOf(url) === 'hook' ? { body: service } : { body: { metadata: { continue: 'more' }, items: [{}] } },
    )
    assert.match(verdict.ok ? '' : verdict.message, /it has no endpoints\.$/)
    assert.equal(asked.length, 1 + 5)
  })

  it('ends with a page that is too large', async () => {
    const { verdict } = await read((url) =>
      kindOf(url) === 'hook' ? { body: service } : { body: { items: [{ filler: 'x'.repeat(2 * 1024 * 1024) }] } },
    )
    assert.equal(verdict.ok ? '' : verdict.reason, 'ServiceUnreadable')
  })

  const rights: [kind: string, message: RegExp][] = [
    ['services', /^The operator may not get Services of namespace team-a; an admin allows it with rbac\.serviceRefs/],
    ['endpointslices', /^The operator may not list EndpointSlices of namespace team-a; /],
    ['pods', /^The operator may not get Pods of namespace team-a; /],
  ]
  for (const [kind, message] of rights) {
    it(`names the right that is missing: ${kind}`, async () => {
      const { verdict } = await read((url) => {
        if (url.pathname.includes(`/${kind}`)) return { status: 403, body: { kind: 'Status', reason: 'Forbidden' } }
        if (kindOf(url) === 'hook') return { body: service }
        return { body: { items: [slice('one', '10.0.0.1')] } }
      })
      assert.equal(verdict.ok ? '' : verdict.reason, 'ServiceUnreadable')
      assert.match(verdict.ok ? '' : verdict.message, message)
    })
  }
})
