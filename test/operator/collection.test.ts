import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject, ObjectMeta } from '../../src/api/object.ts'
import type { Batch } from '../../src/kube/reflector.ts'
import { Collection } from '../../src/operator/collection.ts'
import { taskRun } from './scene.ts'

const named = (name: string, metadata: Partial<ObjectMeta> = {}) =>
  taskRun(undefined, { name, uid: `uid-${name}`, ...metadata })

const page = (...objects: KubeObject[]): Batch => ({
  phase: 'list',
  changes: objects.map((object) => ({ type: 'upsert', object })),
  cursor: undefined,
})
const listed = (...uids: string[]): Batch => ({
  phase: 'listed',
  changes: [],
  cursor: '1',
  uids: new Set(uids),
  began: 0,
  reason: 'start',
})
const watched = (type: 'upsert' | 'delete', object: KubeObject): Batch => ({
  phase: 'watch',
  changes: [{ type, object }],
  cursor: '2',
  waited: 0,
})

type Fed = { namespace?: string; batches: Batch[] }

/** A collection that has taken all these batches, what it told, and whether it was complete at each call. */
async function fed(...reflectors: Fed[]) {
  const told: string[] = []
  const side = (object: KubeObject | undefined) => (object ? object.metadata.uid : '-')
  const collection = new Collection<KubeObject>(
    reflectors.map(({ namespace, batches }) => ({
      namespace,
      reflector: {
        async *batches() {
          yield* batches
        },
      },
    })),
    (key, before, after) =>
      told.push(key === '' ? `listed, ${collection.synced}` : `${key}: ${side(before)} → ${side(after)}`),
  )
  assert.equal(collection.synced, false)
  await collection.run(new AbortController().signal)
  return { collection, told, keys: [...collection.objects.keys()] }
}

test('what comes, changes and goes is told with what was there before', async () => {
  const batches = [
    page(named('a'), named('b')),
    listed('uid-a', 'uid-b'),
    watched('upsert', named('a', { resourceVersion: '9' })),
    watched('delete', named('b')),
    watched('upsert', named('c')),
  ]
  const { told, keys, collection } = await fed({ batches })
  assert.deepEqual(told, [
    'team-a/a: - → uid-a',
    'team-a/b: - → uid-b',
    'listed, true',
    'team-a/a: uid-a → uid-a',
    'team-a/b: uid-b → -',
    'team-a/c: - → uid-c',
  ])
  assert.deepEqual(keys, ['team-a/a', 'team-a/c'])
  assert.equal(collection.objects.get('team-a/a')?.metadata.resourceVersion, '9')
})

test('a list drops what it no longer holds, and knows one re-created under its name', async () => {
  const batches = [
    page(named('a'), named('b')),
    listed('uid-a', 'uid-b'),
    page(named('b', { uid: 'uid-new' })),
    listed('uid-new'),
  ]
  const { told, keys } = await fed({ batches })
  assert.deepEqual(told.slice(3), ['team-a/b: uid-b → uid-new', 'team-a/a: uid-a → -', 'listed, true'])
  assert.deepEqual(keys, ['team-a/b'])
})

test('of several namespaces each list speaks for its own, and all have to be through', async () => {
  const b = named('b', { namespace: 'team-b' })
  const { told, keys } = await fed(
    { namespace: 'team-a', batches: [page(named('a')), listed('uid-a')] },
    { namespace: 'team-b', batches: [page(b), page(), listed('uid-b')] },
  )
  assert.deepEqual(keys, ['team-a/a', 'team-b/b'])
  assert.deepEqual(
    told.filter((line) => line.startsWith('listed')),
    ['listed, false', 'listed, true'],
  )
})

test('managed fields are not kept', async () => {
  const { collection } = await fed({ batches: [page(named('a', { managedFields: [{ manager: 'kubectl' }] }))] })
  assert.equal('managedFields' in (collection.objects.get('team-a/a')?.metadata ?? {}), false)
})

test('without anything to follow it is complete at once', async () => {
  const collection = new Collection<KubeObject>([], () => undefined)
  assert.equal(collection.synced, true)
  await collection.run(new AbortController().signal)
})

test('of managed fields only the time is kept at which what is declared was written last', async () => {
  const spec = { 'f:spec': { 'f:events': {} } }
  const annotation = { 'f:metadata': { 'f:annotations': {} } }
  const at = (second: number) => `2026-11-22T12:00:0${second}Z`
  const managedFields = [
    { manager: 'kubectl', time: at(1), fieldsV1: spec },
    { manager: 'editor', time: at(3), fieldsV1: spec },
    { manager: 'annotator', time: at(4), fieldsV1: annotation },
    { manager: 'carillon', subresource: 'status', time: at(5), fieldsV1: { 'f:status': {} } },
  ]
  const labels = [{ manager: 'kubectl', time: at(2), fieldsV1: { 'f:metadata': { 'f:labels': {} } } }]
  const batches = [page(named('a', { managedFields }), named('b', { managedFields: labels }))]
  const { collection } = await fed({ batches })
  assert.deepEqual(collection.objects.get('team-a/a')?.metadata.managedFields, [{ time: at(3) }])
  assert.deepEqual(collection.objects.get('team-a/b')?.metadata.managedFields, [{ time: at(2) }])
})

test('what was too large to be read whole stays as it was, or is not taken', async () => {
  const without = (type: 'upsert' | 'delete', name: string, ...lacks: string[]): Batch => ({
    phase: 'watch',
    changes: [{ type, object: named(name, { resourceVersion: '9' }), lacks }],
    cursor: '2',
    waited: 0,
  })
  const { collection, keys } = await fed({
    batches: [
      page(named('a'), named('b'), named('c')),
      listed('uid-a', 'uid-b', 'uid-c'),
      without('upsert', 'a', 'spec.filter'),
      without('upsert', 'b', 'metadata.managedFields'),
      without('delete', 'c', 'spec.filter'),
      without('upsert', 'd', 'spec.filter'),
    ],
  })
  const versions = keys.map((key) => collection.objects.get(key)?.metadata)
  assert.deepEqual(
    versions.map((metadata) => `${metadata?.name} ${metadata?.resourceVersion === '9'}`),
    ['a false', 'b true'],
  )
})
