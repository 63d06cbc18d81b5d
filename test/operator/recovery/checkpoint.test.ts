import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Batch } from '../../../src/kube/reflector.ts'
import { type CheckpointFacts, checkpointOf, Observed } from '../../../src/operator/recovery/checkpoint.ts'
import { at, ms, taskRun } from '../scene.ts'

/** The API server's clock is ten seconds ahead of ours. */
function stage() {
  const clock = { ms: ms(1000) }
  const observed = new Observed({ now: () => clock.ms, serverNow: () => clock.ms + 10_000 })
  return { clock, observed }
}

const written = (second: number, name = 'build') =>
  taskRun(undefined, { name, creationTimestamp: at(0), managedFields: [{ time: at(second) }] })

const watched = (waited: number, ...seconds: number[]): Batch => ({
  phase: 'watch',
  changes: seconds.map((second) => ({ type: 'upsert', object: written(second) })),
  cursor: '7',
  waited,
})

const listed = (began: number): Batch => ({
  phase: 'listed',
  changes: [],
  cursor: '7',
  uids: new Set(),
  began,
  reason: 'start',
})

test('a watch that goes on from a cursor is not known of before something is told', () => {
  const { observed } = stage()
  assert.equal(observed.at('TaskRun'), undefined)
  observed.take('TaskRun', watched(500))
  assert.equal(observed.at('TaskRun'), undefined, 'a bookmark that came with others')
})

test('a watch is observed up to the last change of a batch, and never less far than before', () => {
  const { observed } = stage()
  observed.take('TaskRun', watched(0, 700, 600))
  assert.equal(observed.at('TaskRun'), ms(600))
  observed.take('TaskRun', watched(0, 900))
  observed.take('TaskRun', watched(0, 800))
  assert.equal(observed.at('TaskRun'), ms(900))
  assert.equal(observed.at('PipelineRun'), undefined)
})

test('a bookmark alone tells of now, by the clock of the API server, where the stream had been quiet before', () => {
  const { observed } = stage()
  observed.take('TaskRun', watched(999))
  assert.equal(observed.at('TaskRun'), undefined)
  observed.take('TaskRun', watched(1000))
  assert.equal(observed.at('TaskRun'), ms(1010))
})

test('a list tells of when it was asked for, by the clock of the API server', () => {
  const { observed } = stage()
  observed.take('TaskRun', { phase: 'list', changes: [{ type: 'upsert', object: written(990) }], cursor: undefined })
  observed.take('TaskRun', { phase: 'refresh', changes: [{ type: 'upsert', object: written(990) }], cursor: undefined })
  assert.equal(observed.at('TaskRun'), undefined)
  observed.take('TaskRun', listed(ms(940)))
  assert.equal(observed.at('TaskRun'), ms(950))
})

test('a time of the future, which anybody may write into managedFields, counts as now', () => {
  const { observed } = stage()
  observed.take('TaskRun', watched(0, 86_400 * 365))
  assert.equal(observed.at('TaskRun'), ms(1010))
})

test('the checkpoint is the least of what was observed, waits and is owed, and goes back only to what waits or is owed', () => {
  const facts: CheckpointFacts = {
    told: undefined,
    observed: [ms(500), ms(400)],
    lowWater: undefined,
    owed: undefined,
    lookingBack: false,
  }
  const cases: [name: string, over: Partial<CheckpointFacts>, checkpoint: number | undefined][] = [
    ['all that was observed is settled', {}, ms(400)],
    ['it goes forward', { told: ms(300) }, ms(400)],
    ['a sink that is down keeps it', { told: ms(300), lowWater: ms(310) }, ms(310)],
    ['what waits is later than what another kind was observed up to', { lowWater: ms(450) }, ms(400)],
    ['a restart observes less far', { told: ms(450) }, ms(450)],
    ['a kind is not observed yet', { told: ms(300), observed: [ms(500), undefined] }, ms(300)],
    ['a kind is not observed yet, and nothing was told', { observed: [ms(500), undefined] }, undefined],
    ['no kind is known', { told: ms(300), observed: [] }, ms(300)],
    ['the past is being looked through', { told: ms(300), lookingBack: true }, ms(300)],
    ['what happened before is sent now', { told: ms(300), lowWater: ms(20) }, ms(20)],
    ['the same, while a kind is not observed', { told: ms(300), observed: [undefined], lowWater: ms(20) }, ms(20)],
    ['the past is being looked through, and found', { told: ms(300), lookingBack: true, lowWater: ms(9) }, ms(9)],
    ['owed since', { told: ms(300), owed: ms(350) }, ms(350)],
    ['owed of long ago', { told: ms(300), owed: ms(20) }, ms(20)],
    ['owed, and nobody knows since when', { told: ms(300), owed: true }, ms(300)],
    ['owed, nobody knows since when, and nothing was told', { owed: true }, undefined],
  ]
  for (const [name, over, checkpoint] of cases) assert.equal(checkpointOf({ ...facts, ...over }), checkpoint, name)
})
