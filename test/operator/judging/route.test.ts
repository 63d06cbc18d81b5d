import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import { activationKey } from '../../../src/operator/activation.ts'
import type { Routed, RouteInput } from '../../../src/operator/judging/routing.ts'
import { settleMs } from '../../../src/operator/judging/settled.ts'
import type { ObjectRecord } from '../../../src/outbox/outbox.ts'
import { countsOf, of, see, told } from '../routing.ts'
import { at, condition, emitter, ms, running, sinceOf, sourceOf, stored, succeeded, taskRun } from '../scene.ts'

/** Sees each object after the other, as the outbox would remember it. */
function seeAll(objects: KubeObject[], given: Partial<RouteInput> & Pick<RouteInput, 'emitters'>) {
  let record: ObjectRecord | undefined
  const all: Routed[] = []
  for (const object of objects) {
    const routed = see(object, { record, ...given })
    record = stored(routed.record) ?? record
    all.push(routed)
  }
  return { all, record }
}

const done = taskRun(succeeded())

test('a milestone goes once to each sink of a subscription, however often its object is seen', () => {
  const builds = emitter('builds', { sinks: [{ name: 'qe' }, { name: 'audit' }] })
  const { all } = seeAll([taskRun(running()), taskRun(running()), done, done], of([builds]))
  assert.deepEqual(all.map(told), [['started → qe', 'started → audit'], [], ['finished → qe', 'finished → audit'], []])
})

test('a sink, or a subscription, that comes later is judged on its own', () => {
  const one = emitter('builds')
  const two = emitter('builds', { sinks: [{ name: 'qe' }, { name: 'audit' }] })
  const other = emitter('other')
  const { record } = seeAll([done], of([one]))
  assert.deepEqual(told(see(done, of([two, other], { record, phase: 'refresh' }))), [
    'started → audit',
    'started → qe',
    'finished → audit',
    'finished → qe',
  ])
})

test('nothing older than its activation goes, and nothing that is not activated', () => {
  const builds = emitter('builds', { sinks: [{ name: 'qe' }, { name: 'audit' }] })
  const exceptions = {
    'uid-builds team-a/qe': ms(2),
    'uid-builds team-a/audit': undefined,
    [activationKey('uid-builds', 'team-a/audit', 'TaskRun', 'finished')]: ms(60),
  }
  assert.deepEqual(told(see(done, of([builds], { since: sinceOf(exceptions) }))), ['finished → qe', 'finished → audit'])
})

test('a run first seen when it has ended tells all in order of time, then rank', () => {
  const milestones = ['queued', 'started', 'finished', 'retried', 'signed'] as const
  const all = emitter('all', { events: [{ kind: 'TaskRun', milestones: [...milestones] }] })
  const attempt = { startTime: '2026-11-22T12:00:00Z', completionTime: '2026-11-22T12:00:30Z' }
  const object = taskRun(
    { ...succeeded(), retriesStatus: [{ ...attempt, ...condition('False', 'Failed', 30) }] },
    { annotations: { 'chains.tekton.dev/signed': 'true' } },
  )
  assert.deepEqual(told(see(object, of([all]))), [
    'queued → qe',
    'started → qe',
    'retried → qe',
    'finished → qe',
    'signed → qe',
  ])
})

test('events go in order of time, and by rank where the times are equal', () => {
  const events = [{ kind: 'PipelineRun' as const, milestones: ['running', 'skipped', 'finished'] as const }]
  const runs = emitter('runs', { events: events.map((event) => ({ ...event, milestones: [...event.milestones] })) })
  const seen = (status: Record<string, unknown>) => {
    const object = { ...taskRun({ skippedTasks: [{ name: 'deploy' }], ...status }), kind: 'PipelineRun' }
    return told(see(object, of([runs], { source: sourceOf('PipelineRun') })))
  }
  assert.deepEqual(seen(running(5)), ['running → qe', 'skipped → qe'])
  assert.deepEqual(seen({ ...succeeded(), ...condition('True', 'Completed', 61) }), ['finished → qe', 'skipped → qe'])
})

test('what a filter refuses is counted once, and judged again at each change', () => {
  const filter = "object.metadata.annotations.team == 'a'"
  const builds = emitter('builds', { filter })
  const not = taskRun(succeeded(), { annotations: { team: 'b' } })
  const now = taskRun(succeeded(), { annotations: { team: 'a' } })
  const { all } = seeAll([not, not, now, now], of([builds]))
  assert.deepEqual(
    all.map((routed) => countsOf(routed, 'filtered')),
    [2, 0, 0, 0],
  )
  assert.deepEqual(
    all.map((routed) => countsOf(routed, 'matched')),
    [0, 0, 2, 0],
  )
  assert.deepEqual(all.map(told), [[], [], ['started → qe', 'finished → qe'], []])
})

test('labels that come after the end make it match, until ten minutes have passed; a list looks at all again', () => {
  const builds = emitter('builds', {
    events: [{ kind: 'TaskRun', milestones: ['finished'], selector: { matchLabels: { type: 'build' } } }],
  })
  const { record } = seeAll([done], of([builds]))
  const labelled = taskRun(succeeded(), { labels: { type: 'build' } })
  const end = ms(60)
  const cases: [phase: RouteInput['phase'], now: number, rows: string[]][] = [
    ['watch', end + settleMs, ['finished → qe']],
    ['watch', end + settleMs + 1, []],
    ['list', end + settleMs + 1, ['finished → qe']],
    ['refresh', end + settleMs + 1, ['finished → qe']],
  ]
  for (const [phase, now, rows] of cases) {
    assert.deepEqual(told(see(labelled, of([builds], { record, phase, now }))), rows, `${phase} ${now - end}`)
  }
})

test('a watch that goes on after hours tells late of labels that were written in time', () => {
  const builds = emitter('builds', {
    events: [{ kind: 'TaskRun', milestones: ['finished'], selector: { matchLabels: { type: 'build' } } }],
  })
  const now = ms(60) + 6 * settleMs
  const writtenAt = (second: number) => ({ managedFields: [{ manager: 'controller', time: at(second) }] })
  const { record } = see(taskRun(succeeded(), writtenAt(60)), of([builds], { now }))
  const labels = { type: 'build' }
  const soon = taskRun(succeeded(), { labels, ...writtenAt(62) })
  assert.deepEqual(told(see(soon, of([builds], { record, now }))), ['finished → qe'])
  const late = taskRun(succeeded(), { labels, ...writtenAt(61 + settleMs / 1000) })
  assert.deepEqual(told(see(late, of([builds], { record, now }))), [])
  const pruned = of([builds], { record, now, gone: { at: now, missed: false } })
  assert.deepEqual(told(see(soon, pruned)), [], 'what is pruned gives nothing more')
})

test('a milestone that comes long after the end is not missed', () => {
  const builds = emitter('builds', { events: [{ kind: 'TaskRun', milestones: ['finished', 'signed'] }] })
  const { record } = seeAll([done], of([builds]))
  const signed = taskRun(succeeded(), { annotations: { 'chains.tekton.dev/signed': 'true' } })
  assert.deepEqual(told(see(signed, of([builds], { record, now: ms(60) + 2 * settleMs }))), ['signed → qe'])
})

test('a filter that fails matches nothing, is counted as filtered, and is reported without the value', () => {
  const builds = emitter('builds', { filter: "object.metadata.annotations.team == 'a'" })
  const fine = emitter('fine')
  const routed = see(done, of([builds, fine]))
  assert.deepEqual(told(routed), ['started → qe', 'finished → qe'])
  assert.deepEqual(
    routed.filterErrors.map((error) => [error.emitter.key, error.kind]),
    [
      ['team-a/builds', 'TaskRun'],
      ['team-a/builds', 'TaskRun'],
    ],
  )
  assert.match(routed.filterErrors[0]?.message ?? '', /annotations/)
  assert.equal(countsOf(routed, 'filtered'), 2)
})

test('an event is encoded once for all who take it in the same form', () => {
  const emitters = [
    emitter('one', { sinks: [{ name: 'a' }, { name: 'b' }] }),
    emitter('two'),
    emitter('labelled', { extensions: { team: 'x' } }),
    emitter('full', { data: { content: 'full' } }),
    emitter('tekton', { formats: ['tektonv2', 'cloudevents'] }),
  ]
  const { rows } = see(done, of(emitters))
  const finished = rows.filter(({ event }) => event.type.includes('finished') || event.type.includes('successful'))
  assert.equal(finished.length, 7)
  const [one, same, two, labelled, full, tekton, cloudevents] = finished.map(({ event }) => event)
  assert.equal(one, same)
  assert.equal(one, two)
  assert.equal(one, cloudevents)
  assert.equal(new Set([one, labelled, full, tekton]).size, 4)
  assert.equal(one?.id, labelled?.id)
  assert.equal(one?.id, full?.id)
})

const observed = emitter('observed', { events: [{ kind: 'TaskRun', milestones: ['running', 'finished'] }] })

test('an observed milestone is told when the projection changes, and once', () => {
  const states = [taskRun(), taskRun(running()), taskRun(running()), done]
  const { all } = seeAll(states, of([observed]))
  assert.deepEqual(all.map(told), [[], ['running → qe'], [], ['finished → qe']])
})

test('a refresh tells no transitions, and leaves those to come to the watch', () => {
  const { record } = seeAll([taskRun()], of([observed]))
  const refreshed = see(taskRun(running()), of([observed], { record, phase: 'refresh' }))
  assert.deepEqual(told(refreshed), [])
  const kept = stored(refreshed.record) ?? record
  assert.deepEqual(kept?.projection, record?.projection)
  assert.deepEqual(told(see(taskRun(running()), of([observed], { record: kept }))), ['running → qe'])
})

test('nor does a refresh that meets an object first take a transition from the watch', () => {
  const refreshed = see(taskRun(running()), of([observed], { phase: 'refresh' }))
  assert.deepEqual(told(refreshed), [])
  assert.deepEqual(told(see(taskRun(running()), of([observed], { record: stored(refreshed.record) }))), [
    'running → qe',
  ])
})

test('what does not change what is remembered gives no record', () => {
  const { record } = seeAll([done], of([observed]))
  const labelled = taskRun(succeeded(), { resourceVersion: '9', labels: { a: 'b' } })
  assert.equal(see(labelled, of([observed], { record })).record, undefined)
  assert.deepEqual(record, {
    uid: 'uid-run',
    source: 'TaskRun',
    namespace: 'team-a',
    name: 'build',
    resourceVersion: '1',
    endedAt: ms(60),
    projection: {},
    seen: ['queued', 'started', 'finished'],
    ledger: { 'uid-observed team-a/qe': ['finished'] },
  })
})

test('the record given is left as it was', () => {
  const { record } = seeAll([taskRun(running())], of([observed]))
  const before = JSON.stringify(record)
  see(done, of([observed], { record }))
  assert.equal(JSON.stringify(record), before)
})

test('who took a milestone is told with its object', () => {
  const { matched } = see(done, of([emitter('builds')]))
  assert.deepEqual(
    matched.map((one) => [one.emitter.key, one.kind, one.object === done, one.milestone.name]),
    [
      ['team-a/builds', 'TaskRun', true, 'started'],
      ['team-a/builds', 'TaskRun', true, 'finished'],
    ],
  )
})

test('a row says whose it is, and of which object', () => {
  const [row] = see(done, of([emitter('builds')])).rows
  const { event: _, ...rest } = row ?? { event: undefined }
  assert.deepEqual(rest, {
    sink: 'team-a/qe',
    subscription: 'team-a/builds',
    subscriptionUid: 'uid-builds',
    objectUid: 'uid-run',
    namespace: 'team-a',
    written: ms(0),
  })
})

test('an object without a time of creation, or with none at all, is no reason to fail', () => {
  const odd = { ...taskRun(), metadata: { name: 'x', uid: 'y' } } as unknown as KubeObject
  assert.deepEqual(told(see(odd, of([emitter('builds')]))), [])
})
