import { releaseMilestones, takeReleaseApart } from './konflux-release-milestones.ts'
import { releasePhases } from './konflux-release-phases.ts'
import { resourceSource } from './resource-source.ts'
import type { DetailKind, MilestoneKind } from './source.ts'

const phase: DetailKind = { type: 'string', about: 'which part of the release', always: true, enum: releasePhases }
const pipelineRun: DetailKind = { type: 'string', about: 'namespace and name of the PipelineRun, with a / between' }
const decided = 'True, or False for any reason but Progressing'

const rows: readonly MilestoneKind[] = [
  {
    name: 'validated',
    class: 'derived',
    default: false,
    key: 'validated',
    time: 'status.validation.time; of a Release that was found to be invalid later, when its first phase began',
    when: 'the condition Validated is True, or status.validation.failedPostValidation says that it was',
  },
  {
    name: 'validation-failed',
    class: 'derived',
    default: true,
    key: 'validation-failed',
    time: 'status.validation.time, else the last write',
    when: 'the condition Validated is False; details.afterwards where the Release had been valid first',
    reason: 'the condition Validated',
    details: { afterwards: { type: 'boolean', about: 'whether it had been found to be valid before', always: true } },
  },
  {
    name: 'phase-started',
    class: 'derived',
    default: false,
    key: 'phase-started/<phase>',
    time: 'startTime of the phase in the status; of the managed phase that of its first attempt',
    when: 'the phase has a startTime, and its condition is not True for the reason Skipped',
    details: { phase },
  },
  {
    name: 'phase-finished',
    class: 'derived',
    default: false,
    key: 'phase-finished/<phase>',
    time: 'completionTime of the phase, of the managed phase that of its last attempt; else lastTransitionTime of its condition where that is True, else the last write',
    when: `the condition of the phase is ${decided}; one that was skipped is not told`,
    outcome: true,
    reason: 'the condition of the phase',
    details: { phase, pipelineRun },
  },
  {
    name: 'attempt-failed',
    class: 'derived',
    default: false,
    key: 'attempt-failed/<n>',
    time: 'completionTime of the n-th of status.managedPipelineAttempts, else its startTime, else the last write',
    when: 'the status of an attempt of the managed phase is Failed, whether or not another follows: the conditions say nothing of it where one does',
    reason: 'the attempt, as its failureReason (Error, OOMKill, PipelineRunTimeout, TaskRunTimeout); it has no message',
    details: {
      attempt: { type: 'integer', about: 'which attempt failed, from 1', always: true },
      pipelineRun,
      task: { type: 'string', about: 'the last task that it ran' },
      step: { type: 'string', about: 'the last step of that task' },
    },
  },
  {
    name: 'published',
    class: 'derived',
    default: true,
    key: 'published',
    time: 'status.completionTime, else lastTransitionTime of the condition Released',
    when: 'the condition Released is True, which it is once all phases have ended well or were skipped',
    reason: 'the condition Released',
  },
  {
    name: 'failed',
    class: 'derived',
    default: true,
    key: 'failed',
    time: 'status.completionTime, else the last write: lastTransitionTime of the condition is that of its beginning',
    when: 'the condition Released is False for any reason but Progressing',
    reason: 'the condition Released',
    details: {
      phase: {
        type: 'string',
        about: 'what failed first, where a condition says so',
        always: true,
        enum: ['validation', ...releasePhases],
      },
    },
  },
]

/** What release-service makes of a Snapshot, in the tenant's namespace. */
export const release = resourceSource({
  kind: 'Release',
  family: 'konflux',
  group: 'appstudio.redhat.com',
  version: 'v1alpha1',
  plural: 'releases',
  rows,
  defaults: ['created'],
  takeApart: takeReleaseApart,
  milestones: releaseMilestones,
  identity: { spec: ['releasePlan', 'snapshot'] },
  isLinkedTo: true,
})
