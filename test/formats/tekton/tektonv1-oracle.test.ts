// What the format tektonv1 makes of runs, against what Tekton's own code (v1.12) makes of them.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import type { KubeObject } from '../../../src/api/object.ts'
import { tektonv1 } from '../../../src/formats/tekton/tektonv1.ts'
import { input, milestone, run, runNames } from '../runs.ts'
import { fieldsInGo, tellTekton, withoutWhatStays } from './oracle.ts'
import { validRuns } from './random-runs.ts'

async function assertSame(objects: readonly KubeObject[], hint: string): Promise<void> {
  const told = await tellTekton(objects)
  for (const [index, object] of objects.entries()) {
    const tekton = told[index]
    assert.ok(tekton && 'data' in tekton, `${hint}: Tekton says ${JSON.stringify(tekton)} of ${JSON.stringify(object)}`)
    const [event] = tektonv1.encode(input(object, milestone('started'))).events
    const what = `${hint}: ${JSON.stringify(object)}`
    assert.deepEqual(JSON.parse(event?.data ?? ''), withoutWhatStays(tekton.data), what)
  }
}

const sourcesFolder = join(import.meta.dirname, '../../sources')
const readAll = (folder: string): string[] =>
  readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'))

test('golden runs and recorded lives are told as Tekton tells them', () => {
  const golden = readAll(join(sourcesFolder, 'golden')).map(
    (text) => (JSON.parse(text) as { object: KubeObject }).object,
  )
  const lives = readAll(join(sourcesFolder, 'lives')).flatMap(
    (text) => (JSON.parse(text) as { states: KubeObject[] }).states,
  )
  const ofTekton = [...golden, ...lives].filter(({ apiVersion }) => apiVersion.startsWith('tekton.dev/'))
  return assertSame([...runNames.map(run), ...ofTekton], 'golden')
})

const konflux = join(import.meta.dirname, '../../../../shared/data/konflux/e2e-run')
const skip = existsSync(konflux) ? false : 'no sample runs: ../shared/data/konflux/e2e-run is not there'

test('runs of a real cluster are told as Tekton tells them', { skip }, () => {
  const runs = readAll(konflux).map((text): KubeObject => parse(text))
  return assertSame(
    runs.filter(({ kind }) => kind === 'PipelineRun' || kind === 'TaskRun'),
    'real',
  )
})

const probe = { tcpSocket: { port: 80 }, initialDelaySeconds: 0 }
const deprecations = (kept: object) => ({ 'tekton.dev/v1beta1.task-deprecations': JSON.stringify(kept) })
const taskSpec = { steps: [{ name: 'one', image: 'i' }, { image: 'j' }] }
const deprecatedSteps = [
  { name: '', resources: {}, livenessProbe: probe, tty: true },
  { name: '', resources: {}, ports: [{ containerPort: 1 }] },
]
const deprecatedStepTemplate = { name: 'old', resources: {}, stdin: true, terminationMessagePath: '/t' }
const named = (kind: string, annotations: Record<string, string>, more: object): KubeObject => ({
  apiVersion: 'tekton.dev/v1',
  kind,
  metadata: {
    name: 'old',
    namespace: 'team-a',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '2026-03-02T09:00:00Z',
    annotations,
  },
  ...more,
})
/** What v1 keeps as annotations of fields that v1beta1 alone has. */
const annotated: Record<string, KubeObject> = {
  'of a task in the spec': named('TaskRun', deprecations({ old: { deprecatedSteps } }), { spec: { taskSpec } }),
  'of a task in the status, which comes first': named(
    'TaskRun',
    deprecations({ old: { deprecatedSteps, deprecatedStepTemplate } }),
    { spec: { taskSpec }, status: { taskSpec } },
  ),
  'of a task in an earlier attempt, which comes before': named('TaskRun', deprecations({ old: { deprecatedSteps } }), {
    spec: { taskSpec },
    status: { taskSpec, retriesStatus: [{ taskSpec }] },
  }),
  'of another task': named('TaskRun', deprecations({ other: { deprecatedSteps } }), { spec: { taskSpec } }),
  'of tasks of a pipeline': named(
    'PipelineRun',
    deprecations({ build: { deprecatedSteps }, last: { deprecatedSteps: [], deprecatedStepTemplate }, gone: {} }),
    {
      spec: {
        pipelineSpec: {
          tasks: [{ name: 'build', taskSpec }],
          finally: [{ name: 'last', taskSpec: { stepTemplate: { image: 'i' } } }],
        },
      },
    },
  ),
  'of a pipeline in the status': named('PipelineRun', deprecations({ build: { deprecatedSteps } }), {
    spec: { pipelineSpec: { tasks: [{ name: 'build', taskSpec }] } },
    status: {
      pipelineSpec: {
        tasks: [
          { name: 'build', taskSpec },
          { name: 'more', taskRef: { name: 'x' } },
        ],
      },
    },
  }),
  'of resources': named(
    'PipelineRun',
    { 'tekton.dev/v1beta1Resources': '[{"name":"git","resourceRef":{"name":"repo"}}]' },
    {},
  ),
  'of nothing': named(
    'TaskRun',
    { 'tekton.dev/v1beta1Resources': '{}', 'tekton.dev/v1beta1CloudEvents': '[]', a: 'b' },
    {},
  ),
}
for (const [what, object] of Object.entries(annotated)) {
  test(`what v1 keeps in annotations ${what} is told as Tekton tells it`, () => assertSame([object], what))
}

test('what annotations keep stays there where Tekton could send nothing', async () => {
  for (const kept of ['{', JSON.stringify({ old: { deprecatedSteps: [{ tty: true }] } })]) {
    const object = named('TaskRun', { 'tekton.dev/v1beta1.task-deprecations': kept }, { spec: { taskSpec } })
    const [told] = await tellTekton([object])
    assert.ok(told && 'error' in told)
    const [event] = tektonv1.encode(input(object, milestone('started'))).events
    const { taskRun } = JSON.parse(event?.data ?? '')
    assert.deepEqual(taskRun.metadata.annotations, object.metadata.annotations)
    assert.deepEqual(taskRun.spec.taskSpec.steps, [
      { name: 'one', image: 'i', resources: {} },
      { name: '', image: 'j', resources: {} },
    ])
  }
})

for (const kind of ['TaskRun', 'PipelineRun', 'CustomRun'] as const) {
  test(`a ${kind} of any fields is told as Tekton tells it`, async () => {
    const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
    const objects = fc.sample(validRuns(await fieldsInGo(), kind), { seed, numRuns: 1000 })
    await assertSame(objects, `seed ${seed}`)
  })
}
