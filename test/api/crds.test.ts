import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { readCrds, type Schema, walk } from '../../scripts/generate/crd.ts'
import { eventSinkResource, eventSubscriptionResource } from '../../src/api/generated.ts'
import { declare } from '../../src/cli/explain/declared.ts'
import { render } from '../../src/cli/import/render.ts'
import { translate } from '../../src/cli/import/translate.ts'
import { reserved } from '../../src/formats/attributes.ts'
import { vocabulary } from '../../src/formats/cdevents/vocabulary.ts'
import { sources } from '../../src/sources/index.ts'
import type { Manifest } from '../controlplane/admin.ts'
import { applyCrds, type ControlPlane, startControlPlane } from '../controlplane/controlplane.ts'
import { type Bad, badSinks, type Good, goodSinks } from './sink-cases.ts'
import { badSubscriptions, goodSubscriptions } from './subscription-cases.ts'

const apiVersion = 'carillon.dev/v1alpha1'
const examples = new URL('../../docs/examples/', import.meta.url)
const readExample = (file: string) => readFileSync(new URL(file, examples), 'utf8')

suite('the API server', () => {
  let plane: ControlPlane

  before(async () => {
    plane = await startControlPlane()
    await applyCrds(plane)
  })
  after(() => plane[Symbol.asyncDispose]())

  const collection = (kind: string) => plane.admin.path(apiVersion, kind, 'default')

  /** What the server says to an object with that spec under strict validation, without keeping it. */
  async function ask(kind: string, spec: object) {
    const path = `${await collection(kind)}?fieldValidation=Strict&dryRun=All`
    const { status, body } = await plane.admin.request('POST', path, {
      apiVersion,
      kind,
      metadata: { name: 'case' },
      spec,
    })
    return { status, body: body as { message?: string; spec: object; status: object } }
  }

  const tables: [kind: string, good: Good[], bad: Bad[]][] = [
    ['EventSink', goodSinks, badSinks],
    ['EventSubscription', goodSubscriptions, badSubscriptions],
  ]
  for (const [kind, good, bad] of tables) {
    for (const [name, spec] of good) {
      test(`takes an ${kind} with ${name}`, async () => {
        const { status, body } = await ask(kind, spec)
        assert.equal(status, 201, body.message)
        // What carillon explain goes by, without a server.
        const declared = declare(
          { from: 'here', kind, object: { apiVersion, kind, metadata: { name }, spec } },
          'default',
        )
        assert.deepEqual(body.spec, declared.object.spec)
      })
    }
    for (const [name, spec, ...messages] of bad) {
      test(`refuses an ${kind} with ${name}, saying what is allowed`, async () => {
        const { status, body } = await ask(kind, spec)
        assert.ok(status === 422 || status === 400, `${status}`)
        for (const message of messages) assert.ok(body.message?.includes(message), `${body.message}\nlacks: ${message}`)
      })
    }
  }

  test("takes what carillon import tekton-config makes of Tekton's settings", async () => {
    const settings = [
      { 'config-events': { sink: 'http://anna:s3cret@el-build.team-a.svc.cluster.local:8080/a?b=c' } },
      {
        'config-defaults': { 'default-cloud-events-sink': 'HTTPS://Events.example.com#there' },
        'pipelines-info': { version: 'v1.9.0' },
      },
    ]
    for (const one of settings) {
      const made = translate(one, { namespace: 'default', name: 'tekton', tektonNamespace: 'tekton-pipelines' })
      assert.ok(made.ok)
      const documents = parseAllDocuments(render(made.value)).map((document) => document.toJS() as Manifest)
      assert.deepEqual(
        documents.map(({ kind }) => kind),
        ['EventSink', 'EventSubscription'],
      )
      for (const { kind, metadata, ...rest } of documents) {
        const { status, body } = await ask(kind, rest.spec as object)
        assert.equal(status, 201, body.message)
        assert.deepEqual(metadata, { name: 'tekton', namespace: 'default' })
      }
    }
  })

  // Other examples are runs to try them with.
  const declaring = readdirSync(examples).filter((file) => /^kind: Event/m.test(readExample(file)))
  for (const file of declaring) {
    test(`takes docs/examples/${file} as it stands`, async () => {
      const yaml = readExample(file)
      for (const [, namespace] of yaml.matchAll(/^ {2}namespace: (.+)$/gm)) {
        await plane.admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace ?? '' } })
      }
      const applied = await plane.admin.apply(yaml)
      assert.ok(applied.some(({ kind }) => kind === 'EventSubscription'))
    })
  }

  test('fills in the defaults of an EventSink', async () => {
    const { body } = await ask('EventSink', { http: { url: 'https://events.example.com/' } })
    assert.deepEqual(body.spec, {
      http: { url: 'https://events.example.com/', mode: 'binary' },
      allowBody: false,
      suspend: false,
    })
  })

  test('fills in the defaults of an EventSubscription', async () => {
    const { body } = await ask('EventSubscription', { sinks: [{ name: 'qe' }], formats: ['cdevents'], cdevents: {} })
    assert.deepEqual(body.spec, {
      sinks: [{ name: 'qe' }],
      formats: ['cdevents'],
      cdevents: { specVersion: '0.4.1', profile: 'schema' },
      data: { content: 'summary' },
      startFrom: 'Now',
      onRequest: false,
      suspend: false,
    })
    const { body: least } = await ask('EventSubscription', { sinks: [{ name: 'qe' }] })
    assert.deepEqual((least.spec as { formats: string[] }).formats, ['cloudevents'])
  })

  test('gives observedGeneration -1 to what the operator has not seen, and drops a status that a user sets', async () => {
    const [sink, subscription] = await plane.admin.apply([
      { ...object('EventSink', 'unseen', { http: { url: 'https://events.example.com/' } }), status: { pending: 7 } },
      object('EventSubscription', 'unseen', { sinks: [{ name: 'unseen' }] }),
    ])
    assert.deepEqual(sink?.status, { observedGeneration: -1 })
    assert.deepEqual(subscription?.status, { observedGeneration: -1 })
  })

  test('prints the columns, from the status', async () => {
    await plane.admin.apply([
      object('EventSink', 'shown', { http: { url: 'https://events.example.com/' } }),
      object('EventSubscription', 'shown', { sinks: [{ name: 'shown' }] }),
    ])
    const lastTransitionTime = '2026-01-01T00:00:00Z'
    const conditions = [
      { type: 'Ready', status: 'True', reason: 'Ready', message: 'all is well', lastTransitionTime },
      { type: 'Delivering', status: 'False', reason: 'Timeout', message: 'no answer', lastTransitionTime },
    ]
    await plane.admin.patchStatus(apiVersion, 'EventSink', 'default', 'shown', {
      conditions,
      pending: 3,
      lastDelivered: { time: new Date().toISOString(), subscription: 'default/shown' },
    })
    await plane.admin.patchStatus(apiVersion, 'EventSubscription', 'default', 'shown', {
      conditions,
      counts: { matched: 9, delivered: 5, pending: 3 },
    })
    const row = async (kind: string) => {
      const [head, cells] = (
        await plane.admin.table(await plane.admin.path(apiVersion, kind, 'default', 'shown'))
      ).split('\n')
      return [head, cells].map((line) => line?.split(/ {2,}/))
    }
    const [sinkHead, sinkCells = []] = await row('EventSink')
    assert.deepEqual(sinkHead, ['NAME', 'READY', 'DELIVERING', 'PENDING', 'LAST', 'AGE'])
    assert.deepEqual(sinkCells.slice(0, 4), ['shown', 'True', 'False', '3'])
    assert.match(sinkCells[4] ?? '', /^\d+[smh]/)
    const [head, cells = []] = await row('EventSubscription')
    assert.deepEqual(head, ['NAME', 'READY', 'DELIVERING', 'DELIVERED', 'PENDING', 'AGE', 'STATUS'])
    assert.deepEqual([...cells.slice(0, 5), cells[6]], ['shown', 'True', 'False', '5', '3', 'all is well'])
  })

  test('names both kinds short, and in the category carillon', async () => {
    const { body } = await plane.admin.request('GET', `/apis/${apiVersion}`)
    const { resources } = body as { resources: { name: string; shortNames: string[]; categories: string[] }[] }
    for (const [name, shortName] of [
      ['eventsinks', 'esink'],
      ['eventsubscriptions', 'esub'],
    ]) {
      const resource = resources.find((one) => one.name === name)
      assert.deepEqual([resource?.shortNames, resource?.categories], [[shortName], ['carillon']])
    }
  })
})

const object = (kind: string, name: string, spec: object) => ({ apiVersion, kind, metadata: { name }, spec })

suite('the schemas', async () => {
  const crds = await readCrds()
  const fields = crds.flatMap((crd) =>
    [...walk(crd.schema)].map(([path, schema]) => ({ path: `${crd.kind}: ${path}`, schema })),
  )

  test('bound every list, every map and every string', () => {
    const unbounded = fields.filter(({ path, schema }) => !isBounded(schema) && !/: (kind|apiVersion)$/.test(path))
    assert.deepEqual(
      unbounded.map(({ path }) => path),
      [],
    )
  })

  test('describe every field', () => {
    const silent = fields.filter(({ path, schema }) => !schema.description && !/(\[\]|: metadata)$/.test(path))
    assert.deepEqual(
      silent.map(({ path }) => path),
      [],
    )
  })

  const eventRules =
    crds.find(({ kind }) => kind === 'EventSubscription')?.schema.properties?.spec?.properties?.events?.items?.[
      'x-kubernetes-validations'
    ] ?? []
  const namesIn = (list: string | undefined) => [...(list ?? '').matchAll(/'([\w-]+)'/g)].map(([, name]) => name)

  test('take just the kinds that have a source without their group', () => {
    const rule = eventRules.find(({ rule }) => rule.startsWith('has(self.group) || self.kind in ['))
    const kinds = [...new Set(Object.values(sources).map(({ kind }) => kind))].toSorted()
    assert.deepEqual(namesIn(rule?.rule).toSorted(), kinds)
    const [, told] = /^kind must be one of (.*); of any other kind, group must/.exec(rule?.message ?? '') ?? []
    assert.deepEqual(told?.split(', ').toSorted(), kinds)
  })

  for (const [kind, of] of Map.groupBy(Object.values(sources), (source) => source.kind))
    test(`take just the milestones of ${kind} that a source of it has`, () => {
      const names = [...new Set(of.flatMap(({ catalogue }) => catalogue.map(({ name }) => name)))].toSorted()
      const rule = eventRules.find(({ rule }) => rule.startsWith(`self.kind != '${kind}' ||`))
      const [head, list] = rule?.rule.split('self.milestones.all(') ?? []
      assert.equal(head?.replace(/\s+/g, ' '), `self.kind != '${kind}' || has(self.group) || !has(self.milestones) || `)
      assert.deepEqual(namesIn(list).toSorted(), names)
      assert.match(rule?.message ?? '', new RegExp(`^milestones of an? ${kind} are `))
      assert.deepEqual(rule?.message.split(' are ')[1]?.split(', ').toSorted(), names)
    })

  test('take just the types of declared events that CDEvents has', () => {
    const types = crds.find((crd) => crd.kind === 'EventSubscription')?.schema.properties?.spec?.properties?.userEvents
      ?.properties?.types
    const rule = types?.items?.['x-kubernetes-validations']?.find(({ message }) =>
      message.startsWith('CDEvents has no'),
    )
    const [, pattern] = /\|\| self\.matches\(r"(.*)"\)$/.exec(rule?.rule ?? '') ?? []
    const names = Object.keys(vocabulary).map((name) => name.split('.') as [string, string])
    const [subjects, predicates] = [0, 1].map((at) => [...new Set(names.map((name) => name[at]))])
    const all = (subjects ?? []).flatMap((one) => (predicates ?? []).map((other) => `${one}.${other}`))
    const taken = all.filter((name) => new RegExp(pattern ?? '').test(`dev.cdevents.${name}`))
    assert.deepEqual(taken.toSorted(), Object.keys(vocabulary).toSorted())
  })

  test('keep the same names from extensions as the formats', () => {
    const extensions = crds.find((crd) => crd.kind === 'EventSubscription')?.schema.properties?.spec?.properties
      ?.extensions
    const rule = extensions?.['x-kubernetes-validations']?.find(({ message }) => message.startsWith('these names'))
    // A name with an underscore is refused by the rule on letters.
    const names = [...reserved].filter((name) => !name.includes('_')).toSorted()
    assert.deepEqual([...(rule?.rule ?? '').matchAll(/'(\w+)'/g)].map(([, name]) => name).toSorted(), names)
    assert.deepEqual(rule?.message.split(': ')[1]?.split(', ').toSorted(), names)
  })

  test('are what the descriptors speak of', () => {
    const descriptors = [eventSinkResource, eventSubscriptionResource]
    assert.deepEqual(
      crds.map(({ group, version, kind, plural }) => ({ group, version, kind, plural })),
      descriptors.map(({ group, version, kind, plural }) => ({ group, version, kind, plural })),
    )
  })
})

function isBounded(schema: Schema): boolean {
  if (schema.type === 'string') return Boolean(schema.maxLength ?? schema.enum ?? schema.format)
  if (schema.type === 'array') return schema.maxItems !== undefined
  return schema.additionalProperties ? schema.maxProperties !== undefined : true
}
