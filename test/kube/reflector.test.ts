import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connect } from '../../src/kube/client.ts'
import { boundBytes } from '../../src/kube/pages.ts'
import { type ControlPlane, startControlPlane } from '../controlplane/controlplane.ts'
import { startProxy } from '../controlplane/proxy.ts'
import { type Faults, startFaults } from './faults.ts'
import { clientFor, collection, createNamespace, createWidget, follow, widgetCrd, widgets } from './follow.ts'

const expired = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' }

describe('reflector', { timeout: 300_000 }, () => {
  let plane: ControlPlane
  before(async () => {
    plane = await startControlPlane()
    await plane.admin.apply(widgetCrd)
  })
  after(() => plane[Symbol.asyncDispose]())

  /** A namespace with some widgets, and a client through a proxy that can be made to err. */
  async function setUp(name: string, count = 3) {
    const namespace = await createNamespace(plane, name)
    for (let at = 0; at < count; at += 1) await createWidget(plane, namespace, `w${at}`)
    const faults = await startFaults(plane)
    const client = await clientFor(plane, faults.url)
    return {
      faults,
      namespace,
      options: { client, resource: widgets, namespace },
      async [Symbol.asyncDispose]() {
        await client[Symbol.asyncDispose]()
        await faults[Symbol.asyncDispose]()
      },
    }
  }

  const pagesOf = (faults: Faults) => faults.lists().map(({ bytes }) => bytes)

  it('lists in pages under the bound, then watches from there', async () => {
    await using test = await setUp('pages', 0)
    for (let at = 0; at < 40; at += 1) await createWidget(plane, test.namespace, `w${at}`, 100_000)
    await using follower = follow(test.options)
    await follower.until('the list', () => follower.count('listed') === 1)
    assert.equal(follower.objects.size, 40)
    assert.ok(follower.count('list') > 2, `${follower.count('list')} pages`)
    for (const bytes of pagesOf(test.faults).slice(1)) assert.ok(bytes <= boundBytes, `a page of ${bytes} bytes`)
    assert.deepEqual(new Set(test.faults.lists().map(({ query }) => query.get('watch'))), new Set([null]))
    const made = await createWidget(plane, test.namespace, 'late')
    await follower.until('the new widget', () => follower.names().includes('late'))
    assert.equal(follower.batches.at(-1)?.cursor, made.metadata.resourceVersion)
    assert.deepEqual(follower.relists, ['start'])
  })

  it('takes objects of 1.4 MB one at a time', async () => {
    await using test = await setUp('large', 0)
    for (let at = 0; at < 3; at += 1) await createWidget(plane, test.namespace, `w${at}`, 1_400_000)
    await using follower = follow(test.options)
    await follower.until('the list', () => follower.count('listed') === 1)
    assert.deepEqual(follower.names(), ['w0', 'w1', 'w2'])
    assert.equal(test.faults.lists().at(-1)?.query.get('limit'), '1')
  })

  it('gives items of the core group their apiVersion and kind', async () => {
    await using client = await clientFor(plane)
    const kinds = new Set<string>()
    await using follower = follow(
      { client, resource: { group: '', version: 'v1', plural: 'namespaces' } },
      async (batch) => {
        for (const { object } of batch.changes) kinds.add(`${object.apiVersion} ${object.kind}`)
      },
    )
    await follower.until('the list', () => follower.count('listed') === 1)
    assert.deepEqual([...kinds], ['v1 Namespace'])
  })

  it('goes on from its cursor when connections are reset, and loses and repeats nothing', async () => {
    const namespace = await createNamespace(plane, 'reset')
    await using proxy = await startProxy(plane.url)
    await using client = await clientFor(plane, proxy.url)
    const seen: string[] = []
    await using follower = follow({ client, resource: widgets, namespace }, async ({ changes }) => {
      for (const { object } of changes) seen.push(`${object.metadata.name} ${object.metadata.resourceVersion}`)
    })
    await follower.until('the list', () => follower.count('listed') === 1)
    for (let at = 0; at < 10; at += 1) {
      proxy.severAll()
      await createWidget(plane, namespace, `w${at}`)
    }
    await follower.until('all widgets', () => follower.objects.size === 10)
    assert.equal(new Set(seen).size, seen.length, 'something came twice')
    assert.deepEqual(follower.relists, ['start'])
  })

  it('goes on from the last whole line when a watch is reset in the middle of one', async () => {
    await using test = await setUp('midline')
    await using follower = follow(test.options)
    await follower.untilState('watching')
    const cut = test.faults.next('watch', { kind: 'reset', afterBytes: 1500 })
    test.faults.resetWatches()
    await cut
    for (let at = 0; at < 4; at += 1) await createWidget(plane, test.namespace, `late${at}`, 500)
    await follower.until('the late widgets', () => follower.objects.size === 7)
    assert.deepEqual(follower.relists, ['start'])
    assert.ok(follower.failures.includes('network'))
  })

  for (const [way, fault] of [
    ['by HTTP', { kind: 'answer', status: 410, body: expired }],
    [
      'by an ERROR event',
      { kind: 'lines', lines: [`${JSON.stringify({ type: 'ERROR', object: expired })}\n`], after: 'end' },
    ],
  ] as const) {
    it(`lists anew when its cursor is too old, told ${way}`, async () => {
      await using test = await setUp(`gone-${fault.kind}`)
      await using follower = follow(test.options)
      await follower.untilState('watching')
      const dealt = test.faults.next('watch', fault)
      await plane.admin.request('DELETE', `${collection(test.namespace)}/w1`)
      await follower.until('the deletion', () => follower.deleted.includes('w1'))
      test.faults.resetWatches()
      await dealt
      await follower.until('the second list', () => follower.count('listed') === 2)
      assert.deepEqual(follower.relists, ['start', 'expired'])
      assert.deepEqual(follower.names(), ['w0', 'w2'])
    })
  }

  it('starts its list again when a continue token has expired', async () => {
    await using test = await setUp('token', 30)
    void test.faults.next('list', { kind: 'query', set: { limit: '10' } })
    void test.faults.next('list', { kind: 'answer', status: 410, body: expired })
    const reasons: string[] = []
    await using follower = follow(test.options, async (batch) => {
      if (batch.phase === 'listed') reasons.push(batch.reason)
    })
    await follower.until('the list', () => follower.count('listed') === 1)
    assert.equal(follower.objects.size, 30)
    assert.deepEqual(follower.relists, ['start', 'expired'])
    assert.deepEqual(reasons, ['start'], 'nothing was missed')
  })

  it('lists again what is throttled, failing or no list, until it comes', async () => {
    await using test = await setUp('busy')
    void test.faults.next('list', { kind: 'answer', status: 429, headers: { 'retry-after': '1' } })
    void test.faults.next('list', { kind: 'answer', status: 500, body: 'oops' })
    void test.faults.next('list', { kind: 'answer', status: 200, body: '{"kind":"WidgetList","items":[' })
    void test.faults.next('list', { kind: 'answer', status: 200, body: [] })
    void test.faults.next('list', { kind: 'reset', afterBytes: 20 })
    await using follower = follow(test.options)
    await follower.untilState('failing')
    await follower.until('the list', () => follower.count('listed') === 1)
    assert.deepEqual(follower.failures, ['throttled', 'server', 'broken', 'broken', 'network'])
    await follower.untilState('watching')
    assert.equal(follower.objects.size, 3)
  })

  it('notices a watch that has gone silent, and goes on from its cursor', async () => {
    await using test = await setUp('silent')
    void test.faults.next('watch', { kind: 'silence' })
    await using follower = follow({ ...test.options, idleMs: 300 })
    await follower.untilState('watching')
    await createWidget(plane, test.namespace, 'unheard')
    await follower.until('what the silent watch held back', () => follower.names().includes('unheard'))
    assert.ok(follower.failures.includes('stalled'))
    assert.deepEqual(follower.relists, ['start'])
  })

  it('counts a broken line, goes on from the line before it, and lists after three of them', async () => {
    await using test = await setUp('broken')
    const lines = [
      '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}\n',
      '{"type":"ADDED","object":{"meta\n',
    ]
    void test.faults.next('watch', { kind: 'lines', lines, after: 'silence' })
    for (let at = 0; at < 2; at += 1) {
      void test.faults.next('watch', { kind: 'lines', lines: lines.slice(1), after: 'silence' })
    }
    await using follower = follow(test.options)
    await follower.until('the second list', () => follower.count('listed') === 2)
    assert.deepEqual(follower.failures, ['broken', 'broken', 'broken'])
    assert.deepEqual(follower.relists, ['start', 'broken'])
    const cursors = test.faults.watches().map(({ query }) => query.get('resourceVersion'))
    assert.deepEqual(cursors.slice(1, 3), ['7', '7'])
  })

  it('lists after three watches in a row that ended at once and told nothing', async () => {
    await using test = await setUp('empty')
    const empty = test.faults.always('watch', { kind: 'lines', lines: [], after: 'end' })
    await using follower = follow(test.options)
    await follower.until('the second list', () => follower.count('listed') === 2)
    empty.lift()
    assert.equal(follower.relists[1], 'empty-watches')
    await createWidget(plane, test.namespace, 'late')
    await follower.until('the late widget', () => follower.names().includes('late'))
  })

  it('moves its cursor by bookmarks', async () => {
    await using test = await setUp('bookmarks')
    await createNamespace(plane, 'elsewhere')
    // The server sends a bookmark two seconds before a watch's end.
    void test.faults.next('watch', { kind: 'query', set: { timeoutSeconds: '4' } })
    const reopened = test.faults.next('watch', { kind: 'query', set: {} })
    await using follower = follow(test.options)
    await follower.untilState('watching')
    const { metadata } = await createWidget(plane, 'elsewhere', 'other')
    await follower.until('a bookmark', () => follower.count('watch') > 0)
    const bookmark = follower.batches.find(({ phase }) => phase === 'watch')
    assert.equal(bookmark?.changes, 0)
    assert.ok(Number(bookmark?.cursor) >= Number(metadata.resourceVersion), 'the bookmark is older than the last write')
    await reopened
    assert.equal(test.faults.watches()[1]?.query.get('resourceVersion'), follower.batches.at(-1)?.cursor)
  })

  it('goes on from a cursor that was kept, without a list', async () => {
    await using test = await setUp('resume', 1)
    const { metadata } = await createWidget(plane, test.namespace, 'kept')
    await createWidget(plane, test.namespace, 'missed')
    await using follower = follow({ ...test.options, resumeFrom: metadata.resourceVersion })
    await follower.until('what was missed', () => follower.objects.size > 0)
    assert.deepEqual(follower.names(), ['missed'])
    assert.equal(test.faults.lists().length, 0)
  })

  it('waits for a resource that is absent, follows it when it comes, goes and comes again', async () => {
    await using client = await clientFor(plane)
    const gadgets = { ...widgets, plural: 'gadgets' }
    const crd = structuredClone(widgetCrd)
    crd.metadata.name = 'gadgets.test.carillon.dev'
    crd.spec.names = { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' }
    const path = '/apis/test.carillon.dev/v1/namespaces/default/gadgets'
    const gadget = (name: string) => ({ apiVersion: 'test.carillon.dev/v1', kind: 'Gadget', metadata: { name } })

    await using follower = follow({ client, resource: gadgets })
    await follower.untilState('absent')
    await follower.reflector.refresh() // nothing to list
    await plane.admin.apply(crd)
    await plane.admin.request('POST', path, gadget('first'))
    await follower.until('the first gadget', () => follower.names().includes('first'))
    await plane.admin.delete('apiextensions.k8s.io/v1', 'CustomResourceDefinition', undefined, crd.metadata.name)
    await follower.untilState('absent')
    await plane.admin.apply(crd)
    await plane.admin.request('POST', path, gadget('second'))
    await follower.until('the second gadget', () => follower.names().includes('second'))
    assert.deepEqual(follower.names(), ['second'])
    assert.ok(follower.deleted.includes('first'))
    await plane.admin.delete('apiextensions.k8s.io/v1', 'CustomResourceDefinition', undefined, crd.metadata.name)
  })

  it('waits for the right to read, and follows once it is granted', async () => {
    await using client = await clientFor(plane, plane.url, 'operator')
    await createNamespace(plane, 'granted')
    await createWidget(plane, 'granted', 'hidden')
    await using follower = follow({ client, resource: widgets, namespace: 'granted' })
    await follower.untilState('forbidden')
    assert.match(follower.reflector.state().message ?? '', /cannot list resource "widgets"/)
    await plane.admin.apply([
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name: 'reads', namespace: 'granted' },
        rules: [{ apiGroups: ['test.carillon.dev'], resources: ['widgets'], verbs: ['list', 'watch'] }],
      },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'reads', namespace: 'granted' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reads' },
        subjects: [{ kind: 'ServiceAccount', name: 'carillon', namespace: 'carillon-system' }],
      },
    ])
    await follower.until('the hidden widget', () => follower.names().includes('hidden'))
    await follower.untilState('watching')
    assert.equal(follower.reflector.state().message, undefined)
  })

  it('loses nothing when the API server is killed and comes back', async () => {
    await using test = await setUp('killed')
    await using follower = follow(test.options)
    await follower.untilState('watching')
    await createWidget(plane, test.namespace, 'before')
    await plane.apiserver.kill()
    await follower.untilState('failing')
    await plane.apiserver.restart()
    await createWidget(plane, test.namespace, 'after')
    await plane.admin.request('DELETE', `${collection(test.namespace)}/w0`)
    await follower.until('what came after', () => follower.names().includes('after') && follower.deleted.includes('w0'))
    assert.deepEqual(follower.names(), ['after', 'before', 'w1', 'w2'])
  })

  it('refuses to start where there is no API server, and says what was tried', async () => {
    const connected = await connect({ kubeconfig: plane.kubeconfig('admin', 'http://127.0.0.1:1') })
    assert.ok(!connected.ok)
    assert.equal(connected.reason, 'Unreachable')
    assert.match(connected.message, /http:\/\/127\.0\.0\.1:1 .*ECONNREFUSED.*Is the cluster up/)
  })
})
