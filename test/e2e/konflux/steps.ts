import type { KubeObject } from '../../../src/api/object.ts'
import { fields, list, text } from '../../../src/sources/read.ts'
import { annotationsOf, begin, created, type Life, later, type Step, split } from './step.ts'

const chains = 'chains.tekton.dev/'
const results = 'results.tekton.dev/'
const snapshot = 'appstudio.openshift.io/snapshot'
const snapshotStatus = 'test.appstudio.openshift.io/create-snapshot-status'

/** What integration-service writes to a build after its end (§2.3.4, §2.3.5); on all others it was copied (§3.3.1). */
const ofBuilds = [
  snapshot,
  snapshotStatus,
  'test.appstudio.openshift.io/added-to-global-candidate-list',
  'test.appstudio.openshift.io/snapshot-creation-report',
  'test.appstudio.openshift.io/pr-status',
]

const notSigned = {
  status: 'failed',
  message: 'Failed to create snapshot. Error: the PipelineRun is not yet signed with Chains',
}

/** A run of any type; what Konflux adds depends on that, and on how it ended. */
export function lifeOfRun(run: KubeObject): Life {
  const type = run.metadata.labels?.['pipelines.appstudio.openshift.io/type']
  const isBuild = type === 'build'
  const isPolicy = annotationsOf(run)['test.appstudio.openshift.io/kind'] === 'enterprise-contract'
  const [after, before] = split(run, chains, results, ...(isBuild ? ofBuilds : []))
  const status = fields(run.status)
  const { startTime, completionTime } = status as { startTime: string; completionTime: string }
  const condition = fields(list(status.conditions)[0])
  const isGood = condition.status === 'True'
  const going = {
    type: 'Succeeded',
    status: 'Unknown',
    reason: 'Running',
    message: 'Tasks Completed: 0',
    lastTransitionTime: startTime,
  }
  const skipped = list(status.skippedTasks).map(() => 'skipped')
  const steps: Step[] = [
    created(run, 'queued', ...(isBuild ? ['build-queued'] : [])),
    {
      after: '§2.3.1: startTime is set, Succeeded is Unknown for the reason Running',
      at: startTime,
      tells: ['started', ...(isBuild ? ['build-started'] : []), 'running'],
      status: { startTime, conditions: [going] },
    },
    {
      after: isGood
        ? '§2.3.1, §2.3.2, §3.3.3: Succeeded is True, with its results; Completed is success'
        : '§2.3.1: Succeeded is False',
      at: completionTime,
      tells: [
        ...skipped,
        'finished',
        ...(isBuild ? ['build-finished'] : []),
        ...(isBuild && isGood ? ['artifact-published'] : []),
        ...(isPolicy ? ['policy-evaluated'] : []),
      ],
      status,
    },
  ]
  return { object: begin(run, before), steps: [...steps, ...afterTheEnd(completionTime, after, isBuild, isGood)] }
}

/** What is written to a run that has ended: annotations alone, `all` of which it has at last. */
function afterTheEnd(end: string, all: Record<string, string>, isBuild: boolean, isGood: boolean): Step[] {
  const pick = (isWanted: (name: string) => boolean) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => isWanted(name)))
  const notYet: Step = {
    after: '§2.3.4: the annotation first says failed of a healthy run',
    at: later(end, 1),
    tells: [],
    annotations: { [snapshotStatus]: JSON.stringify(notSigned) },
  }
  const signed: Step = {
    after:
      isBuild && !isGood
        ? '§2.3.3; a build that failed has no image that could be signed'
        : '§2.3.3: Chains has signed',
    at: later(end, 2),
    tells: ['signed', ...(isBuild && isGood ? ['artifact-signed'] : [])],
    annotations: pick((name) => name.startsWith(chains)),
  }
  const built: Step = {
    after: isGood ? '§2.3.4: once signed, the Snapshot is there' : '§3.3.5: no Snapshot comes of it',
    at: later(end, 3),
    tells: [],
    annotations: pick((name) => ofBuilds.includes(name)),
  }
  const stored: Step = {
    after: '§3.3.5: metadata goes on changing after the end',
    at: later(end, 60),
    tells: [],
    annotations: pick((name) => name.startsWith(results)),
  }
  return [...(isBuild && isGood ? [notYet] : []), signed, ...(isBuild ? [built] : []), stored]
}

const testStatus = 'test.appstudio.openshift.io/status'

/** The end of the one scenario's test is what the annotation says at last. */
export function lifeOfSnapshot(object: KubeObject): Life {
  const [after, before] = split(object, testStatus, 'test.appstudio.openshift.io/git-reporter-status')
  const [test = {}] = JSON.parse(after[testStatus] ?? '[]') as [Record<string, string>]
  const { scenario, startTime = '', completionTime = '', testPipelineRunName } = test
  const at = object.metadata.creationTimestamp
  const entry = (status: string, more: object) => ({
    [testStatus]: JSON.stringify([{ scenario, status, lastUpdateTime: at, details: status, ...more }]),
  })
  const conditions = list(fields(object.status).conditions).map(fields)
  const integration = {
    type: 'AppStudioIntegrationStatus',
    status: 'Unknown',
    reason: 'InProgress',
    message: '',
    lastTransitionTime: startTime,
  }
  const of = (...types: string[]) => ({ conditions: conditions.filter(({ type }) => types.includes(text(type) ?? '')) })
  return {
    object: begin(object, before),
    steps: [
      created(object, 'created'),
      { after: '§2.4: Pending', at: later(at, 0.2), tells: ['test-queued'], annotations: entry('Pending', {}) },
      {
        after: '§2.4: InProgress, with a startTime and the run',
        at: startTime,
        tells: ['test-started'],
        annotations: entry('InProgress', { startTime, testPipelineRunName }),
      },
      {
        after: '§2.5: Unknown/InProgress',
        at: later(startTime, 0.1),
        tells: [],
        status: { conditions: [integration] },
      },
      {
        after: '§2.4: final',
        at: completionTime,
        tells: ['test-finished'],
        annotations: { [testStatus]: after[testStatus] ?? '' },
      },
      {
        after: '§2.5: Finished comes first, by a patch of its own',
        at: later(completionTime, 0.1),
        tells: [],
        status: of('AppStudioIntegrationStatus'),
      },
      {
        after: '§2.5: Passed',
        at: later(completionTime, 0.2),
        tells: ['passed'],
        status: of('AppStudioIntegrationStatus', 'AppStudioTestSucceeded'),
      },
      {
        after: '§2.5: AutoReleased is True always, and says nothing; §3.3.5',
        at: later(completionTime, 0.3),
        tells: [],
        status: fields(object.status),
        annotations: after,
      },
    ],
  }
}

/** Of the old group: its state is in an annotation (§2.2). */
export function lifeOfComponent(object: KubeObject): Life {
  const onboarding = 'build.appstudio.openshift.io/status'
  const [after, before] = split(object, onboarding, 'test.appstudio.openshift.io/')
  const at = object.metadata.creationTimestamp
  const { pac } = JSON.parse(after[onboarding] ?? '{}') as { pac: { 'configuration-time': string } }
  const own = { [onboarding]: after[onboarding] ?? '' }
  const onboarded = new Date(pac['configuration-time']).toISOString()
  return {
    object: begin(object, before),
    steps: [
      created(object, 'created'),
      { after: '§2.2: pac.state is enabled', at: onboarded, tells: ['onboarded'], annotations: own },
      {
        after: '§3.2: status.lastPromotedImage is set',
        at: later(at, 2000),
        tells: ['promoted'],
        annotations: after,
        status: fields(object.status),
      },
    ],
  }
}

/** ReleasePlan and ReleasePlanAdmission. */
export const lifeOfPlan = (object: KubeObject): Life => ({
  object: begin(object, annotationsOf(object)),
  steps: [
    created(object, 'created'),
    {
      after: '§1: Matched, whose reason is Matched always',
      at: later(object.metadata.creationTimestamp, 1),
      tells: ['matched'],
      status: fields(object.status),
    },
  ],
})

/** A scenario that says nothing of itself, as in the run. */
export const lifeOfScenario = (object: KubeObject): Life => ({
  object: begin(object, annotationsOf(object)),
  steps: [created(object, 'created')],
})

const lives: Readonly<Record<string, (object: KubeObject) => Life>> = {
  PipelineRun: lifeOfRun,
  Snapshot: lifeOfSnapshot,
  Component: lifeOfComponent,
  IntegrationTestScenario: lifeOfScenario,
  ReleasePlan: lifeOfPlan,
  ReleasePlanAdmission: lifeOfPlan,
}

/** How an object of the run came to its final state. */
export function lifeOf(object: KubeObject): Life {
  const life = lives[object.kind]
  if (life === undefined) throw new Error(`nothing says how a ${object.kind} comes to its final state`)
  return life(object)
}
