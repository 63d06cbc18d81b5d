// What the real controllers wrote, every state of it (recorded/flux/README.md): told once each, however often an interval comes round.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import { sourceFor } from '../../src/sources/index.ts'
import type { Projection } from '../../src/sources/source.ts'

const folder = join(import.meta.dirname, 'recorded/flux')

/** Keys without times, and with revisions by the letter that they are made of. */
const told: Record<string, string[]> = {
  'helm-release': [
    'created',
    'installed/1',
    'upgraded/2',
    'upgrade-failed/3',
    'rolled-back/4',
    'recovered/1.2.0-0303362c',
    'upgraded/5',
  ],
  'helm-release-suspended': ['created', 'installed/1', 'suspended/2', 'resumed/3', 'upgraded/2'],
  'helm-release-that-drifts': ['created', 'installed/1', 'drifted', 'drift-corrected', 'drifted', 'drift-corrected'],
  'helm-release-that-fails-to-install': [
    'created',
    'install-failed/1',
    'uninstalled/1',
    'install-failed/1',
    'recovered/1.0.0-9b6fdcde',
    'upgraded/2',
  ],
  'helm-release-whose-tests-may-fail': ['created', 'installed/1', 'tests-failed/1'],
  'helm-release-with-tests': [
    'created',
    'installed/1',
    'tests-passed/1',
    'upgraded/2',
    'tests-failed/2',
    'rolled-back/3',
    'upgraded/4',
    'tests-passed/4',
  ],
  'helm-release-without-its-chart': [
    'created',
    'failed/g1-ArtifactFailed',
    'recovered/g1-ArtifactFailed',
    'installed/1',
  ],
  'helm-release-without-remediation': [
    'created',
    'installed/1',
    'upgrade-failed/2',
    'recovered/1.1.0-12d55ec2',
    'upgraded/3',
  ],
  kustomization: [
    'created',
    'applied/a',
    'applied/b',
    'failed/g1-BuildFailed-b4c46517',
    'recovered/g1-BuildFailed-b4c46517',
    'applied/d',
    'applied/e',
  ],
  'kustomization-suspended': [
    'created',
    'failed/g1-ArtifactFailed-055539df',
    'recovered/g1-ArtifactFailed-055539df',
    'applied/a',
    'suspended/2',
    'resumed/3',
  ],
  'kustomization-that-waits-in-vain': [
    'created',
    'health-failed/g1-HealthCheckFailed-ef11f401',
    'recovered/g1-HealthCheckFailed-ef11f401',
    'applied/a',
    'health-failed/g1-HealthCheckFailed-ef11f401',
  ],
}

const statesOf = (name: string): KubeObject[] =>
  readFileSync(join(folder, `${name}.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as KubeObject)

/** In the order in which a watch would lead to them. */
function play(states: readonly KubeObject[]): string[] {
  const [first] = states
  const source = (first && sourceFor(first)) ?? assert.fail()
  const seen = new Set<string>()
  let previous: Projection | undefined
  for (const state of states) {
    const milestones = [...source.milestones(state), ...source.transitions(previous, state)]
    for (const { key } of milestones.sort((a, b) => a.time - b.time || a.rank - b.rank)) seen.add(key)
    previous = source.project(state, { wants: () => true, previous })
  }
  return [...seen]
}

const short = (key: string): string =>
  key.replace(/\/\d{13}$/, '').replace(/^applied\/main@sha1:(.)\1{39}\/[0-9a-f]{12}$/, 'applied/$1')

describe('what Flux wrote', () => {
  test('is all played', () => {
    const files = readdirSync(folder).filter((file) => file.endsWith('.jsonl'))
    assert.deepEqual(files.map((file) => file.replace('.jsonl', '')).sort(), Object.keys(told).sort())
  })

  for (const [name, keys] of Object.entries(told))
    test(`${name.replaceAll('-', ' ')}: each moment once`, () =>
      assert.deepEqual(play(statesOf(name)).map(short), keys))

  test('what was told stays as it was told: a state that comes twice, as after a restart, tells nothing anew', () => {
    for (const name of Object.keys(told)) {
      const states = statesOf(name)
      assert.deepEqual(play(states.flatMap((state) => [state, state])), play(states), name)
    }
  })
})
