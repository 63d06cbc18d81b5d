import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import type { KubeObject } from '../../src/api/object.ts'
import { sources } from '../../src/sources/index.ts'

const folder = join(import.meta.dirname, '../../../shared/data/konflux/e2e-run')
const skip = existsSync(folder) ? false : 'no sample runs: ../shared/data/konflux/e2e-run is not there'

test('runs of a real cluster, seen after their ends, tell their whole lives in order', { skip }, () => {
  const runs = readdirSync(folder)
    .map((file): KubeObject => parse(readFileSync(join(folder, file), 'utf8')))
    .filter((object) => object.kind === 'PipelineRun' || object.kind === 'TaskRun')
  assert.ok(runs.length > 0)
  for (const object of runs) {
    const milestones = sources[object.kind]?.milestones(object) ?? []
    const ofTekton = new Set(sources[object.kind]?.catalogue.filter(({ event }) => !event).map(({ name }) => name))
    const names = milestones.map((milestone) => milestone.name).filter((name) => ofTekton.has(name))
    assert.deepEqual(
      [...new Set(names)].filter((name) => name !== 'skipped' && name !== 'signed'),
      ['queued', 'started', 'finished'],
    )
    const times = milestones.map((milestone) => milestone.time)
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
      object.metadata.name,
    )
    const skippedTasks = object.status?.skippedTasks
    assert.equal(
      names.filter((name) => name === 'skipped').length,
      Array.isArray(skippedTasks) ? skippedTasks.length : 0,
    )
  }
})
