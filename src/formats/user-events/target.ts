import type { KubeObject } from '../../api/object.ts'
import { type Fields, fields, text } from '../../sources/read.ts'
import type { Milestone, MilestoneKind, Outcome } from '../../sources/source.ts'
import { customRunCatalogue, pipelineRunCatalogue, taskRunCatalogue } from '../../sources/tekton-catalogue.ts'
import { parentOf } from '../mapping/parent.ts'
import type { Report } from './value.ts'

/** Where a declaration counts. Annotations travel to runs that they were not meant for: all that is said here must be so. */
export type Target = {
  kind: string
  milestone: string
  /** Of the milestone `finished`. */
  outcomes: ReadonlySet<Outcome> | undefined
  /** Name of the Task that a TaskRun runs, or of the Pipeline that a PipelineRun runs. */
  task: string | undefined
  pipeline: string | undefined
  /** Name of the task within the pipeline that made the run. */
  pipelineTask: string | undefined
  labels: readonly (readonly [string, string])[]
}

const catalogues: Readonly<Record<string, readonly MilestoneKind[]>> = {
  TaskRun: taskRunCatalogue,
  PipelineRun: pipelineRunCatalogue,
  CustomRun: customRunCatalogue,
}

/** What `on` may hold besides kind, milestone, outcome and labels. */
const namesOf: Readonly<Record<string, readonly string[]>> = {
  TaskRun: ['task', 'pipelineTask'],
  PipelineRun: ['pipeline', 'pipelineTask'],
  CustomRun: ['pipelineTask'],
}

const outcomes: readonly string[] = ['success', 'failure', 'cancelled', 'timeout', 'error'] satisfies Outcome[]

/** Milestones that a declaration may be for: derived ones, which are told whatever was missed in between. */
export const milestonesOf = (kind: string): readonly string[] =>
  (Object.hasOwn(catalogues, kind) ? (catalogues[kind] ?? []) : [])
    .filter((row) => row.class === 'derived')
    .map(({ name }) => name)

/** `on` of a declaration; undefined, and reported, where it can't be read. */
export function compileTarget(raw: unknown, report: Report): Target | undefined {
  let failed = false
  const wrong: Report = (path, rule) => {
    failed = true
    report(path, rule)
  }
  const on = fields(raw)
  const { kind, milestone = 'finished' } = on
  if (raw !== on) wrong('/on', 'must be a map that names the kind: TaskRun, PipelineRun or CustomRun')
  else if (typeof kind !== 'string' || !Object.hasOwn(catalogues, kind))
    wrong('/on/kind', 'must be TaskRun, PipelineRun or CustomRun')
  if (failed || typeof kind !== 'string') return undefined
  const milestones = milestonesOf(kind)
  if (typeof milestone !== 'string' || !milestones.includes(milestone))
    wrong('/on/milestone', `must be a milestone of ${kind}: ${milestones.join(', ')}`)
  const names = namesOf[kind] ?? []
  const unknown = Object.keys(on).find((key) => !['kind', 'milestone', 'outcome', 'labels', ...names].includes(key))
  if (unknown !== undefined)
    wrong('/on', `may hold kind, ${names.join(', ')}, labels, milestone and outcome for a ${kind}, and nothing else`)
  const target = {
    kind,
    milestone: String(milestone),
    outcomes: compileOutcomes(on.outcome, milestone === 'finished', wrong),
    task: nameAt(on, 'task', wrong),
    pipeline: nameAt(on, 'pipeline', wrong),
    pipelineTask: nameAt(on, 'pipelineTask', wrong),
    labels: compileLabels(on.labels, wrong),
  }
  return failed ? undefined : target
}

function nameAt(on: Fields, key: string, wrong: Report): string | undefined {
  const name = on[key]
  if (name === undefined) return undefined
  if (typeof name !== 'string' || name === '' || name.length > 253) wrong(`/on/${key}`, 'must be a name')
  return String(name)
}

function compileOutcomes(raw: unknown, isFinished: boolean, wrong: Report): Target['outcomes'] {
  if (!isFinished && raw !== undefined) wrong('/on/outcome', 'is only for the milestone finished')
  if (!isFinished) return undefined
  const found = raw === undefined ? ['success'] : Array.isArray(raw) ? raw : [raw]
  if (found.length > 0 && found.every((one) => outcomes.includes(one))) return new Set(found)
  wrong('/on/outcome', `must be one or a list of ${outcomes.join(', ')}`)
  return undefined
}

function compileLabels(raw: unknown, wrong: Report): Target['labels'] {
  if (raw === undefined) return []
  const labels = Object.entries(fields(raw))
  const isWrong = labels.length === 0 || labels.length > 8 || labels.some(([, value]) => typeof value !== 'string')
  if (isWrong) wrong('/on/labels', 'must be a map of one to eight labels')
  return labels as [string, string][]
}

/** The same kind and milestone, ended so, and with all names and labels. */
export function isTarget(target: Target, kind: string, object: KubeObject, { name, outcome }: Milestone): boolean {
  if (target.kind !== kind || target.milestone !== name) return false
  if (target.outcomes && (outcome === undefined || !target.outcomes.has(outcome))) return false
  const labels = fields(object.metadata.labels)
  const names: readonly (readonly [string | undefined, string | undefined])[] = [
    [target.task, nameOf(labels['tekton.dev/task'], object, 'taskRef')],
    [target.pipeline, nameOf(labels['tekton.dev/pipeline'], object, 'pipelineRef')],
    [target.pipelineTask, text(labels['tekton.dev/pipelineTask'])],
  ]
  return (
    names.every(([wanted, found]) => wanted === undefined || wanted === found) &&
    target.labels.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value)
  )
}

/** Tekton's label, which a run has from its first reconcile on; before, what the reference says. */
const nameOf = (label: unknown, object: KubeObject, reference: string): string | undefined =>
  text(label) ?? text(fields(fields(object.spec)[reference]).name)

/**
 * Whether it can't be told if a declaration that names no task was meant for this run: one that a PipelineRun made has its own
 * annotations, and those of the PipelineRun and the Pipeline, which are on all of its siblings, too.
 */
export const isAmbiguous = (target: Target, object: KubeObject): boolean =>
  (target.task ?? target.pipeline ?? target.pipelineTask) === undefined && parentOf(object).name !== undefined
