import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { KubeObject } from '../../src/api/object.ts'
import { toldSources as sources } from '../../src/catalogue/told.ts'
import type { Projection } from '../../src/sources/source.ts'

const params = { numRuns: 500, seed: Number(process.env.SEED ?? Date.now() & 0x7fffffff) }

/** Runs a property with its seed in the message of a failure (`SEED=<n>` repeats it). */
const check = (property: fc.IPropertyWithHooks<[Record<string, unknown>]>) => fc.assert(property, params)

const now = Date.parse('2026-03-04T09:00:00Z')

/** All that a source does with an object; the milestones that it told. */
function exercise(object: unknown, previous?: Projection) {
  const odd = object as KubeObject
  return Object.values(sources).map((source) => {
    const milestones = source.milestones(odd)
    const transitions = source.transitions(previous, odd)
    const projection = source.project(odd)
    assert.deepEqual(source.transitions(projection, odd), [], 'nothing has changed against its own projection')
    assert.equal(JSON.stringify(projection).length < 2048, true, 'a projection is small')
    const ended = source.endedAt(odd)
    const finished = milestones.find((milestone) => milestone.name === 'finished')
    assert.equal(ended, source.lasts ? undefined : finished?.time, 'finished is told of just the ended')
    const names = new Set(source.catalogue.map((row) => row.name))
    for (const milestone of [...milestones, ...transitions]) {
      assert.ok(names.has(milestone.name), milestone.name)
      assert.ok(milestone.time > 0 && Number.isFinite(milestone.time))
      assert.ok(milestone.rank >= 0 && milestone.rank <= 99)
    }
    for (const { milestone, message } of source.unreadable?.(odd) ?? []) {
      assert.ok(names.has(milestone), milestone)
      assert.ok(message.length < 256)
    }
    const remains = source.remains(odd)
    assert.equal(JSON.stringify(remains ?? {}).length < 32_768, true, 'remains are small')
    const deletions = [
      source.deletion(odd, { at: now, missed: false }),
      remains && source.deletion(remains, { at: now, missed: true }),
    ]
    for (const deletion of deletions) {
      assert.equal(deletion === undefined, ended !== undefined, 'deleted is told of just those that have not ended')
      for (const { time, rank } of deletion ? [...milestones, ...transitions] : [])
        assert.ok(deletion && time <= deletion.time && rank < deletion.rank, 'nothing follows the deletion')
    }
    const keys = [...milestones, ...transitions].map((milestone) => milestone.key)
    assert.equal(new Set(keys).size, keys.length, 'keys are unique')
    const ranks = milestones.map((milestone) => milestone.rank)
    assert.deepEqual(
      ranks,
      ranks.toSorted((a, b) => a - b),
      'milestones come in order of rank',
    )
    return milestones
  })
}

const time = fc.constantFrom(
  '2026-03-04T07:46:28Z',
  '2026-03-04T07:50:00.123456Z',
  '0001-01-01T00:00:00Z',
  'soon',
  '',
  null,
  7,
)
const reason = fc.constantFrom(
  'Started',
  'Running',
  'Pending',
  'Failed',
  'Cancelled',
  'Progressing',
  'Skipped',
  '',
  '__proto__',
  null,
  {},
)
const orJunk = <T>(good: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 8, arbitrary: good }, { weight: 1, arbitrary: fc.jsonValue() })
const condition = orJunk(
  fc.record(
    {
      type: fc.constantFrom(
        'Succeeded',
        'Succeeded',
        'Ready',
        'Matched',
        'Released',
        'Validated',
        'ManagedPipelineProcessed',
        null,
      ),
      status: fc.constantFrom('True', 'False', 'Unknown', 'true', true, null),
      reason,
      message: orJunk(fc.string()),
      lastTransitionTime: time,
    },
    { requiredKeys: [] },
  ),
)
const attempt = { startTime: time, completionTime: time, conditions: orJunk(fc.array(condition, { maxLength: 3 })) }
const managedAttempt = { ...attempt, status: reason, failureReason: orJunk(fc.string()), lastTask: orJunk(fc.string()) }
const skippedTask = orJunk(
  fc.record({ name: orJunk(fc.constantFrom('a', 'b', '', '__proto__')), reason: orJunk(reason) }),
)
const reference = fc.constantFrom(
  'q.io/a:1',
  `q.io/a@sha256:${'a'.repeat(64)}`,
  `sha256:${'b'.repeat(64)}`,
  '{"result":"FAILURE"}',
)
const result = orJunk(
  fc.record({
    name: orJunk(
      fc.constantFrom('IMAGE_URL', 'IMAGE_DIGEST', 'IMAGES', 'ARTIFACT_OUTPUTS', 'TEST_OUTPUT', '__proto__'),
    ),
    value: orJunk(reference),
  }),
)
const status = fc.record(
  {
    ...attempt,
    results: orJunk(fc.array(result, { maxLength: 6 })),
    retriesStatus: orJunk(fc.array(orJunk(fc.record(attempt, { requiredKeys: [] })), { maxLength: 3 })),
    skippedTasks: orJunk(fc.array(skippedTask, { maxLength: 4 })),
    managedPipelineAttempts: orJunk(
      fc.array(orJunk(fc.record(managedAttempt, { requiredKeys: [] })), { maxLength: 3 }),
    ),
    validation: orJunk(fc.record({ time, failedPostValidation: orJunk(fc.boolean()) }, { requiredKeys: [] })),
  },
  { requiredKeys: [] },
)
const metadata = fc.record(
  {
    creationTimestamp: time,
    generation: orJunk(fc.integer()),
    labels: orJunk(
      fc.record({
        'pipelines.appstudio.openshift.io/type': orJunk(fc.constantFrom('build', 'build', 'test', 'managed')),
      }),
    ),
    annotations: orJunk(
      fc.record(
        {
          'chains.tekton.dev/signed': fc.constantFrom('true', 'failed', true),
          'test.appstudio.openshift.io/kind': orJunk(fc.constant('enterprise-contract')),
          'test.appstudio.openshift.io/create-snapshot-status': orJunk(
            fc.constantFrom('{"status":"failed","message":7}', '{"status":"failed","message":"x"}', '[]', '{'),
          ),
        },
        { requiredKeys: [] },
      ),
    ),
    finalizers: fc.jsonValue(),
    managedFields: orJunk(fc.array(orJunk(fc.record({ time, fieldsV1: fc.jsonValue() })), { maxLength: 3 })),
  },
  { requiredKeys: [] },
)

test('any JSON object is read without throwing', () => {
  const object = fc.dictionary(
    fc.oneof(fc.constantFrom('metadata', 'status'), fc.string()),
    fc.jsonValue({ maxDepth: 4 }),
  )
  check(fc.property(object, (value) => void exercise(value)))
})

test('anything that looks like a run is read without throwing, with unique keys, in order', () => {
  const object = fc.record({ metadata: orJunk(metadata), status: orJunk(status) }, { requiredKeys: [] })
  check(fc.property(object, (value) => void exercise(value)))
})

const oddText = fc.oneof(fc.constantFrom('ec', 'e2e', '', '__proto__', 'x'.repeat(4000), 'a\u0000b\ud800'), fc.string())
const scenarioTest = orJunk(
  fc.record(
    {
      scenario: orJunk(oddText),
      status: orJunk(fc.constantFrom('Pending', 'InProgress', 'TestFail', 'TestPassed', 'Deleted', 'BuildPLRFailed')),
      lastUpdateTime: time,
      startTime: time,
      completionTime: time,
      details: orJunk(oddText),
      testPipelineRunName: orJunk(oddText),
      isOptionalScenario: orJunk(fc.boolean()),
    },
    { requiredKeys: [] },
  ),
)
const pac = fc.record(
  {
    state: orJunk(fc.constantFrom('enabled', 'disabled', 'error')),
    'configuration-time': orJunk(fc.constantFrom('Tue, 03 Mar 2026 10:44:06 UTC', 'soon')),
    'error-id': orJunk(fc.constantFrom(0, 52, -1, 1.5, 1e300)),
    'error-message': orJunk(oddText),
  },
  { requiredKeys: [] },
)
const asText = (value: fc.Arbitrary<unknown>) =>
  orJunk(
    fc.oneof(
      value.map((one) => JSON.stringify(one)),
      oddText,
    ),
  )
const konfluxMetadata = fc.record(
  {
    creationTimestamp: time,
    labels: orJunk(fc.record({ 'test.appstudio.openshift.io/run': orJunk(oddText) })),
    annotations: orJunk(
      fc.record(
        {
          'test.appstudio.openshift.io/status': asText(orJunk(fc.array(scenarioTest, { maxLength: 4 }))),
          'build.appstudio.openshift.io/status': asText(orJunk(fc.record({ pac: orJunk(pac) }))),
        },
        { requiredKeys: [] },
      ),
    ),
    managedFields: orJunk(
      fc.array(orJunk(fc.record({ time, fieldsV1: orJunk(fc.constant({ 'f:status': { 'f:state': {} } })) })), {
        maxLength: 3,
      }),
    ),
  },
  { requiredKeys: [] },
)
const konfluxCondition = orJunk(
  fc.record({
    type: fc.constantFrom(
      'AppStudioTestSucceeded',
      'AppStudioIntegrationStatus',
      'HACBSStudioTestSucceeded',
      'IntegrationTestScenarioValid',
    ),
    status: fc.constantFrom('True', 'False', 'Unknown', 'true', null),
    reason: orJunk(fc.constantFrom('Passed', 'Finished', 'Canceled', 'Invalid', 'ErrorOccured', '__proto__')),
    message: orJunk(oddText),
    lastTransitionTime: time,
  }),
)
const image = orJunk(
  fc.constantFrom(`registry.example.com/a@sha256:${'0'.repeat(64)}`, 'registry.example.com/a', 'a b'),
)
const konfluxStatus = fc.record(
  {
    conditions: orJunk(fc.array(konfluxCondition, { maxLength: 4 })),
    lastPromotedImage: image,
    state: orJunk(fc.constantFrom('waiting', 'ready', 'failed', 'damaged', 'missing', 'x'.repeat(4000))),
    message: orJunk(oddText),
    versions: orJunk(
      fc.array(
        orJunk(
          fc.record(
            {
              name: orJunk(oddText),
              'onboarding-status': orJunk(fc.constantFrom('succeeded', 'failed')),
              'onboarding-time': orJunk(fc.constantFrom('03 Mar 2026 10:44:06 UTC', 'soon')),
              message: orJunk(oddText),
            },
            { requiredKeys: [] },
          ),
        ),
        { maxLength: 3 },
      ),
    ),
    globalCandidateList: orJunk(
      fc.array(
        orJunk(
          fc.record(
            { name: orJunk(oddText), version: orJunk(oddText), lastPromotedImage: image },
            { requiredKeys: [] },
          ),
        ),
        { maxLength: 3 },
      ),
    ),
  },
  { requiredKeys: [] },
)

test('anything that looks like an object of Konflux is read without throwing, whatever was before', () => {
  const object = fc.record({ metadata: orJunk(konfluxMetadata), status: orJunk(konfluxStatus) }, { requiredKeys: [] })
  const previous = fc.record(
    { decided: fc.boolean(), state: fc.constantFrom('ready', 'missing') },
    { requiredKeys: [] },
  )
  const pair = fc.record({ object, previous })
  check(
    fc.property(pair, (given) => {
      const { object, previous } = given as { object: unknown; previous: Projection }
      for (const milestones of exercise(object, previous))
        for (const milestone of milestones) assert.ok(JSON.stringify(milestone).length < 8192, milestone.key)
    }),
  )
})

test('keys named __proto__ stay plain keys', () => {
  const object = JSON.parse(`{
    "__proto__": {"status": {"conditions": []}},
    "metadata": {"name": "a", "creationTimestamp": "2026-03-04T07:46:28Z", "annotations": {"__proto__": {"chains.tekton.dev/signed": "true"}}},
    "status": {"__proto__": {"startTime": "2026-03-04T07:46:28Z"}, "completionTime": "2026-03-04T07:46:30Z",
      "conditions": [{"__proto__": null, "type": "Succeeded", "status": "True", "reason": "__proto__"}]}}`)
  const [taskRun] = exercise(object)
  assert.deepEqual(
    taskRun?.map((milestone) => milestone.key),
    ['queued', 'finished'],
  )
  assert.equal(Object.hasOwn(Object.prototype, 'startTime'), false)
})

test('a status of 1 MiB gives small milestones', () => {
  const long = 'x'.repeat(1 << 20)
  const conditions = [{ type: 'Succeeded', status: 'False', reason: long, message: long }]
  const object = {
    metadata: { name: 'a', creationTimestamp: '2026-03-04T07:46:28Z' },
    status: { startTime: long, completionTime: long, conditions, skippedTasks: [{ name: long, reason: long }] },
  }
  for (const [index, milestones] of exercise(object).entries()) {
    const { lasts } = Object.values(sources)[index] ?? {}
    assert.ok(lasts || milestones.some((milestone) => milestone.name === 'finished'))
    for (const milestone of milestones) assert.ok(JSON.stringify(milestone).length < 4096)
  }
})
