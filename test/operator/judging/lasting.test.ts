import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject, ObjectMeta } from '../../../src/api/object.ts'
import { maxKeys } from '../../../src/operator/judging/ledger.ts'
import type { RouteInput } from '../../../src/operator/judging/routing.ts'
import { settleMs } from '../../../src/operator/judging/settled.ts'
import { watchGaps } from '../../../src/operator/recovery/continuity.ts'
import type { ObjectRecord } from '../../../src/outbox/outbox.ts'
import { of, see as seeRun, told } from '../routing.ts'
import { at, emitter, ms, sinceOf, sourceOf, stored } from '../scene.ts'

// Objects that come to no end: Snapshots, whose tests stand in an annotation, and Components, some states of which have no time.

const annotation = 'test.appstudio.openshift.io/status'

const snapshot = (tests: unknown, metadata: Partial<ObjectMeta> = {}, conditions: unknown[] = []): KubeObject => ({
  apiVersion: 'appstudio.redhat.com/v1alpha1',
  kind: 'Snapshot',
  metadata: {
    name: 'shop-1',
    namespace: 'team-a',
    uid: 'uid-snapshot',
    resourceVersion: '1',
    creationTimestamp: at(0),
    annotations: { [annotation]: typeof tests === 'string' ? tests : JSON.stringify(tests) },
    ...metadata,
  },
  spec: { application: 'shop' },
  status: { conditions },
})

const image = (digit: string) => `registry.example.com/shop/cart@sha256:${digit.repeat(64)}`

/** A Component that was promoted; its status was last written at `written`, for whatever it was. */
const component = (written: number, digit = 'a', metadata: Partial<ObjectMeta> = {}): KubeObject => ({
  apiVersion: 'appstudio.redhat.com/v1alpha1',
  kind: 'Component',
  metadata: {
    name: 'cart',
    namespace: 'team-a',
    uid: 'uid-component',
    resourceVersion: '1',
    creationTimestamp: at(0),
    managedFields: [
      {
        manager: 'manager',
        subresource: 'status',
        time: at(written),
        fieldsV1: { 'f:status': { 'f:lastPromotedImage': {} } },
      },
    ],
    ...metadata,
  },
  status: { lastPromotedImage: image(digit) },
})

const see = (object: KubeObject, given: Partial<RouteInput> & Pick<RouteInput, 'emitters'>) =>
  seeRun(object, { source: sourceOf(object.kind), ...given })

const passed = (second: number) => ({
  type: 'AppStudioTestSucceeded',
  status: 'True',
  reason: 'Passed',
  lastTransitionTime: at(second),
})

const test1 = (scenario: string) => ({
  scenario,
  status: 'TestPassed',
  lastUpdateTime: at(30),
  startTime: at(10),
  completionTime: at(30),
})

test('an annotation that can’t be read is counted once for each subscription that would hear of it; all else goes', () => {
  const all = emitter('all', { events: [{ kind: 'Snapshot' }] })
  const started = emitter('started', { events: [{ kind: 'Snapshot', milestones: ['test-started'] }] })
  const others = emitter('others', { events: [{ kind: 'Snapshot', milestones: ['created'] }] })
  const emitters = [all, started, others]
  const first = see(snapshot('[{"scenario": "token-hunter2"', {}, [passed(40)]), of(emitters))
  assert.deepEqual(told(first).toSorted(), ['created → qe', 'created → qe', 'passed → qe'])
  assert.deepEqual(
    first.formatErrors.map(({ emitter: { key }, milestone, problems }) => [key, milestone, problems[0]?.reason]),
    [
      ['team-a/all', 'test-finished', 'ObjectUnreadable'],
      ['team-a/started', 'test-started', 'ObjectUnreadable'],
    ],
  )
  assert.doesNotMatch(JSON.stringify(first.formatErrors.map(({ problems }) => problems)), /hunter2/)
  const invalid = first.counts.filter(({ counts }) => counts.invalid)
  assert.deepEqual(
    invalid.map(({ subscription, counts }) => [subscription, counts.invalid]),
    [
      ['team-a/all', 1],
      ['team-a/started', 1],
    ],
  )
  const record = stored(first.record)
  const again = see(snapshot('{', {}, [passed(40)]), of(emitters, { record }))
  assert.deepEqual([again.formatErrors, again.counts, again.rows, again.record], [[], [], [], undefined])
  const mended = see(snapshot([test1('ec')], {}, [passed(40)]), of(emitters, { record }))
  assert.deepEqual(told(mended).toSorted(), ['finished → qe', 'started → qe', 'started → qe'])
})

test('what is not selected is judged again for ten minutes after the milestone, not for ever', () => {
  const selector = { matchLabels: { team: 'a' } }
  const builds = emitter('builds', { events: [{ kind: 'Snapshot', milestones: ['created', 'passed'], selector }] })
  const plain = snapshot([], {}, [passed(40)])
  const { record } = see(plain, of([builds]))
  const labelled = snapshot([], { labels: { team: 'a' } }, [passed(40)])
  const cases: [phase: RouteInput['phase'], now: number, rows: string[]][] = [
    ['watch', ms(0) + settleMs, ['created → qe', 'passed → qe']],
    ['watch', ms(0) + settleMs + 1, ['passed → qe']],
    ['watch', ms(40) + settleMs + 1, []],
    ['list', ms(40) + settleMs + 1, ['created → qe', 'passed → qe']],
  ]
  for (const [phase, now, rows] of cases)
    assert.deepEqual(told(see(labelled, of([builds], { record, phase, now }))), rows, `${phase} ${now}`)
  const decidedAgain = snapshot([], { labels: { team: 'a' } }, [passed(4000)])
  assert.deepEqual(told(see(decidedAgain, of([builds], { record, now: ms(4001) }))), ['passed → qe'])
})

test('what has no time of its own is told when it is seen first, and later writes make no news of it', () => {
  const since = sinceOf({ 'uid-builds': ms(50) })
  const builds = emitter('builds', { events: [{ kind: 'Component', milestones: ['promoted'] }] })
  for (const phase of ['watch', 'list', 'refresh'] as const) {
    const before = see(component(10), of([builds], { since, phase: 'refresh' }))
    assert.deepEqual(told(before), [], 'it was so before the subscription')
    const record = stored(before.record)
    const touched = see(component(60), of([builds], { since, phase, record }))
    assert.deepEqual(told(touched), [], phase)
    const next = see(component(70, 'b'), of([builds], { since, phase, record }))
    assert.deepEqual(told(next), ['promoted → qe'], phase)
    const after = see(component(80, 'b'), of([builds], { since, phase, record: stored(next.record) }))
    assert.deepEqual(told(after), [], phase)
  }
})

test('for a subscription that begins earlier it is looked at by itself', () => {
  const late = emitter('late', { events: [{ kind: 'Component', milestones: ['promoted'] }] })
  const early = emitter('early', { events: [{ kind: 'Component', milestones: ['promoted'] }], startFrom: 'Earliest' })
  const since = sinceOf({ 'uid-late': ms(50) })
  const { record } = see(component(10), of([late], { since }))
  const both = see(component(60), of([late, early], { since, phase: 'refresh', record: stored(record) }))
  assert.deepEqual(
    both.rows.map(({ subscription }) => subscription),
    ['team-a/early'],
  )
})

test('what has no time of its own and does not match is not told once its labels do', () => {
  const selector = { matchLabels: { team: 'a' } }
  const builds = emitter('builds', { events: [{ kind: 'Component', milestones: ['promoted'], selector }] })
  const { record } = see(component(10), of([builds]))
  const labelled = component(60, 'a', { labels: { team: 'a' } })
  assert.deepEqual(told(see(labelled, of([builds], { record: stored(record) }))), [])
})

test('with the disk lost, what has no time is told by the object’s last write, under the same id', () => {
  const builds = emitter('builds', { events: [{ kind: 'Component', milestones: ['promoted'] }] })
  const [first] = see(component(10), of([builds])).rows
  const floor = { marginMs: 1000, of: () => ms(55) }
  const [again, ...more] = see(component(60), of([builds], { phase: 'list', floor })).rows
  assert.deepEqual([again?.event.id, more], [first?.event.id, []])
  assert.deepEqual(told(see(component(10), of([builds], { phase: 'list', floor }))), [], 'settled before')
})

test('a verdict that comes again is told anew, and one that stands is not', () => {
  const builds = emitter('builds', {
    events: [{ kind: 'Snapshot', milestones: ['passed', 'failed', 'rerun-requested'] }],
  })
  const unknown = { ...passed(50), status: 'Unknown', reason: 'InProgress' }
  const states = [[passed(40)], [passed(40)], [unknown], [passed(60)]]
  let record: ObjectRecord | undefined
  const rows = states.map((conditions, index) => {
    const routed = see(snapshot([], { resourceVersion: String(index) }, conditions), of([builds], { record }))
    record = stored(routed.record) ?? record
    return told(routed).join()
  })
  assert.deepEqual(rows, ['passed → qe', '', 'rerun-requested → qe', 'passed → qe'])
})

test('a Component that is promoted for years keeps a record of its size, and repeats nothing', () => {
  const builds = emitter('builds', { events: [{ kind: 'Component', milestones: ['created', 'promoted'] }] })
  let record: ObjectRecord | undefined
  let rows = 0
  for (let round = 0; round < 2 * maxKeys; round += 1) {
    const now = component(round, 'a')
    now.status = { lastPromotedImage: `registry.example.com/shop/cart@sha256:${String(round).padStart(64, '0')}` }
    const routed = see(now, of([builds], { record, now: ms(round) }))
    rows += routed.rows.length
    record = stored(routed.record) ?? record
  }
  assert.equal(rows, 2 * maxKeys + 1)
  assert.equal(record?.seen.length, maxKeys)
  assert.equal(record?.ledger['uid-builds team-a/qe']?.length, maxKeys)
  assert.ok(record?.seen.includes('created'), 'what it tells now stays')
})

test('where a watch had to begin anew, what may have been taken back meanwhile is a gap', () => {
  const builds = emitter('builds', { events: [{ kind: 'Snapshot', milestones: ['created', 'passed', 'deleted'] }] })
  const created = emitter('created', { events: [{ kind: 'Snapshot', milestones: ['created'] }] })
  const gaps = watchGaps(sourceOf('Snapshot'), 'expired', [builds, created])
  assert.deepEqual(
    gaps.map(({ subscriptionUid, message }) => [subscriptionUid, message]),
    [['uid-builds', 'the watch of Snapshot had to begin anew: passed that passed meanwhile may be missing']],
  )
})

test('what a refresh finds that may just have been written is left to the watch, which may be behind', () => {
  const failing = (second: number): KubeObject => ({
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: {
      name: 'shop',
      namespace: 'team-a',
      uid: 'uid-repository',
      resourceVersion: String(second),
      generation: 1,
      creationTimestamp: at(0),
      managedFields: [{ manager: 'source-controller', time: at(second), fieldsV1: { 'f:status': {} } }],
    },
    status: {
      conditions: [
        { type: 'Ready', status: 'False', reason: 'GitOperationFailed', message: '', lastTransitionTime: at(second) },
      ],
    },
  })
  const all = emitter('all', { events: [{ kind: 'GitRepository', milestones: ['fetch-failed', 'resumed'] }] })
  const after = (written: number) => {
    const given = { emitters: [all], since: sinceOf({ 'uid-all': ms(100) }) }
    const refreshed = see(failing(written), { ...given, phase: 'refresh', now: ms(102) })
    assert.deepEqual(told(refreshed), [])
    return told(see(failing(Math.max(written, 101)), { ...given, record: stored(refreshed.record), now: ms(103) }))
  }
  assert.deepEqual(after(101), ['fetch-failed → qe'], 'written since it was asked for')
  assert.deepEqual(after(99), [], 'it failed before, and fails on')
})
