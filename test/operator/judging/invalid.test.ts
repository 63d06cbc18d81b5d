import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Format } from '../../../src/formats/format.ts'
import { formats } from '../../../src/formats/index.ts'
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
