import type { KubeObject } from '../api/object.ts'
import { type Condition, conditionOf, whyOf } from './conditions.ts'
import { isDecided, type PhaseState, phasesOf, pipelineRunOf } from './konflux-release-phases.ts'
import { type Fields, fields, list, plainText, time } from './read.ts'
import { derived } from './resource-source.ts'
import type { Milestone } from './source.ts'
import { type When, whenOf } from './when.ts'

/** A Release as the derivations below see it: taken apart once. */
export type Release = {
  metadata: Fields
  status: Fields
  validated: Condition | undefined
  released: Condition | undefined
  phases: readonly PhaseState[]
}

export function takeReleaseApart(object: KubeObject): Release {
  const [metadata, status] = [fields(object.metadata), fields(object.status)]
  return {
    metadata,
    status,
    validated: conditionOf(status, 'Validated'),
    released: conditionOf(status, 'Released'),
    phases: phasesOf(metadata, status),
  }
}

/** All that must have happened to a Release since it was created. */
export const releaseMilestones = (release: Release): Milestone[] => [
  ...validated(release),
  ...release.phases.flatMap(phaseMilestones),
  ...failedAttempts(release),
  ...validationFailed(release),
  ...ended(release),
]

/** lastTransitionTime is no help where it failed: it is still that of Progressing. */
function endOf(metadata: Fields, status: Fields, released: Condition | undefined): When | undefined {
  if (!isDecided(released)) return undefined
  return whenOf(time(status.completionTime) ?? (released.status === 'True' ? released.changed : undefined), metadata)
}

/** It was valid, too, if it was found to be invalid later: validation.time is of the change, so that it began a phase is the best known. */
function validated({ metadata, status, validated, phases }: Release): Milestone[] {
  const validation = fields(status.validation)
  if (validated?.status === 'True') {
    return validatedAt(whenOf(time(validation.time) ?? validated.changed, metadata))
  }
  if (!isInvalid(validated) || validation.failedPostValidation !== true) return []
  const starts = phases.flatMap(({ start }) => start ?? [])
  const began = starts.length > 0 ? Math.min(...starts) : (time(status.startTime) ?? time(validation.time))
  return validatedAt(whenOf(began, metadata))
}

const validatedAt = (when: When | undefined): Milestone[] =>
  when ? [{ ...derived('validated', 'validated', when.time, 10), ...when }] : []

const isInvalid = (validated: Condition | undefined): validated is Condition =>
  validated?.status === 'False' && isDecided(validated)

function validationFailed({ metadata, status, validated }: Release): Milestone[] {
  if (!isInvalid(validated)) return []
  const validation = fields(status.validation)
  const when = whenOf(time(validation.time), metadata)
  if (when === undefined) return []
  const details = { afterwards: validation.failedPostValidation === true }
  const name = 'validation-failed'
  return [{ ...derived(name, name, when.time, 80), ...when, ...whyOf(validated), details }]
}

const phaseRanks = { tenantCollectors: 20, managedCollectors: 22, tenant: 30, managed: 40, final: 70 } as const

function phaseMilestones({ phase, start, end, pipelineRun }: PhaseState): Milestone[] {
  const details = { phase, ...(pipelineRun !== undefined && { pipelineRun }) }
  const milestones: Milestone[] = []
  if (start !== undefined)
    milestones.push({
      ...derived('phase-started', `phase-started/${phase}`, start, phaseRanks[phase]),
      details: { phase },
    })
  if (end === undefined) return milestones
  const rank = phase === 'managed' ? 60 : phaseRanks[phase] + 1
  const outcome = end.condition.status === 'True' ? 'success' : 'failure'
  const finished = derived('phase-finished', `phase-finished/${phase}`, end.when.time, rank)
  return [...milestones, { ...finished, ...end.when, outcome, ...whyOf(end.condition), details }]
}

/**
 * One for each attempt of the managed phase that failed: where another follows, no condition tells of it. release-service only ever appends
 * to the attempts: the place is stable.
 */
function failedAttempts({ metadata, status }: Release): Milestone[] {
  return list(status.managedPipelineAttempts)
    .map(fields)
    .flatMap((attempt, index) => {
      if (attempt.status !== 'Failed') return []
      const when = whenOf(time(attempt.completionTime) ?? time(attempt.startTime), metadata)
      if (when === undefined) return []
      const [reason, task, step] = [attempt.failureReason, attempt.lastTask, attempt.lastStep].map((value) =>
        plainText(value, 253),
      )
      const pipelineRun = pipelineRunOf(attempt)
      return [
        {
          ...derived('attempt-failed', `attempt-failed/${index + 1}`, when.time, Math.min(41 + index, 59)),
          ...when,
          ...(reason !== undefined && { reason }),
          details: {
            attempt: index + 1,
            ...(pipelineRun !== undefined && { pipelineRun }),
            ...(task !== undefined && { task }),
            ...(step !== undefined && { step }),
          },
        },
      ]
    })
}

function ended({ metadata, status, released, validated, phases }: Release): Milestone[] {
  const when = endOf(metadata, status, released)
  if (when === undefined || released === undefined) return []
  const isGood = released.status === 'True'
  const name = isGood ? 'published' : 'failed'
  const milestone = { ...derived(name, name, when.time, 90), ...when, ...whyOf(released) }
  if (isGood) return [milestone]
  const failed = phases.find(({ end }) => end?.condition.status === 'False')?.phase
  const phase = failed ?? (isInvalid(validated) ? 'validation' : undefined)
  return [phase === undefined ? milestone : { ...milestone, details: { phase } }]
}
