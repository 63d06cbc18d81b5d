import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { EventSink } from '../../src/api/generated.ts'
import { defaultPolicy } from '../../src/api/policy.ts'
import { compileEgress } from '../../src/delivery/egress.ts'
import { connect } from '../../src/kube/client.ts'
import { accessReader } from '../../src/wiring/access.ts'
import { sinkChecker } from '../../src/wiring/sink-checker.ts'
import { certificate } from '../delivery/certificates.ts'
import { listen } from '../delivery/sockets.ts'
import { reply, toLoopback } from '../delivery/transports/sending.ts'

async function serve(listener: RequestListener): Promise<AsyncDisposable & { url: string }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A reader of credentials by way of an API server that has these objects, by the end of their path; what it was asked. */
async function reading(resources: AsyncDisposableStack, objects: Record<string, object>) {
  const asked: string[] = []
  const api = resources.use(
    await serve((request, response) => {
      const path = request.url?.replace(/^.*\/namespaces\/team-a\//, '') ?? ''
      if (path !== '/version') asked.push(path)
      const body = path === '/version' ? {} : objects[path]
      const status = path.endsWith('/token') ? 201 : path.endsWith('selfsubjectreviews') ? 401 : body ? 200 : 404
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? { status }))
    }),
  )
  const directory = mkdtempSync(join(tmpdir(), 'carillon-access-'))
  resources.defer(() => rmSync(directory, { recursive: true }))
  const kubeconfig = join(directory, 'kubeconfig')
  const contexts = [{ name: 'c', context: { cluster: 'c', user: 'c' } }]
  const clusters = [{ name: 'c', cluster: { server: api.url } }]
  const config = { clusters, users: [{ name: 'c', user: {} }], contexts, 'current-context': 'c' }
  writeFileSync(kubeconfig, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config }))
  const connected = await connect({ kubeconfig })
  assert.ok(connected.ok)
  const client = resources.use(connected.value)
  const egress = compileEgress({ allowCidrs: ['127.0.0.0/8'] }, toLoopback)
  assert.ok(egress.ok)
  const ground = { client, egress: egress.value, policy: () => defaultPolicy }
  const services = { check: () => assert.fail('a Service'), endpoints: () => assert.fail('a Service') }
  const access = accessReader(ground)
  const check = (again: (key: string) => void) => sinkChecker({ egress: egress.value, services }, access, again)
  return { access, asked, check }
}

const sinkWith = (auth: object): EventSink => ({
  apiVersion: 'carillon.dev/v1alpha1',
  kind: 'EventSink',
  metadata: { name: 'qe', namespace: 'team-a', uid: 'u', generation: 1, resourceVersion: '1', creationTimestamp: '' },
  spec: { http: { url: 'http://127.0.0.1:1/', auth } },
})

test('a sink is judged without waiting for its token URL, and again when that has answered', async () => {
  await using resources = new AsyncDisposableStack()
  const requests: ServerResponse[] = []
  const arrived = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const endpoint = resources.use(
    await serve((_, response) => {
      requests.push(response)
      arrived[requests.length - 1]?.resolve()
    }),
  )
  const data = { 'client-id': btoa('me'), 'client-secret': btoa('hunter2') }
  const metadata = { name: 'qe', labels: { 'carillon.dev/credential': 'true' } }
  const { check } = await reading(resources, { 'secrets/qe': { metadata, data } })
  const sink = sinkWith({ oauth2: { tokenURL: `${endpoint.url}/token`, secretRef: { name: 'qe' } } })
  const told = [Promise.withResolvers<string>(), Promise.withResolvers<string>()]
  let times = 0
  const checked = check((key) => told[times++]?.resolve(key))
  const unanswered = /^The token URL of http\.auth\.oauth2 has not answered yet\.$/
  const messageOf = async (of = sink) => {
    const { credentials } = await checked(of, false)
    return credentials.ok ? 'ok' : credentials.message
  }
  assert.match(await messageOf(), unanswered)
  assert.match(await messageOf(), unanswered)
  const ready = { type: 'Ready', status: 'True' as const, reason: 'Ready', message: '', observedGeneration: 1 }
  const conditions = [{ ...ready, lastTransitionTime: new Date(0).toISOString() }]
  assert.equal(await messageOf({ ...sink, status: { conditions } }), 'ok', 'as it was before the operator started')
  await arrived[0]?.promise
  assert.equal(requests.length, 1)
  requests[0]?.end('<html>log in</html>')
  assert.equal(await told[0]?.promise, 'team-a/qe')
  assert.match(await messageOf(), /answered with no JSON object/)
  assert.match(await messageOf(), /answered with no JSON object/, 'while it is asked once more')
  await arrived[1]?.promise
  requests[1]?.end('{"access_token":"tok","expires_in":3600}')
  await told[1]?.promise
  assert.equal(await messageOf(), 'ok')
  assert.equal(await messageOf(), 'ok')
  assert.equal(requests.length, 2)
})

test('a token is had by the authorities of the sink, as they are now', async () => {
  await using resources = new AsyncDisposableStack()
  const [ours, theirs] = ['Ours', 'Theirs'].map((name) => ({ name, ...certificate({ name, ca: true }) }))
  assert.ok(ours && theirs)
  const answer = reply(200, 'content-type: application/json\r\n', '{"access_token":"tok","expires_in":3600}')
  const login = await listen(answer, certificate({ name: 'login', hosts: ['login.example'] }, ours))
  resources.use(login)
  const data = { 'client-id': btoa('me'), 'client-secret': btoa('hunter2') }
  const objects: Record<string, object> = {
    'secrets/qe': { metadata: { name: 'qe', labels: { 'carillon.dev/credential': 'true' } }, data },
    'configmaps/company-ca': { data: { 'ca.crt': ours.cert } },
  }
  const { access } = await reading(resources, objects)
  const sink = sinkWith({ oauth2: { tokenURL: `https://login.example:${login.port}/`, secretRef: { name: 'qe' } } })
  sink.spec.http.caConfigMapRef = { name: 'company-ca' }
  const found = await access(sink, false)
  assert.equal(found.ok && found.value.headers.authorization, 'Bearer tok')
  objects['configmaps/company-ca'] = { data: { 'ca.crt': theirs.cert } }
  const changed = await access(sink, true)
  assert.match(changed.ok ? 'ok' : changed.message, /the token endpoint is signed by a CA that is not trusted/)
})

test('sinks of a namespace that bring too many certificates wait, until they share a bundle', async () => {
  await using resources = new AsyncDisposableStack()
  const { cert } = certificate({ name: 'Ours', ca: true })
  const bundle = (of: string) => ({ data: { 'ca.crt': `# ${of}\n${cert.repeat(300)}` } })
  const names = Array.from({ length: 10 }, (_, at) => `ca-${at}`)
  const objects: Record<string, object> = Object.fromEntries(names.map((name) => [`configmaps/${name}`, bundle(name)]))
  const { access, check } = await reading(resources, objects)
  const sinks = names.map((name): EventSink => {
    const { metadata, spec, ...sink } = sinkWith({})
    const http = { ...spec.http, caConfigMapRef: { name } }
    return { ...sink, metadata: { ...metadata, name }, spec: { ...spec, http } }
  })
  const reasonOf = async (at: number, fresh = false) => {
    const found = await access(sinks[at] ?? assert.fail(), fresh)
    return found.ok ? 'ok' : found.reason
  }
  for (const at of names.slice(0, 9).keys()) assert.equal(await reasonOf(at), 'ok')
  assert.equal(await reasonOf(9), 'TooManyCertificates')
  const { credentials } = await check(() => undefined)(sinks[9] ?? assert.fail(), false)
  assert.match(credentials.ok ? '' : credentials.message, /^The sinks of namespace team-a bring more than 3000 cert/)
  assert.equal(await reasonOf(0), 'ok', 'who was there before')
  objects['configmaps/ca-9'] = bundle('ca-0')
  assert.equal(await reasonOf(9, true), 'ok')
})

test('a ServiceAccount whose annotation is taken back sends no tokens any more, those that were made included', async () => {
  await using resources = new AsyncDisposableStack()
  const account = { metadata: { name: 'events', uid: 'u', annotations: { 'carillon.dev/audience': 'a, https://qe' } } }
  const expirationTimestamp = new Date(Date.now() + 3_600_000).toISOString()
  const objects: Record<string, object> = {
    'serviceaccounts/events': account,
    'serviceaccounts/events/token': { status: { token: 'sa-token', expirationTimestamp } },
  }
  const { access, asked } = await reading(resources, objects)
  const sink = sinkWith({ serviceAccount: { name: 'events', audience: 'https://qe' } })
  for (const fresh of [false, false]) {
    const found = await access(sink, fresh)
    assert.equal(found.ok && found.value.headers.authorization, 'Bearer sa-token')
  }
  const once = [
    'serviceaccounts/events',
    'serviceaccounts/events/token',
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
  ]
  assert.deepEqual(asked, once)
  objects['serviceaccounts/events'] = { metadata: { name: 'events', uid: 'u' } }
  const found = await access(sink, true)
  assert.ok(!found.ok)
  assert.equal(found.reason, 'ServiceAccountNotAllowed')
})
