import assert from 'node:assert/strict'
import { it } from 'node:test'
import { WatchTurns } from '../../src/operator/watch-turns.ts'
import type { WatchState } from '../../src/operator/watches.ts'

it('a watch has turned when its state is another, and when it was begun again between two looks', () => {
  const turns = new WatchTurns()
  const states = new Map<string, WatchState>()
  const look = (...kinds: string[]) => turns.look(kinds, (kind) => states.get(kind) ?? { state: 'starting' })
  assert.deepEqual(look('TaskRun'), ['TaskRun'])
  assert.deepEqual(look('TaskRun'), [])
  states.set('TaskRun', { state: 'watching', since: 5 })
  assert.deepEqual(look('TaskRun', 'PipelineRun'), ['TaskRun', 'PipelineRun'])
  assert.deepEqual(look('TaskRun', 'PipelineRun'), [])
  states.set('TaskRun', { state: 'watching', since: 7 })
  assert.deepEqual(look('TaskRun', 'PipelineRun'), ['TaskRun'])
  assert.deepEqual(look('PipelineRun'), [])
  assert.deepEqual(look('TaskRun', 'PipelineRun'), ['TaskRun'], 'nobody needed it for a while')
})
