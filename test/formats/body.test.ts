import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { KubeObject } from '../../src/api/object.ts'
import { isPlain, toBinary, toStructured } from '../../src/formats/binding.ts'
import { compileBody, withBody } from '../../src/formats/body.ts'
import type { EncodeInput } from '../../src/formats/format.ts'
import { formats } from '../../src/formats/index.ts'
import { defaultOptions } from '../../src/formats/options.ts'
import { input, milestone, oddRuns, run, sourceOf, toldBy } from './runs.ts'

function bodied(text: string, name: keyof typeof formats = 'cloudevents') {
  const body = compileBody(text)
  assert.ok(body.ok, body.ok ? '' : body.message)
  return withBody(formats[name], body.value)
}

const object = run('taskrun-rich')
const finished = toldBy(object, 'finished')
const encode = (text: string, more: Partial<EncodeInput> = {}, name: keyof typeof formats = 'cloudevents') =>
  bodied(text, name).encode(input(object, finished, more))

const bodyOf = (text: string, more: Partial<EncodeInput> = {}): unknown => {
  const { events, problems } = encode(text, more)
  assert.deepEqual(problems, [])
  return JSON.parse(events[0]?.data ?? '')
}

test('a body is made of the milestone, the object and the event that would be sent', () => {
  const [plain] = formats.cloudevents.encode(input(object, finished)).events
  assert.ok(plain)
  assert.deepEqual(
    bodyOf('{"text": object.metadata.name + " " + milestone.outcome, "took": event.data.run.durationMs}'),
    {
      text: 'build-image-x7k2 success',
      took: 89_000,
    },
  )
  assert.deepEqual(bodyOf('event'), JSON.parse(toStructured(plain).body))
  assert.deepEqual(bodyOf('milestone'), {
    name: 'finished',
    kind: 'TaskRun',
    time: '2026-03-02T09:01:30.000Z',
    outcome: 'success',
    reason: 'Succeeded',
    message: 'All Steps have completed executing',
    details: {},
  })
})

test('a member whose value is an optional that is none is left out', () => {
  assert.deepEqual(bodyOf('{"a": object.?nope, "b": object.?kind, "c": [object.?nope]}'), { b: 'TaskRun', c: [null] })
})

test('it is sent as it is, in binary and in structured mode alike, with webhook-id and nothing of CloudEvents', () => {
  const [plain] = formats.cloudevents.encode(input(object, finished)).events
  const [event] = encode('[{"a": 1}]').events
  assert.ok(event && plain)
  assert.deepEqual([event.id, event.type, event.subject], [plain.id, plain.type, plain.subject])
  for (const message of [toBinary(event), toStructured(event)]) {
    assert.deepEqual(message, {
      headers: { 'webhook-id': plain.id, 'content-type': 'application/json' },
      body: '[{"a":1}]',
    })
  }
  assert.deepEqual([isPlain(event), isPlain(plain)], [true, false])
})

test('each format gives the event that it alone would send', () => {
  assert.match(encode('event.type', {}, 'cdevents').events[0]?.data ?? '', /^"dev\.cdevents\.taskrun\.finished\./)
  const [tekton] = encode('event.data.taskRun.metadata.name', {}, 'tektonv1').events
  assert.equal(tekton?.data, '"build-image-x7k2"')
  assert.deepEqual(encode('1', {}, 'cdevents').events.length, 1)
  assert.deepEqual(bodied('1', 'tektonv1').encode(input(object, milestone('signed'))), { events: [], problems: [] })
})

test('what never leaves the cluster is not in the object that a body sees', () => {
  const secretive: KubeObject = {
    ...object,
    metadata: { ...object.metadata, annotations: { 'example.com/api-token': 'canary', 'example.com/kept': 'yes' } },
  }
  const [event] = bodied('object').encode(input(secretive, finished)).events
  const shown = JSON.parse(event?.data ?? '')
  assert.deepEqual(shown.metadata.annotations, { 'example.com/kept': 'yes' })
  assert.equal(shown.metadata.managedFields, undefined)
  assert.deepEqual([shown.apiVersion, shown.kind], ['tekton.dev/v1', 'TaskRun'])
})

describe('a problem, and no event', () => {
  const table: [body: string, message: string][] = [
    ['event.data.object.spec', 'body: no such key: event.data.object'],
    ['object.metadata.labels["nope"]', 'body: no such key: object.metadata.labels["nope"]'],
    ['object.metadata.name + 1', 'body: line 1, column 1: no such overload: string + int'],
    ['object.?nope', 'body: it gives nothing: an optional that is none'],
    ['[object].map(o, type(o))', 'body: it gives what JSON has not: make a string of it'],
    ['[milestone.time].map(t, t - t)', 'body: it gives what JSON has not: make a string of it'],
    ['timestamp("9999-12-31T23:59:59Z") + duration("1s")', 'body: it gives a time that RFC 3339 has not'],
    ['[0.0 / 0.0]', 'body: it gives a number that JSON has not'],
  ]
  for (const [body, message] of table)
    test(body, () => assert.deepEqual(encode(body), { events: [], problems: [{ reason: 'BodyFailed', message }] }))

  test('event.data with content none', () => {
    assert.match(encode('event.data', { content: 'none' }).problems[0]?.message ?? '', /no such key: event\.data$/)
  })
})

describe('does not compile', () => {
  const table: [body: string, message: RegExp][] = [
    ['{"text": }', /^body: line 1, column 10: /],
    [
      '{"text":\n run.name}',
      /^body: line 2, column 2: unknown variable: run; the variables are object, milestone and event$/,
    ],
    ['milestone.nme', /milestone has no field nme; it has name, kind, time, outcome, reason, message and details$/],
    [`"${'x'.repeat(8200)}"`, /8192 are allowed$/],
    [
      'milestone.time - milestone.time',
      /line 1, column 1: it gives a duration, which JSON has not: make a string of it$/,
    ],
    ['{"a": [1, b"x"]}', /line 1, column 11: it gives bytes, which JSON has not: make a string of it$/],
    ['{"a": object.a ? object.b : [type(object)]}', /column 30: it gives a type, which JSON has not/],
    ['{"a": {"constructor": 1}}', /column 8: a map can't have the key constructor$/],
  ]
  for (const [body, message] of table) {
    test(body.slice(0, 40), () => {
      const compiled = compileBody(body)
      assert.ok(!compiled.ok)
      assert.equal(compiled.reason, 'BodyInvalid')
      assert.match(compiled.message, message)
    })
  }
})

test('a body may have as many characters as the API server lets it have', () => {
  assert.ok(compileBody(`"${'😀'.repeat(8190)}"`).ok)
})

test('a body is part of the form, and has a summary only where it reads what that changes', () => {
  const forms = ['1', '2'].map((body) => bodied(body).formOf(defaultOptions))
  assert.equal(new Set([...forms, formats.cloudevents.formOf(defaultOptions)]).size, 3)
  const shrinks = ['event.data.run', 'event', 'event[milestone.name]', 'event.type', 'event.database', 'object'].map(
    (body) => bodied(body).hasSummary,
  )
  assert.deepEqual(shrinks, [true, true, true, false, false, false])
  assert.equal(bodied('event', 'tektonv1').hasSummary, false)
  assert.equal(bodied('event', 'tektonv1').maxBytes, undefined)
})

test('no object makes a body throw, and what comes out is JSON', () => {
  const bodies = ['event', 'object', '[milestone, object.metadata]', 'object.spec.params.map(p, p.name)'].map((text) =>
    bodied(text),
  )
  fc.assert(
    fc.property(oddRuns(), fc.constantFrom(...bodies), (odd, body) => {
      fc.pre(typeof odd === 'object' && odd !== null)
      const { events } = body.encode(
        input(odd as KubeObject, finished, { source: sourceOf('TaskRun'), content: 'full' }),
      )
      for (const { data } of events) JSON.parse(data ?? '')
    }),
  )
})
