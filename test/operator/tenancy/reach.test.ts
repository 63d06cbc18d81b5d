// Which objects reach whose subscriptions: by metadata.namespace, whatever the object's labels and annotations say.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import { type Emitter, indexEmitters } from '../../../src/operator/emitter.ts'
import { compileSubscription } from '../../../src/operator/subscription.ts'
import { of, see, told } from '../routing.ts'
import { context, emitter, subscription, succeeded, taskRun } from '../scene.ts'

const namespaces: Record<string, Record<string, string>> = {
  'team-a': { tier: 'gold' },
  'team-b': { tier: 'silver' },
  managed: {},
  admin: {},
}

/** To which subscriptions' sinks an object goes. */
function reached(emitters: Emitter[], object: KubeObject): string[] {
  const index = indexEmitters(emitters, (name) => namespaces[name])
  const takers = index.forObject('TaskRun', object.metadata.namespace ?? '')
  return [...new Set(see(object, of([...takers])).rows.map(({ subscription: one }) => one))].sort()
}

const finished = { events: [{ kind: 'TaskRun' as const, milestones: ['finished'] }] }
const inNamespace = (namespace: string, name = 'builds', spec: object = {}) =>
  emitter(name, { ...finished, ...spec }, { namespace })
const wide = (tier: string) => ({ namespaceSelector: { matchLabels: { tier } } })

test('a run of a managed namespace is that namespace’s, though its labels name the one that it was released from', () => {
  const run = taskRun(succeeded(), {
    namespace: 'managed',
    labels: {
      'release.appstudio.openshift.io/namespace': 'team-a',
      'release.appstudio.openshift.io/name': 'release-1',
      'appstudio.openshift.io/application': 'shop',
      'pipelines.appstudio.openshift.io/type': 'managed',
      namespace: 'team-a',
      tier: 'gold',
    },
    annotations: { 'kubernetes.io/metadata.name': 'team-a' },
  })
  const subscriptions = [inNamespace('team-a'), inNamespace('managed'), inNamespace('admin', 'audit', wide('gold'))]
  assert.deepEqual(reached(subscriptions, run), ['managed/builds'])
})

test('a label on the object is none on its namespace', () => {
  const run = taskRun(succeeded(), { namespace: 'team-b', labels: { tier: 'gold' } })
  const subscriptions = [inNamespace('admin', 'gold', wide('gold')), inNamespace('admin', 'silver', wide('silver'))]
  assert.deepEqual(reached(subscriptions, run), ['admin/silver'])
})

test('who asks by annotation for a subscription of another namespace is heard only by a cluster-wide one that selects the namespace', () => {
  const asks = 'team-a/asked, builds, admin/gold, admin/silver, admin/home, *'
  const run = taskRun(succeeded(), {
    namespace: 'team-b',
    annotations: { 'carillon.dev/subscriptions': asks },
  })
  const onRequest = { onRequest: true }
  const subscriptions = [
    inNamespace('team-a', 'asked', onRequest),
    inNamespace('team-a', 'builds', onRequest),
    inNamespace('team-b', 'builds', onRequest),
    inNamespace('team-b', 'unasked', onRequest),
    inNamespace('admin', 'home', onRequest),
    inNamespace('admin', 'gold', { ...wide('gold'), ...onRequest }),
    inNamespace('admin', 'silver', { ...wide('silver'), ...onRequest }),
  ]
  assert.deepEqual(reached(subscriptions, run), ['admin/silver', 'team-b/builds'])
})

test('no subscription outside of admin namespaces selects others', () => {
  const refused = compileSubscription(subscription({ ...finished, namespaceSelector: {} }), context())
  assert.ok(!refused.ok)
  assert.equal(refused.reason, 'NamespaceSelectorNotAllowed')
  assert.deepEqual(told(see(taskRun(succeeded()), of([emitter('builds', finished)]))), ['finished → qe'])
})

test('an event says of which namespace its object is, whoever else is named', () => {
  const labels = { namespace: 'team-a', 'release.appstudio.openshift.io/namespace': 'team-a' }
  const run = taskRun(succeeded(), { namespace: 'managed', labels })
  const { rows } = see(run, of([inNamespace('managed', 'builds', { extensions: { team: 'team-a' } })]))
  const [attributes] = rows.map(({ event }) => JSON.parse(event.attributes) as Record<string, unknown>)
  assert.match(String(attributes?.source), /\/namespaces\/managed\/tekton$/)
  assert.ok(attributes?.namespace === undefined || attributes.namespace === 'managed')
  for (const name of ['source', 'namespace', 'id', 'type']) {
    const one = compileSubscription(subscription({ extensions: { [name]: 'team-a' } }), context())
    assert.ok(!one.ok && one.reason === 'ExtensionsInvalid', name)
  }
})
