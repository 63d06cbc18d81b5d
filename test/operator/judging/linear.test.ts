import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import { testStatusAnnotation } from '../../../src/sources/konflux-test-status.ts'
import type { Milestone, Source } from '../../../src/sources/source.ts'
import { of, see } from '../routing.ts'
import { at, emitter, sourceOf, succeeded, taskRun } from '../scene.ts'

const count = 500

const snapshot: KubeObject = {
  ...taskRun(undefined, {
    annotations: {
      [testStatusAnnotation]: JSON.stringify(
        Array.from({ length: count }, (_, n) => ({
          scenario: `s${n}`,
          status: 'TestPassed',
          startTime: at(1),
          completionTime: at(2),
        })),
      ),
    },
  }),
  apiVersion: 'appstudio.redhat.com/v1alpha1',
  kind: 'Snapshot',
}

const images = Array.from({ length: count }, (_, n) => `a/b@sha256:${String(n).padStart(64, '0')}`).join()

const build: KubeObject = {
  ...taskRun(
    { ...succeeded(), results: [{ name: 'IMAGES', value: images }] },
    {
      labels: { 'pipelines.appstudio.openshift.io/type': 'build' },
      annotations: { 'chains.tekton.dev/signed': 'true' },
    },
  ),
  kind: 'PipelineRun',
}

const skipped = Array.from({ length: count }, (_, n) => ({ name: `task-${n}` }))

const run: KubeObject = { ...taskRun({ ...succeeded(), skippedTasks: skipped }), kind: 'PipelineRun' }

const objects: readonly [what: string, object: KubeObject, milestones: string[]][] = [
  ['a Snapshot of very many scenarios', snapshot, ['test-started', 'test-finished']],
  ['a build of very many images', build, ['artifact-published', 'artifact-signed']],
  ['a run of very many skipped tasks', run, ['skipped']],
]

for (const [what, object, milestones] of objects)
  test(`${what} is not gone through again for each of their events`, () => {
    let reads = 0
    const source = sourceOf(object.kind)
    const counted = source.milestones(object).map(
      (milestone) =>
        new Proxy(milestone, {
          get(target, name) {
            reads += 1
            return target[name as keyof Milestone]
          },
        }),
    )
    const counting: Source = { ...source, milestones: () => counted }
    const events = [{ kind: object.kind, milestones }]
    for (const spec of [{ data: { content: 'full' as const } }, { formats: ['cdevents' as const] }]) {
      reads = 0
      const { rows } = see(object, { ...of([emitter('many', { events, ...spec })]), source: counting })
      assert.ok(rows.length >= count, String(rows.length))
      assert.ok(reads < counted.length * 150, `${reads} reads of ${counted.length} milestones`)
    }
  })
