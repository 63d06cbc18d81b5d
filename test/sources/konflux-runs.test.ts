import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import type { Milestone } from '../../src/sources/source.ts'
import { pipelineRun, taskRun } from '../../src/sources/tekton.ts'

type Map = Record<string, unknown>

const type = 'pipelines.appstudio.openshift.io/type'
const signed = 'chains.tekton.dev/signed'
const snapshotStatus = 'test.appstudio.openshift.io/create-snapshot-status'
const snapshot = 'appstudio.openshift.io/snapshot'
const finalizer = 'test.appstudio.openshift.io/pipelinerun'
const policy = { 'test.appstudio.openshift.io/kind': 'enterprise-contract' }
const at = (clock: string) => `2026-03-04T07:${clock}Z`
const digest = (digit: string) => `sha256:${digit.repeat(64)}`

const ending = (status: string, reason: string, more: Map = {}) => ({
  startTime: at('46:29'),
  completionTime: at('49:21'),
  conditions: [{ type: 'Succeeded', status, reason, message: 'm', lastTransitionTime: at('49:21') }],
  ...more,
})
const succeeded = (more: Map = {}) => ending('True', 'Completed', more)
const results = (values: Map) => ({ results: Object.entries(values).map(([name, value]) => ({ name, value })) })
const image = results({ IMAGE_URL: 'quay.io/team/app:1.0', IMAGE_DIGEST: digest('a') })

type Given = { labels?: Map; annotations?: Map; status?: Map; metadata?: Map; kind?: string }

const run = ({ labels, annotations, status, metadata, kind = 'PipelineRun' }: Given) =>
  ({
    apiVersion: 'tekton.dev/v1',
    kind,
    metadata: {
      name: 'a',
      namespace: 'team-a',
      uid: 'u-1',
      creationTimestamp: at('46:28'),
      labels: { [type]: 'build', ...labels },
      annotations,
      ...metadata,
    },
    ...(status && { status }),
  }) as unknown as KubeObject

const sourceOf = ({ kind }: KubeObject) => (kind === 'TaskRun' ? taskRun : pipelineRun)

/** What Konflux makes of it: keys with outcomes. */
function konflux(given: Given): string[] {
  const object = run(given)
  const own = new Set(sourceOf(object).catalogue.flatMap(({ name, event }) => (event ? [name] : [])))
  const isOwn = ({ name }: Milestone) => own.has(name)
  return sourceOf(object)
    .milestones(object)
    .filter(isOwn)
    .map(({ key, outcome }) => [key, outcome].filter(Boolean).join(' '))
}

const named = (given: Given, name: string): Milestone | undefined =>
  sourceOf(run(given))
    .milestones(run(given))
    .find((milestone) => milestone.name === name)

const unreadable = (given: Given) =>
  sourceOf(run(given))
    .unreadable?.(run(given))
    .map(({ key, milestone }) => [key, milestone])

describe('the label of the type decides', () => {
  // All that a build may have on it.
  const annotations = { ...policy, [signed]: 'true', [snapshotStatus]: '{"status":"failed","message":"x"}' }
  const status = succeeded(image)
  const cases: [what: string, labels: Map, expected: string[]][] = [
    [
      'a build, old label',
      { [type]: 'build' },
      [
        'build-queued',
        'build-started',
        'build-finished success',
        `artifact-published/${digest('a')}`,
        `artifact-signed/${digest('a')}`,
        'snapshot-failed',
      ],
    ],
    ['a test', { [type]: 'test' }, ['policy-evaluated']],
    ['a managed run', { [type]: 'managed' }, []],
    ['a tenant run', { [type]: 'tenant' }, []],
    ['a final run', { [type]: 'final' }, []],
    ['collectors', { [type]: 'managed-collectors' }, []],
    ['a type that nobody knows', { [type]: 'bake' }, []],
    ['no type', { [type]: undefined }, []],
    [
      'a nudge',
      { [type]: undefined, 'build.appstudio.redhat.com/type': 'nudge' },
      ['nudge-started', 'nudge-finished success'],
    ],
    [
      'an update',
      { [type]: undefined, 'mintmaker.appstudio.redhat.com/component': 'c' },
      ['update-started', 'update-finished success'],
    ],
  ]
  for (const [what, labels, expected] of cases)
    test(what, () => assert.deepEqual(konflux({ labels, annotations, status }), expected))

  test('the new label says the same as the old one', () => {
    const both = [{ [type]: 'build' }, { [type]: undefined, 'pipelines.konflux-ci.dev/type': 'build' }]
    const [old, now] = both.map((labels) => konflux({ labels, annotations, status }))
    assert.deepEqual(old, now)
  })
})

describe('a build', () => {
  const cases: [what: string, status: Map | undefined, expected: string[]][] = [
    ['just created', undefined, ['build-queued']],
    [
      'held in a queue',
      { conditions: [{ type: 'Succeeded', status: 'Unknown', reason: 'PipelineRunPending' }] },
      ['build-queued'],
    ],
    ['started', { startTime: at('46:29') }, ['build-queued', 'build-started']],
    ['failed', ending('False', 'Failed'), ['build-queued', 'build-started', 'build-finished failure']],
    [
      'failed after its image was pushed',
      ending('False', 'Failed', image),
      ['build-queued', 'build-started', 'build-finished failure'],
    ],
    ['timed out', ending('False', 'PipelineRunTimeout'), ['build-queued', 'build-started', 'build-finished timeout']],
    [
      'cancelled before it started',
      ending('False', 'Cancelled', { startTime: undefined }),
      ['build-queued', 'build-finished cancelled'],
    ],
    ['not resolved', ending('False', 'CouldntGetPipeline'), ['build-queued', 'build-started', 'build-finished error']],
    ['without an image', succeeded(), ['build-queued', 'build-started', 'build-finished success']],
  ]
  for (const [what, status, expected] of cases)
    test(what, () => assert.deepEqual(konflux({ ...(status && { status }) }), expected))

  test('what it tells has the times and places of what Tekton tells of the same moments', () => {
    const object = run({ status: succeeded(image), annotations: { [signed]: 'true' } })
    const places = new Map(pipelineRun.milestones(object).map(({ name, time, rank }) => [name, [time, rank]]))
    for (const [one, other] of [
      ['build-queued', 'queued'],
      ['build-started', 'started'],
      ['build-finished', 'finished'],
      ['artifact-published', 'finished'],
      ['artifact-signed', 'signed'],
    ])
      assert.deepEqual(places.get(one ?? ''), places.get(other ?? ''), one)
  })

  test('that is deleted tells no end, only that it is gone, and keeps whose it was', () => {
    const going = run({
      labels: { 'appstudio.openshift.io/component': 'cart' },
      annotations: { 'build.appstudio.redhat.com/commit_sha': 'a'.repeat(40) },
      status: { startTime: at('46:29') },
    })
    const remains = pipelineRun.remains(going)
    assert.equal(remains?.metadata.labels?.['appstudio.openshift.io/component'], 'cart')
    assert.equal(remains?.metadata.annotations?.['build.appstudio.redhat.com/commit_sha'], 'a'.repeat(40))
    for (const object of [going, remains ?? assert.fail()]) {
      assert.equal(pipelineRun.deletion(object, { at: 1, missed: false })?.name, 'deleted')
      const names = pipelineRun.milestones(object).map(({ name }) => name)
      assert.deepEqual(names, ['queued', 'build-queued', 'started', 'build-started'])
    }
  })

  test('keeps whose it was among any number of labels and annotations', () => {
    const many = (prefix: string) =>
      Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`${prefix}${n}`, 'x'.repeat(60)]))
    const metadata = {
      labels: { ...many('a'), [type]: 'build', 'appstudio.openshift.io/application': 'shop' },
      annotations: { ...many('b'), 'build.konflux-ci.dev/version': 'v1', 'operator-sdk/primary-resource': 'a/b' },
    }
    const { labels, annotations } = pipelineRun.remains(run({ metadata }))?.metadata ?? {}
    assert.equal(labels?.['appstudio.openshift.io/application'], 'shop')
    assert.equal(annotations?.['build.konflux-ci.dev/version'], 'v1')
    assert.equal(annotations?.['operator-sdk/primary-resource'], 'a/b')
  })

  test('that has ended and is pruned tells nothing', () => {
    const object = run({ status: succeeded(image) })
    assert.equal(pipelineRun.deletion(object, { at: 1, missed: false }), undefined)
    assert.equal(pipelineRun.remains(object), undefined)
  })
})

describe('a signature', () => {
  const cases: [what: string, annotations: Map, status: Map | undefined, expected: string[]][] = [
    ['of an image', { [signed]: 'true' }, succeeded(image), [`artifact-signed/${digest('a')}`]],
    ['that failed', { [signed]: 'failed' }, succeeded(image), ['signing-failed']],
    ['that failed, of a build without images', { [signed]: 'failed' }, succeeded(), ['signing-failed']],
    ['of a build that failed', { [signed]: 'true' }, ending('False', 'Failed', image), []],
    ['that failed, of a build that failed', { [signed]: 'failed' }, ending('False', 'Failed'), ['signing-failed']],
    ['of what still runs', { [signed]: 'true' }, { startTime: at('46:29') }, []],
    ['that failed, of what still runs', { [signed]: 'failed' }, undefined, []],
    ['of another word', { [signed]: 'yes' }, succeeded(image), []],
  ]
  for (const [what, annotations, status, expected] of cases)
    test(what, () => {
      const told = konflux({ annotations, ...(status && { status }) })
      assert.deepEqual(
        told.filter((key) => key.startsWith('artifact-signed') || key === 'signing-failed'),
        expected,
      )
    })

  test('has the time of its annotation’s owner', () => {
    const managedFields = [
      { time: at('49:30'), fieldsV1: { 'f:metadata': { 'f:annotations': { [`f:${signed}`]: {} } } } },
    ]
    const given = { status: succeeded(image), metadata: { managedFields, annotations: { [signed]: 'true' } } }
    assert.equal(named(given, 'artifact-signed')?.time, Date.parse(at('49:30')))
  })
})

describe('no snapshot of a build', () => {
  const waiting = `{"status":"failed","message":"Failed to create snapshot. Error: not processing the pipelineRun because it's not yet signed with Chains"}`
  const failed = '{"status":"failed","message":"Failed to create snapshot. Error: Missing info IMAGE_DIGEST"}'
  const cases: [what: string, annotations: Map, told: boolean, finalizers?: string[], status?: Map][] = [
    ['nothing is said yet', { [signed]: 'true' }, false],
    ['a healthy build before it is signed', { [snapshotStatus]: waiting }, false, [finalizer]],
    ['a healthy build just signed', { [signed]: 'true', [snapshotStatus]: waiting }, false, [finalizer]],
    ['the same, whose end came before anybody saw it', { [signed]: 'true', [snapshotStatus]: waiting }, false],
    ['it is tried again', { [signed]: 'true', [snapshotStatus]: failed }, false, [finalizer]],
    ['given up', { [signed]: 'true', [snapshotStatus]: failed }, true],
    [
      'given up, other finalizers left',
      { [signed]: 'true', [snapshotStatus]: failed },
      true,
      ['chains.tekton.dev/pipelinerun'],
    ],
    ['given up where Chains failed', { [signed]: 'failed', [snapshotStatus]: failed }, true],
    ['a failure said of what is not signed', { [snapshotStatus]: failed }, false],
    ['a snapshot came of it after all', { [signed]: 'true', [snapshotStatus]: failed, [snapshot]: 's-1' }, false],
    ['success', { [signed]: 'true', [snapshotStatus]: '{"status":"success","message":"x"}', [snapshot]: 's-1' }, false],
    [
      'of a build that failed none is made',
      { [signed]: 'true', [snapshotStatus]: failed },
      false,
      [],
      ending('False', 'Failed'),
    ],
    ['of a build that runs', { [signed]: 'true', [snapshotStatus]: failed }, false, [], { startTime: at('46:29') }],
  ]
  for (const [what, annotations, told, finalizers = [], status = succeeded(image)] of cases)
    test(what, () => {
      const found = konflux({ annotations, metadata: { annotations, finalizers }, status })
      assert.equal(found.includes('snapshot-failed'), told)
    })

  test('says why, as one line', () => {
    const annotations = { [signed]: 'true', [snapshotStatus]: '{"status":"failed","message":"quota\\nexceeded"}' }
    assert.equal(named({ annotations, status: succeeded() }, 'snapshot-failed')?.message, 'quota exceeded')
  })

  test('that nobody can read is a problem, and no event', () => {
    for (const value of ['soon', '[]', '7', '"failed"', 'null', '{', 'x'.repeat(70_000)]) {
      const given = { annotations: { [signed]: 'true', [snapshotStatus]: value }, status: succeeded(image) }
      assert.equal(named(given, 'snapshot-failed'), undefined)
      assert.deepEqual(unreadable(given), [['create-snapshot-status', 'snapshot-failed']])
      assert.deepEqual(unreadable({ ...given, labels: { [type]: 'managed' } }), [])
    }
  })
})

describe('a policy', () => {
  const output = (result: unknown) => results({ TEST_OUTPUT: JSON.stringify({ result, successes: 2, failures: 1 }) })
  const cases: [what: string, status: Map, expected: string[]][] = [
    ['kept', succeeded(output('SUCCESS')), ['policy-evaluated success']],
    ['kept with warnings', succeeded(output('WARNING')), ['policy-evaluated success']],
    ['skipped', succeeded(output('SKIPPED')), ['policy-evaluated success']],
    ['not kept, by a run that succeeded', succeeded(output('FAILURE')), ['policy-evaluated failure']],
    ['in error, by a run that succeeded', succeeded(output('ERROR')), ['policy-evaluated error']],
    [
      'of a run that failed, whatever it said',
      ending('False', 'Failed', output('SUCCESS')),
      ['policy-evaluated failure'],
    ],
    ['of a run that timed out', ending('False', 'PipelineRunTimeout'), ['policy-evaluated timeout']],
    ['of a run that succeeded and says nothing: nobody knows', succeeded(), ['policy-evaluated']],
    ['of a run that succeeded and says something else', succeeded(output('PERHAPS')), ['policy-evaluated']],
    [
      'by the old name',
      succeeded(results({ HACBS_TEST_OUTPUT: '{"result":"FAILURE"}' })),
      ['policy-evaluated failure'],
    ],
    ['of a run that goes on', { startTime: at('46:29'), ...output('SUCCESS') }, []],
  ]
  for (const [what, status, expected] of cases)
    test(what, () => assert.deepEqual(konflux({ labels: { [type]: 'test' }, annotations: policy, status }), expected))

  test('is only evaluated where the run says so', () => {
    const status = succeeded(output('SUCCESS'))
    assert.deepEqual(konflux({ labels: { [type]: 'test' }, status }), [])
    const other = { 'test.appstudio.openshift.io/kind': 'performance' }
    assert.deepEqual(konflux({ labels: { [type]: 'test' }, annotations: other, status }), [])
    assert.deepEqual(konflux({ labels: { [type]: 'managed' }, annotations: policy, status }), [])
  })

  test('whose verdict nobody can read is told without one, and a problem', () => {
    const given = { labels: { [type]: 'test' }, annotations: policy, status: succeeded(output('PERHAPS')) }
    assert.deepEqual(unreadable(given), [['test-output', 'policy-evaluated']])
    assert.equal(named(given, 'policy-evaluated')?.details, undefined)
  })
})

describe('a test case', () => {
  const of = (values: Map, status = succeeded(results(values)), labels: Map = {}): Given => ({
    kind: 'TaskRun',
    labels,
    status,
  })
  const said = (result: string) => JSON.stringify({ result, successes: 0, failures: 3, warnings: 1, note: 'secret\n' })
  const cases: [what: string, given: Given, expected: string[]][] = [
    ['passed', of({ TEST_OUTPUT: said('SUCCESS') }), ['test-case-finished success']],
    ['failed, by a TaskRun that succeeded', of({ TEST_OUTPUT: said('FAILURE') }), ['test-case-finished failure']],
    ['in error', of({ TEST_OUTPUT: said('ERROR') }), ['test-case-finished error']],
    ['by the old name', of({ HACBS_TEST_OUTPUT: said('WARNING') }), ['test-case-finished success']],
    [
      'under both names: the new one',
      of({ HACBS_TEST_OUTPUT: said('SUCCESS'), TEST_OUTPUT: said('FAILURE') }),
      ['test-case-finished failure'],
    ],
    [
      'passed, by a TaskRun that failed then',
      of({}, ending('False', 'TaskRunTimeout', results({ TEST_OUTPUT: said('SUCCESS') }))),
      ['test-case-finished timeout'],
    ],
    ['not of other results', of({ SCAN_OUTPUT: '{}' }), []],
    ['not of an empty one', of({ TEST_OUTPUT: ' \n' }), []],
    [
      'not of a TaskRun that is none of Konflux’s',
      of({ TEST_OUTPUT: said('SUCCESS') }, undefined, { [type]: undefined }),
      [],
    ],
    [
      'not of a TaskRun that runs',
      of({}, { startTime: at('46:29'), ...results({ TEST_OUTPUT: said('SUCCESS') }) } as never),
      [],
    ],
  ]
  for (const [what, given, expected] of cases) test(what, () => assert.deepEqual(konflux(given), expected))

  test('tells its counts and none of its free text', () => {
    const { details } = named(of({ TEST_OUTPUT: said('FAILURE') }), 'test-case-finished') ?? {}
    assert.deepEqual(details, { result: 'FAILURE', successes: 0, failures: 3, warnings: 1 })
    const odd = '{"result":"SUCCESS","successes":"2","failures":-1,"warnings":1.5}'
    assert.deepEqual(named(of({ TEST_OUTPUT: odd }), 'test-case-finished')?.details, { result: 'SUCCESS' })
  })

  test('that nobody can read is a problem, and no event', () => {
    for (const value of ['passed', '{"result":"success"}', '{}', '[]', 'null', '{"result"', [1], 'x'.repeat(20_000)]) {
      const given = of({ TEST_OUTPUT: value })
      assert.deepEqual([konflux(given), unreadable(given)], [[], [['test-output', 'test-case-finished']]])
      assert.ok(!JSON.stringify(taskRun.unreadable?.(run(given))).includes('passed'))
    }
  })
})

describe('nudges and updates', () => {
  const nudge = { [type]: undefined, 'build.appstudio.redhat.com/type': 'nudge' }
  const update = { [type]: undefined, 'mintmaker.appstudio.redhat.com/namespace': 'team-b' }

  test('tell whose they are', () => {
    const annotations = { 'build.appstudio.redhat.com/nudging-component': 'cart' }
    assert.deepEqual(named({ labels: nudge, annotations, status: succeeded() }, 'nudge-finished')?.details, {
      component: 'cart',
    })
    assert.deepEqual(named({ labels: update, status: succeeded() }, 'update-started')?.details, { namespace: 'team-b' })
  })

  test('leave out what is no name', () => {
    const annotations = { 'build.appstudio.redhat.com/nudging-component': 'cart\nce-type: x' }
    const told = named({ labels: nudge, annotations, status: succeeded() }, 'nudge-finished')
    assert.deepEqual([told?.outcome, told?.details], ['success', undefined])
  })
})

test('a run that Konflux did not label tells what Tekton tells, and there is nothing to read', () => {
  const given = {
    labels: { [type]: undefined },
    annotations: { ...policy, [signed]: 'true' },
    status: succeeded(image),
  }
  assert.deepEqual(konflux(given), [])
  assert.deepEqual(unreadable(given), [])
})
