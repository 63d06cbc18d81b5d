import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventSink, EventSubscription } from '../../../src/api/generated.ts'
import { type KubeObject, keyOf } from '../../../src/api/object.ts'
import { defaultPolicy } from '../../../src/api/policy.ts'
import { accept } from '../../../src/api/verdict.ts'
import { judgeSink } from '../../../src/operator/sink.ts'
import { OperatorState } from '../../../src/operator/state.ts'
import { Tenancy } from '../../../src/operator/tenancy/tenancy.ts'
import { commitRows, ids, parked, rowOf } from '../../outbox/batches.ts'
import { MemoryOutbox } from '../../outbox/memory/memory.ts'
import { ms, sink, subscription } from '../scene.ts'

const gold = { from: 'Selector' as const, selector: { matchLabels: { tier: 'gold' } } }

function stage() {
  const outbox = new MemoryOutbox({ now: () => ms(0) })
  const namespaces = new Map<string, KubeObject>()
  const subscriptions = new Map<string, EventSubscription>()
  const state = new OperatorState(new Map(), () => undefined)
  const policy = { ...defaultPolicy, adminNamespaces: new Set(['platform']) }
  const tenancy = new Tenancy({
    state,
    subscriptions: { objects: subscriptions },
    namespaces: { objects: namespaces },
    outbox,
    policy: () => policy,
  })
  return {
    outbox,
    tenancy,
    subscribe(namespace: string, spec: Partial<EventSubscription['spec']>, name = 'builds') {
      const object = subscription(spec, { namespace, name, uid: `uid-${namespace}-${name}` })
      const key = keyOf(object)
      const before = subscriptions.get(key)
      subscriptions.set(key, object)
      const uses = tenancy.uses(object)
      tenancy.judged(key, object, uses, before)
      return uses
    },
    apply(object: EventSink) {
      state.sinks.set(
        keyOf(object),
        judgeSink(object, {
          url: accept(new URL('https://a.b')),
          credentials: accept(undefined),
        }),
      )
      return [...tenancy.sinkChanged(keyOf(object), object)].sort()
    },
    remove(key: string) {
      state.sinks.delete(key)
      return [...tenancy.sinkChanged(key, undefined)].sort()
    },
    label(name: string, labels: Record<string, string> | undefined) {
      const metadata = { name, uid: name, labels: labels ?? {}, creationTimestamp: '' }
      if (labels) namespaces.set(`/${name}`, { apiVersion: 'v1', kind: 'Namespace', metadata } as KubeObject)
      else namespaces.delete(`/${name}`)
      return [...tenancy.namespaceChanged(name)].sort()
    },
  }
}

const shared = (spec: Partial<EventSink['spec']> = {}, more: object = {}) =>
  sink(spec, { name: 'shared', namespace: 'platform', ...more })
const foreign = { sinks: [{ name: 'shared', namespace: 'platform' }] }

test('a changed sink concerns those who name it, those who name none where it is a default, and those whose dead letters are parked there', () => {
  const { apply, remove, subscribe } = stage()
  subscribe('team-a', foreign)
  subscribe('team-b', {})
  subscribe('team-b', { sinks: [{ name: 'qe' }, { name: 'shared', namespace: 'platform' }] }, 'both')
  const { sinks: _none, ...rest } = subscription().spec
  subscribe('team-c', rest)
  subscribe('team-c', { sinks: undefined as never }, 'nameless')
  const named = ['team-a/builds', 'team-b/both']
  assert.deepEqual(apply(shared()), named)
  const nameless = ['team-a/builds', 'team-b/both', 'team-c/nameless']
  assert.deepEqual(apply(shared({}, { labels: { 'carillon.dev/default': 'true' } })), nameless)
  assert.deepEqual(apply(shared()), nameless)
  assert.deepEqual(apply(shared()), named)
  assert.deepEqual(remove('platform/shared'), named)
  assert.deepEqual(apply(sink({ deadLetters: { sinkRef: { name: 'park' } } }, { namespace: 'team-b' })), [
    'team-b/both',
    'team-b/builds',
  ])
  assert.deepEqual(apply(sink({}, { namespace: 'team-b', name: 'park' })), ['team-b/both', 'team-b/builds'])
  assert.deepEqual(apply(sink({}, { namespace: 'team-z', name: 'park' })), [])
})

test('labels of a namespace concern its own subscriptions that look abroad, and no others', () => {
  const { label, subscribe, tenancy } = stage()
  subscribe('team-a', foreign)
  subscribe('team-a', {}, 'home')
  subscribe('team-b', foreign)
  assert.deepEqual(label('team-a', { tier: 'gold' }), ['team-a/builds'])
  tenancy.gone('team-a/builds')
  assert.deepEqual(label('team-a', {}), [])
})

test('a thousand namespaces: each change looks at whom it concerns', () => {
  const { apply, label, subscribe } = stage()
  for (let at = 0; at < 1000; at += 1) {
    subscribe(`team-${at}`, {
      sinks: [{ name: 'own' }, ...(at % 10 ? [] : [{ name: 'shared', namespace: 'platform' }])],
    })
  }
  assert.equal(apply(shared()).length, 100)
  for (let at = 0; at < 1000; at += 1) {
    assert.equal(apply(sink({}, { namespace: `team-${at}`, name: 'own' })).length, 1)
    assert.equal(label(`team-${at}`, { tier: 'gold' }).length, at % 10 ? 0 : 1)
  }
})

test('a grant lets rows go, its end lets them wait: by sink, by label, whoever the subscription names now', async () => {
  const { apply, label, outbox, subscribe } = stage()
  const claim = () => ids(outbox.claim('platform/shared', 10, ms(0)))
  const from = (namespace: string) => ({
    sink: 'platform/shared',
    subscription: `${namespace}/builds`,
    subscriptionUid: `uid-${namespace}-builds`,
    namespace,
  })
  subscribe('team-a', foreign)
  subscribe('team-b', {})
  label('team-a', { tier: 'gold' })
  label('team-b', { tier: 'gold' })
  apply(shared({ allowedNamespaces: gold }))
  await commitRows(outbox, rowOf('o1', 'a1', from('team-a')), rowOf('o2', 'b1', from('team-b')))
  // Not even what was written down for one that names the sink no more.
  label('team-b', {})
  assert.deepEqual([...outbox.withholding.of('platform/shared')], ['uid-team-b-builds'])
  apply(shared())
  assert.deepEqual([...outbox.withholding.of('platform/shared')].sort(), ['uid-team-a-builds', 'uid-team-b-builds'])
  assert.deepEqual(claim(), [])
  apply(shared({ allowedNamespaces: { from: 'All' } }))
  assert.deepEqual(claim(), ['a1', 'b1'])
})

test('what waits with a body waits where the sink takes none any more; what is parked goes', async () => {
  const { apply, outbox, subscribe } = stage()
  const own = { subscription: 'team-a/builds', subscriptionUid: 'uid-team-a-builds', namespace: 'team-a' }
  const all = { allowedNamespaces: { from: 'All' as const } }
  apply(shared({ ...all, allowBody: true }))
  subscribe('team-a', { ...foreign, body: '1' })
  await commitRows(outbox, rowOf('o1', 'a1', { ...own, sink: 'platform/shared' }))
  apply(shared(all))
  assert.deepEqual(outbox.claim('platform/shared', 10, ms(0)), [])
  subscribe('team-a', foreign)
  const [row] = outbox.claim('platform/shared', 10, ms(0))
  assert.ok(row)
  apply(sink({}, { namespace: 'platform', name: 'park' }))
  await outbox.settle([parked(row, 'platform/park')], ms(0))
  assert.deepEqual(ids(outbox.claim('platform/park', 10, ms(0))), ['a1'])
})

test('own rows need no consent, nor do those of a sink that is not there: they wait as one', async () => {
  const { apply, outbox } = stage()
  const all = { subscription: 'platform/own', subscriptionUid: 'uid-own' }
  await commitRows(outbox, rowOf('o1', 'x', { ...all, sink: 'platform/shared' }))
  apply(shared())
  assert.deepEqual(ids(outbox.claim('platform/shared', 10, ms(0))), ['x'])
  const stray = { subscription: 'team-a/builds', subscriptionUid: 'uid-a', sink: 'platform/none' }
  await commitRows(outbox, rowOf('o2', 'y', stray))
  assert.deepEqual([...outbox.withholding.of('platform/none')], [])
})
