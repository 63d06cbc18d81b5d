import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { KubeObject } from '../../../src/api/object.ts'
import type { Format } from '../../../src/formats/format.ts'
import { defaultOptions } from '../../../src/formats/options.ts'
import { tektonv2 } from '../../../src/formats/tekton/tektonv2.ts'
import { attributesOf, input, milestone, oddRuns, run, runNames, sourceOf } from '../runs.ts'

tektonv2 satisfies Format

const keys: Record<string, string> = { TaskRun: 'taskRun', PipelineRun: 'pipelineRun', CustomRun: 'customRun' }

for (const name of runNames) {
  test(`tektonv2 shows ${name} as it is stored, without managedFields and last-applied-configuration`, () => {
    const object = run(name)
    const [event] = tektonv2.encode(input(object, milestone('started'))).events
    const stored = run(name)
    delete stored.metadata.managedFields
    const annotations = stored.metadata.annotations
    delete annotations?.['kubectl.kubernetes.io/last-applied-configuration']
    if (annotations && Object.keys(annotations).length === 0) delete stored.metadata.annotations
    assert.deepEqual(JSON.parse(event?.data ?? ''), { [keys[object.kind] ?? '']: stored })
    assert.deepEqual(object, run(name), 'the run itself is untouched')
    assert.equal(event?.type, `dev.tekton.event.${object.kind.toLowerCase()}.started.v2`)
  })
}

test('tektonv2 tells the kind of a run that a list gave without', () => {
  const { apiVersion: _, kind: __, ...bare } = run('customrun-bare')
  const [event] = tektonv2.encode(
    input(bare as KubeObject, milestone('started'), { source: sourceOf('CustomRun') }),
  ).events
  const { customRun } = JSON.parse(event?.data ?? '')
  assert.deepEqual([customRun.apiVersion, customRun.kind], ['tekton.dev/v1beta1', 'CustomRun'])
})

test('tektonv2 has no event for milestones that Tekton does not know', () => {
  for (const name of ['retried', 'signed', 'skipped', 'constructor', '__proto__']) {
    assert.deepEqual(tektonv2.encode(input(run('taskrun-rich'), milestone(name))).events, [])
    assert.equal(tektonv2.knows(sourceOf('TaskRun'), name, defaultOptions), false)
  }
})

test('tektonv2 makes an event or none of any JSON, and never throws', () => {
  fc.assert(
    fc.property(oddRuns(), fc.constantFrom('TaskRun', 'PipelineRun', 'CustomRun'), (odd, kind) => {
      fc.pre(typeof odd === 'object' && odd !== null)
      const source = sourceOf(kind)
      for (const event of tektonv2.encode(input(odd as KubeObject, milestone('started'), { source })).events) {
        assert.equal(typeof attributesOf(event).subject, 'string')
        JSON.parse(event.data ?? '')
      }
    }),
    { numRuns: 300, verbose: 1 },
  )
})
