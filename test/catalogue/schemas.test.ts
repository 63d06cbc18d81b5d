import assert from 'node:assert/strict'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { KubeObject } from '../../src/api/object.ts'
import { encodeTelling, exampleCluster } from '../../src/catalogue/catalogue.ts'
import { declaredEvents } from '../../src/catalogue/declared.ts'
import { readCatalogue } from '../../src/catalogue/known.ts'
import { type Sample, tellingsOf } from '../../src/catalogue/sample.ts'
import { officialSchema } from '../../src/catalogue/schemas/cdevents.ts'
import { dataSchema, eventSchema } from '../../src/catalogue/schemas/event-schema.ts'
import { silenceSchema } from '../../src/catalogue/schemas/silence.ts'
import { toldSources as sources } from '../../src/catalogue/told.ts'
import { cloudevents } from '../../src/formats/cloudevents.ts'
import type { Content } from '../../src/formats/format.ts'
import { defaultOptions, type FormatOptions } from '../../src/formats/options.ts'
import { compileRedaction, redactedMilestone } from '../../src/formats/redaction.ts'
import { encodeSilence, silentType } from '../../src/formats/silence.ts'
import { milestonesOf } from '../../src/operator/judging/milestones-of.ts'
import { closed, createAjv, holdToSchema } from './schemas.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'))
const { rows, variants } = readCatalogue()
const events = rows.flatMap((row) => row.events.map((event) => ({ row, event })))

/** Every object that a test of the sources or the formats holds. */
const samples: Sample[] = [
  ...readdirSync(join(root, 'test/sources/golden')).map((file): Sample => {
    const { object, before, earlier } = read(`test/sources/golden/${file}`)
    return { object, ...(before && { before }), ...(earlier && { earlier }) }
  }),
  ...[
    ...readdirSync(join(root, 'test/formats/golden/runs')).map((file) => read(`test/formats/golden/runs/${file}`)),
    ...readdirSync(join(root, 'test/sources/lives')).flatMap((file) => read(`test/sources/lives/${file}`).states),
  ].map((object: KubeObject) => ({ object })),
]

const contents: Content[] = ['summary', 'full', 'none']
const options: FormatOptions = {
  ...defaultOptions,
  data: {
    include: [
      ['spec', 'params'],
      ['status', 'results'],
    ],
    redact: [],
  },
}

const redactions = [
  ['/spec', '/metadata/labels'],
  ['/status'],
  ['/status/retriesStatus', '/status/skippedTasks'],
  ['/status/conditions/0/message'],
].map((pointers) => compileRedaction(pointers.map((pointer) => pointer.slice(1).split('/'))) ?? assert.fail())

/** All events of an object in our own format, in every content, too large, and with parts of it redacted. */
function own(sample: Sample) {
  const { object } = sample
  const cluster = { ...exampleCluster, schemaBase: 'https://schemas.example.com' }
  return tellingsOf(sources, sample).flatMap(({ source, milestone }) => [
    ...[...contents.map((content) => ({ content })), { content: 'summary' as const, truncated: true as const }].flatMap(
      (given) => cloudevents.encode({ source, object, milestone, options, cluster, ...given }).events,
    ),
    ...redactions.flatMap((redaction) => {
      const redacted = redaction.cut(object)
      const gone = { at: milestone.time, missed: false }
      const still = milestonesOf({ source, object: redacted, phase: 'watch', record: undefined, gone })
      const told = redactedMilestone(
        milestone,
        still.find(({ key }) => key === milestone.key),
      )
      const input = { source, object: redacted, milestone: told, options, cluster, content: 'full' as const }
      return cloudevents.encode(input).events
    }),
  ])
}

test('every event of our own format, of every run that a test holds, is as its schema says, with nothing besides', () => {
  const made = samples.flatMap(own)
  for (const event of made) holdToSchema(event)
  const types = new Set(
    events.filter(({ event }) => event.variant.name === 'cloudevents').map(({ event }) => event.type),
  )
  assert.deepEqual(new Set(made.map(({ type }) => type)), types)
})

test('every event of the other formats, of every run that a test holds, is as its schema says', () => {
  const made = samples.flatMap((sample) =>
    tellingsOf(sources, sample).flatMap((telling) =>
      variants.flatMap((variant) => contents.flatMap((content) => encodeTelling(variant, telling, content))),
    ),
  )
  for (const event of made) holdToSchema(event)
  assert.deepEqual(new Set(made.map(({ type }) => type)), new Set(events.map(({ event }) => event.type)))
})

const seed = Number(process.env.SEED ?? Date.now() & 0x7fffffff)
const time = fc.constantFrom('2026-03-04T07:46:28Z', '2026-03-04T07:50:00.123456Z', '0001-01-01T00:00:00Z', 'soon', 7)
const word = fc.constantFrom('a', 'Running', 'Started', '', '__proto__', 'ü'.repeat(2000), null, {}, 7)
const condition = fc.record(
  {
    type: fc.constant('Succeeded'),
    status: fc.constantFrom('True', 'False', 'Unknown', 'Maybe'),
    reason: word,
    message: word,
    lastTransitionTime: time,
  },
  { requiredKeys: ['type'] },
)
const attempt = { startTime: time, completionTime: time, conditions: fc.array(condition, { maxLength: 2 }) }
const named = fc.array(fc.oneof(fc.record({ name: word, value: word, reason: word }), fc.jsonValue()), { maxLength: 3 })
const oddSpec = fc.oneof(
  fc.record({ params: named, taskRef: fc.oneof(fc.record({ name: word, kind: word }), fc.jsonValue()) }),
  fc.jsonValue(),
)
const oddStatus = fc.oneof(
  fc.record(
    {
      ...attempt,
      results: named,
      skippedTasks: named,
      retriesStatus: fc.array(fc.record(attempt, { requiredKeys: [] }), { maxLength: 3 }),
    },
    { requiredKeys: [] },
  ),
  fc.jsonValue(),
)

test(`every event of a run with any spec and status is as its schema says; seed ${seed}`, () => {
  const odd = fc.record({
    kind: fc.constantFrom(...Object.keys(sources)),
    annotations: fc.dictionary(
      fc.constantFrom('chains.tekton.dev/signed', 'tekton.dev/taskrunSpanContext', 'a'),
      fc.string(),
    ),
    labels: fc.dictionary(fc.constantFrom('tekton.dev/pipeline', 'tekton.dev/pipelineRun', 'b'), fc.string()),
    spec: oddSpec,
    status: oddStatus,
  })
  const property = fc.property(odd, ({ kind, annotations, labels, spec, status }) => {
    const metadata = {
      ...{ name: 'odd', namespace: 'team-a', uid: 'u-1', generation: 1, creationTimestamp: '2026-03-04T07:46:28Z' },
      ...{ labels, annotations },
    }
    const apiVersion = kind === 'CustomRun' ? 'tekton.dev/v1beta1' : 'tekton.dev/v1'
    const object = { apiVersion, kind, metadata, spec, status } as unknown as KubeObject
    for (const event of own({ object })) holdToSchema(event)
  })
  fc.assert(property, { seed, numRuns: 400 })
})

test('the schemas compile in the strictest mode, and every example is valid with nothing besides', () => {
  const ajv = createAjv()
  for (const { row, event } of events) {
    const { $id: _, examples = [], ...schema } = dataSchema(row, event)
    const validate = ajv.compile(closed(schema))
    assert.equal(examples.length, 1)
    for (const example of examples) assert.ok(validate(example), `${event.type}: ${ajv.errorsText(validate.errors)}`)
    assert.equal(eventSchema(row, event).properties?.type?.const, event.type)
  }
})

test('a type has one schema, whatever rows and versions have it', () => {
  const texts = new Map<string, string>()
  for (const { row, event } of events) {
    const { description: _, examples: __, ...schema } = dataSchema(row, event)
    const text = JSON.stringify(schema)
    assert.equal(texts.get(event.type) ?? text, text, event.type)
    texts.set(event.type, text)
  }
})

test('a schema is refused what it does not allow: a wrong outcome, a missing milestone, a time that is none', () => {
  const found = events.find(({ event }) => event.type === 'dev.carillon.tekton.taskrun.finished.v1') ?? assert.fail()
  const { $id: _, ...schema } = dataSchema(found.row, found.event)
  const validate = createAjv().compile(schema)
  const good = JSON.parse(found.event.example.data ?? '')
  assert.ok(validate(good))
  assert.ok(validate({ ...good, added: 'later' }), 'further fields are no fault to a receiver')
  const wrong = [
    { ...good, milestone: undefined },
    { ...good, kind: 'PipelineRun' },
    { ...good, milestone: { ...good.milestone, outcome: 'cancel' } },
    { ...good, milestone: { ...good.milestone, time: 'soon' } },
    { ...good, run: { ...good.run, durationMs: '1s' } },
  ]
  for (const value of wrong) assert.equal(validate(JSON.parse(JSON.stringify(value))), false, JSON.stringify(value))
})

test('schemas/ has a file for every event type, under the name that dataschema gives it, and no other', () => {
  const files = globSync('*.json', { cwd: join(root, 'schemas') })
  assert.deepEqual(
    new Set(files),
    new Set([silentType, ...events.map(({ event }) => event.type)].map((type) => `${type}.json`)),
  )
  for (const file of files) assert.equal(read(`schemas/${file}`).$id, `https://carillon.dev/schemas/${file}`)
})

test('the event of a silence is as its schema says, with nothing besides', () => {
  const { $id: _, ...schema } = closed(silenceSchema)
  const validate = createAjv().compile(schema)
  const metadata = { name: 'nightly', namespace: 'team-a', uid: 'u', resourceVersion: '', creationTimestamp: '' }
  const subscription = { apiVersion: 'carillon.dev/v1alpha1', kind: 'EventSubscription', metadata }
  const last = { time: 1, kind: 'PipelineRun', namespace: 'team-a', name: 'one', milestone: 'finished' }
  const within = { ms: 60_000, text: '1m' }
  const cluster = { ...exampleCluster, schemaBase: 'https://schemas.example.com' }
  for (const given of [last, undefined]) {
    const made = encodeSilence({ subscription, since: 1, within, last: given, options, cluster })
    assert.ok(validate(JSON.parse(made.data ?? '')), JSON.stringify(validate.errors))
    assert.equal(JSON.parse(made.attributes).dataschema, `https://schemas.example.com/${silentType}.json`)
  }
  for (const example of silenceSchema.examples ?? []) assert.ok(validate(example))
})

const official = join(root, '../shared/data/cdevents/catalog.json')
const skip = existsSync(official) ? false : 'no table of the official schemas: ../shared/data/cdevents is not there'

test('the official schemas are named as the specification names them', { skip }, () => {
  const table: Record<string, Record<string, { type: string; schemaId: string }>> = JSON.parse(
    readFileSync(official, 'utf8'),
  )
  for (const { name, types } of declaredEvents())
    for (const { specVersion, type, schema } of types) {
      assert.equal(table[name]?.[specVersion]?.type, type)
      assert.equal(table[name]?.[specVersion]?.schemaId, schema)
    }
  assert.equal(
    officialSchema('dev.cdeventsx.tekton-taskrun.queued.0.1.0', '0.5.1'),
    'https://cdevents.dev/0.5.1/schema/custom',
  )
})
