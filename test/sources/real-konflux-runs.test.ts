import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import type { KubeObject } from '../../src/api/object.ts'
import {
  applicationOf,
  commitOf,
  componentOf,
  releaseOf,
  runTypeOf,
  scenarioOf,
  snapshotOf,
} from '../../src/sources/konflux-labels.ts'
import { type Fields, fields, list } from '../../src/sources/read.ts'
import { pipelineRun } from '../../src/sources/tekton.ts'

// One real build, test and release of Konflux, as their objects were left.
const folder = join(import.meta.dirname, '../../../shared/data/konflux/e2e-run')
const skip = existsSync(folder) ? false : 'no sample runs: ../shared/data/konflux/e2e-run is not there'

const runs = (): KubeObject[] =>
  readdirSync(folder)
    .map((file): KubeObject => parse(readFileSync(join(folder, file), 'utf8')))
    .filter(({ kind }) => kind === 'PipelineRun')

const ofType = (type: string) => runs().filter((object) => runTypeOf(object) === type)

/** What is told but the skipped tasks: key, and how it ended. */
const told = (object: KubeObject): string[] =>
  pipelineRun
    .milestones(object)
    .filter(({ name }) => name !== 'skipped')
    .map(({ key, outcome }) => [key, outcome].filter(Boolean).join(' '))

const resultOf = ({ status }: KubeObject, name: string): unknown =>
  list(status?.results)
    .map(fields)
    .find((result) => result.name === name)?.value

const conditionOf = ({ status }: KubeObject): Fields => fields(list(status?.conditions)[0])

test('a build that succeeded tells its image, published and signed', { skip }, () => {
  const built = ofType('build').filter((object) => conditionOf(object).status === 'True')
  assert.equal(built.length, 4)
  for (const object of built) {
    const digest = resultOf(object, 'IMAGE_DIGEST')
    assert.deepEqual(told(object), [
      'queued',
      'build-queued',
      'started',
      'build-started',
      'finished success',
      'build-finished success',
      `artifact-published/${digest}`,
      'signed',
      `artifact-signed/${digest}`,
    ])
    const [image] = pipelineRun.milestones(object).filter(({ name }) => name === 'artifact-published')
    const { image: repository, tag } = image?.details ?? {}
    assert.equal(`${repository}:${tag}`, resultOf(object, 'IMAGE_URL'))
    assert.equal(commitOf(object), resultOf(object, 'CHAINS-GIT_COMMIT'))
    assert.equal(snapshotOf(object), object.metadata.annotations?.['appstudio.openshift.io/snapshot'])
    assert.deepEqual(pipelineRun.unreadable?.(object), [])
  }
})

test('a build that failed tells no image, though Chains has signed it', { skip }, () => {
  const failed = ofType('build').filter((object) => conditionOf(object).status === 'False')
  assert.deepEqual(failed.map(told), [
    ['queued', 'build-queued', 'started', 'build-started', 'finished failure', 'build-finished failure', 'signed'],
  ])
})

test('a test run tells what its policy came to, and nothing of what was copied from its build', { skip }, () => {
  const tests = ofType('test')
  assert.equal(tests.length, 4)
  for (const object of tests) {
    assert.deepEqual(told(object), ['queued', 'started', 'finished success', 'policy-evaluated success', 'signed'])
    const [evaluated] = pipelineRun.milestones(object).filter(({ name }) => name === 'policy-evaluated')
    assert.deepEqual(evaluated?.details, { result: 'SUCCESS', successes: 20, failures: 0, warnings: 0 })
    assert.ok(scenarioOf(object) && snapshotOf(object) && componentOf(object) && applicationOf(object))
    assert.deepEqual(pipelineRun.unreadable?.(object), [])
  }
  const copied = tests.filter(({ metadata }) =>
    metadata.annotations?.['test.appstudio.openshift.io/create-snapshot-status']?.includes('failed'),
  )
  assert.equal(copied.length, 2)
})

test('a managed run stays a run', { skip }, () => {
  const [managed, ...others] = ofType('managed')
  assert.deepEqual([managed && told(managed), others], [['queued', 'started', 'finished success', 'signed'], []])
  assert.equal(managed && releaseOf(managed)?.namespace, 'default-tenant')
})
