import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { KubeObject } from '../../src/api/object.ts'
import { ociRepository } from '../../src/sources/flux-artifacts.ts'
import { helmRelease } from '../../src/sources/flux-helmrelease.ts'
import { kustomization } from '../../src/sources/flux-kustomization.ts'
import { sources } from '../../src/sources/index.ts'
import type { Projection, Source } from '../../src/sources/source.ts'

const at = (clock: string) => `2026-11-20T${clock}Z`

function object(kind: string, status: unknown, spec: object = {}): KubeObject {
  const metadata = { name: 'shop', namespace: 'team-a', uid: 'u-1', resourceVersion: '1', generation: 1 }
  const { group, version } = sources[kind] ?? assert.fail(kind)
  return {
    apiVersion: `${group}/${version}`,
    kind,
    metadata: { ...metadata, creationTimestamp: at('08:00:00') },
    spec,
    status,
  } as KubeObject
}

const ready = (status: string, reason: string, clock: string) => [
  { type: 'Ready', status, reason, message: reason, lastTransitionTime: at(clock), observedGeneration: 1 },
]

const done = (revision: string, digest: string, clock: string, count = 1) => ({
  digest: `sha256:${digest}`,
  firstReconciled: at('09:00:00'),
  lastReconciled: at(clock),
  lastReconciledStatus: 'ReconciliationSucceeded',
  totalReconciliations: count,
  metadata: { revision },
})

const applied = (clock: string, ...history: object[]) =>
  object('Kustomization', { history, conditions: ready('True', 'ReconciliationSucceeded', clock) })
const failing = (reason: string, clock: string, lastAttemptedRevision: string, ...history: object[]) =>
  object('Kustomization', { lastAttemptedRevision, history, conditions: ready('False', reason, clock) })

/** Names of what each state tells that was not told before, in order. */
function course(source: Source, states: readonly KubeObject[]): string[] {
  const seen = new Set<string>()
  let previous: Projection | undefined
  return states.flatMap((state) => {
    const told = [...source.milestones(state), ...source.transitions(previous, state)].filter(
      ({ key, name }) => name !== 'created' && !seen.has(key),
    )
    for (const { key } of told) seen.add(key)
    previous = source.project(state, { wants: () => true, previous })
    return told.map(({ name, details }) => `${name} ${details?.revision ?? details?.incident ?? ''}`.trim())
  })
}

const [a, b] = [done('main@sha1:a', 'a', '09:00:00'), done('main@sha1:b', 'b', '10:00:00')]

const courses: [what: string, states: KubeObject[], expected: string[]][] = [
  [
    'the interval is silent',
    [applied('09:00:00', a), applied('09:10:00', { ...a, lastReconciled: at('09:10:00'), totalReconciliations: 2 })],
    ['applied main@sha1:a'],
  ],
  [
    'a new revision with new manifests',
    [applied('09:00:00', a), applied('10:00:00', b, a)],
    ['applied main@sha1:a', 'applied main@sha1:b'],
  ],
  [
    'a new revision that changes nothing',
    [applied('09:00:00', a), applied('10:00:00', done('main@sha1:c', 'a', '10:00:00', 2))],
    ['applied main@sha1:a', 'applied main@sha1:c'],
  ],
  [
    'what was before comes again',
    [
      applied('09:00:00', a),
      applied('10:00:00', b, a),
      applied('11:00:00', { ...a, lastReconciled: at('11:00:00') }, b),
    ],
    ['applied main@sha1:a', 'applied main@sha1:b', 'reverted main@sha1:a'],
  ],
  [
    'nobody saw what was before: it is new when it comes again',
    [applied('10:00:00', b, a), applied('11:00:00', { ...a, lastReconciled: at('11:00:00') }, b)],
    ['applied main@sha1:b', 'applied main@sha1:a'],
  ],
  [
    'a health check that fails, is retried, and passes',
    [
      applied('09:00:00', a),
      failing('HealthCheckFailed', '10:00:00', 'main@sha1:b', a),
      object('Kustomization', { history: [a], conditions: ready('Unknown', 'Progressing', '10:01:00') }),
      failing('HealthCheckFailed', '10:02:00', 'main@sha1:b', a),
      applied('10:10:00', { ...b, lastReconciled: at('10:10:00') }, a),
    ],
    [
      'applied main@sha1:a',
      'health-failed g1-HealthCheckFailed-c35ae6b6',
      'applied main@sha1:b',
      'recovered g1-HealthCheckFailed-c35ae6b6',
    ],
  ],
  [
    'each revision that fails is told',
    [applied('09:00:00', a), failing('BuildFailed', '10:00:00', 'b', a), failing('BuildFailed', '11:00:00', 'c', a)],
    ['applied main@sha1:a', 'failed g1-BuildFailed-62eaf1b8', 'failed g1-BuildFailed-6be0ad0c'],
  ],
  [
    'a dependency is waited for',
    [applied('09:00:00', a), failing('DependencyNotReady', '10:00:00', 'b', a)],
    ['applied main@sha1:a'],
  ],
]

for (const [what, states, expected] of courses)
  test(`Kustomization: ${what}`, () => {
    const told = course(kustomization, states).map((line) => line.replace(/-[0-9a-f]{8}$/, '-#'))
    assert.deepEqual(
      told,
      expected.map((line) => line.replace(/-[0-9a-f]{8}$/, '-#')),
    )
  })

test('what was applied last is told by what fails after it, too, and not as if it came again once it is mended', () => {
  const failed = { ...done('main@sha1:b', 'b', '10:00:00'), lastReconciledStatus: 'HealthCheckFailed' }
  assert.deepEqual(course(kustomization, [failing('HealthCheckFailed', '10:00:00', 'main@sha1:b', failed, a)]), [
    'applied main@sha1:a',
  ])
  const back = { ...a, lastReconciled: at('11:00:00'), totalReconciliations: 2 }
  assert.deepEqual(
    course(kustomization, [
      applied('09:00:00', a),
      failing('HealthCheckFailed', '10:00:00', 'main@sha1:b', failed, a),
      applied('11:00:00', back, failed),
    ]).filter((line) => !/health-failed|recovered/.test(line)),
    ['applied main@sha1:a'],
  )
})

test('the deletion of a Kustomization says whether it took what it had applied', () => {
  const cases: [spec: object, pruned: boolean][] = [
    [{ prune: true }, true],
    [{ prune: false }, false],
    [{}, false],
    [{ prune: true, suspend: true }, false],
    [{ prune: true, deletionPolicy: 'Orphan' }, false],
    [{ prune: false, deletionPolicy: 'Delete' }, true],
    [{ prune: false, deletionPolicy: 'MirrorPrune' }, false],
  ]
  for (const [spec, pruned] of cases) {
    const deletion = kustomization.deletion(object('Kustomization', {}, spec), { at: 1, missed: false })
    assert.equal(deletion?.details?.pruned, pruned, JSON.stringify(spec))
  }
})

const stored = (revision: string, clock: string) =>
  object('OCIRepository', {
    artifact: { revision, digest: `sha256:${revision}`, lastUpdateTime: at(clock) },
    conditions: ready('True', 'Succeeded', clock),
  })

test('an artifact that is stored again, as after a restart of source-controller, is silent; one that comes again is told', () => {
  const states = [stored('a', '09:00:00'), stored('a', '09:30:00'), stored('b', '10:00:00'), stored('a', '11:00:00')]
  assert.deepEqual(course(ociRepository, states), ['artifact-stored a', 'artifact-stored b', 'artifact-reverted a'])
})

const text = fc.oneof(
  fc.constantFrom(
    'deployed',
    'failed',
    'superseded',
    'uninstalling',
    'install',
    'upgrade',
    'rollback',
    '__proto__',
    '',
  ),
  fc.string(),
)
const clock = fc.constantFrom(at('09:00:00'), at('10:00:00'), '0001-01-01T00:00:00Z', 'soon', 7, null)
const orJunk = <T>(good: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 8, arbitrary: good }, { weight: 1, arbitrary: fc.jsonValue() })
const some = (fields: Record<string, fc.Arbitrary<unknown>>) => orJunk(fc.record(fields, { requiredKeys: [] }))
const aCondition = some({
  type: fc.constantFrom('Ready', 'Released', 'Remediated', 'TestSuccess', 'Drifted', 'SourceVerified'),
  status: fc.constantFrom('True', 'False', 'Unknown', 'maybe'),
  reason: orJunk(
    fc.constantFrom(
      'InstallFailed',
      'UpgradeFailed',
      'UninstallSucceeded',
      'UninstallFailed',
      'RollbackSucceeded',
      'ValuesError',
      'x y/z',
      '',
    ),
  ),
  message: orJunk(fc.string()),
  lastTransitionTime: clock,
  observedGeneration: orJunk(fc.integer()),
})
const anEntry = some({
  version: orJunk(fc.integer({ min: -1, max: 4 })),
  status: orJunk(text),
  action: orJunk(text),
  name: orJunk(text),
  chartName: orJunk(text),
  chartVersion: orJunk(text),
  configDigest: orJunk(text),
  firstDeployed: clock,
  lastDeployed: clock,
  deleted: clock,
  testHooks: orJunk(
    fc.dictionary(fc.string(), some({ phase: orJunk(fc.constantFrom('Succeeded', 'Failed')), lastCompleted: clock })),
  ),
  digest: orJunk(text),
  lastReconciled: clock,
  lastReconciledStatus: orJunk(fc.constantFrom('ReconciliationSucceeded', 'HealthCheckFailed')),
  metadata: some({ revision: orJunk(text) }),
})
const aStatus = some({
  history: orJunk(fc.array(anEntry, { maxLength: 6 })),
  conditions: orJunk(fc.array(aCondition, { maxLength: 5 })),
  artifact: some({ revision: orJunk(text), digest: orJunk(text), lastUpdateTime: clock }),
  failures: orJunk(fc.integer()),
  lastAttemptedRevision: orJunk(text),
})

test('anything that looks like an object of Flux is read without throwing, with unique keys, in order', () => {
  const seed = Number(process.env.SEED ?? Date.now() & 0x7fffffff)
  const flux = [helmRelease, kustomization, ociRepository]
  const property = fc.property(
    fc.constantFrom(...flux),
    aStatus,
    aStatus,
    orJunk(fc.constant({ suspend: true })),
    (source, one, other, spec) => {
      const [before, now] = [one, other].map((status) => ({ ...object(source.kind, status), spec }) as KubeObject)
      if (!before || !now) return
      const previous = source.project(before)
      const told = [...source.milestones(now), ...source.transitions(previous, now)]
      assert.equal(new Set(told.map(({ key }) => key)).size, told.length, 'keys are unique')
      const names = new Set(source.catalogue.map(({ name }) => name))
      for (const { name, time, key, details = {} } of told) {
        assert.ok(names.has(name) && time > 0 && Number.isFinite(time) && key.length < 1024)
        for (const value of Object.values(details)) assert.ok(['string', 'number', 'boolean'].includes(typeof value))
      }
      const kept = source.project(now, { wants: () => true, previous })
      assert.deepEqual(source.transitions(kept, now), [], 'nothing has changed against its own projection')
      assert.ok(JSON.stringify(kept).length < 4096)
      const deletion = source.deletion(now, { at: 1, missed: false }) ?? assert.fail('its deletion is always news')
      for (const { time } of source.milestones(now)) assert.ok(time <= deletion.time)
      source.remains(now)
    },
  )
  fc.assert(property, { numRuns: 2000, seed })
})
