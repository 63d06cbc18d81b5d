import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import type { Format } from '../../../src/formats/format.ts'
import { formats } from '../../../src/formats/index.ts'
import { type Room, unlimited } from '../../../src/operator/overflow/admit.ts'
import type { ObjectRecord } from '../../../src/outbox/outbox.ts'
import { of, see, told } from '../routing.ts'
import { emitter, stored, succeeded, taskRun } from '../scene.ts'

const problem = { reason: 'EventInvalid', message: '/subject/id is empty' } as const

/** Sends its own event, and could not make another. */
const half: Format = {
  ...formats.cloudevents,
  encode: (input) => ({ ...formats.cloudevents.encode(input), problems: [problem] }),
}

const finishedOnly = { events: [{ kind: 'TaskRun' as const, milestones: ['finished' as const] }] }

test('what would not be valid is told once of a milestone, however many sinks, and the rest goes', () => {
  const two = { ...finishedOnly, sinks: [{ name: 'qe' }, { name: 'audit' }] }
  const builds = emitter('builds', two, { formats: { ...formats, cloudevents: half } })
  const done = taskRun(succeeded())
  const routed = see(done, of([builds]))
  assert.deepEqual(told(routed), ['finished → qe', 'finished → audit'])
  assert.deepEqual(
    routed.formatErrors.map(({ emitter: { key }, kind, milestone, problems }) => [key, kind, milestone, problems]),
    [['team-a/builds', 'TaskRun', 'finished', [problem]]],
  )
  const invalid = routed.counts.filter(({ counts }) => counts.invalid !== undefined)
  assert.deepEqual(
    invalid.map(({ sink, counts }) => [sink, counts]),
    [['', { invalid: 1 }]],
  )
  const again = see(done, of([builds], { record: stored(routed.record) }))
  assert.deepEqual([again.formatErrors, again.counts], [[], []])
})

test('what is owed for want of room is told of when it goes, as it is then, and not before', () => {
  const body = '{"image": object.status.results[0].value}'
  const builds = emitter('builds', { ...finishedOnly, body, sinks: [{ name: 'qe' }, { name: 'audit' }] })
  const invalid = taskRun(succeeded())
  const valid = taskRun({ ...succeeded(), results: [{ name: 'IMAGE', value: 'shop:1' }] })
  const full = (...sinks: string[]): Room => ({
    ...unlimited,
    isFull: (sink) => sinks.includes(sink.split('/')[1] ?? ''),
  })
  const look = (object: KubeObject, room: Room, record?: ObjectRecord) => {
    const routed = see(object, of([builds], { room, record }))
    const count = routed.counts.reduce((sum, { counts }) => sum + (counts.invalid ?? 0), 0)
    return { told: [routed.rows.length, count, routed.formatErrors.length], record: stored(routed.record) ?? record }
  }
  const nowhere = look(invalid, full('qe', 'audit'))
  assert.deepEqual(nowhere.told, [0, 0, 0])
  assert.deepEqual(look(valid, unlimited, nowhere.record).told, [2, 0, 0])
  const late = look(valid, full('qe', 'audit'))
  const first = look(invalid, full('audit'), late.record)
  assert.deepEqual(
    [late.told, first.told],
    [
      [0, 0, 0],
      [0, 1, 1],
    ],
  )
  const second = look(invalid, unlimited, first.record)
  assert.deepEqual(second.told, [0, 0, 0], 'once, however many sinks')
  assert.deepEqual(look(invalid, unlimited, second.record).told, [0, 0, 0])
})

test('a body that fails is told by the missing key, and nothing is sent of that milestone', () => {
  const body = '{"image": object.status.results[0].value, "outcome": milestone.outcome}'
  const builds = emitter('builds', { ...finishedOnly, body })
  const routed = see(taskRun(succeeded()), of([builds]))
  assert.deepEqual(told(routed), [])
  assert.deepEqual(
    routed.formatErrors.map(({ problems }) => problems),
    [[{ reason: 'BodyFailed', message: 'body: no such key: object.status.results' }]],
  )
  const fine = see(taskRun({ ...succeeded(), results: [{ name: 'IMAGE', value: 'shop:1' }] }), of([builds]))
  assert.deepEqual(
    fine.rows.map(({ event }) => event.data),
    ['{"image":"shop:1","outcome":"success"}'],
  )
})

test('what an object should tell and nobody can read is counted once, for those alone who would hear of it', () => {
  const labels = { 'pipelines.appstudio.openshift.io/type': 'build' }
  const done = taskRun({ ...succeeded(), results: [{ name: 'TEST_OUTPUT', value: 'all is well' }] }, { labels })
  const cases = emitter('cases', { events: [{ kind: 'TaskRun', milestones: ['test-case-finished'] }] })
  const routed = see(done, of([emitter('builds', finishedOnly), cases]))
  assert.deepEqual(told(routed), ['finished → qe'])
  assert.deepEqual(
    routed.formatErrors.map(({ emitter: { key }, milestone, problems }) => [key, milestone, problems]),
    [
      [
        'team-a/cases',
        'test-case-finished',
        [
          {
            reason: 'ObjectUnreadable',
            message: 'the result TEST_OUTPUT is no JSON with a result SUCCESS, FAILURE, WARNING, SKIPPED or ERROR',
          },
        ],
      ],
    ],
  )
  assert.deepEqual(
    routed.counts.flatMap(({ sink, counts }) => (counts.invalid === undefined ? [] : [[sink, counts.invalid]])),
    [['', 1]],
  )
  const again = see(done, of([cases], { record: stored(routed.record) }))
  assert.deepEqual([again.formatErrors, again.counts], [[], []])
})
