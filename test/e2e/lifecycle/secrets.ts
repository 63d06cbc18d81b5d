import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { parse } from 'yaml'
import type { AdminClient } from '../../controlplane/admin.ts'
import { apiServerAudience, operatorUser } from '../../controlplane/controlplane.ts'
import { certificate } from '../../delivery/certificates.ts'
import { listen } from '../../delivery/sockets.ts'
import { conditionsOf, momentOf, run } from '../fixture.ts'
import type { Scene } from './scene.ts'

/** Gives the operator what the chart gives it on top, by one of its files; resolves with what takes it away again. */
export async function allow(admin: AdminClient, file: string): Promise<() => Promise<void>> {
  const [group, name] = ['rbac.authorization.k8s.io', `carillon-${file}`]
  const rules = parse(readFileSync(new URL(`../../../charts/carillon/rbac/${file}.yaml`, import.meta.url), 'utf8'))
  await admin.apply({ apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata: { name }, rules })
  const subjects = [{ kind: 'User', name: operatorUser, apiGroup: group }]
  const roleRef = { apiGroup: group, kind: 'ClusterRole', name }
  await admin.apply({ apiVersion: `${group}/v1`, kind: 'ClusterRoleBinding', metadata: { name }, roleRef, subjects })
  return () => admin.delete(`${group}/v1`, 'ClusterRoleBinding', '', name)
}

/** What a subscription refers to: sinks and Secrets that are missing, wrong, or there at last. */
export function secrets(scene: Scene): void {
  it('waits for a sink that is missing, and delivers to it what matched meanwhile', async () => {
    const { stage, admin } = scene
    const team = await stage.team('missing-sink')
    await team.subscription()
    const waiting = await team.condition('EventSubscription', 'subscription', 'Ready', { reason: 'SinkNotFound' })
    const [, , reconciling] = conditionsOf(waiting)
    assert.deepEqual(
      [reconciling?.type, reconciling?.status, reconciling?.reason],
      ['Reconciling', 'True', 'SinkNotFound'],
    )
    await run(admin, team.namespace, 'early')
    await team.counts('EventSubscription', 'subscription', ({ matched, pending }) => matched === 2 && pending === 2)
    await team.sink()
    assert.deepEqual((await team.received(2)).map(momentOf), ['taskrun/early started', 'taskrun/early finished'])
    const ready = await team.ready()
    assert.equal(
      conditionsOf(ready).find(({ type }) => type === 'Reconciling'),
      undefined,
    )
  })

  it('names what is wrong with a Secret, uses it once it is right, and shows it nowhere', async () => {
    const { stage, admin, operator } = scene
    const team = await stage.team('secrets')
    const token = 'tok-7bXvQ2mWz9'
    const key = 'key-Lr4TnP8sKd'
    await team.sink('sink', {
      auth: { bearer: { secretRef: { name: 'qe' } } },
      headers: [
        { name: 'X-Key', valueFrom: { secretKeyRef: { name: 'qe', key: 'key' } } },
        { name: 'X-Team', value: 'payments' },
      ],
    })
    await team.subscription()
    const problem = (reason: string, message: RegExp) =>
      team.condition('EventSink', 'sink', 'Ready', { status: 'False', reason, message })
    await problem('SecretNotFound', /Secret qe was not found in namespace secrets/)
    await team.condition('EventSubscription', 'subscription', 'Reconciling', { reason: 'SinkNotReady' })

    await team.secret('qe', { token, key }, {})
    await team.ask('EventSink', 'sink')
    await problem('SecretNotLabelled', /kubectl -n secrets label secret qe carillon\.dev\/credential=true$/)

    await team.secret('qe', { password: token, key })
    await admin.mergePatch('v1', 'Secret', team.namespace, 'qe', { data: { token: null } })
    await team.ask('EventSink', 'sink')
    await problem('SecretInvalid', /Secret qe has no key token/)
    await run(admin, team.namespace, 'before')

    await team.secret('qe', { token, key })
    await team.ask('EventSink', 'sink')
    await team.ready()
    await run(admin, team.namespace, 'after')
    const received = await team.received(4)
    for (const { headers } of received) {
      assert.equal(headers.authorization, `Bearer ${token}`)
      assert.equal(headers['x-key'], key)
      assert.equal(headers['x-team'], 'payments')
    }

    const metrics = await (await fetch(`${operator.health}/metrics`)).text()
    const shown = JSON.stringify([
      operator.log,
      await admin.list('carillon.dev/v1alpha1', 'EventSink', team.namespace),
      await admin.list('carillon.dev/v1alpha1', 'EventSubscription', team.namespace),
      await admin.list('v1', 'Event', team.namespace),
      received.map(({ body }) => body),
      metrics,
    ])
    for (const value of [token, key, Buffer.from(token).toString('base64'), Buffer.from(key).toString('base64')])
      assert.ok(!shown.includes(value), 'a secret value is shown')
  })

  it('is met over TLS with certificates of its own, and sends what is signed', async () => {
    const { stage, admin } = scene
    const team = await stage.team('certificates')
    const root = { name: 'Test CA', ...certificate({ name: 'Test CA', ca: true }) }
    const own = certificate({ name: 'carillon' }, root)
    const secret = `whsec_${randomBytes(32).toString('base64')}`
    const identity = { ...certificate({ name: 'sink', hosts: ['localhost'] }, root), ca: root.cert }
    await using listener = await listen((socket) => socket.write('HTTP/1.1 204 X\r\n\r\n'), identity)
    await team.secret('qe', { 'tls.crt': own.cert, 'tls.key': own.key, whsec: secret })
    const http = {
      url: `https://localhost:${listener.port}/`,
      mode: 'structured',
      certSecretRef: { name: 'qe' },
      caConfigMapRef: { name: 'bundle' },
      signing: { secretRef: { name: 'qe' } },
    }
    await team.sink('sink', http)
    await team.subscription()
    const unreadable = /ConfigMap bundle in namespace certificates could not be read from the API server \(HTTP 403\)/
    await team.condition('EventSink', 'sink', 'Ready', { reason: 'SecretUnreadable', message: unreadable })
    const withdraw = await allow(admin, 'configmaps')
    await team.ask('EventSink', 'sink')
    const missing = { status: 'False', reason: 'ConfigMapNotFound', message: /ConfigMap bundle was not found/ } as const
    await team.condition('EventSink', 'sink', 'Ready', missing)
    const bundle = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bundle', namespace: team.namespace } }
    await admin.apply({ ...bundle, data: { 'ca.crt': root.cert } })
    await team.ask('EventSink', 'sink')
    await team.ready()
    await run(admin, team.namespace, 'one')
    await team.counts('EventSubscription', 'subscription', ({ delivered }) => delivered === 2)
    for (const request of listener.requests) {
      const [head = '', body = ''] = request.split('\r\n\r\n')
      const headers = head.split('\r\n').flatMap((line) => [/^(webhook-[a-z]+): (.*)$/.exec(line)?.slice(1) ?? []])
      new Webhook(secret).verify(body, Object.fromEntries(headers.filter(({ length }) => length === 2)))
    }
    assert.equal(listener.requests.length, 2)
    await withdraw()
  })

  it('sends tokens of ServiceAccounts that allow it, and none that the API server would take', async () => {
    const { stage, admin } = scene
    const team = await stage.team('accounts')
    const audience = 'https://qe.example.com'
    const auth = (of: string) => ({ auth: { serviceAccount: { name: 'events', audience: of } } })
    await team.sink('sink', auth(audience))
    await team.subscription()
    const problem = (reason: string, message: RegExp) =>
      team.condition('EventSink', 'sink', 'Ready', { status: 'False', reason, message })
    await problem('TokenUnavailable', /could not be asked for a token \(HTTP 403\)/)
    const withdraw = await allow(admin, 'service-account-tokens')
    await team.ask('EventSink', 'sink')
    await problem('ServiceAccountNotFound', /ServiceAccount events was not found in namespace accounts/)
    const account = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'events', namespace: team.namespace },
    }
    await admin.apply(account)
    await team.ask('EventSink', 'sink')
    await problem(
      'ServiceAccountNotAllowed',
      /annotate serviceaccount events carillon\.dev\/audience=https:\/\/qe\.example\.com$/,
    )
    const own = apiServerAudience
    const annotations = { 'carillon.dev/audience': `${audience}, ${own}` }
    await admin.apply({ ...account, metadata: { ...account.metadata, annotations } })
    await team.ask('EventSink', 'sink')
    await team.ready()
    await run(admin, team.namespace, 'one')
    const [first] = await team.received(2)
    const [, claims = ''] = (first?.headers.authorization ?? '').split('.')
    const { aud, sub } = JSON.parse(Buffer.from(claims, 'base64url').toString())
    assert.deepEqual([aud, sub], [[audience], `system:serviceaccount:${team.namespace}:events`])
    await team.sink('sink', auth(own))
    await problem('AudienceNotAllowed', /The API server itself takes tokens of this audience/)
    await withdraw()
  })

  it('goes on with a user and a password', async () => {
    const { stage, admin } = scene
    const team = await stage.team('basic')
    await team.secret('qe', { username: 'carillon', password: 'pass:word' })
    await team.subscribe({}, { auth: { basic: { secretRef: { name: 'qe' } } } })
    await run(admin, team.namespace, 'one')
    const [first] = await team.received(1)
    assert.equal(first?.headers.authorization, `Basic ${Buffer.from('carillon:pass:word').toString('base64')}`)
  })
}
