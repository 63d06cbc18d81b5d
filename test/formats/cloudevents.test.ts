import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CloudEvent, HTTP } from 'cloudevents'
import fc from 'fast-check'
import type { KubeObject } from '../../src/api/object.ts'
import { projectionBefore, type Sample } from '../../src/catalogue/sample.ts'
import { reserved } from '../../src/formats/attributes.ts'
import { toBinary } from '../../src/formats/binding.ts'
import { cloudevents } from '../../src/formats/cloudevents.ts'
import { compileDashboard } from '../../src/formats/dashboard.ts'
import type { Content, EncodedEvent, EncodeInput } from '../../src/formats/format.ts'
import { defaultOptions } from '../../src/formats/options.ts'
import { sourceFor, sources } from '../../src/sources/index.ts'
import type { Milestone, Source } from '../../src/sources/source.ts'

const runsDir = join(import.meta.dirname, '../sources/golden')
const goldenDir = join(import.meta.dirname, 'golden/cloudevents')
const readJson = (folder: string, file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'))
const runOf = (name: string): KubeObject => readJson(runsDir, `${name}.json`).object

const dashboard = compileDashboard('https://tekton.example.com/#/namespaces/{{namespace}}/{{plural}}/{{name}}', '')
assert.ok(dashboard.ok)
const cluster = { uri: '/clusters/c-1', urlOf: dashboard.value }

const sourceOf = (object: KubeObject): Source => sourceFor(object) ?? assert.fail(object.kind)

const lifeOf = (object: KubeObject, before: Omit<Sample, 'object'> = {}): Milestone[] => [
  ...sourceOf(object).milestones(object),
  ...sourceOf(object).transitions(projectionBefore(sourceOf(object), { ...before, object }), object),
  ...[sourceOf(object).deletion(object, { at: Date.parse('2026-03-04T08:00:00Z'), missed: false }) ?? []].flat(),
]

function encode(
  object: KubeObject,
  milestone: Milestone,
  content: Content,
  more: Partial<EncodeInput> = {},
): EncodedEvent {
  const input = {
    source: more.source ?? sourceOf(object),
    object,
    milestone,
    content,
    options: { ...defaultOptions, extensions: { team: 'payments' } },
    cluster,
    ...more,
  }
  return cloudevents.encode(input).events[0] ?? assert.fail('no event')
}

const finishedOf = (object: KubeObject) =>
  lifeOf(object).find((milestone) => milestone.name === 'finished') ?? assert.fail('has not finished')

test('golden ids of every milestone of every golden run', () => {
  const golden = readJson(goldenDir, 'ids.json')
  const now = readdirSync(runsDir).map((file) => {
    const { object, before, earlier } = readJson(runsDir, file)
    const ids = lifeOf(object, { before, earlier }).map((milestone) => [
      milestone.key,
      encode(object, milestone, 'none').id,
    ])
    return [file.replace('.json', ''), Object.fromEntries(ids)]
  })
  assert.deepEqual(Object.fromEntries(now), golden)
  const all = Object.values(golden).flatMap((ids) => Object.values(ids as Record<string, string>))
  assert.equal(new Set(all).size, all.length)
})

for (const file of readdirSync(goldenDir).filter((name) => name !== 'ids.json')) {
  test(`golden events: ${file.replace('.json', '')}`, () => {
    const { run, content, events } = readJson(goldenDir, file)
    const object = runOf(run)
    const encoded = lifeOf(object).map((milestone) => {
      const { attributes, data } = encode(object, milestone, content)
      const parsed = { key: milestone.key, attributes: JSON.parse(attributes) }
      return data === undefined ? parsed : { ...parsed, data: JSON.parse(data) }
    })
    assert.deepEqual(encoded, events)
  })
}

test('id, type and subject of an event are those of its attributes', () => {
  const object = runOf('taskrun-succeeded-signed')
  const event = encode(object, finishedOf(object), 'summary')
  const { id, type, subject } = JSON.parse(event.attributes)
  assert.deepEqual([event.id, event.type, event.subject], [id, type, subject])
})

test('there is an event for each milestone of the catalogue, and for all that subscriptions define', () => {
  for (const source of Object.values(sources)) {
    for (const row of source.catalogue) assert.equal(cloudevents.knows(source, row.name, defaultOptions), true)
    assert.equal(cloudevents.knows(source, 'renewed', defaultOptions), true)
  }
})

test('the CloudEvents SDK finds every event valid, and its extension names are legal', () => {
  for (const file of readdirSync(runsDir)) {
    const object = readJson(runsDir, file).object
    for (const milestone of lifeOf(object)) {
      const event = encode(object, milestone, 'summary')
      const decoded = HTTP.toEvent(toBinary(event))
      assert.ok(decoded instanceof CloudEvent && decoded.validate())
      for (const name of Object.keys(JSON.parse(event.attributes))) {
        if (!reserved.has(name)) assert.match(name, /^[a-z0-9]{1,20}$/)
      }
    }
  }
})

test('a summary holds no value of a param or a result, full holds the object', () => {
  const object = runOf('taskrun-succeeded-signed')
  const secret = { params: [{ name: 'token', value: 'hunter2' }], taskRef: { name: 'build' } }
  const status = { ...object.status, results: [{ name: 'out', value: 'hunter2' }] }
  const event = (content: Content) => encode({ ...object, spec: secret, status }, finishedOf(object), content)
  assert.equal(event('summary').data?.includes('hunter2'), false)
  assert.deepEqual(JSON.parse(event('summary').data ?? '').run.params, ['token'])
  assert.deepEqual(JSON.parse(event('full').data ?? '').object.spec, secret)
  assert.equal(event('none').data, undefined)
  assert.equal('datacontenttype' in JSON.parse(event('none').attributes), false)
  assert.equal(new Set([event('none').id, event('summary').id, event('full').id]).size, 1)
})

test('full leaves out managedFields and last-applied-configuration, and leaves the object as it was', () => {
  const object = runOf('taskrun-succeeded-signed')
  object.metadata.annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', kept: 'yes' }
  const before = structuredClone(object)
  const { metadata } = JSON.parse(encode(object, finishedOf(object), 'full').data ?? '').object
  assert.equal('managedFields' in metadata, false)
  assert.deepEqual(metadata.annotations, { kept: 'yes' })
  assert.deepEqual(object, before)
})

test('an item of a list, without apiVersion and kind, gets both', () => {
  const object = runOf('taskrun-succeeded-signed')
  const item = { ...object, apiVersion: undefined, kind: undefined } as unknown as KubeObject
  const data = encode(item, finishedOf(object), 'full', { source: sourceOf(object) }).data ?? ''
  const { apiVersion, kind, object: whole } = JSON.parse(data)
  assert.deepEqual(
    [apiVersion, kind, whole.apiVersion, whole.kind],
    ['tekton.dev/v1', 'TaskRun', 'tekton.dev/v1', 'TaskRun'],
  )
})

test('dataschema is where the schemas are served, of events that have data', () => {
  const object = runOf('taskrun-succeeded-signed')
  const attributesOf = (content: Content, schemaBase?: string) =>
    JSON.parse(encode(object, finishedOf(object), content, { cluster: { ...cluster, schemaBase } }).attributes)
  const { dataschema, ...rest } = attributesOf('summary', 'https://schemas.example.com')
  assert.equal(dataschema, 'https://schemas.example.com/dev.carillon.tekton.taskrun.finished.v1.json')
  assert.deepEqual(rest, attributesOf('summary'))
  assert.equal('dataschema' in attributesOf('none', 'https://schemas.example.com'), false)
})

test('traceparent is taken from the span context where that is valid', () => {
  const good = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const table: [unknown, string | undefined][] = [
    [`{"traceparent":"${good}"}`, good],
    [`{ "tracestate": "a=b", "traceparent" : "${good}" }`, good],
    [good, undefined],
    ['{"traceparent":""}', undefined],
    [`{"traceparent":"${good.toUpperCase()}"}`, undefined],
    ['{"traceparent":"00-00000000000000000000000000000000-b7ad6b7169203331-01"}', undefined],
    ['{"traceparent":"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"}', undefined],
    [`{"traceparent":"ff${good.slice(2)}"}`, undefined],
    ['{', undefined],
    [7, undefined],
  ]
  for (const [annotation, expected] of table) {
    const object = runOf('pipelinerun-failed')
    object.metadata.annotations = { 'tekton.dev/pipelinerunSpanContext': annotation as string }
    const attributes = JSON.parse(encode(object, finishedOf(object), 'none').attributes)
    assert.equal(attributes.traceparent, expected, String(annotation))
  }
})

test('a run too deep to be written is told without its object', () => {
  const object = runOf('taskrun-succeeded-signed')
  const deep = JSON.parse(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`)
  const data = JSON.parse(encode({ ...object, spec: { params: [], deep } }, finishedOf(object), 'full').data ?? '')
  assert.equal('object' in data, false)
  assert.equal(data.name, 'build-d')
})

test('what has no identity gives no event; any other oddness gives a valid one', () => {
  const object = runOf('taskrun-succeeded-signed')
  const input = {
    source: sourceOf(object),
    milestone: finishedOf(object),
    content: 'full',
    options: defaultOptions,
    cluster,
  } as const
  for (const metadata of [undefined, null, 'x', {}, { name: 'a' }, { name: '', uid: 'u' }, { name: 'a', uid: 7 }]) {
    assert.deepEqual(
      cloudevents.encode({ ...input, object: { ...object, metadata } as unknown as KubeObject }).events,
      [],
    )
  }
  const odd = fc.record(
    {
      spec: fc.jsonValue(),
      status: fc.jsonValue(),
      labels: fc.jsonValue(),
      annotations: fc.jsonValue(),
      managedFields: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  const params = { numRuns: 300, seed: Number(process.env.SEED ?? Date.now() & 0x7fffffff) }
  fc.assert(
    fc.property(odd, ({ spec, status, ...metadata }) => {
      const made = { ...object, spec, status, metadata: { ...object.metadata, ...metadata } } as unknown as KubeObject
      const [event] = cloudevents.encode({ ...input, object: made }).events
      assert.ok(event)
      for (const value of Object.values(JSON.parse(event.attributes))) assert.equal(typeof value, 'string')
      assert.equal(JSON.parse(event.data ?? '').milestone.outcome, 'success')
    }),
    params,
  )
})
