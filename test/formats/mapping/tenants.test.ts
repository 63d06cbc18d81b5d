import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import type { Lookup } from '../../../src/formats/format.ts'
import { chainIdOf } from '../../../src/formats/mapping/chain.ts'
import { cdevents } from '../../../src/formats/mapping/format.ts'
import { konfluxAnnotations, konfluxLabels } from '../../../src/sources/konflux-labels.ts'
import { everything, sourceOf } from '../konflux/objects.ts'
import { input } from '../runs.ts'

const secret = { uid: 'uid-of-another', chain: '11111111-2222-4333-8444-555555555555' }
const keys = ['created', 'passed/1', 'test-started/e2e/1', 'finished', 'build-finished']

/** Whatever is asked for in another namespace is there. */
const elsewhere =
  (own: string, asked: string[]): Lookup =>
  (_, namespace, name) => {
    asked.push(`${namespace}/${name}`)
    return namespace === own ? undefined : { ...secret, keys }
  }

/** As one who may write any label, annotation or name would have it. */
function pointing(object: KubeObject, to: string): KubeObject {
  const labels = Object.fromEntries(konfluxLabels.map((name) => [name, object.metadata.labels?.[name] ?? to]))
  const annotations = Object.fromEntries(konfluxAnnotations.map((name) => [name, to]))
  const release = {
    'operator-sdk/primary-resource': `other-tenant/${to}`,
    'operator-sdk/primary-resource-type': 'Release.appstudio.redhat.com',
  }
  return {
    ...object,
    metadata: {
      ...object.metadata,
      labels: {
        ...object.metadata.labels,
        ...labels,
        'appstudio.openshift.io/snapshot': to,
        'release.appstudio.openshift.io/name': to,
        'release.appstudio.openshift.io/namespace': 'other-tenant',
      },
      annotations: { ...object.metadata.annotations, ...annotations, ...release },
    },
    spec: { ...(object.spec as object), snapshot: to },
  }
}

for (const to of ['their-snapshot', 'other-tenant/their-snapshot', '../other-tenant'])
  test(`no event looks for ${to} but in its own namespace, nor holds anything of what is in another`, () => {
    let events = 0
    for (const object of everything().map((one) => pointing(one, to))) {
      const own = object.metadata.namespace ?? ''
      const asked: string[] = []
      const known = elsewhere(own, asked)
      const source = sourceOf(object)
      assert.notEqual(chainIdOf(source, object, known), secret.chain)
      for (const milestone of source.milestones(object)) {
        const alone = cdevents.encode(input(object, milestone, { source }))
        const told = cdevents.encode(input(object, milestone, { source, known }))
        // The same, byte by byte, as where nothing is known: what exists elsewhere can't be told from it either.
        assert.deepEqual(told, alone, `${object.kind} ${milestone.name}`)
        events += told.events.length
      }
      assert.deepEqual(
        asked.filter((name) => !name.startsWith(`${own}/`)),
        [],
        object.kind,
      )
    }
    assert.ok(events > 30, String(events))
  })
