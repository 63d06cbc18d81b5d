import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import { of, see } from '../routing.ts'
import { emitter, ms, type SubscriptionSpec, sourceOf, stored, succeeded, taskRun } from '../scene.ts'

const tasks = Array.from({ length: 200 }, (_, n) => ({ name: `task-${n}` }))

test('however many milestones an object has, it is taken apart and written once for all of their events', () => {
  let reads = 0
  const status = {
    ...succeeded(),
    get skippedTasks() {
      reads += 1
      return tasks
    },
  }
  const object: KubeObject = { ...taskRun(), kind: 'PipelineRun', status }
  const specs: Partial<SubscriptionSpec>[] = [
    { data: { content: 'full' } },
    { data: { content: 'full', redact: ['/spec/taskRef'] } },
    { formats: ['cdevents'], data: { content: 'full' } },
    { formats: ['cdevents'], data: { redact: ['/metadata/generation'] } },
  ]
  const events = [{ kind: 'PipelineRun' as const, milestones: ['skipped' as const, 'finished' as const] }]
  const emitters = specs.map((spec, n) => emitter(`e${n}`, { ...spec, events }))
  const { rows } = see(object, { ...of(emitters), source: sourceOf('PipelineRun') })
  assert.equal(rows.length, emitters.length * (tasks.length + 1))
  assert.ok(reads <= 20, `${reads} reads`)
})

test('what was enqueued of very many milestones, or is owed, is known when the object is seen again', () => {
  const attempts = Array.from({ length: 200 }, () => ({}))
  const object = taskRun({ ...succeeded(), retriesStatus: attempts })
  const emitters = [emitter('retries', { events: [{ kind: 'TaskRun', milestones: ['retried'] }] })]
  const first = see(object, of(emitters))
  assert.equal(first.rows.length, 200)
  const again = see(object, of(emitters, { record: stored(first.record) }))
  assert.deepEqual([again.rows.length, again.record], [0, undefined])
  const grown = taskRun({ ...succeeded(), retriesStatus: [...attempts, {}] })
  const then = see(grown, of(emitters, { record: stored(first.record), now: ms(62) }))
  assert.equal(then.rows.length, 1)
})
