import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sources } from '../../src/sources/index.ts'

test('each source stands under its own name: the kind, with the group where another has that already', () => {
  for (const [name, source] of Object.entries(sources)) {
    assert.equal(source.name, name)
    assert.ok([source.kind, `${source.kind}.${source.group}`].includes(name), name)
  }
  assert.deepEqual(
    Object.values(sources)
      .filter(({ family }) => family === 'tekton')
      .map((source) => `${source.plural}.${source.version}.${source.group}`),
    ['taskruns.v1.tekton.dev', 'pipelineruns.v1.tekton.dev', 'customruns.v1beta1.tekton.dev'],
  )
})

test('the default tier of a run is started and finished', () => {
  for (const source of Object.values(sources).filter(({ family }) => family === 'tekton')) {
    const chosen = source.catalogue.filter((row) => row.default).map((row) => row.name)
    assert.deepEqual(chosen, ['started', 'finished'], source.kind)
  }
})

test('milestone names are unique in a kind and fit into an event type', () => {
  for (const source of Object.values(sources)) {
    const names = source.catalogue.map((row) => row.name)
    assert.equal(new Set(names).size, names.length, source.kind)
    for (const name of names) assert.match(name, /^[a-z][a-z-]*$/)
  }
})

test('only Chains signs TaskRuns and PipelineRuns, only PipelineRuns skip, and they are not retried', () => {
  const names = (kind: string) => sources[kind]?.catalogue.map((row) => row.name)
  const all = ['queued', 'started', 'unknown', 'running', 'changed']
  assert.deepEqual(names('TaskRun'), [...all, 'retried', 'finished', 'signed', 'deleted'])
  assert.deepEqual(names('PipelineRun'), [...all, 'skipped', 'finished', 'signed', 'deleted'])
  assert.deepEqual(names('CustomRun'), [...all, 'retried', 'finished', 'deleted'])
})
