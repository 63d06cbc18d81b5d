import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import type { Content, Format } from '../../../src/formats/format.ts'
import { cdevents } from '../../../src/formats/mapping/format.ts'
import { defaultOptions } from '../../../src/formats/options.ts'
import { attributesOf, golden, input, milestone, run, sourceOf, toldBy } from '../runs.ts'
import { encode, only, optionsOf, type SpecVersion, versions } from './official.ts'

cdevents satisfies Format

describe('cdevents golden files', () => {
  const rows: [string, string, string, Content?][] = [
    ['pipelinerun.queued', 'pipelinerun-rich', 'queued'],
    ['pipelinerun.started', 'pipelinerun-rich', 'started'],
    ['pipelinerun.finished', 'pipelinerun-rich', 'finished'],
    ['pipelinerun.skipped', 'pipelinerun-rich', 'skipped'],
    ['pipelinerun.signed', 'pipelinerun-rich', 'signed'],
    ['taskrun.queued', 'taskrun-rich', 'queued'],
    ['taskrun.started', 'taskrun-rich', 'started'],
    ['taskrun.finished', 'taskrun-rich', 'finished'],
    ['taskrun.retried', 'taskrun-retried', 'retried'],
    ['taskrun.finished-retried', 'taskrun-retried', 'finished'],
    ['taskrun.finished-customrun', 'customrun-rich', 'finished'],
    ['taskrun.finished-none', 'taskrun-rich', 'finished', 'none'],
    ['pipelinerun.queued-full', 'pipelinerun-bare', 'queued', 'full'],
  ]
  for (const version of versions) {
    for (const [file, name, told, content = 'summary'] of rows) {
      test(`${version}: ${name} ${told} with content ${content} is ${file}`, () => {
        const object = run(name)
        const { event, data } = only(input(object, toldBy(object, told), { content, ...optionsOf(version) }))
        const folder = version === '0.4.1' ? 'cdevents' : `cdevents/${version}`
        assert.deepEqual({ attributes: attributesOf(event), data }, golden(`${folder}/${file}`))
        assert.deepEqual(object, run(name), 'the run itself is untouched')
      })
    }
  }
})

test('there is an event for every milestone of a run, and for what a subscription defines besides a custom one', () => {
  for (const kind of ['TaskRun', 'PipelineRun', 'CustomRun']) {
    const source = sourceOf(kind)
    const object = run(`${kind.toLowerCase()}-bare`)
    const own = source.catalogue.filter(({ event }) => event === undefined).map(({ name }) => name)
    for (const name of [...own, 'renamed', 'constructor', 'not-a-predicate']) {
      assert.ok(cdevents.knows(source, name, defaultOptions), `${kind} ${name}`)
      assert.equal(encode(input(object, milestone(name))).length, 1, `${kind} ${name}`)
    }
    const defined = only(input(object, milestone('not-a-predicate'))).event.type
    assert.equal(defined, `dev.cdeventsx.tekton-${kind.toLowerCase()}.notapredicate.0.1.0`)
  }
})

describe('the address of a run', () => {
  const at = (url: string, version: SpecVersion, told: string) => {
    const given = input(run('pipelinerun-rich'), milestone(told), optionsOf(version))
    return { ...given, cluster: { ...given.cluster, urlOf: () => url } }
  }

  test('that is not absolute is sent in 0.4.1, where any text will do', () => {
    assert.equal(only(at('/x', '0.4.1', 'started')).data.subject.content.url, '/x')
  })

  test('that is not absolute is left out in 0.5.1', () => {
    for (const told of ['queued', 'finished', 'signed']) {
      assert.equal('uri' in only(at('/x', '0.5.1', told)).data.subject.content, false)
    }
  })

  test('that is not absolute keeps pipelinerun.started from being sent in 0.5.1, which demands one', () => {
    assert.deepEqual(cdevents.encode(at('/x', '0.5.1', 'started')), {
      events: [],
      problems: [
        {
          reason: 'EventInvalid',
          message:
            'dev.cdevents.pipelinerun.started.0.3.0 of CDEvents 0.5.1 would not be valid: /subject/content/uri must be an absolute URI',
        },
      ],
    })
  })
})

test('a problem names path and rule, and no value of the object', () => {
  const object = run('taskrun-rich')
  const given = { ...input(object, milestone('started')), cluster: { uri: 'S3CRET %', urlOf: () => 'https://a/' } }
  const { events, problems } = cdevents.encode(given)
  assert.equal(events.length, 0)
  assert.match(problems[0]?.message ?? '', /\/context\/source must be a URI reference$/)
  assert.equal(JSON.stringify(problems).includes('S3CRET'), false)
})

test('the form has all that the bytes depend on', () => {
  const forms = [
    defaultOptions,
    { ...defaultOptions, extensions: { a: 'b' } },
    { ...defaultOptions, data: { include: [['spec']], redact: [] } },
    { ...defaultOptions, data: { include: [], redact: [['spec']] } },
    optionsOf('0.5.1').options,
    optionsOf('0.4.1', { profile: 'sdk-go' }).options,
    optionsOf('0.4.1', { outcomes: { Failed: 'error' } }).options,
    optionsOf('0.4.1', { userEvents: { types: new Set(['a']), only: false } }).options,
    optionsOf('0.4.1', { userEvents: { types: new Set(['a']), only: true } }).options,
    optionsOf('0.4.1', { userEvents: { types: new Set(['b']), only: true } }).options,
  ].map((options) => cdevents.formOf(options))
  assert.equal(new Set(forms).size, forms.length)
  const tekton = { mode: 'eachChange', source: 'classic' } as const
  assert.equal(cdevents.formOf({ ...defaultOptions, tekton }), forms[0])
})

test('where only declared events are asked for, the milestones’ own stay out', () => {
  const userEvents = { types: new Set(['dev.cdevents.artifact.published']), only: true }
  const given = input(run('taskrun-rich'), milestone('finished'), optionsOf('0.4.1', { userEvents }))
  assert.deepEqual(encode(given), [])
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
