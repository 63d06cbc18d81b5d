import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import type { KubeObject } from '../../src/api/object.ts'
import { snapshot } from '../../src/sources/konflux-snapshot.ts'
import type { Milestone, Projection } from '../../src/sources/source.ts'

const annotation = 'test.appstudio.openshift.io/status'
const at = (clock: string) => `2026-03-03T${clock}Z`
const ms = (clock: string) => Date.parse(at(clock))

type Given = {
  tests?: unknown
  conditions?: unknown[]
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

const object = ({ tests, conditions, labels, annotations }: Given): KubeObject => ({
  apiVersion: 'appstudio.redhat.com/v1alpha1',
  kind: 'Snapshot',
  metadata: {
    name: 'shop-1',
    namespace: 'shop-tenant',
    uid: 'u-1',
    resourceVersion: '7',
    creationTimestamp: at('09:00:00'),
    ...(labels && { labels }),
    annotations: {
      ...annotations,
      ...(tests !== undefined && { [annotation]: typeof tests === 'string' ? tests : JSON.stringify(tests) }),
    },
  },
  spec: { application: 'shop', components: [] },
  ...(conditions && { status: { conditions } }),
})

const entry = (scenario: string, status: string, more: Record<string, unknown> = {}) => ({
  scenario,
  status,
  lastUpdateTime: at('09:05:00.250'),
  details: status,
  ...more,
})
const started = { startTime: at('09:00:02.125'), testPipelineRunName: 'run-1' }
const ended = { ...started, completionTime: at('09:05:00.250') }

const condition = (type: string, status: string, reason: string, clock: string | undefined, message = reason) => ({
  type,
  status,
  reason,
  message,
  ...(clock !== undefined && { lastTransitionTime: at(clock) }),
})
const integration = (status: string, reason: string, clock = '09:05:00') =>
  condition('AppStudioIntegrationStatus', status, reason, clock)
const verdict = (status: string, reason: string, clock = '09:05:00') =>
  condition('AppStudioTestSucceeded', status, reason, clock)

const told = (given: Given): string[] =>
  snapshot
    .milestones(object(given))
    .map(({ key }) => key)
    .filter((key) => key !== 'created')

const start = ms('09:00:02.125')
const verdictAt = ms('09:05:00')

test('each state of a scenario, and what it tells', () => {
  const table: [status: string, more: Record<string, unknown>, keys: string[]][] = [
    ['Pending', {}, [`test-queued/ec/${ms('09:05:00.250')}`]],
    ['InProgress', started, [`test-started/ec/${start}`]],
    ...['TestPassed', 'TestWarning', 'TestFail', 'TestInvalid', 'Deleted'].map(
      (status): [string, Record<string, unknown>, string[]] => [
        status,
        ended,
        [`test-started/ec/${start}`, `test-finished/ec/${start}/${status}`],
      ],
    ),
    ['TestInvalid', { completionTime: at('09:05:00') }, [`test-finished/ec/${ms('09:05:00')}/TestInvalid`]],
    ['TestInvalid', {}, [`test-finished/ec/${ms('09:05:00.250')}/TestInvalid`]],
    // Of builds, deprecated, or of a version to come: passed over, and so is what is not spelt like any.
    ...['BuildPLRInProgress', 'SnapshotCreationFailed', 'BuildPLRFailed', 'GroupSnapshotCreationFailed'].map(
      (status): [string, Record<string, unknown>, string[]] => [status, {}, []],
    ),
    ['EnvironmentProvisionError', {}, []],
    ['Paused', {}, []],
    ['testpassed', {}, []],
    ['constructor', {}, []],
  ]
  for (const [status, more, keys] of table) {
    const given = { tests: [entry('ec', status, more)] }
    assert.deepEqual(told(given), keys, status)
    assert.deepEqual(snapshot.unreadable?.(object(given)), [], status)
  }
})

test('a test’s end says how it ended, of which scenario and run, and whether it counts', () => {
  const outcomes = { TestPassed: 'success', TestWarning: 'success', TestFail: 'failure', TestInvalid: 'error' }
  for (const [status, outcome] of Object.entries({ ...outcomes, Deleted: 'cancelled' })) {
    const [finished] = snapshot
      .milestones(object({ tests: [entry('ec', status, { ...ended, isOptionalScenario: true, details: 'a\r\nb' })] }))
      .filter(({ name }) => name === 'test-finished')
    assert.deepEqual(finished, {
      name: 'test-finished',
      key: `test-finished/ec/${start}/${status}`,
      class: 'derived',
      time: ms('09:05:00.250'),
      rank: 30,
      outcome,
      reason: status,
      message: 'a b',
      details: { scenario: 'ec', optional: true, run: 'run-1' },
    })
  }
})

test('the order of scenarios says nothing, and one that vanishes takes back what it told', () => {
  const [one, two] = [entry('ec', 'TestPassed', ended), entry('e2e', 'InProgress', started)]
  const sorted = (given: Given) => told(given).toSorted()
  assert.deepEqual(sorted({ tests: [one, two] }), sorted({ tests: [two, one] }))
  assert.deepEqual(told({ tests: [two] }), [`test-started/e2e/${start}`])
  assert.deepEqual(told({ tests: [] }), [])
  assert.deepEqual(told({ tests: [one, { ...one, details: 'the same scenario once more' }] }).length, 2)
})

test('verdicts by their conditions, new names and old; the scenario’s end goes before within a second', () => {
  const passed = [`passed/${verdictAt}`]
  const failed = [`failed/${verdictAt}`]
  const old = (status: string) => condition('HACBSStudioTestSucceeded', status, 'Passed', '09:05:00')
  const table: [what: string, conditions: unknown[], keys: string[]][] = [
    ['finished, verdict to come', [integration('True', 'Finished')], []],
    ['passed', [integration('True', 'Finished'), verdict('True', 'Passed')], passed],
    ['no required scenarios: passed at once', [verdict('True', 'Passed')], passed],
    ['failed', [integration('True', 'Finished'), verdict('False', 'Failed')], failed],
    ['taken back', [integration('Unknown', 'InProgress'), verdict('Unknown', 'InProgress')], []],
    ['old name', [old('True')], passed],
    ['both names: the new one counts', [old('True'), verdict('False', 'Failed')], failed],
    ['canceled', [integration('True', 'Canceled')], [`canceled/${verdictAt}`]],
    ['invalid', [integration('False', 'Invalid')], [`invalid/${verdictAt}`]],
    ['errored, as it is spelt there', [integration('False', 'ErrorOccured')], [`errored/${verdictAt}`]],
    ['another reason of False', [integration('False', 'Paused')], []],
    ['AutoReleased is always True', [condition('AutoReleased', 'True', 'AutoReleased', '09:05:01')], []],
    ['no time', [{ type: 'AppStudioTestSucceeded', status: 'True', reason: 'Passed' }], ['passed']],
    ['no status', [{ type: 'AppStudioTestSucceeded', reason: 'Passed' }], []],
  ]
  for (const [what, conditions, keys] of table) assert.deepEqual(told({ conditions }), keys, what)
  const [, , test, passedThen] = snapshot.milestones(
    object({ tests: [entry('ec', 'TestPassed', ended)], conditions: [verdict('True', 'Passed')] }),
  )
  assert.deepEqual([test?.time, passedThen?.time, passedThen?.name], [verdictAt + 250, verdictAt + 250, 'passed'])
})

test('what is older than the Snapshot was copied from another, and is not told', () => {
  const long = { startTime: at('08:00:00'), completionTime: at('08:10:00'), lastUpdateTime: at('08:10:00') }
  const ahead = { lastUpdateTime: at('08:59:58') }
  assert.deepEqual(told({ tests: [entry('ec', 'TestPassed', long)] }), [])
  assert.deepEqual(told({ tests: [entry('ec', 'Pending', ahead)] }), [`test-queued/ec/${ms('08:59:58')}`])
  const built = {
    'test.appstudio.openshift.io/create-snapshot-status': '{"status":"failed","message":"not yet signed"}',
    'build.appstudio.openshift.io/status': '{"pac":{"state":"error","error-id":52}}',
    'chains.tekton.dev/signed': 'failed',
  }
  assert.deepEqual(told({ annotations: built }), [])
})

test('an annotation that can’t be read is counted, and all else is told', () => {
  const conditions = [verdict('True', 'Passed')]
  const good = entry('ec', 'TestPassed', ended)
  const table: [what: string, tests: unknown, broken: boolean, keys: number][] = [
    ['no JSON', '[{"scenario":"ec"', true, 0],
    ['an object', { scenario: 'ec' }, true, 0],
    ['a text', '"TestPassed"', true, 0],
    ['a number', '7', true, 0],
    ['entries that are none', [null, 7, 'ec', [], good], true, 2],
    ['no scenario', [{ ...good, scenario: '' }], true, 0],
    ['a scenario that is no text', [{ ...good, scenario: { a: 1 } }], true, 0],
    ['no status', [{ scenario: 'ec' }], true, 0],
    ['no time that its status needs', [{ scenario: 'ec', status: 'TestPassed' }, good], true, 2],
    ['a time that is none', [{ ...good, startTime: 'soon', completionTime: 7, lastUpdateTime: '' }], true, 0],
    ['nested very deeply', `${'['.repeat(50_000)}${']'.repeat(50_000)}`, true, 0],
    ['null', 'null', false, 0],
    ['empty', '', false, 0],
    ['no entries', '[]', false, 0],
  ]
  for (const [what, tests, broken, keys] of table) {
    const given = object({ tests, conditions })
    const problems = snapshot.unreadable?.(given) ?? []
    assert.equal(problems.length, broken ? 1 : 0, what)
    if (broken) {
      assert.deepEqual(
        [problems[0]?.milestone, problems[0]?.others],
        ['test-finished', ['test-queued', 'test-started']],
      )
      assert.doesNotMatch(problems[0]?.message ?? '', /ec|soon|TestPassed/)
    }
    assert.equal(told({ tests, conditions }).length, keys + 1, what)
    assert.ok(told({ tests, conditions }).includes(`passed/${verdictAt}`), what)
  }
})

test('whatever stands in the texts, what is told of them is short, legal and one line', () => {
  const odd = `${'x'.repeat(5000)}\u0000\ud800`
  const milestones = snapshot.milestones(
    object({ tests: [entry(odd, 'TestFail', { ...ended, details: odd, testPipelineRunName: odd })] }),
  )
  for (const milestone of milestones) assert.ok(JSON.stringify(milestone).length < 4096)
  const texts = milestones.flatMap(({ message, details = {} }) => [message ?? '', ...Object.values(details)])
  for (const one of texts.filter((value) => typeof value === 'string'))
    assert.ok(one.length <= 1024 && one.isWellFormed() && !/\p{Cc}/u.test(one))
})

const decided = { conditions: [integration('True', 'Finished'), verdict('True', 'Passed')] }
const undecided = {
  conditions: [integration('Unknown', 'InProgress', '10:00:00'), verdict('Unknown', 'InProgress', '10:00:00')],
}

test('a rerun is asked for where a verdict was and is no more; never of the first tests, nor from one state alone', () => {
  const again = `rerun-requested/${ms('10:00:00')}`
  const half = { conditions: [integration('Unknown', 'InProgress', '10:00:00'), verdict('True', 'Passed')] }
  const table: [what: string, before: Given | undefined, now: Given, keys: string[]][] = [
    ['both conditions', decided, undecided, [again]],
    ['one of them', decided, half, [again]],
    ['the other one after it', half, undecided, []],
    ['the first tests', {}, undecided, []],
    ['still decided', decided, decided, []],
    ['decided anew, unseen between', decided, { conditions: [verdict('False', 'Failed', '11:00:00')] }, []],
    ['from one state alone', undefined, undecided, []],
  ]
  for (const [what, before, now, keys] of table) {
    const previous: Projection | undefined = before && snapshot.project(object(before))
    const stored = previous && JSON.parse(JSON.stringify(previous))
    assert.deepEqual(
      snapshot.transitions(stored, object(now)).map(({ key }) => key),
      keys,
      what,
    )
  }
  const asked = object({ ...undecided, labels: { 'test.appstudio.openshift.io/run': 'ec' } })
  assert.deepEqual(snapshot.transitions({ decided: true }, asked)[0]?.details, { scenario: 'ec' })
})

test('a verdict that comes again is another milestone; one that still stands is the same', () => {
  const again = told({ conditions: [verdict('True', 'Passed', '10:05:00')] })
  assert.notDeepEqual(told(decided), again)
  assert.deepEqual(told(decided), told({ ...decided, labels: { later: 'yes' } }))
})

// Objects of a real cluster, and a life written after it: beside the repository, where they are.
const shared = join(import.meta.dirname, '../../../shared/data/konflux')
const skip = existsSync(shared) ? false : 'no sample objects: ../shared/data/konflux is not there'

test('a Snapshot of a real cluster tells its whole life', { skip }, () => {
  const real = parse(readFileSync(join(shared, 'e2e-run/snapshot-testrepo-app-20260304-074628-000.yaml'), 'utf8'))
  const scenario = 'testrepo-app-enterprise-contract'
  const [from, verdictThen] = [Date.parse('2026-03-04T07:49:28.198Z'), Date.parse('2026-03-04T07:49:50Z')]
  assert.deepEqual(
    snapshot.milestones(real).map(({ key, time }) => `${key} ${new Date(time).toISOString()}`),
    [
      'created 2026-03-04T07:49:27.000Z',
      `test-started/${scenario}/${from} 2026-03-04T07:49:28.198Z`,
      `test-finished/${scenario}/${from}/TestPassed 2026-03-04T07:49:50.723Z`,
      `passed/${verdictThen} 2026-03-04T07:49:50.723Z`,
    ],
  )
  assert.deepEqual(snapshot.unreadable?.(real), [])
})

test('the synthetic life of a Snapshot, state by state', { skip }, () => {
  const states: Record<string, unknown>[] = parse(
    readFileSync(join(shared, 'synthetic/snapshot-lifecycle.yaml'), 'utf8'),
  )
  const told = new Set<string>()
  const steps: Record<string, string[]> = {}
  let previous: Projection | undefined
  let now: KubeObject = {
    ...object({}),
    metadata: { ...object({}).metadata, creationTimestamp: '2026-03-04T07:49:27Z' },
  }
  for (const { at: step, annotations, labels, conditions } of states) {
    const metadata = { ...now.metadata, ...(annotations ? { annotations } : {}), ...(labels ? { labels } : {}) }
    now = { ...now, metadata, ...(conditions ? { status: { conditions } } : {}) } as KubeObject
    const news = [...snapshot.milestones(now), ...snapshot.transitions(previous, now)].filter(isNew)
    steps[String(step).split(' ')[0] ?? ''] = news.map(({ key }) => key)
    previous = snapshot.project(now)
  }
  function isNew({ key }: Milestone): boolean {
    const isFirst = !told.has(key)
    told.add(key)
    return isFirst
  }
  const time = (clock: string) => Date.parse(`2026-03-04T${clock}Z`)
  assert.deepEqual(steps, {
    created: ['created'],
    tests: [`test-queued/ec/${time('07:49:27')}`, `test-queued/e2e/${time('07:49:27')}`],
    running: [`test-started/ec/${time('07:49:28')}`],
    failed: [
      `test-started/e2e/${time('07:49:51')}`,
      `test-finished/ec/${time('07:49:28')}/TestFail`,
      `test-finished/e2e/${time('07:49:51')}/TestPassed`,
      `failed/${time('07:50:50')}`,
    ],
    rerun: [`rerun-requested/${time('08:00:00')}`],
    passed: [`passed/${time('08:01:00')}`],
  })
})
