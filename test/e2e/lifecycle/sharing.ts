import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import type { Condition } from '../../../src/api/generated.ts'
import { conditionsOf, momentOf, run, secondOver, Team, toLoopback } from '../fixture.ts'
import type { Scene } from './scene.ts'

const readyOf = (object: Parameters<typeof conditionsOf>[0]): Pick<Condition, 'status' | 'reason' | 'message'>[] =>
  conditionsOf(object)
    .filter(({ type }) => type === 'Ready' || type === 'Reconciling')
    .map(({ status, reason, message }) => ({ status, reason, message }))

/** Sinks of other namespaces: who may use them, with whose credentials, and which one is meant where none is named. */
export function sharing(scene: Scene): void {
  it('shares a sink with namespaces of a label: from when on it is given, not while it is taken away, and what waited then goes', async () => {
    const { stage, admin } = scene
    const label = (value: string | null) =>
      admin.mergePatch('v1', 'Namespace', undefined, 'share-tenant', { metadata: { labels: { shares: value } } })
    const owner = await stage.team('share-owner')
    const tenant = await stage.team('share-tenant')
    const selector = { matchLabels: { shares: 'yes' } }
    await owner.sink('shared', {}, { allowedNamespaces: { from: 'Selector', selector } })
    await owner.subscription('own', { sinks: [{ name: 'shared' }] })
    const to = (name: string) => ({ sinks: [{ name, namespace: 'share-owner' }] })
    await tenant.subscription('subscription', to('shared'))
    await tenant.subscription('missing', to('nowhere'))
    const refused = { status: 'False', reason: 'SinkNotFound' } as const
    const closed = await tenant.condition('EventSubscription', 'subscription', 'Ready', refused)
    const missing = await tenant.condition('EventSubscription', 'missing', 'Ready', refused)
    // One that is there and one that is not read the same, to the last field.
    const told = (object: typeof closed) =>
      JSON.parse(
        JSON.stringify([readyOf(object), object.status?.sinks, object.status?.counts]).replaceAll('nowhere', 'shared'),
      )
    assert.deepEqual(told(missing), told(closed))
    assert.match(
      readyOf(closed)[0]?.message ?? '',
      /share-owner\/shared was not found, or does not let namespace share-tenant in/,
    )
    await run(admin, 'share-tenant', 'early')
    await secondOver()

    await label('yes')
    await tenant.ready()
    await run(admin, 'share-tenant', 'first')
    assert.deepEqual((await owner.received(2)).map(momentOf), ['taskrun/first started', 'taskrun/first finished'])

    owner.server.behave({ kind: 'answer', status: 503 })
    await run(admin, 'share-tenant', 'waits')
    await tenant.counts('EventSubscription', 'subscription', ({ pending }) => pending === 2)
    await label(null)
    await tenant.condition('EventSubscription', 'subscription', 'Ready', refused)
    owner.server.behave({ kind: 'answer', status: 204 })
    const before = owner.server.received.length
    await run(admin, 'share-tenant', 'meanwhile')
    await run(admin, 'share-owner', 'own')
    await owner.ask('EventSink', 'shared')
    const own = await owner.received(before + 2)
    assert.deepEqual(own.slice(before).map(momentOf), ['taskrun/own started', 'taskrun/own finished'])
    const waiting = await tenant.counts('EventSubscription', 'subscription', ({ pending }) => pending === 2)
    assert.equal(waiting.deadLettered, 0)

    await label('yes')
    await tenant.ready()
    const all = await owner.received(before + 6)
    assert.deepEqual(
      all
        .slice(before + 2)
        .map(momentOf)
        .sort(),
      ['taskrun/meanwhile finished', 'taskrun/meanwhile started', 'taskrun/waits finished', 'taskrun/waits started'],
    )
    assert.ok(!owner.server.received.some((one) => momentOf(one).startsWith('taskrun/early')))
  })

  it('holds to what is granted over restarts, also where that changes while no operator is there', async () => {
    const { stage, admin } = scene
    const dataDir = mkdtempSync(join(tmpdir(), 'carillon-sharing-'))
    const args = [
      ...toLoopback,
      '--class',
      'sharing',
      '--watch-namespace',
      'again-owner',
      '--watch-namespace',
      'again-tenant',
    ]
    const owner = await stage.team('again-owner', { class: 'sharing' })
    const tenant = await stage.team('again-tenant', { class: 'sharing' })
    const grant = (from: 'All' | 'Same') =>
      owner.sink('shared', {}, { allowedNamespaces: { from }, retry: { maxDelay: '1s' } })
    const told = (received: typeof owner.server.received) =>
      received.filter(({ subscription }) => subscription.startsWith('again-tenant/')).map(momentOf)
    try {
      await grant('All')
      await owner.subscription('own', { sinks: [{ name: 'shared' }] })
      await tenant.subscription('subscription', { sinks: [{ name: 'shared', namespace: 'again-owner' }] })
      const first = await stage.operator({ args, dataDir })
      await tenant.ready()
      await run(admin, 'again-tenant', 'one')
      await owner.received(2)
      owner.server.behave({ kind: 'answer', status: 503 })
      await run(admin, 'again-tenant', 'two')
      await tenant.counts('EventSubscription', 'subscription', ({ pending }) => pending === 2)
      await grant('Same')
      await tenant.condition('EventSubscription', 'subscription', 'Ready', { status: 'False', reason: 'SinkNotFound' })
      await first.kill()

      owner.server.behave({ kind: 'answer', status: 204 })
      const before = owner.server.received.length
      await run(admin, 'again-tenant', 'three')
      const second = await stage.operator({ args, dataDir })
      await run(admin, 'again-owner', 'own')
      await owner.received(before + 2)
      assert.deepEqual(owner.server.received.slice(before).map(momentOf), [
        'taskrun/own started',
        'taskrun/own finished',
      ])
      await second.kill()

      await grant('All')
      const third = await stage.operator({ args, dataDir })
      const rest = ['two', 'three'].flatMap((name) => [`taskrun/${name} started`, `taskrun/${name} finished`])
      const received = await owner.received((all) => told(all.slice(before)).length >= 4)
      assert.deepEqual(told(received.slice(before)).sort(), rest.sort())
      await third.stop()
    } finally {
      rmSync(dataDir, { recursive: true })
    }
  })

  it('sends each team’s own credentials for a shared sink, whose refusal is that team’s matter alone', async () => {
    const { stage, admin, operator } = scene
    const owner = await stage.team('own-owner')
    const [one, other] = [await stage.team('own-one'), await stage.team('own-other')]
    await owner.secret('ours', { token: 'tok-of-the-owner' })
    await owner.sink(
      'shared',
      { auth: { bearer: { secretRef: { name: 'ours' } } } },
      { allowedNamespaces: { from: 'All' } },
    )
    owner.server.behave((request) => ({
      kind: 'answer',
      status: request.headers.authorization === 'Bearer tok-wrong-uQ8s' ? 401 : 204,
    }))
    const mine = { sinks: [{ name: 'shared', namespace: 'own-owner', secretRef: { name: 'mine' } }] }
    await one.secret('mine', { token: 'tok-one-3kPz' })
    await one.subscription('subscription', mine)
    await other.subscription('subscription', mine)
    const problem = (reason: string, message: RegExp) =>
      other.condition('EventSubscription', 'subscription', 'Ready', { status: 'False', reason, message })
    await problem('SecretNotFound', /Secret mine was not found in namespace own-other/)
    await other.secret('mine', { token: 'tok-wrong-uQ8s' }, {})
    await other.ask('EventSubscription', 'subscription')
    await problem('SecretNotLabelled', /kubectl -n own-other label secret mine/)
    await other.secret('mine', { token: 'tok-wrong-uQ8s' })
    await other.ask('EventSubscription', 'subscription')
    await Promise.all([one.ready(), other.ready()])

    await run(admin, 'own-other', 'build')
    const failing = { status: 'False', reason: 'Unauthorized' } as const
    await other.condition('EventSubscription', 'subscription', 'Delivering', failing)
    await run(admin, 'own-one', 'build')
    const from = (namespace: string) => (received: typeof owner.server.received) =>
      received.filter(({ subscription }) => subscription.startsWith(`${namespace}/`))
    await owner.received((received) => from('own-one')(received).length === 2)
    await one.condition('EventSubscription', 'subscription', 'Delivering', { status: 'True' })
    await owner.condition('EventSink', 'shared', 'Delivering', { status: 'True' })

    await other.secret('mine', { username: 'other', password: 'pw-Wm5' })
    await admin.mergePatch('v1', 'Secret', 'own-other', 'mine', { data: { token: null } })
    await other.condition('EventSubscription', 'subscription', 'Delivering', { status: 'True' })
    await other.counts('EventSubscription', 'subscription', ({ delivered }) => delivered === 2)
    const sent = new Set(
      owner.server.received.map((request) => `${request.subscription} ${request.headers.authorization}`),
    )
    assert.deepEqual([...sent].sort(), [
      'own-one/subscription Bearer tok-one-3kPz',
      `own-other/subscription Basic ${btoa('other:pw-Wm5')}`,
      'own-other/subscription Bearer tok-wrong-uQ8s',
    ])
    const shown = JSON.stringify([
      await owner.get('EventSink', 'shared'),
      await one.get('EventSubscription', 'subscription'),
      await other.get('EventSubscription', 'subscription'),
      operator.log,
    ])
    for (const secret of ['tok-of-the-owner', 'tok-one-3kPz', 'tok-wrong-uQ8s', 'pw-Wm5'])
      assert.ok(!shown.includes(secret), secret)
  })

  it('takes no body that others make, unless the sink’s owner says so', async () => {
    const { stage, admin } = scene
    const owner = await stage.team('body-owner')
    const tenant = await stage.team('body-tenant')
    const all = { allowedNamespaces: { from: 'All' } }
    await owner.sink('shared', {}, all)
    const sinks = [{ name: 'shared', namespace: 'body-owner' }]
    await tenant.subscription('subscription', { sinks, body: '{"text": event.subject}' })
    const refused = { status: 'False', reason: 'BodyNotAllowed', message: /body-owner\/shared takes no body/ } as const
    await tenant.condition('EventSubscription', 'subscription', 'Ready', refused)
    await run(admin, 'body-tenant', 'early')
    await secondOver()
    await owner.sink('shared', {}, { ...all, allowBody: true })
    await tenant.ready()
    await run(admin, 'body-tenant', 'late')
    assert.deepEqual(
      (await owner.received(2)).map(({ body }) => body),
      ['{"text":"taskrun/late"}', '{"text":"taskrun/late"}'],
    )
  })

  it('uses the default sink where none is named: one that comes later counts from then on, and two are too many', async () => {
    const { stage, admin } = scene
    const tenant = await stage.team('default-tenant', { labels: { 'default-for': 'tenant' } })
    const platform = new Team(admin, 'platform', tenant.server, undefined)
    const metadata = (name: string) => ({ name, namespace: 'platform', labels: { 'carillon.dev/default': 'true' } })
    const allowedNamespaces = { from: 'Selector', selector: { matchLabels: { 'default-for': 'tenant' } } }
    const spec = { http: { url: tenant.server.url }, allowedNamespaces }
    const offer = (name: string) =>
      admin.apply({ apiVersion: 'carillon.dev/v1alpha1', kind: 'EventSink', metadata: metadata(name), spec })
    await tenant.subscription('subscription', { sinks: undefined })
    const waits = { status: 'False', reason: 'SinkNotFound', message: /names no sink, and no default sink/ } as const
    await tenant.condition('EventSubscription', 'subscription', 'Ready', waits)
    await run(admin, 'default-tenant', 'early')
    await secondOver()
    await offer('default-one')
    const ready = await tenant.ready()
    assert.deepEqual(
      (ready.status?.sinks as { namespace: string; name: string }[]).map(({ namespace, name }) => [namespace, name]),
      [['platform', 'default-one']],
    )
    await run(admin, 'default-tenant', 'first')
    assert.deepEqual((await tenant.received(2)).map(momentOf), ['taskrun/first started', 'taskrun/first finished'])

    await offer('default-two')
    const both = {
      status: 'False',
      reason: 'AmbiguousDefault',
      message: /platform\/default-one, platform\/default-two/,
    } as const
    await tenant.condition('EventSubscription', 'subscription', 'Ready', both)
    await run(admin, 'default-tenant', 'between')
    await platform.delete('EventSink', 'default-two')
    await tenant.ready()
    const received = await tenant.received(4)
    assert.deepEqual(received.slice(2).map(momentOf), ['taskrun/between started', 'taskrun/between finished'])
    await platform.delete('EventSink', 'default-one')
    await tenant.condition('EventSubscription', 'subscription', 'Ready', waits)
  })
}
