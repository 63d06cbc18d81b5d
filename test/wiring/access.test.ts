import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
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
  const underWay = { now: 0, most: 0 }
  const api = resources.use(
    await serve(async (request, response) => {
      const path = request.url?.replace(/^.*\/namespaces\/team-a\//, '') ?? ''
      if (path !== '/version') asked.push(path)
      underWay.most = Math.max(underWay.most, ++underWay.now)
      await delay(2)
      underWay.now -= 1
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
  const policy = { ...defaultPolicy }
  const ground = { client, egress: egress.value, policy: () => policy }
  const services = { check: () => assert.fail('a Service'), endpoints: () => assert.fail('a Service') }
  const access = accessReader(ground)
  const check = (again: (key: string) => void) => sinkChecker({ egress: egress.value, services }, access, again)
  return { access, asked, underWay, policy, check }
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

const labels = { 'carillon.dev/credential': 'true' }
const megabytes = (count: number) => Buffer.alloc(count * 1024 * 1024 - 100, 'x').toString('base64')
const headersFrom = (...names: string[]) => ({
  headers: names.map((name) => ({ name: `X-${name}`, valueFrom: { secretKeyRef: { name, key: 'key' } } })),
})
const sinkOf = (http: object): EventSink => {
  const sink = sinkWith({})
  return { ...sink, spec: { http: { url: 'http://127.0.0.1:1/', ...http } } }
}

test('a small key is used beside a megabyte of something else; what is larger than can be stored is not read', async () => {
  await using resources = new AsyncDisposableStack()
  const { access } = await reading(resources, {
    'secrets/one': { metadata: { name: 'one', labels }, data: { key: btoa('value'), junk: megabytes(1) } },
    'secrets/own': { metadata: { name: 'own', labels }, data: { token: btoa('t'), junk: megabytes(1) } },
    'secrets/two': { metadata: { name: 'two', labels }, data: { key: btoa('value'), junk: megabytes(2) } },
    'configmaps/bundle': { data: { 'ca.crt': 'x', junk: 'x'.repeat(2 * 1024 * 1024) } },
  })
  const found = await access(sinkOf(headersFrom('one')), false)
  assert.deepEqual(found.ok && found.value.headers, { 'x-one': 'value' })
  assert.deepEqual(await access.own('team-a', 'own', false), { ok: true, value: 'Bearer t' })
  const larger = await access(sinkOf(headersFrom('one', 'two')), false)
  const why = 'could not be read from the API server (it is larger than 2 MiB); it is tried again.'
  const refused = { ok: false, reason: 'SecretUnreadable' }
  assert.deepEqual(larger, { ...refused, message: `Secret two in namespace team-a ${why}` })
  const bundle = await access(sinkOf({ caConfigMapRef: { name: 'bundle' } }), false)
  assert.deepEqual(bundle, { ...refused, message: `ConfigMap bundle in namespace team-a ${why}` })
})

test('the Secrets of a namespace are read two at a time, however many its sinks name', async () => {
  await using resources = new AsyncDisposableStack()
  const names = Array.from({ length: 32 }, (_, at) => `s${at}`)
  const secrets = names.map((name) => [`secrets/${name}`, { metadata: { name, labels }, data: { key: btoa(name) } }])
  const { access, asked, underWay } = await reading(resources, Object.fromEntries(secrets))
  const sinks = [names, names.toReversed(), names].map((some) => sinkOf(headersFrom(...some)))
  for (const found of await Promise.all(sinks.map((sink) => access(sink, false))))
    assert.equal(found.ok && found.value.headers['x-s31'], 's31')
  assert.deepEqual([underWay.most, asked.length], [2, 32])
})

test('whether a Secret needs the label is as the administrator has it now', async () => {
  await using resources = new AsyncDisposableStack()
  const secret = { metadata: { name: 'one' }, data: { key: btoa('value') } }
  const { access, policy } = await reading(resources, { 'secrets/one': secret })
  const reasons: string[] = []
  for (const required of [true, false, true]) {
    policy.requireCredentialLabel = required
    const found = await access(sinkOf(headersFrom('one')), false)
    reasons.push(found.ok ? 'ok' : found.reason)
  }
  assert.deepEqual(reasons, ['SecretNotLabelled', 'ok', 'SecretNotLabelled'])
})
