import { type MilestoneKind, outcomes } from './source.ts'

const queued: MilestoneKind = {
  name: 'queued',
  class: 'derived',
  default: false,
  key: 'queued',
  time: 'metadata.creationTimestamp',
  when: 'the run was created',
}

const started: MilestoneKind = {
  name: 'started',
  class: 'derived',
  default: true,
  key: 'started',
  time: 'status.startTime',
  when: 'the run has a startTime; one that ended without ever having one (refused, cancelled while pending) never started',
}

/** Of a kind whose runs may be tried again: a retry clears status.startTime. */
const startedFirst: MilestoneKind = {
  ...started,
  time: 'status.startTime of the first attempt that has one (status.retriesStatus holds the earlier ones)',
}

const running: MilestoneKind = {
  name: 'running',
  class: 'observed',
  default: false,
  key: 'running/<attempt>',
  time: 'lastTransitionTime of the condition Succeeded',
  when: 'the condition Succeeded is Unknown with reason Running and was not before; once an attempt',
  reason: 'the condition Succeeded',
}

const changed: MilestoneKind = {
  name: 'changed',
  class: 'observed',
  default: false,
  key: 'changed/<lastTransitionTime in ms>/<first 8 hexadecimal digits of SHA-256 of the message>',
  time: 'lastTransitionTime of the condition Succeeded',
  when: 'the condition Succeeded, which was Unknown with reason Running in this attempt before, is so again or still, with another message or time, as at each step of a pipeline; never of the first such state, which is running',
  reason: 'the condition Succeeded',
}

const unknown: MilestoneKind = {
  name: 'unknown',
  class: 'observed',
  default: false,
  key: 'unknown/<reason>/<lastTransitionTime in ms>',
  time: 'lastTransitionTime of the condition Succeeded',
  when: 'the condition Succeeded is Unknown with any reason but Started and Running (Pending, ToBeRetried, ResolvingTaskRef, …); again each time that the condition changes',
  reason: 'the condition Succeeded',
}

const retried: MilestoneKind = {
  name: 'retried',
  class: 'derived',
  default: false,
  key: 'retried/<n>',
  time: 'completionTime of the n-th of status.retriesStatus, else the lastTransitionTime of its condition',
  when: 'an attempt failed and the run is tried again; details has the attempt (from 1) and its outcome',
  reason: 'the condition of the attempt that failed',
  details: {
    attempt: { type: 'integer', about: 'which attempt failed, from 1', always: true },
    outcome: { type: 'string', about: 'how that attempt ended', always: true, enum: outcomes },
  },
}

const skipped: MilestoneKind = {
  name: 'skipped',
  class: 'derived',
  default: false,
  key: 'skipped/<task>',
  time: 'lastTransitionTime of the condition Succeeded: the latest that it can have been, as Tekton writes no time for a skip',
  when: 'status.skippedTasks lists a task, which may be before the end; details has the task, reason says why',
  reason: 'the skip; it has no message',
  details: { task: { type: 'string', about: 'the name of the task in the Pipeline', always: true } },
}

const finished: MilestoneKind = {
  name: 'finished',
  class: 'derived',
  default: true,
  key: 'finished',
  time: 'status.completionTime, else lastTransitionTime of the condition Succeeded',
  when: 'the condition Succeeded is True or False; outcome is success, failure, cancelled, timeout or error',
  outcome: true,
  reason: 'the condition Succeeded',
}

const signed: MilestoneKind = {
  name: 'signed',
  class: 'derived',
  default: false,
  key: 'signed',
  time: 'the last write of the annotation’s owner in metadata.managedFields, else as finished',
  when: 'the run has finished and its annotation chains.tekton.dev/signed is "true" (Tekton Chains; its other value, failed, is no signature)',
}

/** A delete leaves nothing that could be read later: whoever did not see it knows of it from the disk, or not at all. */
const deleted: MilestoneKind = {
  name: 'deleted',
  class: 'observed',
  default: false,
  key: 'deleted',
  time: 'metadata.deletionTimestamp, else when the delete was seen; never before the run’s other milestones',
  when: 'the run is gone, and had not finished in its last state; one that finished first, and is pruned, is not told. With details.missed nobody was watching when it went: an end that it may have come to meanwhile was not seen',
  reason: 'the condition Succeeded, as it last was',
  details: { missed: { type: 'boolean', about: 'true where nobody was watching when the run went' } },
}

export const taskRunCatalogue: readonly MilestoneKind[] = [
  queued,
  startedFirst,
  unknown,
  running,
  changed,
  retried,
  { ...finished, when: `${finished.when}; False without completionTime is a TaskRun that still runs` },
  signed,
  deleted,
]

export const pipelineRunCatalogue: readonly MilestoneKind[] = [
  queued,
  started,
  unknown,
  running,
  changed,
  skipped,
  finished,
  signed,
  deleted,
]

export const customRunCatalogue: readonly MilestoneKind[] = [
  queued,
  startedFirst,
  unknown,
  running,
  changed,
  retried,
  finished,
  deleted,
]

const ranks: Readonly<Record<string, number>> = {
  queued: 0,
  held: 5,
  started: 10,
  unknown: 12,
  running: 14,
  changed: 15,
  retried: 16,
  skipped: 80,
  finished: 90,
  signed: 95,
  deleted: 99,
}

/**
 * Place in a run's life, 0 to 99: Tekton's times are whole seconds, in which a whole attempt may pass. Each attempt (from 1) has ten
 * places; those beyond the seventh share its places. `held` is an `unknown` before the first start.
 */
export const rankOf = (milestoneName: string, attempt = 1): number =>
  (ranks[milestoneName] ?? 0) + 10 * (Math.min(attempt, 7) - 1)
