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
