import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import { release } from '../../src/sources/konflux-release.ts'
import { releasePhases } from '../../src/sources/konflux-release-phases.ts'

const at = (clock: string) => `2026-03-04T07:${clock}Z`
const ms = (clock: string) => Date.parse(at(clock))

/** As meta.SetStatusCondition writes it: `clock` is when the status, not the reason, was last another. */
const condition = (type: string, status: string, reason: string, clock: string, message = '') => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: at(clock),
})

const of = (status: Record<string, unknown>, metadata: Record<string, unknown> = {}): KubeObject => ({
  apiVersion: 'appstudio.redhat.com/v1alpha1',
  kind: 'Release',
  metadata: {
    name: 'r',
    namespace: 'team-a',
    uid: 'u-1',
    resourceVersion: '1',
    creationTimestamp: at('40:00'),
    ...metadata,
  },
  spec: { releasePlan: 'plan', snapshot: 's' },
  status,
})

const told = (object: KubeObject) => release.milestones(object).map(({ key }) => key)
const find = (object: KubeObject, key: string) =>
  release.milestones(object).find((milestone) => milestone.key === key) ?? assert.fail(`${key} of ${told(object)}`)

const progressing = condition('Released', 'False', 'Progressing', '40:01')
const valid = condition('Validated', 'True', 'Succeeded', '40:02')
const managed = (reason: string, status = 'False', clock = '40:03') =>
  condition('ManagedPipelineProcessed', status, reason, clock)
const attempt = (more: Record<string, unknown>) => ({ pipelineRun: 'managed/m-1', startTime: at('40:03'), ...more })

test('False for the reason Progressing is no failure, neither of the Release nor of a phase', () => {
  const going = of({ conditions: [progressing, valid, managed('Progressing')], managedPipelineAttempts: [attempt({})] })
  assert.deepEqual(told(going), ['created', 'validated', 'phase-started/managed'])
})

test('from Progressing to Failed no condition has another time: the end is told, at its own time, under a key without one', () => {
  const failed = of({
    completionTime: at('59:02'),
    conditions: [{ ...progressing, reason: 'Failed' }, valid, managed('Failed')],
    managedPipelineAttempts: [attempt({ completionTime: at('59:01'), status: 'Failed' })],
  })
  assert.deepEqual(told(failed), [
    'created',
    'validated',
    'phase-started/managed',
    'attempt-failed/1',
    'phase-finished/managed',
    'failed',
  ])
  assert.deepEqual([find(failed, 'failed').time, find(failed, 'failed').details], [ms('59:02'), { phase: 'managed' }])
  const finished = find(failed, 'phase-finished/managed')
  assert.deepEqual([finished.time, finished.outcome, finished.reason], [ms('59:01'), 'failure', 'Failed'])
})

test('an end without a time of its own has that of the last write, never that of its beginning', () => {
  const managedFields = [{ manager: 'm', time: at('58:00'), fieldsV1: { 'f:status': {} } }]
  const failed = of({ conditions: [{ ...progressing, reason: 'Failed' }, managed('Failed')] }, { managedFields })
  assert.equal(find(failed, 'failed').time, ms('58:00'))
  assert.equal(find(failed, 'phase-finished/managed').time, ms('58:00'))
  // The next write moves it.
  assert.deepEqual([find(failed, 'failed').undated, find(failed, 'phase-finished/managed').undated], [true, true])
  const done = of({ conditions: [condition('Released', 'True', 'Succeeded', '57:00')] }, { managedFields })
  assert.deepEqual([find(done, 'published').time, find(done, 'published').undated], [ms('57:00'), undefined])
})

test('an attempt that failed is told though another follows, which no condition shows', () => {
  const again = of({
    conditions: [progressing, valid, managed('Progressing')],
    managedPipelineAttempts: [
      attempt({
        completionTime: at('45:00'),
        status: 'Failed',
        failureReason: 'OOMKill',
        lastTask: 'push',
        lastStep: 's',
      }),
      attempt({ pipelineRun: 'managed/m-2', startTime: at('45:05'), status: 'Progressing' }),
    ],
  })
  assert.deepEqual(told(again), ['created', 'validated', 'phase-started/managed', 'attempt-failed/1'])
  const { time, reason, message, details } = find(again, 'attempt-failed/1')
  assert.deepEqual([time, reason, message], [ms('45:00'), 'OOMKill', undefined])
  assert.deepEqual(details, { attempt: 1, pipelineRun: 'managed/m-1', task: 'push', step: 's' })
  assert.equal(find(again, 'phase-started/managed').time, ms('40:03'))
})

test('what was valid and is found not to be so later was validated all the same', () => {
  const conditions = [progressing, { ...valid, status: 'False', reason: 'Failed', lastTransitionTime: at('44:00') }]
  const validation = { time: at('44:00'), failedPostValidation: true }
  const later = of({
    conditions: [...conditions, managed('Progressing')],
    validation,
    managedPipelineAttempts: [attempt({})],
  })
  assert.deepEqual(told(later), ['created', 'validated', 'phase-started/managed', 'validation-failed'])
  assert.equal(find(later, 'validated').time, ms('40:03'))
  assert.deepEqual(find(later, 'validation-failed').details, { afterwards: true })
  assert.equal(find(later, 'validation-failed').time, ms('44:00'))
  const never = of({ conditions, validation: { time: at('44:00') } })
  assert.deepEqual(told(never), ['created', 'validation-failed'])
  assert.deepEqual(find(never, 'validation-failed').details, { afterwards: false })
})

test('a phase that was skipped gives nothing', () => {
  const types = ['TenantCollectors', 'ManagedCollectors', 'Tenant', 'Managed', 'Final']
  const conditions = types.map((type) => condition(`${type}PipelineProcessed`, 'True', 'Skipped', '41:00'))
  assert.deepEqual(told(of({ conditions })), ['created'])
})

test('each phase is told by its own place in the status', () => {
  const run = { pipelineRun: 'a/b', startTime: at('41:00'), completionTime: at('42:00') }
  const status = {
    collectorsProcessing: { tenantCollectorsProcessing: run, managedCollectorsProcessing: run },
    tenantProcessing: run,
    managedProcessing: run,
    finalProcessing: run,
    conditions: ['TenantCollectors', 'ManagedCollectors', 'Tenant', 'Managed', 'Final'].map((type) =>
      condition(`${type}PipelineProcessed`, 'True', 'Succeeded', '42:00'),
    ),
  }
  assert.deepEqual(
    told(of(status)).toSorted(),
    ['created', ...releasePhases.flatMap((phase) => [`phase-finished/${phase}`, `phase-started/${phase}`])].toSorted(),
  )
  assert.deepEqual(find(of(status), 'phase-finished/final').details, { phase: 'final', pipelineRun: 'a/b' })
})

test('artifacts that are there before the end publish nothing', () => {
  const artifacts = { images: [{ name: 'a', urls: ['registry.example.com/a:1'] }] }
  const phases = [
    managed('Succeeded', 'True', '50:00'),
    condition('FinalPipelineProcessed', 'False', 'Progressing', '50:01'),
  ]
  const before = of({ artifacts, conditions: [progressing, valid, ...phases] })
  assert.equal(told(before).includes('published'), false)
  const done = of({ artifacts, conditions: [condition('Released', 'True', 'Succeeded', '51:00'), valid, ...phases] })
  assert.ok(told(done).includes('published'))
})

test('phases, states and reasons that nobody knows are passed over', () => {
  const conditions = [
    condition('Released', 'Unknown', 'Thinking', '41:00'),
    condition('Validated', 'Maybe', 'Failed', '41:00'),
    condition('EngravingPipelineProcessed', 'True', 'Succeeded', '41:00'),
    condition('FinalPipelineProcessed', 'Unknown', 'Waiting', '41:00'),
  ]
  const managedPipelineAttempts = [{ status: 'Fainted' }, null, 7, { status: 'Failed', pipelineRun: 'x\ny/z' }]
  assert.deepEqual(told(of({ conditions, managedPipelineAttempts })), ['created', 'attempt-failed/4'])
  const { details } = find(of({ conditions, managedPipelineAttempts }), 'attempt-failed/4')
  assert.deepEqual(details, { attempt: 4 })
})
