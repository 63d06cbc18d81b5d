import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../../../src/api/object.ts'
import type { Format } from '../../../src/formats/format.ts'
import { defaultOptions, type FormatOptions } from '../../../src/formats/options.ts'
import { runSource } from '../../../src/formats/tekton/format.ts'
import { tektonv1 } from '../../../src/formats/tekton/tektonv1.ts'
import { toV1beta1 } from '../../../src/formats/tekton/v1beta1.ts'
import { attributesOf, golden, input, milestone, oddRuns, run, runNames, sourceOf, toldBy } from '../runs.ts'

tektonv1 satisfies Format

const encodeOne = (object: KubeObject, told = milestone('finished', { outcome: 'success' })) => {
  const [event, ...more] = tektonv1.encode(input(object, told)).events
  assert.ok(event)
  assert.equal(more.length, 0)
  return event
}

describe('tektonv1 data', () => {
  // The expected files hold what Tekton v1.12's own Go code makes of the runs beside them.
  for (const name of runNames) {
    test(`${name} is what Tekton's conversion to v1beta1 makes of it`, () => {
      const object = run(name)
      const event = encodeOne(object, milestone('started'))
      assert.deepEqual(JSON.parse(event.data ?? ''), golden(`tektonv1/${name}`))
      assert.deepEqual(object, run(name), 'the run itself is untouched')
    })
  }

  test('what does not change is shared with the run', () => {
    const object = run('taskrun-rich')
    const { spec } = toV1beta1(sourceOf('TaskRun'), object) as { spec: Record<string, unknown> }
    assert.equal(spec.podTemplate, object.spec?.podTemplate)
    assert.equal(spec.taskRef, object.spec?.taskRef)
    const params = object.spec?.params as unknown[]
    assert.equal((spec.params as unknown[])[0], params[0])
  })

  const annotated = (key: string, value: string): KubeObject => {
    const object = run('taskrun-bare')
    object.metadata.annotations = { [key]: value }
    return object
  }

  test('an annotation with v1beta1 fields that does not parse stays one', () => {
    for (const wrong of ['{', '"text"', '']) {
      const object = annotated('tekton.dev/v1beta1CloudEvents', wrong)
      assert.deepEqual(toV1beta1(sourceOf('TaskRun'), object).metadata, object.metadata)
    }
  })

  test('an annotation with v1beta1 fields that says nothing is dropped', () => {
    const converted = toV1beta1(sourceOf('TaskRun'), annotated('tekton.dev/v1beta1Resources', '{}'))
    assert.equal('annotations' in (converted.metadata as object), false)
    assert.equal('resources' in (converted.spec as object), false)
  })

  test('a run nested deeper than the stack goes out with its metadata', () => {
    const object = run('taskrun-bare')
    let status: Record<string, unknown> = {}
    for (let depth = 0; depth < 100_000; depth++) status = { retriesStatus: [status] }
    object.status = status
    const { taskRun } = JSON.parse(encodeOne(object).data ?? '')
    assert.equal(taskRun.metadata.name, 'new')
    assert.deepEqual(taskRun.status, { podName: '' })
  })

  const examples = new URL('../../../../shared/data/tekton/examples/', import.meta.url)
  test("Tekton's example runs keep their spec", {
    skip: existsSync(examples) ? false : '../shared/data/tekton is absent',
  }, () => {
    for (const file of readdirSync(examples)) {
      for (const document of parseAllDocuments(readFileSync(new URL(file, examples), 'utf8'))) {
        const object = document.toJS() as KubeObject
        if (!['TaskRun', 'PipelineRun', 'CustomRun'].includes(object?.kind)) continue
        Object.assign(object.metadata, { name: 'example', namespace: 'default', uid: 'u' })
        const [run] = Object.values(JSON.parse(encodeOne(object).data ?? '')) as [KubeObject]
        for (const field of Object.keys(object.spec ?? {})) {
          if (field !== 'taskRunTemplate') assert.ok(field in (run.spec ?? {}), `${file}: spec.${field}`)
        }
      }
    }
  })
})

describe('tektonv1 types', () => {
  const kinds = ['TaskRun', 'PipelineRun', 'CustomRun']
  const rows: [string, Parameters<typeof milestone>[1], (string | undefined)[]][] = [
    ['queued', {}, ['taskrun.queued', 'pipelinerun.queued', undefined]],
    ['started', {}, ['taskrun.started', 'pipelinerun.started', 'customrun.started']],
    ['running', {}, ['taskrun.running', 'pipelinerun.running', 'customrun.running']],
    ['unknown', {}, ['taskrun.unknown', 'pipelinerun.unknown', undefined]],
    ['finished', { outcome: 'success' }, ['taskrun.successful', 'pipelinerun.successful', 'customrun.successful']],
    ['finished', { outcome: 'failure' }, ['taskrun.failed', 'pipelinerun.failed', 'customrun.failed']],
    ['finished', { outcome: 'cancelled' }, ['taskrun.failed', 'pipelinerun.failed', 'customrun.failed']],
    ['finished', { outcome: 'timeout' }, ['taskrun.failed', 'pipelinerun.failed', 'customrun.failed']],
    ['finished', { outcome: 'error' }, ['taskrun.failed', 'pipelinerun.failed', 'customrun.failed']],
    ['retried', {}, [undefined, undefined, undefined]],
    ['signed', {}, [undefined, undefined, undefined]],
    ['skipped', {}, [undefined, undefined, undefined]],
  ]
  for (const [name, more, types] of rows) {
    for (const [index, kind] of kinds.entries()) {
      const type = types[index]
      test(`${kind} ${name} ${more?.outcome ?? ''} → ${type ?? 'no event'}`, () => {
        const object = run(`${kind.toLowerCase()}-bare`)
        const events = tektonv1.encode(input(object, milestone(name, more))).events
        assert.deepEqual(
          events.map((event) => event.type),
          type ? [`dev.tekton.event.${type}.v1`] : [],
        )
        assert.equal(tektonv1.knows(sourceOf(kind), name, defaultOptions), type !== undefined)
      })
    }
  }
})

describe('tektonv1 attributes', () => {
  test('subject is the name, source the path in the API, time that of the milestone', () => {
    const object = run('taskrun-rich')
    const told = toldBy(object, 'finished')
    const event = encodeOne(object, told)
    const attributes = attributesOf(event)
    assert.equal(event.subject, 'build-image-x7k2')
    assert.equal(attributes.subject, 'build-image-x7k2')
    assert.equal(attributes.type, 'dev.tekton.event.taskrun.successful.v1')
    assert.equal(attributes.source, '/apis/tekton.dev/v1/namespaces/team-a/taskruns/build-image-x7k2')
    assert.equal(attributes.time, '2026-03-02T09:01:30.000Z')
    assert.equal(attributes.id, event.id)
    assert.equal(encodeOne(object, told).id, event.id, 'the id is the same each time')
  })

  test('ids are these for ever', () => {
    const object = run('taskrun-rich')
    const ids = ['queued', 'started', 'finished'].map((name) => encodeOne(object, toldBy(object, name)).id)
    assert.deepEqual(ids, golden('tektonv1-ids'))
  })

  test('each change is running again, under an id of its own, in mode eachChange alone', () => {
    const object = run('taskrun-rich')
    const told = milestone('changed', { key: 'changed/1772442090000/700a33e0', class: 'observed' })
    const options: FormatOptions = { ...defaultOptions, tekton: { mode: 'eachChange', source: 'canonical' } }
    const [event] = tektonv1.encode(input(object, told, { options })).events
    assert.equal(event?.type, 'dev.tekton.event.taskrun.running.v1')
    assert.equal(event?.id, 'a3d9970d-928e-55d3-beef-94ae642150c7')
    assert.deepEqual(tektonv1.encode(input(object, told)).events, [])
    const knows = (kind: string) => tektonv1.knows(sourceOf(kind), 'changed', options)
    assert.deepEqual(['TaskRun', 'PipelineRun', 'CustomRun'].map(knows), [true, true, false])
  })

  test('the classic source has neither group, version nor plural', () => {
    const object = run('customrun-rich')
    const told = milestone('started')
    assert.equal(runSource(input(object, told), 'classic'), '/apis///namespaces/team-a//release-9-approve')
    assert.equal(
      runSource(input(object, told), 'canonical'),
      '/apis/tekton.dev/v1beta1/namespaces/team-a/customruns/release-9-approve',
    )
  })
})

test('tektonv1 makes an event or none of any JSON, and never throws', () => {
  fc.assert(
    fc.property(oddRuns(), fc.constantFrom('TaskRun', 'PipelineRun', 'CustomRun'), (odd, kind) => {
      fc.pre(typeof odd === 'object' && odd !== null)
      const source = sourceOf(kind)
      for (const event of tektonv1.encode(input(odd as KubeObject, milestone('started'), { source })).events) {
        assert.equal(typeof attributesOf(event).subject, 'string')
        JSON.parse(event.data ?? '')
      }
    }),
    { numRuns: 500, verbose: 1 },
  )
})
