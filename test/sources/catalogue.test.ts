import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sources } from '../../src/sources/index.ts'
import type { Source } from '../../src/sources/source.ts'

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

/** Of Tekton's kinds what Tekton itself tells. */
const tekton = Object.values(sources).filter(({ family }) => family === 'tekton')
const ofTekton = (source: Source) => source.catalogue.filter(({ event }) => event === undefined)

test('the default tier of what Tekton tells is started and finished', () => {
  for (const source of tekton) {
    const chosen = ofTekton(source).filter((row) => row.default)
    assert.deepEqual(
      chosen.map((row) => row.name),
      ['started', 'finished'],
      source.kind,
    )
  }
})

test('what Konflux makes of its runs is of its family, and stands behind what Tekton tells', () => {
  for (const { kind, catalogue } of tekton) {
    const first = catalogue.findIndex(({ event }) => event !== undefined)
    for (const { name, event } of first < 0 ? [] : catalogue.slice(first))
      assert.equal(event?.family, 'konflux', `${kind} ${name}`)
  }
  const chosen = (kind: string) => sources[kind]?.catalogue.filter((row) => row.default && row.event)
  assert.deepEqual(
    chosen('PipelineRun')?.map(({ name }) => name),
    ['build-started', 'build-finished', 'artifact-published', 'policy-evaluated', 'artifact-signed', 'signing-failed'],
  )
  assert.deepEqual(chosen('TaskRun'), [])
})

test('milestone names are unique in a kind and fit into an event type', () => {
  for (const source of Object.values(sources)) {
    const names = source.catalogue.map((row) => row.name)
    assert.equal(new Set(names).size, names.length, source.kind)
    for (const name of names) assert.match(name, /^[a-z][a-z-]*$/)
  }
})

test('the default tier of what Konflux makes, by kind', () => {
  const chosen = (name: string) => sources[name]?.catalogue.filter((row) => row.default).map((row) => row.name)
  const ofSnapshots = ['created', 'invalid', 'test-started', 'test-finished', 'passed', 'failed', 'canceled']
  assert.deepEqual(chosen('Snapshot'), ofSnapshots)
  assert.deepEqual(chosen('Component'), ['created', 'onboarded', 'onboarding-failed', 'promoted', 'deleted'])
  assert.deepEqual(chosen('Component.konflux-ci.dev'), ['created', 'onboarded', 'onboarding-failed', 'deleted'])
  for (const name of ['ImageRepository', 'ImageRepository.konflux-ci.dev'])
    assert.deepEqual(chosen(name), ['ready', 'failed'])
  assert.deepEqual(chosen('IntegrationTestScenario'), [])
  assert.deepEqual(chosen('ComponentGroup'), ['created', 'promoted'])
})

test('only Chains signs TaskRuns and PipelineRuns, only PipelineRuns skip, and they are not retried', () => {
  const names = (kind: string) => ofTekton(sources[kind] as Source).map((row) => row.name)
  const all = ['queued', 'started', 'unknown', 'running', 'changed']
  assert.deepEqual(names('TaskRun'), [...all, 'retried', 'finished', 'signed', 'deleted'])
  assert.deepEqual(names('PipelineRun'), [...all, 'skipped', 'finished', 'signed', 'deleted'])
  assert.deepEqual(names('CustomRun'), [...all, 'retried', 'finished', 'deleted'])
})
