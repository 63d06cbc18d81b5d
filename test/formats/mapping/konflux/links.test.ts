import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../../src/api/object.ts'
import type { KnownObject, Lookup } from '../../../../src/formats/format.ts'
import { chainIdOf } from '../../../../src/formats/mapping/chain.ts'
import * as konflux from '../../konflux/objects.ts'
import { input } from '../../runs.ts'
import { encode, optionsOf } from '../official.ts'

const { sourceOf } = konflux

type Wire = { linkType: string; linkKind?: string; from?: { contextId: string }; target?: { contextId: string } }
type Told = { type: string; id: string; links: { linkType: string; linkKind?: string; to: string }[] }

function told(object: KubeObject, milestoneName: string, known?: Lookup): Told[] {
  const source = sourceOf(object)
  const found = source.milestones(object).filter(({ name }) => name === milestoneName)
  assert.ok(found.length > 0, `${object.metadata.name} tells no ${milestoneName}`)
  return found.flatMap((milestone) =>
    encode(input(object, milestone, { source, ...optionsOf('0.5.1'), ...(known && { known }) })).map(
      ({ data = '' }) => {
        const { context } = JSON.parse(data)
        const links = ((context.links ?? []) as Wire[]).map(({ linkType, linkKind, from, target }) => ({
          linkType,
          ...(linkKind && { linkKind }),
          to: (from ?? target)?.contextId ?? '',
        }))
        return { type: context.type, id: context.id, links }
      },
    ),
  )
}

/** What a ledger remembers of these. */
function memoryOf(objects: readonly KubeObject[], change = (known: KnownObject): KnownObject => known): Lookup {
  const known = new Map(
    objects.map((object) => {
      const source = sourceOf(object)
      const { namespace, name, uid } = object.metadata
      const keys = source.milestones(object).map(({ key }) => key)
      return [[source.name, namespace, name].join('/'), change({ uid, chain: chainIdOf(source, object), keys })]
    }),
  )
  return (...name) => known.get(name.join('/'))
}

const all = memoryOf(konflux.everything())
const idOf = (object: KubeObject, milestoneName: string, place = 0): string =>
  told(object, milestoneName)[place]?.id ?? assert.fail(milestoneName)

describe('an event of Konflux links to', () => {
  test('what the build published, from the Snapshot that was made of it', () => {
    const published = idOf(konflux.build(), 'artifact-published', 1)
    assert.deepEqual(told(konflux.snapshot(), 'created', all)[0]?.links, [
      { linkType: 'RELATION', linkKind: 'ARTIFACT', to: published },
    ])
  })

  test('the verdict on the Snapshot, from the release', () => {
    assert.deepEqual(told(konflux.release(), 'created', all)[0]?.links, [
      { linkType: 'PATH', to: idOf(konflux.snapshot(), 'passed') },
    ])
  })

  test('the Snapshot itself, where its verdict is not known, or which of several it was', () => {
    const created = { linkType: 'PATH', to: idOf(konflux.snapshot(), 'created') }
    const unjudged = memoryOf([konflux.snapshot()], (known) => ({ ...known, keys: ['created'] }))
    const twice = memoryOf([konflux.snapshot()], (known) => ({ ...known, keys: [...known.keys, 'passed/1'] }))
    for (const known of [unjudged, twice])
      assert.deepEqual(told(konflux.release(), 'created', known)[0]?.links, [created])
  })

  test('the start of the scenario, from the verdict on the policy', () => {
    const started = idOf(konflux.snapshot(), 'test-started')
    assert.deepEqual(told(konflux.testRun(), 'policy-evaluated', all)[0]?.links, [{ linkType: 'PATH', to: started }])
  })

  test('the end of the TaskRun, from its test case', () => {
    const ended = idOf(konflux.testTask(), 'finished')
    assert.deepEqual(told(konflux.testTask(), 'test-case-finished')[0]?.links, [{ linkType: 'PATH', to: ended }])
  })

  test('what it was made for, from the first event of a test’s run and of a release’s in the same namespace', () => {
    assert.deepEqual(told(konflux.testRun(), 'queued', all)[0]?.links, [
      { linkType: 'RELATION', linkKind: 'TRIGGER', to: idOf(konflux.snapshot(), 'created') },
    ])
    assert.deepEqual(told(konflux.tenantRun(), 'queued', all)[0]?.links, [
      { linkType: 'RELATION', linkKind: 'TRIGGER', to: idOf(konflux.release(), 'created') },
    ])
  })

  test('nothing of another namespace, whatever its labels say', () => {
    assert.deepEqual(told(konflux.managedRun(), 'queued', all)[0]?.links, [])
    const asked = new Set<string>()
    const spy: Lookup = (source, namespace, name) => {
      asked.add(namespace)
      return all(source, namespace, name)
    }
    for (const object of konflux.everything().filter(({ metadata }) => metadata.namespace === 'managed'))
      for (const { name } of sourceOf(object).milestones(object)) told(object, name, spy)
    assert.deepEqual(
      [...asked].filter((namespace) => namespace !== 'managed'),
      [],
    )
  })

  test('nothing that is not remembered', () => {
    const nobody: Lookup = () => undefined
    const stranger: Lookup = () => ({ uid: 'u', chain: undefined, keys: [] })
    for (const known of [nobody, stranger]) {
      assert.deepEqual(told(konflux.snapshot(), 'created', known)[0]?.links, [])
      assert.deepEqual(told(konflux.release(), 'created', known)[0]?.links, [])
      assert.deepEqual(told(konflux.testRun(), 'policy-evaluated', known)[0]?.links, [])
      assert.deepEqual(told(konflux.testRun(), 'queued', known)[0]?.links, [])
    }
  })
})

test('from the build to the release all is one chain, of old labels and new; what several builds make is another', () => {
  const objects = [
    konflux.build({ annotations: konflux.pac('pipelinesascode.tekton.dev') }),
    konflux.newBuild(),
    ...[konflux.testRun(), konflux.testTask(), konflux.snapshot(), konflux.release(), konflux.managedRun()].map(
      (object) => {
        const annotations = konflux.pac('pac.test.appstudio.openshift.io')
        return { ...object, metadata: { ...object.metadata, annotations } } as KubeObject
      },
    ),
  ]
  const chains = objects.map((object) => chainIdOf(sourceOf(object), object))
  assert.equal(new Set(chains).size, 1)
  const group = konflux.groupSnapshot()
  assert.notEqual(chainIdOf(sourceOf(group), group), chains[0])
})
