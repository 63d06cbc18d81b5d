import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import { helmRelease } from '../../src/sources/flux-helmrelease.ts'
import { sourceFor } from '../../src/sources/index.ts'
import type { Projection } from '../../src/sources/source.ts'

const at = (clock: string) => `2026-11-20T${clock}Z`
const ms = (clock: string) => Date.parse(at(clock))

const condition = (type: string, status: string, reason: string, clock: string, message = reason) => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: at(clock),
  observedGeneration: 1,
})

type Entry = Record<string, unknown>

const entry = (
  version: number,
  status: string,
  action: string | undefined,
  clock: string,
  more: Entry = {},
): Entry => ({
  digest: `sha256:${version}`,
  name: 'shop',
  namespace: 'team-a',
  version,
  status,
  ...(action && { action }),
  chartName: 'shop',
  chartVersion: `1.${version}.0`,
  configDigest: 'sha256:c',
  firstDeployed: at('09:00:00'),
  lastDeployed: at(clock),
  ...more,
})

function release(status: Record<string, unknown>, over: Record<string, unknown> = {}): KubeObject {
  const { metadata, spec } = over as { metadata?: object; spec?: object }
  return {
    apiVersion: 'helm.toolkit.fluxcd.io/v2',
    kind: 'HelmRelease',
    metadata: {
      name: 'shop',
      namespace: 'team-a',
      uid: 'u-1',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: at('08:00:00'),
      ...metadata,
    },
    spec: { chartRef: { kind: 'OCIRepository', name: 'shop' }, ...spec },
    status,
  }
}

const keys = (object: KubeObject) =>
  helmRelease
    .milestones(object)
    .map(({ key }) => key)
    .filter((key) => key !== 'created')

const first = entry(1, 'deployed', 'install', '09:00:00')
const good = (reason: string, clock: string) => [
  condition('Ready', 'True', reason, clock),
  condition('Released', 'True', reason, clock),
]
const bad = (reason: string, clock: string) => [
  condition('Ready', 'False', reason, clock),
  condition('Released', 'False', reason, clock),
]
const [v1, v2] = [`1/${ms('09:00:00')}`, `2/${ms('10:00:00')}`]

const states: [what: string, status: Record<string, unknown>, expected: string[]][] = [
  ['nothing yet', { observedGeneration: -1 }, []],
  [
    'an upgrade that runs',
    { history: [first], conditions: [condition('Ready', 'Unknown', 'Progressing', '10:00:00')] },
    [`installed/${v1}`],
  ],
  [
    'a condition that claims an upgrade that the history does not have',
    { history: [first], conditions: good('UpgradeSucceeded', '10:00:00') },
    [`installed/${v1}`],
  ],
  [
    'a condition that tells of a failure before the history does',
    { history: [first], conditions: bad('UpgradeFailed', '10:00:09') },
    [`installed/${v1}`],
  ],
  [
    'a failure that Helm stored nothing of, by its count',
    {
      history: [first],
      failures: 1,
      lastAttemptedGeneration: 4,
      lastAttemptedRevision: '1.2.0',
      conditions: bad('UpgradeFailed', '10:00:09'),
    },
    [`installed/${v1}`, 'upgrade-failed/unstored/g4-1.2.0-7928b351'],
  ],
  [
    'the same while it is tried again',
    {
      history: [first],
      failures: 1,
      conditions: [
        condition('Ready', 'Unknown', 'Progressing', '10:01:00'),
        condition('Released', 'False', 'UpgradeFailed', '10:00:09'),
      ],
    },
    [`installed/${v1}`],
  ],
  [
    'a release that is locked is neither',
    { history: [first], failures: 1, conditions: bad('PendingRelease', '10:00:09') },
    [`installed/${v1}`],
  ],
  ['an install that is pending', { history: [entry(1, 'pending-install', 'install', '09:00:00')] }, []],
  [
    'of what is superseded nothing',
    { history: [entry(2, 'deployed', 'upgrade', '10:00:00'), entry(1, 'superseded', undefined, '09:00:00')] },
    [`upgraded/${v2}`],
  ],
  [
    'Ready that hides the upgrade behind its tests',
    {
      history: [entry(2, 'deployed', 'upgrade', '10:00:00')],
      conditions: [
        condition('Ready', 'True', 'TestSucceeded', '10:05:00'),
        condition('Released', 'True', 'UpgradeSucceeded', '10:00:00'),
      ],
    },
    [`upgraded/${v2}`],
  ],
  [
    'a rollback, with Ready False and Remediated True',
    {
      history: [
        entry(3, 'deployed', 'rollback', '10:05:00'),
        entry(2, 'failed', 'upgrade', '10:00:00'),
        entry(1, 'superseded', 'rollback', '09:00:00'),
      ],
      conditions: [
        condition('Ready', 'False', 'RollbackSucceeded', '10:05:01'),
        condition('Released', 'False', 'UpgradeFailed', '10:04:59'),
        condition('Remediated', 'True', 'RollbackSucceeded', '10:05:01'),
      ],
    },
    [`upgrade-failed/${v2}`, `rolled-back/3/${ms('10:05:00')}`],
  ],
  [
    'a rollback that is what is wanted now, and claims an upgrade',
    {
      history: [
        entry(3, 'deployed', 'rollback', '10:05:00'),
        entry(2, 'failed', 'upgrade', '10:00:00'),
        entry(1, 'superseded', 'rollback', '09:00:00'),
      ],
      conditions: good('UpgradeSucceeded', '11:00:00'),
    },
    [`upgrade-failed/${v2}`, `rolled-back/3/${ms('10:05:00')}`],
  ],
  [
    'a rollback that an older controller says nothing of',
    {
      history: [
        entry(3, 'deployed', undefined, '10:05:00', { chartVersion: '1.1.0' }),
        entry(2, 'failed', undefined, '10:00:00'),
        first,
      ],
    },
    [`installed/${v1}`, `upgrade-failed/${v2}`, `rolled-back/3/${ms('10:05:00')}`],
  ],
  [
    'an upgrade after a failure, of an older controller',
    { history: [entry(3, 'deployed', undefined, '10:05:00'), entry(2, 'failed', undefined, '10:00:00'), first] },
    [`installed/${v1}`, `upgraded/3/${ms('10:05:00')}`, `upgrade-failed/${v2}`],
  ],
  [
    'an upgrade that failed, and was superseded by the rollback that failed',
    {
      history: [
        entry(3, 'failed', 'rollback', '10:05:00'),
        entry(2, 'superseded', 'rollback', '10:00:00'),
        entry(1, 'superseded', 'rollback', '09:00:00'),
      ],
      conditions: [
        condition('Ready', 'False', 'RollbackFailed', '10:06:00'),
        condition('Released', 'False', 'UpgradeFailed', '10:04:59'),
        condition('Remediated', 'False', 'RollbackFailed', '10:06:00'),
      ],
    },
    [`upgrade-failed/${v2}`, `rollback-failed/3/${ms('10:05:00')}`],
  ],
  [
    'a remediation by uninstall keeps the failure',
    {
      history: [entry(1, 'uninstalling', 'uninstall-remediation', '09:00:00', { deleted: at('09:06:00') })],
      conditions: [
        condition('Ready', 'False', 'InstallFailed', '09:05:00'),
        condition('Released', 'False', 'InstallFailed', '09:05:00'),
        condition('Remediated', 'True', 'UninstallSucceeded', '09:06:00'),
      ],
    },
    [`install-failed/${v1}`, `uninstalled/${v1}`],
  ],
  [
    'another target: the history is cleared',
    { conditions: bad('UninstallSucceeded', '12:00:00') },
    [`uninstalled/${ms('12:00:00')}`],
  ],
]

for (const [what, status, expected] of states)
  test(`HelmRelease: ${what}`, () => assert.deepEqual(keys(release(status)), expected))

const hook = (phase: string, clock?: string) => ({
  phase,
  lastStarted: at('10:01:00'),
  ...(clock && { lastCompleted: at(clock) }),
})

const hooks: [what: string, testHooks: unknown, expected: string[]][] = [
  ['none looked at', undefined, []],
  ['none there', {}, [`tests-passed/2/${ms('10:00:00')}`]],
  ['one runs', { a: hook('Succeeded', '10:02:00'), b: hook('Running') }, []],
  ['one has not begun', { a: hook('Succeeded', '10:02:00'), b: hook('') }, []],
  [
    'all passed',
    { a: hook('Succeeded', '10:02:00'), b: hook('Succeeded', '10:03:00') },
    [`tests-passed/2/${ms('10:03:00')}`],
  ],
  [
    'one failed, and those after it never run',
    { a: hook('Failed', '10:02:00'), b: hook('Unknown') },
    [`tests-failed/2/${ms('10:02:00')}`],
  ],
  ['a hook that is null', { a: null }, []],
  ['no map', ['Succeeded'], []],
]

for (const [what, testHooks, expected] of hooks)
  test(`test hooks: ${what}`, () => {
    const history = [entry(2, 'deployed', 'upgrade', '10:00:00', { testHooks })]
    const claims = [condition('TestSuccess', 'False', 'TestFailed', '10:04:00')]
    const told = keys(release({ history, conditions: claims })).filter((key) => key.startsWith('tests'))
    assert.deepEqual(told, expected)
  })

/** What a life tells besides the derived: name and incident of each transition, state by state. */
function changes(objects: KubeObject[]): string[] {
  let previous: Projection | undefined
  return objects.flatMap((object) => {
    const told = helmRelease
      .transitions(previous, object)
      .map(({ name, details }) => `${name} ${details?.incident ?? ''}`.trim())
    previous = helmRelease.project(object, { wants: () => true, previous })
    return told
  })
}

const ready = (clock = '09:00:00') => release({ history: [first], conditions: good('InstallSucceeded', clock) })
const failing = (reason: string, clock: string, generation = 1, message = reason) =>
  release(
    {
      history: [first],
      conditions: [{ ...condition('Ready', 'False', reason, clock, message), observedGeneration: generation }],
    },
    { metadata: { generation } },
  )
const trying = (clock: string) =>
  release({ history: [first], conditions: [condition('Ready', 'Unknown', 'Progressing', clock)] })

const courses: [what: string, states: KubeObject[], expected: string[]][] = [
  ['the first sight is where it begins', [failing('ValuesError', '09:10:00')], []],
  [
    'a failure is told once, however it is retried',
    [ready(), failing('ValuesError', '09:10:00'), trying('09:11:00'), failing('ValuesError', '09:11:01', 1, 'again')],
    ['failed g1-ValuesError'],
  ],
  [
    'its end has its name',
    [ready(), failing('ValuesError', '09:10:00'), ready('09:20:00')],
    ['failed g1-ValuesError', 'recovered g1-ValuesError'],
  ],
  [
    'the same failure comes again',
    [ready(), failing('ValuesError', '09:10:00'), ready('09:20:00'), failing('ValuesError', '09:30:00')],
    ['failed g1-ValuesError', 'recovered g1-ValuesError', 'failed g1-ValuesError'],
  ],
  [
    'another generation fails anew, and both end',
    [ready(), failing('ValuesError', '09:10:00'), failing('ValuesError', '09:20:00', 2), ready('09:30:00')],
    ['failed g1-ValuesError', 'failed g2-ValuesError', 'recovered g1-ValuesError', 'recovered g2-ValuesError'],
  ],
  [
    'a wait is no failure',
    [ready(), failing('DependencyNotReady', '09:10:00'), failing('SourceNotReady', '09:11:00'), ready('09:20:00')],
    [],
  ],
  [
    'a reconciliation at each interval is silent',
    [ready(), trying('09:10:00'), ready('09:10:01'), trying('09:20:00'), ready('09:20:01')],
    [],
  ],
  [
    'suspended and resumed',
    [
      ready(),
      release({}, { spec: { suspend: true }, metadata: { generation: 2 } }),
      release({}, { metadata: { generation: 3 } }),
    ],
    ['suspended', 'resumed'],
  ],
  [
    'drift that stays is told once',
    [
      ready(),
      ...['09:10:00', '09:20:00'].map((clock) =>
        release({ conditions: [condition('Drifted', 'True', 'DriftDetected', clock)] }),
      ),
      release({ conditions: [condition('Drifted', 'False', 'NoDriftDetected', '09:30:00')] }),
    ],
    ['drifted', 'drift-corrected'],
  ],
]

for (const [what, objects, expected] of courses)
  test(`HelmRelease, state by state: ${what}`, () => assert.deepEqual(changes(objects), expected))

test('after a rollback and a fix, the recovery has the incident of the failed upgrade, once', () => {
  const wanted = { lastAttemptedRevision: '1.2.0', lastAttemptedConfigDigest: 'sha256:c' }
  const failed = entry(2, 'failed', 'upgrade', '10:00:00')
  const back = entry(3, 'deployed', 'rollback', '10:05:00')
  const old = entry(1, 'superseded', 'rollback', '09:00:00')
  const rolledBack = release({
    ...wanted,
    history: [back, failed, old],
    conditions: [
      condition('Ready', 'False', 'RollbackSucceeded', '10:05:01'),
      condition('Remediated', 'True', 'RollbackSucceeded', '10:05:01'),
    ],
  })
  const fixed = release({ history: [back, failed, old], conditions: good('UpgradeSucceeded', '11:00:00') })
  const next = release({
    history: [back, failed, old],
    conditions: [condition('Ready', 'Unknown', 'Progressing', '12:00:00')],
  })
  const incident = helmRelease.milestones(rolledBack).find(({ name }) => name === 'upgrade-failed')?.details?.incident
  assert.deepEqual(changes([ready(), rolledBack, fixed, next, fixed]), [`recovered ${incident}`])
})

test('another desired state that fails with the same words is news, though Released keeps its time; retries are not', () => {
  const attempt = (generation: number, readyAt: string) =>
    release({
      history: [entry(1, 'deployed', 'install', '09:00:00')],
      failures: generation,
      lastAttemptedGeneration: generation,
      lastAttemptedRevision: '1.2.0',
      lastAttemptedConfigDigest: `sha256:${generation}`,
      conditions: [
        condition('Ready', 'False', 'UpgradeFailed', readyAt, 'no such template'),
        condition('Released', 'False', 'UpgradeFailed', '10:00:00', 'no such template'),
      ],
    })
  const [first, retry, next] = [attempt(2, '10:00:00'), attempt(2, '10:10:00'), attempt(3, '11:00:00')].map((object) =>
    helmRelease.milestones(object).find(({ name }) => name === 'upgrade-failed'),
  )
  assert.deepEqual([first?.key, first?.undated], [retry?.key, true])
  assert.notEqual(next?.key, first?.key)
  assert.equal(next?.time, ms('11:00:00'))
})

test('a deletion says whether the release went with it, also where it was missed', () => {
  const gone = { at: ms('13:00:00'), missed: false }
  const cases: [KubeObject, boolean][] = [
    [ready(), true],
    [release({ history: [first] }, { spec: { suspend: true } }), false],
    [release({}), false],
    [release({ history: [first], conditions: bad('UninstallFailed', '12:00:00') }), false],
    [
      release(
        { history: [first], conditions: bad('UninstallSucceeded', '12:00:00') },
        { metadata: { deletionTimestamp: at('12:00:00') } },
      ),
      true,
    ],
  ]
  const kept = { ...first, status: 'uninstalled', deleted: at('12:00:00') }
  cases.push([
    release(
      { history: [kept], conditions: bad('UninstallSucceeded', '12:00:00') },
      { metadata: { deletionTimestamp: at('12:00:00') } },
    ),
    true,
  ])
  for (const [object, uninstalled] of cases) {
    assert.deepEqual(helmRelease.deletion(object, gone)?.details, { uninstalled })
    const remains = helmRelease.remains(object) ?? assert.fail()
    assert.deepEqual(helmRelease.deletion(remains, { ...gone, missed: true })?.details, { missed: true, uninstalled })
  }
})

test('a release that was rolled back is not told as good, though Released says so once its spec is what runs again', () => {
  const history = [
    entry(3, 'deployed', 'rollback', '11:00:00'),
    entry(2, 'superseded', 'rollback', '10:00:00'),
    entry(1, 'superseded', undefined, '09:00:00'),
  ]
  const conditions = [
    condition('Ready', 'True', 'UpgradeSucceeded', '12:00:00'),
    condition('Released', 'True', 'UpgradeSucceeded', '12:00:00'),
  ]
  assert.deepEqual(keys(release({ history, conditions })), [`rolled-back/3/${ms('11:00:00')}`])
})

test('an uninstall that leaves Helm’s history is no remediation', () => {
  const kept = { ...first, status: 'uninstalled', deleted: at('12:00:00') }
  const status = { history: [kept], conditions: bad('UninstallSucceeded', '12:00:00') }
  const going = release(status, { metadata: { deletionTimestamp: at('12:00:00') } })
  assert.deepEqual(keys(going), [])
  assert.deepEqual(keys(release(status)), [`uninstalled/${ms('12:00:00')}`])
})

test('of an object that goes, `deleted` tells of the uninstall', () => {
  const going = release(
    { history: [first], conditions: bad('UninstallSucceeded', '12:00:00') },
    { metadata: { deletionTimestamp: at('12:00:00') } },
  )
  assert.deepEqual(keys(going), [`installed/${v1}`])
})

test('v2beta2 is read as well, whose history has no action', () => {
  const object = {
    ...release({ history: [entry(1, 'deployed', undefined, '09:00:00')] }),
    apiVersion: 'helm.toolkit.fluxcd.io/v2beta2',
  }
  assert.equal(sourceFor(object), helmRelease)
  assert.deepEqual(keys(object), [`installed/${v1}`])
})

const folder = join(import.meta.dirname, '../../../shared/data/flux/objects')
const composed: Readonly<Record<string, string[]>> = {
  'gitrepository-ready': ['artifact-stored'],
  'helmrelease-drifted': ['installed', 'upgraded', 'tests-passed'],
  'helmrelease-install-failed-retrying': ['install-failed'],
  'helmrelease-installed': ['installed'],
  'helmrelease-upgrade-failed-rolled-back': ['installed', 'upgrade-failed', 'rolled-back'],
  'helmrelease-upgraded-tested': ['installed', 'upgraded', 'tests-passed'],
  'helmrelease-upgrading': ['installed'],
  'kustomization-healthcheck-failed': [],
  'kustomization-progressing': ['applied'],
  'kustomization-ready': ['applied'],
}

test('the objects of the facts tell just these', {
  skip: existsSync(folder) ? false : 'the facts are not here',
}, () => {
  for (const [name, expected] of Object.entries(composed)) {
    const object: KubeObject = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'))
    const source = sourceFor(object) ?? assert.fail(name)
    assert.deepEqual(
      source.milestones(object).map((milestone) => milestone.name),
      expected,
      name,
    )
  }
})
