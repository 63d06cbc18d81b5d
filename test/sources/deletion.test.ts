import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject, ObjectMeta } from '../../src/api/object.ts'
import { sources } from '../../src/sources/index.ts'
import type { Source } from '../../src/sources/source.ts'

const at = (clock: string) => `2026-03-04T07:${clock}Z`
const ms = (clock: string) => Date.parse(at(clock))

const condition = (status: string, reason: string, clock: string, message = '') => ({
  conditions: [{ type: 'Succeeded', status, reason, message, lastTransitionTime: at(clock) }],
})

const run = (status?: Record<string, unknown>, metadata: Partial<ObjectMeta> = {}): KubeObject => ({
  apiVersion: 'tekton.dev/v1',
  kind: 'TaskRun',
  metadata: {
    name: 'a',
    namespace: 'team-a',
    uid: 'u-1',
    resourceVersion: '7',
    creationTimestamp: at('46:28'),
    ...metadata,
  },
  spec: { taskRef: { name: 'build', kind: 'Task' }, params: [{ name: 'token', value: 'hunter2' }] },
  ...(status && { status }),
})

const sourceOf = (kind: string): Source => sources[kind] ?? assert.fail(kind)
/** Those that come to an end; what lasts is told of by test/sources/resource-source.test.ts. */
const kinds = Object.values(sources).flatMap(({ name, lasts }) => (lasts ? [] : [name]))
const going = { startTime: at('46:29'), ...condition('Unknown', 'Running', '46:33', 'Not all Steps have finished') }
const seen = { at: ms('50:00'), missed: false }
const missed = { at: ms('50:00'), missed: true }

test('deleted is told of what had not come to its end, and of nothing else', () => {
  const done = { startTime: at('46:29'), completionTime: at('47:00') }
  const states: [string, Record<string, unknown> | undefined, told: string[]][] = [
    ['just created', undefined, kinds],
    ['held', condition('Unknown', 'PipelineRunPending', '46:29'), kinds],
    ['running', going, kinds],
    ['to be retried', { retriesStatus: [done], ...condition('Unknown', 'ToBeRetried', '47:00') }, kinds],
    ['a TaskRun that is False and still runs', { ...condition('False', 'Failed', '47:00') }, ['TaskRun']],
    ['succeeded', { ...done, ...condition('True', 'Succeeded', '47:00') }, []],
    ['failed', { ...done, ...condition('False', 'Failed', '47:00') }, []],
    ['cancelled because of its deletion', { ...done, ...condition('False', 'TaskRunCancelled', '47:00') }, []],
  ]
  for (const [name, status, told] of states) {
    const object = run(status)
    assert.deepEqual(
      kinds.filter((kind) => sourceOf(kind).deletion(object, seen) !== undefined),
      told,
      name,
    )
    assert.deepEqual(
      kinds.filter((kind) => sourceOf(kind).remains(object) !== undefined),
      told,
      `remains: ${name}`,
    )
  }
})

test('its time is deletionTimestamp, else when it was seen, and never before another milestone', () => {
  const late = { startTime: at('46:29'), ...condition('Unknown', 'Running', '51:00') }
  const table: [string, KubeObject, number][] = [
    ['no deletionTimestamp', run(going), ms('50:00')],
    ['deletionTimestamp', run(going, { deletionTimestamp: at('48:00') }), ms('48:00')],
    ['it went on after deletionTimestamp', run(late, { deletionTimestamp: at('48:00') }), ms('51:00')],
    ['who wrote it was ahead of us', run(late), ms('51:00')],
    ['no deletionTimestamp that could be read', run(going, { deletionTimestamp: 'soon' }), ms('50:00')],
  ]
  for (const [name, object, time] of table) {
    for (const kind of kinds) assert.equal(sourceOf(kind).deletion(object, seen)?.time, time, `${kind}: ${name}`)
  }
})

test('it says in what state the run was, and whether anybody saw it go', () => {
  const source = sourceOf('TaskRun')
  const fixed = { name: 'deleted', key: 'deleted', class: 'observed', time: ms('50:00'), rank: 99 }
  assert.deepEqual(source.deletion(run(going), seen), {
    ...fixed,
    reason: 'Running',
    message: 'Not all Steps have finished',
  })
  assert.deepEqual(source.deletion(run(), seen), fixed)
  const remains = source.remains(run(going))
  assert.ok(remains)
  assert.deepEqual(source.deletion(remains, missed), { ...fixed, reason: 'Running', details: { missed: true } })
})

test('remains say who it was, whose, and what it ran; no value, and nothing that every write changes', () => {
  const owner = { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', name: 'p', uid: 'u-0', controller: true }
  const object = run(
    {
      ...going,
      podName: 'a-pod',
      steps: [{ name: 'main' }],
      taskSpec: { steps: [] },
      retriesStatus: [
        { startTime: at('46:29'), completionTime: at('46:40'), podName: 'x', ...condition('False', 'x', '46:40') },
      ],
    },
    {
      generation: 2,
      labels: { 'tekton.dev/pipeline': 'release' },
      annotations: {
        'tekton.dev/taskrunSpanContext': '{"traceparent":"00-1"}',
        long: 'x'.repeat(300),
        'example.com/api-token': 'hunter2',
      },
      ownerReferences: [{ ...owner, blockOwnerDeletion: true } as typeof owner],
      managedFields: [{ manager: 'tekton', time: at('46:33') }],
    },
  )
  const remains = sourceOf('TaskRun').remains(object)
  assert.deepEqual(remains, {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: {
      name: 'a',
      namespace: 'team-a',
      uid: 'u-1',
      resourceVersion: '',
      generation: 2,
      creationTimestamp: at('46:28'),
      labels: { 'tekton.dev/pipeline': 'release' },
      annotations: { 'tekton.dev/taskrunSpanContext': '{"traceparent":"00-1"}' },
      ownerReferences: [owner],
    },
    spec: { taskRef: { kind: 'Task', name: 'build' }, params: [{ name: 'token' }] },
    status: {
      startTime: at('46:29'),
      conditions: [{ type: 'Succeeded', status: 'Unknown', reason: 'Running' }],
      retriesStatus: [{ startTime: at('46:29'), completionTime: at('46:40') }],
    },
  })
  const later = structuredClone(object)
  later.metadata.resourceVersion = '9'
  later.status = { ...later.status, ...condition('Unknown', 'Running', '49:00', 'another message') }
  assert.deepEqual(sourceOf('TaskRun').remains(later), remains)
})

test('remains of a huge object are small, and keep what they can of its labels', () => {
  const many = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`example.com/mark-${index}`, 'x'.repeat(63)]))
  const object = run(
    { ...going, retriesStatus: Array.from({ length: 500 }, () => ({ startTime: at('46:29') })) },
    { labels: many(5000), annotations: many(5000) },
  )
  object.spec = { taskRef: { name: 'x'.repeat(1 << 20) }, params: Array.from({ length: 500 }, () => ({ name: 'p' })) }
  const remains = sourceOf('TaskRun').remains(object)
  assert.ok(JSON.stringify(remains).length < 16_384)
  assert.equal(remains?.metadata.labels?.['example.com/mark-0'], 'x'.repeat(63))
})
