import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import { internalRequest } from '../../src/sources/konflux-internal-request.ts'
import { enterpriseContractPolicy } from '../../src/sources/konflux-policy.ts'
import { releasePlan, releasePlanAdmission } from '../../src/sources/konflux-release-plan.ts'
import { projectDevelopmentStream } from '../../src/sources/konflux-stream.ts'
import { dependencyUpdateCheck } from '../../src/sources/konflux-update-check.ts'
import type { Source } from '../../src/sources/source.ts'

const at = (clock: string) => `2026-03-04T07:${clock}Z`
const ms = (clock: string) => Date.parse(at(clock))

function object(source: Source, more: Partial<KubeObject>, metadata: Record<string, unknown> = {}): KubeObject {
  const { kind, group, version } = source
  const own = { name: 'a', namespace: 'team-a', uid: 'u-1', resourceVersion: '1', creationTimestamp: at('40:00') }
  return { apiVersion: `${group}/${version}`, kind, ...more, metadata: { ...own, ...metadata } }
}

/** All but created. */
const told = (source: Source, of: KubeObject) => source.milestones(of).filter(({ name }) => name !== 'created')
const keys = (source: Source, of: KubeObject) => told(source, of).map(({ key }) => key)

const status = (type: string, value: string, reason: string, clock: string, more: Record<string, unknown> = {}) => ({
  ...more,
  conditions: [{ type, status: value, reason, message: 'https://internal.example.com', lastTransitionTime: at(clock) }],
})
const wrote = (clock: string, fieldsV1: unknown) => ({ manager: clock, time: at(clock), fieldsV1 })

test('a request that runs is False for the reason Running, and no failure; its end has the same lastTransitionTime', () => {
  const request = (reason: string, value = 'False', more = {}) =>
    object(internalRequest, { status: status('Succeeded', value, reason, '41:00', more) })
  assert.deepEqual(keys(internalRequest, request('Running')), [])
  assert.deepEqual(keys(internalRequest, request('Running', 'Unknown')), [])
  const completionTime = at('45:00')
  const ends = [request('Failed', 'False', { completionTime }), request('Rejected', 'False', { completionTime })].map(
    (of) => told(internalRequest, of).map(({ key, time, outcome, reason }) => [key, time, outcome, reason]),
  )
  assert.deepEqual(ends, [
    [['finished', ms('45:00'), 'failure', 'Failed']],
    [['finished', ms('45:00'), 'error', 'Rejected']],
  ])
  const [done] = told(internalRequest, request('Succeeded', 'True'))
  assert.deepEqual([done?.outcome, done?.time], ['success', ms('41:00')])
})

test('of a request nothing is told but its name, its reason and how it ended', () => {
  const spec = { params: { password: 'hunter2', url: 'https://internal.example.com' } }
  const secret = { status: status('Succeeded', 'False', 'Failed', '41:00', { results: { url: 'x' } }), spec }
  const [milestone] = told(internalRequest, object(internalRequest, secret))
  assert.deepEqual(Object.keys(milestone ?? {}).toSorted(), [
    'class',
    'key',
    'name',
    'outcome',
    'rank',
    'reason',
    'time',
    'undated',
  ])
})

test('a plan is matched and unmatched by the status alone, whose time does move; both reasons say Matched', () => {
  for (const source of [releasePlan, releasePlanAdmission]) {
    const plan = (value: string, clock: string) =>
      object(source, { status: status('Matched', value, 'Matched', clock) })
    assert.deepEqual(keys(source, plan('True', '41:00')), [`matched/${ms('41:00')}`])
    assert.deepEqual(keys(source, plan('False', '42:00')), [`unmatched/${ms('42:00')}`])
    assert.deepEqual(keys(source, plan('True', '43:00')), [`matched/${ms('43:00')}`])
    assert.deepEqual(keys(source, plan('Unknown', '43:00')), [])
    const [milestone] = told(source, plan('False', '42:00'))
    assert.deepEqual([milestone?.reason, milestone?.message, milestone?.details], [undefined, undefined, undefined])
  }
})

test('a policy tells each change by its generation, at the time of its spec, and once', () => {
  const spec = wrote('41:00', { 'f:spec': {} })
  const changed = (generation: unknown) =>
    object(enterpriseContractPolicy, {}, { generation, managedFields: [spec, wrote('50:00', { 'f:metadata': {} })] })
  for (const odd of [undefined, 1, 0, -3, 1.5, '7', null])
    assert.deepEqual(keys(enterpriseContractPolicy, changed(odd)), [], String(odd))
  assert.deepEqual(
    told(enterpriseContractPolicy, changed(7)).map(({ key, time, undated, details }) => [key, time, undated, details]),
    [['changed/7', ms('41:00'), true, { generation: 7 }]],
  )
})

test('a stream that fails for another reason is told again, though lastTransitionTime stays', () => {
  const source = projectDevelopmentStream
  const stream = (value: string, reason: string, written: string) =>
    object(
      source,
      { status: status('Ready', value, reason, '41:00') },
      { managedFields: [wrote(written, { 'f:status': {} })] },
    )
  assert.deepEqual(keys(source, stream('Unknown', 'ApplyingResources', '41:00')), [])
  const [first] = told(source, stream('False', 'TemplateFetchFailed', '41:00'))
  const [second] = told(source, stream('False', 'TemplateGenerationFailed', '44:00'))
  assert.deepEqual([first?.key, first?.time], [`failed/TemplateFetchFailed/${ms('41:00')}`, ms('41:00')])
  assert.deepEqual([second?.key, second?.time], [`failed/TemplateGenerationFailed/${ms('41:00')}`, ms('44:00')])
  assert.deepEqual(keys(source, stream('True', 'NoTemplate', '45:00')), [`ready/NoTemplate/${ms('41:00')}`])
})

test('an update check is processed by its annotation, at the time of who wrote it', () => {
  const name = 'mintmaker.appstudio.redhat.com/processed'
  const owner = wrote('41:00', { 'f:metadata': { 'f:annotations': { [`f:${name}`]: {} } } })
  const check = (value: unknown) =>
    object(
      dependencyUpdateCheck,
      { spec: { namespaces: [{ namespace: 'of-somebody-else' }] } },
      { annotations: { [name]: value }, managedFields: [owner, wrote('50:00', {})] },
    )
  for (const odd of ['false', 'yes', true, null]) assert.deepEqual(keys(dependencyUpdateCheck, check(odd)), [])
  assert.deepEqual(
    told(dependencyUpdateCheck, check('true')).map(({ key, time }) => [key, time]),
    [['processed', ms('41:00')]],
  )
  assert.equal(JSON.stringify(dependencyUpdateCheck.remains(check('true'))).includes('of-somebody-else'), false)
})
