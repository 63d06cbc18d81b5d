import { type Condition, conditionOf } from './conditions.ts'
import { type Fields, fields, list, text, time } from './read.ts'
import { type When, whenOf } from './when.ts'

/** Parts of a release, in their order; each is one PipelineRun, but for a managed one that is tried again. */
export const releasePhases = ['tenantCollectors', 'managedCollectors', 'tenant', 'managed', 'final'] as const
export type ReleasePhase = (typeof releasePhases)[number]

/** Where a Release's status has a phase: its condition, and what was run for it (release-service api/v1alpha1/release_types.go). */
const places: Readonly<Record<ReleasePhase, { condition: string; processing: readonly string[] }>> = {
  tenantCollectors: {
    condition: 'TenantCollectorsPipelineProcessed',
    processing: ['collectorsProcessing', 'tenantCollectorsProcessing'],
  },
  managedCollectors: {
    condition: 'ManagedCollectorsPipelineProcessed',
    processing: ['collectorsProcessing', 'managedCollectorsProcessing'],
  },
  tenant: { condition: 'TenantPipelineProcessed', processing: ['tenantProcessing'] },
  managed: { condition: 'ManagedPipelineProcessed', processing: ['managedProcessing'] },
  final: { condition: 'FinalPipelineProcessed', processing: ['finalProcessing'] },
}

/** How far a phase has come. `end` only where it was decided; a phase that was skipped has neither. Times in ms. */
export type PhaseState = {
  phase: ReleasePhase
  start: number | undefined
  end: { when: When; condition: Condition } | undefined
  /** `namespace/name` of its PipelineRun; of several the last. */
  pipelineRun: string | undefined
}

/**
 * Whether a condition of a Release decides: True, or False for any reason but Progressing. release-service goes from False/Progressing to
 * False/Failed, and lastTransitionTime, which moves with the status alone, stays.
 */
export const isDecided = (condition: Condition | undefined): condition is Condition =>
  condition !== undefined &&
  (condition.status === 'True' || (condition.status === 'False' && condition.reason !== 'Progressing'))

/** All phases that have begun or ended, in their order. */
export function phasesOf(metadata: Fields, status: Fields): PhaseState[] {
  return releasePhases.flatMap((phase) => {
    const { condition: type, processing: path } = places[phase]
    const condition = conditionOf(status, type)
    const runs = runsOf(phase, status, path)
    const start = runs.map((run) => time(run.startTime)).find((at) => at !== undefined)
    if (condition === undefined || condition.reason === 'Skipped') return []
    const when = isDecided(condition) ? endOf(metadata, condition, runs) : undefined
    if (start === undefined && when === undefined) return []
    return [{ phase, start, end: when && { when, condition }, pipelineRun: lastRun(runs) }]
  })
}

/** The condition of a phase, and the last that was run for it. */
export function phaseIn(
  status: Fields,
  phase: ReleasePhase,
): { condition: Condition | undefined; pipelineRun: string | undefined } {
  const { condition, processing } = places[phase]
  return { condition: conditionOf(status, condition), pipelineRun: lastRun(runsOf(phase, status, processing)) }
}

/** The attempts of the managed phase, else what older versions kept of the last one alone. */
function runsOf(phase: ReleasePhase, status: Fields, path: readonly string[]): Fields[] {
  const attempts = phase === 'managed' ? list(status.managedPipelineAttempts).map(fields) : []
  const processing = path.reduce((value, name) => fields(value[name]), status)
  return attempts.length > 0 ? attempts : [processing]
}

function endOf(metadata: Fields, condition: Condition, runs: readonly Fields[]): When | undefined {
  const known = time(runs.at(-1)?.completionTime) ?? (condition.status === 'True' ? condition.changed : undefined)
  return whenOf(known, metadata)
}

const lastRun = (runs: readonly Fields[]): string | undefined => pipelineRunOf(runs.at(-1) ?? {})

const reference = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?\/[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/

/** `namespace/name` of what was run, where that is what it says. */
export function pipelineRunOf(run: Fields): string | undefined {
  const found = text(run.pipelineRun)
  return found !== undefined && found.length <= 317 && reference.test(found) ? found : undefined
}
