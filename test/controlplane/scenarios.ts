// Runs that together show what can become of a Tekton run. A stand-in kubelet plays them (kubelet.ts); the controller is
// the real one. Used by the tests of Tekton and of the operator, and by the demo.
import type { KubeObject } from '../../src/api/object.ts'
import type { AdminClient, Manifest } from './admin.ts'
import { type Play, playAnnotation } from './kubelet.ts'

export type Scenario = {
  name: string
  kind: 'PipelineRun' | 'TaskRun'
  spec: object
  annotations?: Record<string, string>
  /** What is done to the run, once, when `at` (status/reason of its condition Succeeded) is reached. */
  intervention?: { at: string; doing: string; patch: object }
  /** How it ends: status and reason of the condition Succeeded. */
  end: string
  /** The distinct states of the run itself, in order (`none` before there is a condition). */
  history: string[]
  /** Those of them that a slow machine may not show. */
  mayMiss?: string[]
  /** How its children end, by pipeline task: one entry for each TaskRun or CustomRun. */
  children?: Record<string, string[]>
  /** Pipeline tasks that end up in `status.skippedTasks`. */
  skipped?: string[]
}

const image = 'stand-in/image'
const step = (name: string) => ({ name, image, command: ['true'] })

/** A pipeline task with its own play; `more` is what stands beside its taskSpec. */
const task = (name: string, play: Play = {}, more: object = {}, spec: object = {}) => ({
  name,
  taskSpec: {
    metadata: { annotations: { [playAnnotation]: JSON.stringify(play) } },
    steps: [step('main')],
    ...spec,
  },
  ...more,
})

const pipeline = (tasks: object[], more: object = {}, run: object = {}) => ({
  pipelineSpec: { tasks, ...more },
  taskRunTemplate: { serviceAccountName: 'default' },
  timeouts: { pipeline: '1h0m0s' },
  ...run,
})

const lone = (steps: string[], more: object = {}, spec: object = {}) => ({
  serviceAccountName: 'default',
  timeout: '1h0m0s',
  taskSpec: { steps: steps.map(step), ...spec },
  ...more,
})

const annotated = (play: Play) => ({ [playAnnotation]: JSON.stringify(play) })

const digest = `sha256:${'ab'.repeat(32)}`
const pending = 'Unknown/Pending'
const running = 'Unknown/Running'

export const scenarios: Scenario[] = [
  {
    name: 'several-tasks',
    kind: 'PipelineRun',
    spec: pipeline(
      [
        task('clone'),
        task('build', { results: { digest } }, { runAfter: ['clone'] }, { results: [{ name: 'digest' }] }),
        task('test', { stepMs: 50 }, { runAfter: ['build'] }),
      ],
      {
        finally: [task('notify')],
        results: [{ name: 'image', value: '$(tasks.build.results.digest)' }],
      },
    ),
    end: 'True/Succeeded',
    history: ['none', running, 'True/Succeeded'],
    children: {
      clone: ['True/Succeeded'],
      build: ['True/Succeeded'],
      test: ['True/Succeeded'],
      notify: ['True/Succeeded'],
    },
  },
  {
    name: 'skipped-task',
    kind: 'PipelineRun',
    spec: pipeline([
      task('always'),
      task('only-on-main', {}, { when: [{ input: 'feature', operator: 'in', values: ['main'] }] }),
    ]),
    end: 'True/Completed',
    history: ['none', running, 'True/Completed'],
    children: { always: ['True/Succeeded'] },
    skipped: ['only-on-main'],
  },
  {
    name: 'matrix',
    kind: 'PipelineRun',
    spec: pipeline([
      task(
        'platforms',
        {},
        { matrix: { params: [{ name: 'arch', value: ['amd64', 'arm64', 's390x'] }] } },
        { params: [{ name: 'arch', type: 'string' }] },
      ),
    ]),
    end: 'True/Succeeded',
    history: ['none', running, 'True/Succeeded'],
    children: { platforms: ['True/Succeeded', 'True/Succeeded', 'True/Succeeded'] },
  },
  {
    name: 'failing-task',
    kind: 'PipelineRun',
    spec: pipeline([task('unit', { exitCode: 1 }), task('publish', {}, { runAfter: ['unit'] })], {
      finally: [task('notify')],
    }),
    end: 'False/Failed',
    history: ['none', running, 'False/Failed'],
    children: { unit: ['False/StepFailed'], notify: ['True/Succeeded'] },
    skipped: ['publish'],
  },
  {
    name: 'cancelled',
    kind: 'PipelineRun',
    spec: pipeline([task('endless', { never: true })]),
    intervention: { at: running, doing: 'cancel it', patch: { spec: { status: 'Cancelled' } } },
    end: 'False/Cancelled',
    history: ['none', running, 'False/Cancelled'],
    children: { endless: ['False/TaskRunCancelled'] },
  },
  {
    name: 'timed-out',
    kind: 'PipelineRun',
    spec: pipeline([task('endless', { never: true })], {}, { timeouts: { pipeline: '4s' } }),
    end: 'False/PipelineRunTimeout',
    history: ['none', running, 'False/PipelineRunTimeout'],
    mayMiss: [running],
    children: { endless: ['False/TaskRunCancelled'] },
  },
  {
    name: 'retried',
    kind: 'PipelineRun',
    spec: pipeline([task('flaky', { failFirst: 1 }, { retries: 1 })]),
    end: 'True/Succeeded',
    history: ['none', running, 'True/Succeeded'],
    children: { flaky: ['True/Succeeded'] },
  },
  {
    name: 'pending-released',
    kind: 'PipelineRun',
    spec: pipeline([task('later')], {}, { status: 'PipelineRunPending' }),
    intervention: { at: 'Unknown/PipelineRunPending', doing: 'release it', patch: { spec: { status: null } } },
    end: 'True/Succeeded',
    history: ['none', 'Unknown/PipelineRunPending', running, 'True/Succeeded'],
    children: { later: ['True/Succeeded'] },
  },
  {
    name: 'pending-cancelled',
    kind: 'PipelineRun',
    spec: pipeline([task('never')], {}, { status: 'PipelineRunPending' }),
    intervention: { at: 'Unknown/PipelineRunPending', doing: 'cancel it', patch: { spec: { status: 'Cancelled' } } },
    end: 'False/Cancelled',
    history: ['none', 'Unknown/PipelineRunPending', 'False/Cancelled'],
    children: {},
  },
  {
    name: 'custom-run',
    kind: 'PipelineRun',
    spec: pipeline([
      task('before'),
      {
        name: 'approve',
        runAfter: ['before'],
        taskSpec: {
          apiVersion: 'example.dev/v1',
          kind: 'Approval',
          metadata: { annotations: annotated({ results: { approver: 'somebody' } }) },
          spec: { from: 'somebody' },
        },
      },
    ]),
    end: 'True/Succeeded',
    history: ['none', running, 'True/Succeeded'],
    children: { before: ['True/Succeeded'], approve: ['True/Succeeded'] },
  },
  {
    name: 'lone-results',
    kind: 'TaskRun',
    annotations: annotated({ results: { digest, tags: ['1.0', 'latest'] } }),
    spec: lone(['build'], {}, { results: [{ name: 'digest' }, { name: 'tags', type: 'array' }] }),
    end: 'True/Succeeded',
    history: ['none', pending, running, 'True/Succeeded'],
  },
  {
    name: 'slow-steps',
    kind: 'TaskRun',
    annotations: annotated({ stepMs: 300 }),
    spec: lone(['fetch', 'compile', 'push']),
    end: 'True/Succeeded',
    history: ['none', pending, running, 'True/Succeeded'],
  },
  {
    name: 'lone-timed-out',
    kind: 'TaskRun',
    annotations: annotated({ never: true }),
    spec: lone(['endless'], { timeout: '4s' }),
    end: 'False/TaskRunTimeout',
    history: ['none', pending, running, 'False/TaskRunTimeout'],
    mayMiss: [pending, running],
  },
]

export const versionOf = {
  PipelineRun: 'tekton.dev/v1',
  TaskRun: 'tekton.dev/v1',
  CustomRun: 'tekton.dev/v1beta1',
} as const

/** `status/reason` of a run's condition Succeeded, `none` while it has none. */
export function stateOf(run: KubeObject): string {
  const { conditions = [] } = (run.status ?? {}) as { conditions?: { type: string; status: string; reason?: string }[] }
  const succeeded = conditions.find((one) => one.type === 'Succeeded')
  return succeeded ? `${succeeded.status}/${succeeded.reason ?? ''}` : 'none'
}

/** The run of a scenario, as it is applied; `name` where it is to be another than the scenario's. */
export function manifestOf(scenario: Scenario, namespace: string, name = scenario.name): Manifest {
  const { kind, spec, annotations = {} } = scenario
  return { apiVersion: versionOf[kind], kind, metadata: { name, namespace, annotations }, spec }
}

const isDone = (run: KubeObject) =>
  (run.status as { completionTime?: string } | undefined)?.completionTime !== undefined

/** Creates a scenario's run, does to it what has to be done, and resolves with it at its end. */
export async function perform(
  admin: AdminClient,
  scenario: Scenario,
  namespace: string,
  options: { name?: string; timeoutMs?: number } = {},
): Promise<KubeObject> {
  const { name = scenario.name, timeoutMs = 60_000 } = options
  const { kind, intervention } = scenario
  await admin.create(manifestOf(scenario, namespace, name))
  const path = await admin.path(versionOf[kind], kind, namespace, name)
  if (intervention) {
    const { at, doing, patch } = intervention
    await admin.waitFor(path, (run) => stateOf(run) === at, { what: `${name} to be ${at}, to ${doing}`, timeoutMs })
    await admin.mergePatch(versionOf[kind], kind, namespace, name, patch)
  }
  return admin.waitFor(path, isDone, { what: `${name} to end as ${scenario.end}`, timeoutMs })
}
