import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse, stringify } from 'yaml'
import { connect, type KubeClient } from '../../src/kube/client.ts'
import { KubeError } from '../../src/kube/errors.ts'
import { failureOfError, failureOfStatus } from '../../src/kube/failure.ts'
import { applyStatus, clusterUid, createEvent, getObject } from '../../src/kube/resources.ts'
import { expectOk, statusOf } from '../../src/kube/response.ts'
import { type ControlPlane, startControlPlane } from '../controlplane/controlplane.ts'
import { startFaults } from './faults.ts'
import { clientFor, createNamespace, createWidget, follow, widgetCrd, widgets } from './follow.ts'

describe('client of the real API server', { timeout: 300_000 }, () => {
  let plane: ControlPlane
  let client: KubeClient
  before(async () => {
    plane = await startControlPlane()
    await plane.admin.apply(widgetCrd)
    client = await clientFor(plane)
  })
  after(async () => {
    await client?.[Symbol.asyncDispose]()
    await plane?.[Symbol.asyncDispose]()
  })

  it('gives refusals as values, and throws them where success is expected', async () => {
    const response = await client.request({ method: 'GET', path: '/api/v1/namespaces/none' })
    assert.equal(response.status, 404)
    assert.equal(statusOf(response).reason, 'NotFound')
    assert.throws(
      () => expectOk(response),
      (error) => error instanceof KubeError && error.status === 404 && error.reason === 'NotFound',
    )
    const odd = await client.request({ method: 'GET', path: '/apis/no.such.group/v1/things' })
    assert.deepEqual([odd.status, statusOf(odd).reason], [404, 'NotFound'])
  })

  it('applies a status, and nothing else, as its field manager', async () => {
    await createWidget(plane, 'default', 'status', 10)
    const kind = { ...widgets, kind: 'Widget' }
    assert.ok((await applyStatus(client, kind, 'default', 'status', { a: 1, b: 2 }, 'carillon')).ok)
    assert.ok((await applyStatus(client, kind, 'default', 'status', { a: 3 }, 'carillon')).ok)
    const object = await getObject(client, widgets, 'default', 'status')
    assert.deepEqual(object?.status, { a: 3 })
    assert.equal((object?.spec?.filler as string).length, 10)
    const gone = await applyStatus(client, kind, 'default', 'gone', {}, 'carillon')
    assert.equal(!gone.ok && gone.reason, 'NotFound')
    assert.equal(await getObject(client, widgets, 'default', 'gone'), undefined)
  })

  it('writes Events about objects', async () => {
    const about = await createWidget(plane, 'default', 'noted')
    const note = {
      type: 'Warning' as const,
      reason: 'SinkNotFound',
      message: 'm'.repeat(2000),
      reportingComponent: 'carillon.dev',
    }
    assert.deepEqual(await createEvent(client, about, note, Date.now()), { ok: true, value: undefined })
    const events = await plane.admin.list('v1', 'Event', 'default')
    const event = events.find(({ reason }) => reason === 'SinkNotFound')
    assert.equal((event?.involvedObject as { uid: string }).uid, about.metadata.uid)
    assert.equal((event?.message as string).length, 1024)
    const nowhere = { ...about, metadata: { ...about.metadata, namespace: 'none' } }
    const refused = await createEvent(client, nowhere, note, Date.now())
    assert.equal(!refused.ok && refused.reason, 'NotFound')
  })

  it("has the cluster's uid", async () => {
    const uid = await clusterUid(client)
    const namespace = await plane.admin.get('v1', 'Namespace', undefined, 'kube-system')
    assert.equal(uid.ok && uid.value, namespace?.metadata.uid)
    await using unprivileged = await clientFor(plane, plane.url, 'operator')
    const refused = await clusterUid(unprivileged)
    assert.equal(!refused.ok && refused.reason, 'Forbidden')
  })

  it('answers requests while a hundred watches are open', async () => {
    const stop = new AbortController()
    const query = { watch: true, timeoutSeconds: 300 }
    const path = '/api/v1/namespaces'
    const streams = await Promise.all(
      Array.from({ length: 100 }, () => client.stream({ path, query, signal: stop.signal })),
    )
    assert.ok(streams.every(({ kind }) => kind === 'open'))
    assert.equal((await client.request({ method: 'GET', path: '/version' })).status, 200)
    for (const stream of streams) if (stream.kind === 'open') stream.body.on('error', () => undefined)
    stop.abort()
  })

  it('refuses to start with wrong credentials, or without the authority', async () => {
    const path = plane.kubeconfig('admin')
    const config = parse(readFileSync(path, 'utf8'))
    const write = (name: string, change: (copy: typeof config) => void) => {
      const copy = structuredClone(config)
      change(copy)
      writeFileSync(join(plane.directory, name), stringify(copy))
      return join(plane.directory, name)
    }
    const wrong = write('wrong', ({ users }) => {
      users[0].user.token = 'not-a-token'
    })
    const unauthorized = await connect({ kubeconfig: wrong })
    assert.equal(!unauthorized.ok && unauthorized.reason, 'Unauthorized')
    assert.doesNotMatch(JSON.stringify(unauthorized), /not-a-token/)
    const bare = write('bare', ({ clusters }) => {
      clusters[0].cluster = { server: plane.url }
    })
    const untrusted = await connect({ kubeconfig: bare })
    assert.equal(!untrusted.ok && untrusted.reason, 'Unreachable')
    assert.match(untrusted.ok ? '' : untrusted.message, /certificate/)
  })

  it('takes up a token that was rotated, for requests and for watches', async () => {
    const accounts = '/api/v1/namespaces/default/serviceaccounts'
    const mint = async (name: string) => {
      await plane.admin.request('POST', accounts, { metadata: { name } })
      const answer = await plane.admin.request('POST', `${accounts}/${name}/token`, {
        spec: { expirationSeconds: 600 },
      })
      return (answer.body as { status: { token: string } }).status.token
    }
    await plane.admin.apply([
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'rotated' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
        subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:serviceaccounts:default' }],
      },
    ])
    const file = join(plane.directory, 'token')
    const put = (token: string) => {
      writeFileSync(`${file}.new`, token)
      renameSync(`${file}.new`, file)
    }
    await using faults = await startFaults(plane)
    const config = parse(readFileSync(plane.kubeconfig('admin', faults.url), 'utf8'))
    config.users[0].user = { tokenFile: 'token' }
    writeFileSync(join(plane.directory, 'rotating'), stringify(config))

    put(await mint('former'))
    const connected = await connect({ kubeconfig: join(plane.directory, 'rotating') })
    assert.ok(connected.ok, connected.ok ? '' : connected.message)
    await using rotating = connected.value
    await createNamespace(plane, 'rotated')
    await using follower = follow({ client: rotating, resource: widgets, namespace: 'rotated' })
    await follower.untilState('watching')

    const next = await mint('next')
    put('not-a-token') // the server still takes one that has just been revoked for some seconds
    faults.resetWatches()
    await follower.until('a refusal', () => follower.failures.includes('unauthorized'))
    put(next)
    await createWidget(plane, 'rotated', 'late')
    await follower.until('the late widget', () => follower.names().includes('late'))
    assert.equal((await rotating.request({ method: 'GET', path: '/api/v1/namespaces' })).status, 200)
    assert.equal(faults.seen.at(-1)?.authorization, `Bearer ${next}`)
    assert.deepEqual(follower.relists, ['start'])
  })
})

describe('client of a server that errs', () => {
  /** A client of a server that answers /version as an API server does, and all else by `answer`. */
  async function serve(answer: RequestListener) {
    const folder = mkdtempSync(join(tmpdir(), 'carillon-client-'))
    const server = createServer((request, response) => {
      if (request.url === '/base/version') response.end('{}')
      else answer(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const kubeconfig = join(folder, 'config')
    const config = {
      clusters: [
        { name: 'c', cluster: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}/base/` } },
      ],
      users: [{ name: 'u', user: { token: 'geheim' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }
    writeFileSync(kubeconfig, stringify(config))
    const connected = await connect({ kubeconfig })
    assert.ok(connected.ok)
    return {
      client: connected.value,
      config,
      kubeconfig,
      async [Symbol.asyncDispose]() {
        await connected.value[Symbol.asyncDispose]()
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
        rmSync(folder, { recursive: true })
      },
    }
  }

  const failing = (reason: string) => (error: unknown) => {
    assert.ok(error instanceof KubeError)
    assert.equal(error.reason, reason)
    assert.doesNotMatch(`${error.message} ${error.stack}`, /geheim/)
    return true
  }

  it('gives up at the deadline even while bytes are coming', async () => {
    await using test = await serve((_, response) => {
      const timer = setInterval(() => response.write('x'), 5)
      response.on('close', () => clearInterval(timer))
    })
    await assert.rejects(test.client.request({ method: 'GET', path: '/slow', timeoutMs: 100 }), failing('Timeout'))
  })

  it('gives up when it is told to', async () => {
    await using test = await serve(() => undefined)
    const stop = new AbortController()
    const request = test.client.request({ method: 'GET', path: '/hangs', signal: stop.signal })
    stop.abort()
    await assert.rejects(request, failing('Aborted'))
    await assert.rejects(
      test.client.request({ method: 'GET', path: '/hangs', signal: stop.signal }),
      failing('Aborted'),
    )
  })

  it('cuts an answer off that is too long, cannot read one that is no JSON, and tells of a reset', async () => {
    await using test = await serve((request, response) => {
      if (request.url === '/base/reset') response.socket?.resetAndDestroy()
      else response.end('x'.repeat(1000))
    })
    const { client } = test
    await assert.rejects(client.request({ method: 'GET', path: '/long', maxBytes: 999 }), failing('TooLarge'))
    const text = await client.request({ method: 'GET', path: '/text', maxBytes: 1000 })
    assert.throws(() => text.json(), failing('BadAnswer'))
    await assert.rejects(client.request({ method: 'GET', path: '/reset' }), failing('NetworkFailed'))
  })

  it('sends path, query, body and headers as they are meant', async () => {
    let seen = ''
    await using test = await serve(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
      const { authorization, accept, 'content-type': type } = request.headers
      seen = `${request.method} ${request.url} ${authorization} ${accept} ${type} ${Buffer.concat(chunks)}`
      response.end()
    })
    const query = { fieldManager: 'a b', force: true, labelSelector: undefined, continue: '' }
    await test.client.request({ method: 'PATCH', path: '/x', query, body: { é: 1 }, contentType: 'application/y' })
    assert.equal(seen, 'PATCH /base/x?fieldManager=a+b&force=true Bearer geheim application/json application/y {"é":1}')
  })

  it('reads its credentials again after a 401, tries once more, and then lets it be', async () => {
    const tokens: (string | undefined)[] = []
    await using test = await serve((request, response) => {
      tokens.push(request.headers.authorization)
      response.writeHead(request.headers.authorization === 'Bearer fresh' ? 200 : 401).end()
    })
    assert.equal((await test.client.request({ method: 'GET', path: '/x' })).status, 401)
    if (test.config.users[0]) test.config.users[0].user.token = 'fresh'
    writeFileSync(test.kubeconfig, stringify(test.config))
    assert.equal((await test.client.request({ method: 'GET', path: '/x' })).status, 200)
    assert.deepEqual(tokens, ['Bearer geheim', 'Bearer geheim', 'Bearer fresh'])
  })

  it('maps what came of a request to what is to be done', () => {
    assert.deepEqual(failureOfStatus(410, 'x'), { kind: 'expired' })
    assert.deepEqual(failureOfStatus(404, 'x'), { kind: 'absent', message: 'x' })
    assert.deepEqual(failureOfStatus(403, 'x'), { kind: 'forbidden', message: 'x' })
    for (const [code, reason] of [
      [400, 'refused'],
      [401, 'unauthorized'],
      [429, 'throttled'],
      [500, 'server'],
      [503, 'throttled'],
      [504, 'server'],
    ] as const) {
      assert.deepEqual(failureOfStatus(code, 'x', 5), { kind: 'failing', reason, message: 'x', retryAfterMs: 5 })
    }
    assert.deepEqual(failureOfError(new Error('x')), { kind: 'failing', reason: 'network', message: 'Error: x' })
    assert.equal(failureOfError(new KubeError('Timeout', 'x')).kind, 'failing')
  })
})
