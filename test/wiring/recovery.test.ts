import assert from 'node:assert/strict'
import { test } from 'node:test'
import { floorFrom, floorOf, floorsFor } from '../../src/operator/recovery/floors.ts'
import { of, see, told } from '../operator/routing.ts'
import { at, emitter, ms, running, sinceOf, stored, succeeded, taskRun } from '../operator/scene.ts'

const minute = 60
const marginMs = 5 * minute * 1000
const all = [{ kind: 'TaskRun', milestones: ['started', 'finished', 'signed'] }] as const
const builds = emitter('builds', { events: [{ ...all[0], milestones: [...all[0].milestones] }] })
const pair = 'uid-builds team-a/qe TaskRun'

/** A run that ended after a minute, and was last written then or later; `written` undefined: somebody has emptied managedFields. */
const finished = (written: number | undefined, annotations: Record<string, string> = {}) =>
  taskRun(succeeded(), { annotations, managedFields: written === undefined ? [] : [{ time: at(written) }] })

/** The first list of a life of which the disk knows nothing; the floor is in seconds. */
const list = (object = finished(minute), floor: number | null = 60 * minute, pending: string[] = [], since = 0) =>
  see(
    object,
    of([builds], {
      phase: 'list',
      now: ms(120 * minute),
      since: sinceOf({ 'uid-builds': ms(since) }),
      floor: floorFrom(new Map(floor === null ? [] : [[pair, ms(floor)]]), (key) => pending.includes(key), marginMs),
    }),
  )

test('an object that was last written before the floor is noted and not sent, neither now nor when it is touched', () => {
  const routed = list()
  assert.deepEqual(told(routed), [])
  assert.deepEqual(routed.counts, [])
  assert.deepEqual(routed.matched, [])
  assert.deepEqual(routed.record?.ledger, { 'uid-builds team-a/qe': ['started', 'finished'] })
  const touched = see(finished(100 * minute), of([builds], { record: stored(routed.record) }))
  assert.deepEqual(told(touched), [])
})

test('an object that was written since has all its milestones sent, whatever their own times', () => {
  const late = { 'chains.tekton.dev/signed': 'true' }
  assert.deepEqual(told(list(finished(60 * minute))), ['started → qe', 'finished → qe'])
  assert.deepEqual(told(list(finished(90 * minute, late))), ['started → qe', 'finished → qe', 'signed → qe'])
  assert.deepEqual(
    told(list(finished(undefined))),
    ['started → qe', 'finished → qe'],
    'nobody knows when it was written',
  )
})

test('what is older than its activation is not sent, though it was touched since; up to the margin it is', () => {
  assert.deepEqual(told(list(finished(90 * minute), 60 * minute, [], 70 * minute)), [])
  assert.deepEqual(told(list(finished(90 * minute), 60 * minute, [], 3 * minute)), ['started → qe', 'finished → qe'])
  assert.deepEqual(told(list(finished(90 * minute), 60 * minute, [], 5 * minute + 30)), ['finished → qe'])
  assert.deepEqual(told(list(finished(90 * minute), null, [], 3 * minute)), [], 'there was no earlier life')
})

test('a milestone that became active since, or whose past was never looked through, has no floor', () => {
  assert.deepEqual(told(list(finished(minute), 60 * minute, [`${pair} finished`])), ['finished → qe'])
})

test('a sink that was down gets what it missed, the healthy one beside it nothing', () => {
  const both = emitter('builds', { sinks: [{ name: 'qe' }, { name: 'down' }], events: [{ kind: 'TaskRun' }] })
  const floors = new Map([
    [pair, ms(60 * minute)],
    ['uid-builds team-a/down TaskRun', ms(0)],
  ])
  const routed = see(finished(minute), of([both], { phase: 'list', floor: floorFrom(floors, () => false, marginMs) }))
  assert.deepEqual(told(routed), ['started → down', 'finished → down'])
  assert.deepEqual(routed.record?.ledger, {
    'uid-builds team-a/qe': ['started', 'finished'],
    'uid-builds team-a/down': ['started', 'finished'],
  })
})

test('a run that goes on after it was passed over is told on, from there', () => {
  const before = taskRun(running(), { managedFields: [{ time: at(1) }] })
  const routed = list(before)
  assert.deepEqual(told(routed), [])
  const after = see(finished(100 * minute), of([builds], { record: stored(routed.record) }))
  assert.deepEqual(told(after), ['finished → qe'])
})

test('the floor is the checkpoint, else the activation, less the margin', () => {
  assert.equal(floorOf({ checkpoint: ms(600), since: ms(0) }, 5000), ms(595))
  assert.equal(floorOf({ checkpoint: undefined, since: ms(600) }, 5000), ms(595))
  assert.equal(floorOf({ checkpoint: undefined, since: 0 }, 5000), 0)
  assert.equal(floorOf({ checkpoint: undefined, since: undefined }, 5000), undefined)
  const lives = new Map([
    ['team-a/qe', { checkpoint: ms(600), since: ms(0) }],
    ['team-a/new', { checkpoint: undefined, since: undefined }],
  ])
  assert.deepEqual(
    floorsFor('uid-builds', new Set(['TaskRun', 'CustomRun']), lives, 5000),
    new Map([
      ['uid-builds team-a/qe TaskRun', ms(595)],
      ['uid-builds team-a/qe CustomRun', ms(595)],
    ]),
  )
})
