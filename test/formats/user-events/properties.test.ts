import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { KubeObject } from '../../../src/api/object.ts'
import { cdevents } from '../../../src/formats/mapping/format.ts'
import { eventsAnnotation, rememberingReader } from '../../../src/formats/user-events/annotation.ts'
import type { Outcome } from '../../../src/sources/source.ts'
import { encode } from '../mapping/official.ts'
import { input, milestone, oddRuns, sourceOf } from '../runs.ts'
import { build, declaring, lets } from './runs.ts'

const types = ['artifact.published', 'service.deployed', 'environment.created', 'ticket.created', 'build.finished']
  .map((name) => `dev.cdevents.${name}`)
  .concat('dev.cdeventsx.shop-report.written')

const options = lets(...types)

const texts = fc.oneof(
  fc.constantFrom(
    '$(results.IMAGE_URL)',
    '$(results.IMAGE_DIGEST)',
    '$(params.user)',
    '$(context.taskRun.name)',
    '$(results.x[*])',
    '$(',
    '$$(',
    'quay.io/app',
  ),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
)

const expressions = fc.constantFrom(
  '1 +',
  'results.IMAGE_URL',
  'object',
  'object.status',
  'milestone.time',
  '[1, 2].map(x, x * x)',
  'results.exists(x, results.exists(y, x == y))',
  'duration("1s")',
  '{"a": 1}',
)

const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    texts,
    fc.jsonValue({ maxDepth: 1 }),
    fc.record({ cel: fc.oneof(expressions, fc.string()) }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(
      fc.oneof(fc.constantFrom('__proto__', 'constructor', 'environment', 'id', 'user'), fc.string()),
      tie('value'),
      {
        maxKeys: 4,
      },
    ),
  ),
})).value

const names = ['subject', 'artifact', 'content', 'customData', 'when', 'name', 'on', 'constructor', '__proto__']

const artifact = { image: '$(results.IMAGE_URL)', digest: '$(results.IMAGE_DIGEST)' }

/** One thing or another of these declarations is changed. */
const right: readonly Record<string, unknown>[] = [
  { type: types[0], artifact },
  { type: types[0], artifact, when: 'has(results.IMAGE_URL)', content: { user: { cel: 'params.user' } } },
  { type: types[1], artifact, subject: { id: 'shop' }, content: { environment: { id: 'prod' } } },
  { type: types[2], subject: { id: '$(context.taskRun.name)' }, content: { name: 'x' } },
  { type: `${types.at(-1)}.0.1.0`, subject: { id: 'report' }, content: { of: ['$(params.user)'] } },
].map((one, index) => ({ name: `right-${index}`, on: { kind: 'TaskRun', task: 'buildah' }, ...one }))

/** Declarations that are nearly right, and such that are not at all. */
const declarations = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...right) },
    fc
      .tuple(fc.constantFrom(...right), fc.constantFrom(...names, 'type'), values)
      .map(([one, name, value]) => Object.fromEntries([...Object.entries(one), [name, value]])),
    fc.record(
      {
        name: fc.oneof(fc.constantFrom('a', 'b', 'c'), values),
        type: fc.oneof(fc.constantFrom(...types, ...types.map((type) => `${type}.0.1.0`)), values),
        on: fc.oneof(
          fc.constantFrom<unknown>(
            { kind: 'TaskRun', task: 'buildah' },
            { kind: 'TaskRun', pipelineTask: 'build-image', outcome: ['success', 'failure'] },
            { kind: 'TaskRun' },
          ),
          values,
        ),
        subject: fc.oneof(fc.record({ id: values }), values),
        artifact: fc.oneof(fc.record({ image: values, digest: values }, { requiredKeys: [] }), values),
        content: values,
        customData: values,
        when: fc.oneof(expressions, values),
      },
      { requiredKeys: ['type', 'on'] },
    ),
    fc.dictionary(fc.constantFrom(...names), values),
    values,
  ),
  { maxLength: 5 },
)

/** Annotation texts: such lists, lists with a piece cut out, and noise with a type in it. */
const annotations = fc.oneof(
  { weight: 4, arbitrary: declarations.map((list) => JSON.stringify(list)) },
  {
    weight: 1,
    arbitrary: fc.tuple(declarations, fc.nat(400), fc.nat(20)).map(([list, at, count]) => {
      const text = JSON.stringify(list)
      return text.slice(0, at) + text.slice(at + count)
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.string({
          unit: fc.constantFrom('-', ' ', '\n', ':', '[', ']', '{', '}', '&a', '*a', '"', '|', '? ', 'x', '!!'),
        }),
        fc.constantFrom(...types),
      )
      .map(([noise, type]) => `${noise}\n# ${type}`),
  },
)

const told = fc
  .constantFrom<[string, Outcome?]>(
    ['finished', 'success'],
    ['finished', 'success'],
    ['finished', 'failure'],
    ['finished'],
    ['started'],
    ['signed'],
  )
  .map(([name, outcome]) => milestone(name, outcome && { outcome }))

const seed = Math.trunc(Math.random() * 2 ** 31)

test(`any annotation: nothing throws, only valid events leave, and no problem tells a value (seed ${seed})`, () => {
  let events = 0
  fc.assert(
    fc.property(annotations, told, fc.boolean(), (text, milestone, alone) => {
      const more = (run: KubeObject) => {
        run.spec = { ...run.spec, params: [{ name: 'user', value: 'S3CRET' }] }
        if (alone) run.metadata.labels = {}
      }
      const given = declaring(text, { told: milestone, options, more })
      const made = encode(given)
      for (const { message } of cdevents.encode(given).problems) assert.doesNotMatch(message, /S3CRET/)
      events += made.length - 1
      // Equal texts are read once; what they come to is the same.
      const read = rememberingReader(2)
      const userEvents = { types: new Set(types), only: false, read }
      const remembering = { ...options, cdevents: { ...options.cdevents, userEvents } }
      for (const _ of [1, 2])
        assert.deepEqual(encode(declaring(text, { told: milestone, options: remembering, more })), made)
    }),
    { seed, numRuns: 1500 },
  )
  assert.ok(events > 100, `only ${events} declared events in 1500 tries`)
  assert.equal(({} as Record<string, unknown>).polluted, undefined)
})

test(`any run: nothing throws, only valid events leave (seed ${seed})`, () => {
  const good = JSON.stringify([
    { name: 'a', type: types[0], on: { kind: 'TaskRun' }, artifact: { image: '$(results.IMAGE_URL)' } },
    {
      name: 'b',
      type: types[0],
      on: { kind: 'TaskRun', outcome: ['success', 'failure'] },
      subject: { id: { cel: 'string(object)' } },
    },
    { name: 'c', type: types[2], on: { kind: 'TaskRun', task: 'x' }, subject: { id: '$(context.task.name)' } },
    {
      name: 'd',
      type: types[2],
      on: { kind: 'TaskRun' },
      subject: { id: '$(context.taskRun.uid)' },
      content: { name: '$(params.name)' },
    },
  ])
  fc.assert(
    fc.property(oddRuns(), told, (odd, milestone) => {
      const object = { ...(odd as object) } as KubeObject
      const metadata = { ...build().metadata, ...(object.metadata as object) }
      object.metadata = {
        ...metadata,
        annotations: { [eventsAnnotation]: good, 'cd.artifact.published': '', 'cd.service.removed': '' },
      }
      encode(
        input(object, milestone, {
          options: lets(...types, 'dev.cdevents.service.removed'),
          source: sourceOf('TaskRun'),
        }),
      )
    }),
    { seed, numRuns: 1000 },
  )
})
