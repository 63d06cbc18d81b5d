import assert from 'node:assert/strict'
import { test } from 'node:test'
import { of, see } from '../routing.ts'
import { emitter, running, type SubscriptionSpec, stored, succeeded, taskRun } from '../scene.ts'

type Spec = Partial<SubscriptionSpec>

const artifactPublished = 'dev.cdevents.artifact.published'
const annotations = {
  'carillon.dev/events': JSON.stringify(
    ['started', 'finished'].map((milestone) => ({
      ...{ name: milestone, type: artifactPublished, on: { kind: 'TaskRun', milestone } },
      subject: { id: 'pkg:oci/shop@sha256%3Aabc' },
    })),
  ),
}
const cdevents: Spec = { formats: ['cdevents'] }

/** What a subscription was, what it is from the run's start on, and what of the run's end is told then. */
const rows: [what: string, before: Spec, after: Spec, types: string[]][] = [
  [
    'another version of CDEvents',
    cdevents,
    { ...cdevents, cdevents: { specVersion: '0.5.1' } },
    ['dev.cdevents.taskrun.finished.0.3.0'],
  ],
  [
    'one more format',
    {},
    { formats: ['cloudevents', 'tektonv1'] },
    ['dev.carillon.tekton.taskrun.finished.v1', 'dev.tekton.event.taskrun.successful.v1'],
  ],
  ['another format', cdevents, { formats: ['tektonv2'] }, ['dev.tekton.event.taskrun.successful.v2']],
  [
    'declared events',
    cdevents,
    { ...cdevents, userEvents: { types: [artifactPublished] } },
    ['dev.cdevents.taskrun.finished.0.2.0', `${artifactPublished}.0.2.0`],
  ],
  ['a body', {}, { body: '{"text": event.subject}' }, ['dev.carillon.tekton.taskrun.finished.v1']],
]

for (const [what, before, after, types] of rows)
  test(`nothing that was told is told again for ${what}, which holds for what comes then`, () => {
    const [start, end] = [taskRun(running(), { annotations }), taskRun(succeeded(), { annotations })]
    const record = stored(see(start, of([emitter('builds', before)])).record)
    const changed = emitter('builds', after)
    for (const phase of ['watch', 'list', 'refresh'] as const) {
      const again = see(start, of([changed], { record, phase }))
      assert.deepEqual([again.rows, again.counts, again.formatErrors], [[], [], []])
    }
    assert.deepEqual(
      see(end, of([changed], { record })).rows.map(({ event }) => event.type),
      types,
    )
  })
