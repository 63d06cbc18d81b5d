import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import type { KubeObject } from '../../src/api/object.ts'
import type { Content, EncodedEvent, EncodeInput, Format } from '../../src/formats/format.ts'
import { cdevents } from '../../src/formats/mapping/format.ts'
import { defaultOptions } from '../../src/formats/options.ts'
import type { Outcome } from '../../src/sources/source.ts'
import { attributesOf, golden, input, milestone, oddRuns, run, runNames, sourceOf, toldBy } from './runs.ts'

cdevents satisfies Format

const schemas = new URL('../../../shared/data/cdevents/schemas/v0.4.1/', import.meta.url)
const validators = existsSync(schemas) ? compileSchemas() : undefined
const needsSchemas = {
  skip: validators ? false : '../shared/data/cdevents is absent: the official schemas were not tried',
}

/** By context.type. Not by file name or $id, which don't all agree with it. */
function compileSchemas(): Map<string, ValidateFunction> {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  const read = (path: string) => JSON.parse(readFileSync(new URL(path, schemas), 'utf8'))
  for (const file of readdirSync(new URL('links/', schemas))) ajv.addSchema(read(`links/${file}`))
  const found = new Map<string, ValidateFunction>()
  for (const file of readdirSync(schemas)) {
    if (!/^(pipelinerun|taskrun).*\.json$/.test(file)) continue
    const schema = read(file)
    found.set(schema.properties.context.properties.type.enum[0], ajv.compile(schema))
  }
  return found
}

/** Encodes, and holds what comes to the schema (where present) and to the CloudEvents binding. */
function encode(given: EncodeInput): readonly EncodedEvent[] {
  const { events } = cdevents.encode(given)
  for (const event of events) {
    const attributes = attributesOf(event)
    const data = JSON.parse(event.data ?? '')
    const validate = validators?.get(event.type)
    if (validators) assert.ok(validate, `no schema for ${event.type}`)
    if (validate) assert.ok(validate(data), JSON.stringify(validate.errors))
    const { id, source, type, timestamp } = data.context
    assert.deepEqual(
      { id, source, type, subject: data.subject.id, time: timestamp },
      {
        id: attributes.id,
        source: attributes.source,
        type: attributes.type,
        subject: attributes.subject,
        time: attributes.time,
      },
    )
    assert.deepEqual([event.id, event.type, event.subject], [id, type, data.subject.id])
    assert.equal('schemaUri' in data.context, false)
    for (const link of data.context.links ?? []) assert.deepEqual(link.tags, {})
  }
  return events
}

const only = (given: EncodeInput) => {
  const [event, ...more] = encode(given)
  assert.ok(event)
  assert.equal(more.length, 0)
  return { event, data: JSON.parse(event.data ?? '') }
}

describe('cdevents golden files', () => {
  const rows: [string, string, string, Content?][] = [
    ['pipelinerun.queued', 'pipelinerun-rich', 'queued'],
    ['pipelinerun.started', 'pipelinerun-rich', 'started'],
    ['pipelinerun.finished', 'pipelinerun-rich', 'finished'],
    ['taskrun.started', 'taskrun-rich', 'started'],
    ['taskrun.finished', 'taskrun-rich', 'finished'],
    ['taskrun.finished-retried', 'taskrun-retried', 'finished'],
    ['taskrun.finished-customrun', 'customrun-rich', 'finished'],
    ['taskrun.finished-none', 'taskrun-rich', 'finished', 'none'],
    ['pipelinerun.queued-full', 'pipelinerun-bare', 'queued', 'full'],
  ]
  for (const [file, name, told, content = 'summary'] of rows) {
    test(`${name} ${told} with content ${content} is ${file}`, () => {
      const object = run(name)
      const { event, data } = only(input(object, toldBy(object, told), { content }))
      assert.deepEqual({ attributes: attributesOf(event), data }, golden(`cdevents/${file}`))
      assert.deepEqual(object, run(name), 'the run itself is untouched')
    })
  }
})

test('events validate against the official schemas of CDEvents 0.4.1', needsSchemas, () => {
  let count = 0
  for (const name of runNames) {
    const object = run(name)
    for (const told of sourceOf(object.kind).milestones(object)) {
      for (const content of ['summary', 'full', 'none'] as const)
        count += encode(input(object, told, { content })).length
    }
  }
  assert.equal(count, 30)
})

test('there is an event for these milestones and no other', () => {
  const known: Record<string, string[]> = {
    PipelineRun: ['queued', 'started', 'finished'],
    TaskRun: ['started', 'finished'],
    CustomRun: ['started', 'finished'],
  }
  const names = ['queued', 'started', 'running', 'unknown', 'finished', 'retried', 'signed', 'skipped', 'constructor']
  for (const [kind, expected] of Object.entries(known)) {
    const object = run(`${kind.toLowerCase()}-bare`)
    const found = names.filter((name) => encode(input(object, milestone(name))).length > 0)
    assert.deepEqual(found, expected, kind)
    assert.deepEqual(
      names.filter((name) => cdevents.knows(sourceOf(kind), name, defaultOptions)),
      expected,
    )
  }
})

describe('cdevents outcome', () => {
  const rows: [Outcome, string, string | undefined][] = [
    ['success', 'success', undefined],
    ['failure', 'failure', 'Because: it broke'],
    ['cancelled', 'cancel', 'Because: it broke'],
    ['timeout', 'error', 'Because: it broke'],
    ['error', 'error', 'Because: it broke'],
  ]
  for (const [outcome, word, errors] of rows) {
    for (const name of ['taskrun-bare', 'pipelinerun-bare', 'customrun-bare']) {
      test(`${name} with outcome ${outcome} finished with ${word}`, () => {
        const told = milestone('finished', { outcome, reason: 'Because', message: 'it broke' })
        const { content } = only(input(run(name), told)).data.subject
        assert.equal(content.outcome, word)
        assert.equal(content.errors, errors)
      })
    }
  }

  test('errors has the reason alone where there is no message', () => {
    const told = milestone('finished', { outcome: 'failure', reason: 'Because' })
    assert.equal(only(input(run('taskrun-bare'), told)).data.subject.content.errors, 'Because')
  })
})

describe('cdevents names', () => {
  const nameOf = (object: KubeObject): unknown => {
    const { content } = only(input(object, milestone('started'))).data.subject
    return content.pipelineName ?? content.taskName
  }
  const rows: [string, string, (object: KubeObject) => void, string][] = [
    ['taskrun-bare', 'a TaskRef', () => undefined, 'hello'],
    [
      'taskrun-bare',
      'the label',
      (o) => Object.assign(o.metadata, { labels: { 'tekton.dev/task': 'labelled' } }),
      'labelled',
    ],
    ['taskrun-retried', 'the run, for an embedded spec', () => undefined, 'flaky'],
    [
      'taskrun-retried',
      'the pipeline task, for an embedded spec',
      (o) => Object.assign(o.metadata, { labels: { 'tekton.dev/pipelineTask': 'build' } }),
      'build',
    ],
    ['customrun-bare', 'the custom kind', () => undefined, 'Wait'],
    ['pipelinerun-bare', 'the run, for an embedded spec', () => undefined, 'held'],
    ['pipelinerun-bare', 'a PipelineRef', (o) => Object.assign(o, { spec: { pipelineRef: { name: 'p' } } }), 'p'],
    [
      'pipelinerun-bare',
      "a resolver's parameter",
      (o) => Object.assign(o, { spec: { pipelineRef: { params: [{ name: 'name', value: 'remote' }] } } }),
      'remote',
    ],
    ['pipelinerun-bare', 'the run, for odd labels', (o) => Object.assign(o.metadata, { labels: ['x'] }), 'held'],
  ]
  for (const [name, from, change, expected] of rows) {
    test(`${name} has its name from ${from}`, () => {
      const object = run(name)
      change(object)
      assert.equal(nameOf(object), expected)
    })
  }
})

describe('cdevents links and chain', () => {
  const contextOf = (object: KubeObject, told: string) => only(input(object, toldBy(object, told))).data.context

  test('a run’s events lead from one to the next, by ids that are computed', () => {
    const object = run('pipelinerun-rich')
    const [queued, started, finished] = ['queued', 'started', 'finished'].map((name) => contextOf(object, name))
    assert.equal('links' in queued, false)
    assert.deepEqual(started.links, [{ linkType: 'PATH', from: { contextId: queued.id }, tags: {} }])
    assert.deepEqual(finished.links, [{ linkType: 'PATH', from: { contextId: started.id }, tags: {} }])
  })

  test('a run that ended without a start leads from queued to finished, and a TaskRun then from nowhere', () => {
    for (const [name, linked] of [
      ['pipelinerun-rich', true],
      ['taskrun-rich', false],
    ] as const) {
      const object = run(name)
      delete object.status?.startTime
      const { links } = contextOf(object, 'finished')
      assert.deepEqual(links?.[0].from.contextId, linked ? contextOf(object, 'queued').id : undefined)
    }
  })

  test('milestones without an event are passed over', () => {
    const object = run('taskrun-retried')
    assert.ok(toldBy(object, 'retried'))
    assert.equal(contextOf(object, 'finished').links[0].from.contextId, contextOf(object, 'started').id)
  })

  const chainOf = (change: (metadata: KubeObject['metadata']) => void): unknown => {
    const object = run('taskrun-retried')
    change(object.metadata)
    return contextOf(object, 'finished').chainId
  }
  const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  const own = run('taskrun-retried').metadata.uid
  const chains: [string, (metadata: KubeObject['metadata']) => void, string][] = [
    ['its own uid', () => undefined, own],
    ['its PipelineRun', (m) => Object.assign(m, { labels: { 'tekton.dev/pipelineRunUID': 'parent' } }), 'parent'],
    ...[
      ['a map with its trace', JSON.stringify({ traceparent: trace }), '4bf92f35-77b3-4da6-a3ce-929d0e0e4736'],
      ['a bare trace', trace, '4bf92f35-77b3-4da6-a3ce-929d0e0e4736'],
      ['a trace of zeros: its own uid', `{"traceparent":"00-${'0'.repeat(32)}-00f067aa0ba902b7-01"}`, own],
      ['no trace: its own uid', '{}', own],
    ].map(
      ([what = '', value, chain = '']) =>
        [
          what,
          (m: KubeObject['metadata']) => Object.assign(m, { annotations: { 'tekton.dev/taskrunSpanContext': value } }),
          chain,
        ] as [string, (metadata: KubeObject['metadata']) => void, string],
    ),
  ]
  for (const [what, change, chain] of chains) {
    test(`chainId of a run with ${what}`, () => assert.equal(chainOf(change), chain))
  }
})

describe('cdevents customData', () => {
  test('a summary holds no value of a param or a result', () => {
    const object = run('taskrun-rich')
    object.spec = { params: [{ name: 'token', value: 'S3CRET' }] }
    object.status = { ...object.status, results: [{ name: 'r', value: 'S3CRET' }] }
    const { event, data } = only(input(object, toldBy(object, 'finished')))
    assert.deepEqual(data.customData.tekton.run.params, ['token'])
    assert.equal(event.data?.includes('S3CRET'), false)
  })

  test('full is the object without managedFields and last-applied-configuration', () => {
    const object = run('taskrun-rich')
    const { tekton } = only(input(object, toldBy(object, 'finished'), { content: 'full' })).data.customData
    assert.deepEqual([tekton.spec, tekton.status], [object.spec, object.status])
    assert.equal('managedFields' in tekton.metadata, false)
    assert.equal('kubectl.kubernetes.io/last-applied-configuration' in tekton.metadata.annotations, false)
  })

  test('full of a run nested deeper than the stack is its summary', () => {
    const object = run('taskrun-rich')
    let deep: unknown = {}
    for (let depth = 0; depth < 100_000; depth++) deep = [deep]
    object.status = { ...object.status, deep }
    const { tekton } = only(input(object, toldBy(object, 'finished'), { content: 'full' })).data.customData
    assert.equal(tekton.kind, 'TaskRun')
    assert.equal('status' in tekton, false)
  })

  test('none leaves it out', () => {
    const object = run('taskrun-rich')
    const { data } = only(input(object, toldBy(object, 'finished'), { content: 'none' }))
    assert.deepEqual(Object.keys(data), ['context', 'subject'])
  })
})

test('cdevents makes a valid event or none of any JSON, and never throws', () => {
  fc.assert(
    fc.property(
      oddRuns(),
      fc.constantFrom('TaskRun', 'PipelineRun', 'CustomRun'),
      fc.constantFrom<Content>('summary', 'full', 'none'),
      (odd, kind, content) => {
        fc.pre(typeof odd === 'object' && odd !== null)
        const source = sourceOf(kind)
        for (const name of ['started', 'finished']) {
          encode(input(odd as KubeObject, milestone(name, { outcome: 'failure' }), { source, content }))
        }
      },
    ),
    { numRuns: 300, verbose: 1 },
  )
})
