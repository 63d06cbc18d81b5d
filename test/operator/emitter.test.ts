import assert from 'node:assert/strict'
import { test } from 'node:test'
import { covers, type Emitter, indexEmitters } from '../../src/operator/emitter.ts'
import { emitter, type SubscriptionSpec } from './scene.ts'

const labels: Record<string, Record<string, string>> = { 'team-a': { tier: 'prod' }, 'team-b': {}, admin: {} }
const labelsOf = (namespace: string) => labels[namespace]

const ofKinds = (...kinds: ('TaskRun' | 'PipelineRun')[]): Partial<SubscriptionSpec> => ({
  events: kinds.map((kind) => ({ kind })),
})
const admin = { namespace: 'admin' }

const keys = (emitters: readonly Emitter[]) => emitters.map(({ key }) => key).sort()

test('an object meets those of its namespace and kind, and those cluster-wide ones whose selector takes it in', () => {
  const index = indexEmitters(
    [
      emitter('a', ofKinds('TaskRun')),
      emitter('both', ofKinds('TaskRun', 'PipelineRun')),
      emitter('b', ofKinds('TaskRun'), { namespace: 'team-b' }),
      emitter('all', { ...ofKinds('TaskRun'), namespaceSelector: {} }, admin),
      emitter('prod', { ...ofKinds('TaskRun'), namespaceSelector: { matchLabels: { tier: 'prod' } } }, admin),
      emitter('own', ofKinds('TaskRun'), admin),
    ],
    labelsOf,
  )
  const cases: [kind: string, namespace: string, emitters: string[]][] = [
    ['TaskRun', 'team-a', ['admin/all', 'admin/prod', 'team-a/a', 'team-a/both']],
    ['TaskRun', 'team-b', ['admin/all', 'team-b/b']],
    ['TaskRun', 'admin', ['admin/all', 'admin/own']],
    ['PipelineRun', 'team-a', ['team-a/both']],
    ['PipelineRun', 'team-b', []],
    ['CustomRun', 'team-a', []],
    ['TaskRun', 'not-known-yet', ['admin/all']],
  ]
  for (const [kind, namespace, found] of cases)
    assert.deepEqual(keys(index.forObject(kind, namespace)), found, `${kind} ${namespace}`)
  assert.deepEqual(index.kinds(), new Set(['TaskRun', 'PipelineRun']))
})

test('without emitters there is nothing to watch', () => {
  const index = indexEmitters([], labelsOf)
  assert.deepEqual(index.kinds(), new Set())
  assert.deepEqual(index.forObject('TaskRun', 'team-a'), [])
})

test('a namespace whose labels come to fit is covered from then on', () => {
  const prod = emitter('prod', { namespaceSelector: { matchLabels: { tier: 'prod' } } }, admin)
  assert.equal(covers(prod, 'team-b', labelsOf), false)
  assert.equal(
    covers(prod, 'team-b', () => ({ tier: 'prod' })),
    true,
  )
  assert.equal(
    covers(prod, 'team-b', () => undefined),
    false,
  )
  assert.equal(covers(emitter('a'), 'team-a', labelsOf), true)
  assert.equal(covers(emitter('a'), 'team-b', labelsOf), false)
})

test('what was deleted is judged by the last labels of its namespace, which may be gone', () => {
  const emitters = [emitter('prod', { namespaceSelector: { matchLabels: { tier: 'prod' } } }, admin)]
  const index = indexEmitters(emitters, labelsOf, (namespace) =>
    namespace === 'gone' ? { tier: 'prod' } : labelsOf(namespace),
  )
  assert.deepEqual(keys(index.forObject('TaskRun', 'gone')), [])
  assert.deepEqual(keys(index.forObject('TaskRun', 'gone', true)), ['admin/prod'])
  assert.deepEqual(keys(index.forObject('TaskRun', 'team-a', true)), ['admin/prod'])
  assert.deepEqual(keys(index.forObject('TaskRun', 'never-seen', true)), [])
})
