import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../../../src/api/object.ts'
import { cloudevents } from '../../../src/formats/cloudevents.ts'
import type { Content } from '../../../src/formats/format.ts'
import { formats } from '../../../src/formats/index.ts'
import { cdevents } from '../../../src/formats/mapping/format.ts'
import { knownSources } from '../../../src/sources/index.ts'
import { groupOf } from '../../../src/sources/read.ts'
import { optionsOf, versions } from '../mapping/official.ts'
import { input } from '../runs.ts'
import { canary, filled, withCanaries } from './canaries.ts'
import { build, everything, release, sourceOf, testTask } from './objects.ts'

const data = join(import.meta.dirname, '../../../../shared/data/konflux')
const skip = existsSync(data) ? false : '../shared/data/konflux is absent: neither real objects nor the CRDs were tried'

const documents = (folder: string): unknown[] =>
  readdirSync(join(data, folder))
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => parseAllDocuments(readFileSync(join(data, folder, file), 'utf8')).map((one) => one.toJS()))

/** All that an object tells, in both formats that have summaries. */
function eventsOf(object: KubeObject, contents: readonly Content[]) {
  const source = sourceOf(object)
  const deleted = source.deletion(object, { at: Date.UTC(2026, 10, 22), missed: false })
  const told = [...source.milestones(object), ...source.transitions(undefined, object), ...(deleted ? [deleted] : [])]
  assert.ok(told.length > 0, object.kind)
  return told.flatMap((milestone) =>
    contents.flatMap((content) => [
      ...cloudevents.encode(input(object, milestone, { source, content })).events,
      ...versions.flatMap((version) =>
        (['schema', 'sdk-go'] as const).flatMap(
          (profile) =>
            cdevents.encode(input(object, milestone, { source, content, ...optionsOf(version, { profile }) })).events,
        ),
      ),
    ]),
  )
}

function holdsNone(object: KubeObject): void {
  for (const event of eventsOf(withCanaries(object), ['summary', 'none'])) {
    const text = JSON.stringify(event)
    const at = text.indexOf(canary)
    assert.ok(
      at < 0,
      `${event.type} of ${object.kind} ${object.metadata.name}: ${text.slice(Math.max(at - 120, 0), at + 20)}`,
    )
  }
}

test('nothing of a Konflux object but what is on the list is in any summary', () => {
  for (const object of everything()) holdsNone(object)
})

test('nor anything of objects that have every field which their CRD knows', { skip }, () => {
  const schemas = new Map<string, object>()
  for (const { spec } of documents('crds') as { spec: Definition }[]) collect(spec, schemas)
  const objects = everything().filter(({ kind, apiVersion }) => schemas.has(`${apiVersion} ${kind}`))
  assert.ok(objects.length >= 12, String(objects.length))
  for (const object of objects) {
    const schema = schemas.get(`${object.apiVersion} ${object.kind}`) ?? {}
    holdsNone(filled(object, { ...schema, type: 'object' }) as KubeObject)
  }
})

type Definition = {
  group: string
  names: { kind: string }
  versions: { name: string; schema: { openAPIV3Schema: { properties: Record<string, object> } } }[]
}

function collect({ group, names, versions: all }: Definition, schemas: Map<string, object>): void {
  for (const { name, schema } of all) {
    const { spec = {}, status = {} } = schema.openAPIV3Schema.properties
    schemas.set(`${group}/${name} ${names.kind}`, { properties: { spec, status } })
  }
}

test('nor anything of the objects of a real cluster', { skip }, () => {
  const objects = (documents('e2e-run') as KubeObject[]).filter(({ kind, apiVersion }) =>
    knownSources.all.some((source) => source.kind === kind && source.group === groupOf({ apiVersion })),
  )
  assert.ok(objects.length >= 10)
  for (const object of objects) holdsNone(object)
})

test('with content full all of the object is sent but what never leaves the cluster', () => {
  const object = build()
  const annotations = {
    ...object.metadata.annotations,
    'kubectl.kubernetes.io/last-applied-configuration': canary,
    'pipelinesascode.tekton.dev/git-auth-secret': canary,
    'pipelinesascode.tekton.dev/installation-id': canary,
    'pac.test.appstudio.openshift.io/controller-info': canary,
    'pac.test.appstudio.openshift.io/on-cel-expression': canary,
  }
  const managedFields = [{ manager: canary }]
  const secretive = { ...object, metadata: { ...object.metadata, annotations, managedFields } } as KubeObject
  const source = sourceOf(secretive)
  for (const milestone of source.milestones(secretive))
    for (const format of Object.values(formats))
      for (const { data = '' } of format.encode(input(secretive, milestone, { source, content: 'full' })).events) {
        assert.ok(!data.includes(canary), `${format.name} ${milestone.name}`)
        assert.ok(data.includes('"output-image"'), `${format.name} ${milestone.name}`)
      }
})

test('neither the free text of a test nor who released is told', () => {
  const texts = [testTask(), release()]
    .flatMap((object) => eventsOf(object, ['summary', 'none']))
    .map((event) => JSON.stringify(event))
  for (const text of texts) assert.ok(!/jane-doe|embargoed|CVE-2026|SEC-1|internal\.example|token=abc/.test(text), text)
})
