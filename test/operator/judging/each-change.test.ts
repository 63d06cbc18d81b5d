import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import { activationKey } from '../../../src/operator/activation.ts'
import type { Emitter } from '../../../src/operator/emitter.ts'
import type { ObjectRecord } from '../../../src/outbox/outbox.ts'
import { of, see } from '../routing.ts'
import { at, emitter, ms, type SubscriptionSpec, sinceOf, sourceOf, stored, succeeded, taskRun } from '../scene.ts'

const runningWith = (message: string, second: number): KubeObject =>
  taskRun({
    startTime: at(1),
    conditions: [{ type: 'Succeeded', status: 'Unknown', reason: 'Running', message, lastTransitionTime: at(second) }],
  })

const life = [
  taskRun(),
  runningWith('of 3', 1),
  runningWith('of 3', 1),
  runningWith('of 2', 5),
  runningWith('of 1', 5),
  taskRun(succeeded()),
]

/** Sees each state after the other, as the outbox would remember it; the types and ids of what goes. */
function seeInTurn(states: KubeObject[], emitters: Emitter[], before?: ObjectRecord) {
  let record = before
  const events = states.flatMap((object) => {
    const routed = see(object, of(emitters, { record }))
    record = stored(routed.record) ?? record
    return routed.rows.map(({ event, subscription }) => ({ ...event, subscription }))
  })
  return { events, record }
}

const wordsOf = (events: { type: string }[]) => events.map(({ type }) => type.split('.').slice(-2).join('.'))

type Row = [what: string, spec: Partial<SubscriptionSpec>, types: string[]]

const milestones = (...names: NonNullable<NonNullable<SubscriptionSpec['events']>[number]['milestones']>) => ({
  events: [{ kind: 'TaskRun' as const, milestones: names }],
})
const eachChange = { tekton: { mode: 'eachChange' as const } }

const rows: Row[] = [
  ['once', { formats: ['tektonv1'], ...milestones('running') }, ['running.v1']],
  ['each change', { formats: ['tektonv1'], ...eachChange, ...milestones('running') }, Array(3).fill('running.v1')],
  [
    'each change, and no milestones named',
    { formats: ['tektonv2'], ...eachChange },
    ['started.v2', 'running.v2', 'running.v2', 'running.v2', 'successful.v2'],
  ],
  [
    'each change, and running not asked for',
    { formats: ['tektonv1'], ...eachChange, ...milestones('started') },
    ['started.v1'],
  ],
  ['changes alone', { formats: ['tektonv1'], ...eachChange, ...milestones('changed') }, ['running.v1', 'running.v1']],
  [
    'each change, beside another format, which gets what is named',
    { formats: ['tektonv1', 'cloudevents'], ...eachChange, ...milestones('running') },
    ['running.v1', 'running.v1', 'running.v1', 'running.v1'],
  ],
  ['changes in the own format', milestones('running', 'changed'), ['running.v1', 'changed.v1', 'changed.v1']],
]

for (const [what, spec, types] of rows) {
  test(`running, ${what}`, () => {
    const { events } = seeInTurn(life, [emitter('builds', spec)])
    assert.deepEqual(wordsOf(events), types)
    assert.equal(new Set(events.map(({ id }) => id)).size, events.length, 'each has an id of its own')
  })
}

test('who names no milestones and has two formats gets running in the Tekton one alone', () => {
  const { events } = seeInTurn(life, [emitter('builds', { formats: ['cloudevents', 'tektonv1'], ...eachChange })])
  const own = events.filter(({ type }) => type.startsWith('dev.carillon.'))
  assert.deepEqual(wordsOf(own), ['started.v1', 'finished.v1'])
  assert.equal(events.length - own.length, 5)
})

test('a CustomRun is running once, as Tekton never repeated that', () => {
  const spec = { formats: ['tektonv1' as const], ...eachChange }
  assert.deepEqual(emitter('builds', spec).selection.kinds.get('CustomRun'), new Set(['started', 'finished']))
})

const each = () => emitter('builds', { formats: ['tektonv1'], ...eachChange, ...milestones('running') })

test('after a restart with the disk nothing goes twice, and what changed meanwhile goes', () => {
  const { record } = seeInTurn(life.slice(0, 4), [each()])
  const list = (object: KubeObject) => see(object, of([each()], { record, phase: 'list' })).rows.length
  assert.equal(list(runningWith('of 2', 5)), 0)
  assert.equal(list(runningWith('of 1', 5)), 1)
})

test('of the last state alone a change is not told; it begins with what is there', () => {
  const { events, record } = seeInTurn([runningWith('of 2', 5)], [each()])
  assert.deepEqual(wordsOf(events), ['running.v1'])
  assert.deepEqual(wordsOf(seeInTurn([runningWith('of 2', 5), runningWith('of 1', 6)], [each()], record).events), [
    'running.v1',
  ])
})

test('changes count from when they were first asked for, beside one who does not ask', () => {
  const once = emitter('once', { formats: ['tektonv1'], ...milestones('running') })
  const { record } = seeInTurn(life.slice(0, 3), [once])
  const { events } = seeInTurn(life.slice(2, 5), [once, each()], record)
  assert.deepEqual(
    events.map(({ subscription }) => subscription),
    ['team-a/builds', 'team-a/builds'],
    'of what was running already the two changes since',
  )
})

test('who asks for changes of what is running already gets the first, for its past was looked through', () => {
  const once = emitter('once', { formats: ['tektonv1'], ...milestones('running') })
  const { record } = seeInTurn(life.slice(0, 3), [once])
  const looked = (object: KubeObject, before = record) =>
    stored(see(object, of([each()], { record: before, phase: 'refresh' })).record)
  const after = looked(runningWith('of 3', 1)) ?? record
  const since = sinceOf({ [activationKey('uid-builds', 'team-a/qe', 'TaskRun', 'running')]: ms(3) })
  const told = see(runningWith('of 2', 5), of([each()], { record: after, since })).rows
  assert.deepEqual(wordsOf(told.map(({ event }) => event)), ['running.v1'])
  assert.equal(looked(runningWith('of 2', 5), after), undefined, 'what the watch has told of stands')
  const early = seeInTurn([taskRun()], [once]).record
  assert.equal(looked(runningWith('of 3', 1), early)?.projection.mark, undefined, 'the watch will tell that it runs')
})

test('who does not ask for changes has nothing stored for them, and no write', () => {
  const once = emitter('once', { formats: ['tektonv1'], ...milestones('running', 'finished') })
  const { record } = seeInTurn(life.slice(0, 3), [once])
  assert.deepEqual(record?.projection, { ongoing: 'running/1' })
  assert.equal(see(runningWith('of 2', 5), of([once], { record })).record, undefined)
})

test('what is kept of a run that changes for ever stays small', () => {
  const states = Array.from({ length: 2000 }, (_, n) => runningWith(`${'x'.repeat(500)} ${n}`, n))
  const { events, record } = seeInTurn(states, [each()])
  assert.equal(events.length, states.length)
  assert.equal(new Set(events.map(({ id }) => id)).size, states.length)
  assert.ok(JSON.stringify(record?.projection).length < 100)
  assert.ok(JSON.stringify(record).length < 32_000)
})

test('each change stands in its place in the run’s life', () => {
  const events = seeInTurn(life, [emitter('builds', { formats: ['tektonv1'], ...eachChange })]).events
  const sequences = events.map(({ attributes }) => JSON.parse(attributes).sequence as string)
  assert.deepEqual(sequences, sequences.toSorted())
  const times = events.map(({ attributes }) => Date.parse(JSON.parse(attributes).time))
  assert.deepEqual(times, [ms(1), ms(1), ms(5), ms(5), ms(60)])
  assert.equal(sourceOf('TaskRun').transitions(undefined, life[4] as KubeObject)[0]?.name, 'running')
})
