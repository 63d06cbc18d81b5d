import { hash } from 'node:crypto'
import type { KubeObject } from '../api/object.ts'
import { type Condition, whyOf as why } from './conditions.ts'
import { type RunType, runTypeOf } from './konflux-labels.ts'
import { type KonfluxRun, type Told, tellPipelineRun, tellTaskRun } from './konflux-runs.ts'
import { konfluxPipelineRunCatalogue, konfluxTaskRunCatalogue } from './konflux-runs-catalogue.ts'
import { annotationTime, type Fields, fields, lastWrite, list, shortText, time } from './read.ts'
import type { Gone, Milestone, Projection, Source } from './source.ts'
import { customRunCatalogue, pipelineRunCatalogue, rankOf, taskRunCatalogue } from './tekton-catalogue.ts'
import { outcomeOf, succeeded } from './tekton-conditions.ts'
import { remainsOf } from './tekton-remains.ts'

/** Chains writes it into a finished run once its attestations are stored; `failed` is its other value. */
const signedAnnotation = 'chains.tekton.dev/signed'

/**
 * A run as the derivations below see it: taken apart once. `told`: its milestones, once they have been asked for. `type`: of one that
 * Konflux labelled, whose own part of the catalogue is in `konflux`.
 */
type Run = {
  type: RunType | undefined
  metadata: Fields
  status: Fields
  condition: Condition | undefined
  retries: readonly Fields[]
  told?: readonly Milestone[]
  konflux?: Told
}

function takeApart(object: KubeObject): Run {
  const status = fields(object.status)
  return {
    type: runTypeOf(object),
    metadata: fields(object.metadata),
    status,
    condition: succeeded(status),
    retries: list(status.retriesStatus).map(fields),
  }
}

/** What Konflux makes of a kind's runs besides. */
type Konflux = { catalogue: Source['catalogue']; tell(run: KonfluxRun): Told }

export const taskRun = runSource('TaskRun', 'taskruns', 'v1', taskRunCatalogue, {
  catalogue: konfluxTaskRunCatalogue,
  tell: tellTaskRun,
})
export const pipelineRun = runSource('PipelineRun', 'pipelineruns', 'v1', pipelineRunCatalogue, {
  catalogue: konfluxPipelineRunCatalogue,
  tell: tellPipelineRun,
})
export const customRun = runSource('CustomRun', 'customruns', 'v1beta1', customRunCatalogue)

function runSource(
  kind: string,
  plural: string,
  version: string,
  tekton: Source['catalogue'],
  konflux?: Konflux,
): Source {
  const catalogue = [...tekton, ...(konflux?.catalogue ?? [])]
  const tells = new Set(catalogue.map((row) => row.name))
  // An object is asked several times in a row, and is never changed: it is taken apart once.
  const runs = new WeakMap<KubeObject, Run>()
  const read = (object: KubeObject): Run => {
    const run = runs.get(object) ?? takeApart(object)
    runs.set(object, run)
    return run
  }
  const milestones = (object: KubeObject): readonly Milestone[] => {
    const run = read(object)
    // Every event of the object asks for them: of an odd one, with thousands, none may pay for all.
    run.told ??= milestonesOf(run)
    return run.told
  }
  const milestonesOf = (run: Run): readonly Milestone[] => {
    const ended = endOf(kind, run)
    const own = [
      ...queued(run),
      ...started(run),
      ...(tells.has('retried') ? retried(run) : []),
      ...(tells.has('skipped') ? skipped(run) : []),
      ...finished(run, ended),
      ...(tells.has('signed') ? signed(run, ended) : []),
    ]
    const more = konfluxOf(run)?.milestones
    return more?.length ? [...own, ...more].toSorted((a, b) => a.rank - b.rank) : own
  }
  const konfluxOf = (run: Run): Told | undefined => {
    if (run.type === undefined || konflux === undefined) return undefined
    run.konflux ??= konflux.tell({ ...run, type: run.type, ended: endOf(kind, run) })
    return run.konflux
  }
  return {
    name: kind,
    kind,
    family: 'tekton',
    group: 'tekton.dev',
    version,
    plural,
    catalogue,
    milestones,
    transitions(previous, object) {
      const run = read(object)
      const now = ongoing(run)
      if (now === undefined) return []
      return changed(run, previous?.mark) ?? (now.key === previous?.ongoing ? [] : [now])
    },
    project(object, keep): Projection {
      const run = read(object)
      const projection = { ongoing: ongoing(run)?.key }
      if (keep && !keep.wants('changed')) return projection
      // What was Running may be waiting for something meanwhile, and come back to it.
      const mark = run.condition?.status === 'Unknown' ? (markOf(run)?.text ?? keep?.previous?.mark) : undefined
      return mark === undefined ? projection : { ...projection, mark }
    },
    // Snapshots, and what comes of them, link to the builds that they were made of.
    ...(kind === 'PipelineRun' && { isLinkedTo: (object: KubeObject) => read(object).type === 'build' }),
    endedAt: (object) => endOf(kind, read(object)),
    deletion(object, gone) {
      const run = read(object)
      const now = ongoing(run)
      if (endOf(kind, run) !== undefined) return undefined
      return deleted(run, now ? [...milestones(object), now] : milestones(object), gone)
    },
    remains: (object) => (endOf(kind, read(object)) === undefined ? remainsOf(object) : undefined),
    unreadable: (object) => konfluxOf(read(object))?.unreadable ?? [],
  }
}

/**
 * When a run came to its end (ms), or undefined while it is still going. A TaskRun that is False without completionTime still runs
 * (docs/taskruns.md of Tekton); elsewhere the condition's lastTransitionTime stands in, which is what Tekton itself copies into
 * completionTime, and failing that the last write: an end is never kept back for the want of a time.
 */
function endOf(kind: string, { metadata, status, condition }: Run): number | undefined {
  if (condition === undefined || condition.status === 'Unknown') return undefined
  if (kind === 'TaskRun' && condition.status === 'False' && !status.completionTime) return undefined
  return time(status.completionTime) ?? condition.changed ?? lastWrite(metadata)
}

function queued({ metadata }: Run): Milestone[] {
  const created = time(metadata.creationTimestamp)
  return created === undefined ? [] : [derived('queued', 'queued', created)]
}

/** The first start of any attempt: a retry clears status.startTime and sets it anew. A run that ended without one never started. */
function started({ status, retries }: Run): Milestone[] {
  const start = [...retries, status].map((attempt) => time(attempt.startTime)).find((at) => at !== undefined)
  return start === undefined ? [] : [derived('started', 'started', start)]
}

/** One for each attempt that failed and was tried again. Tekton only ever appends to retriesStatus: the place is stable. */
function retried({ metadata, retries }: Run): Milestone[] {
  return retries.flatMap((attempt, index) => {
    const condition = succeeded(attempt)
    const end = time(attempt.completionTime) ?? condition?.changed ?? time(attempt.startTime) ?? lastWrite(metadata)
    if (end === undefined) return []
    const outcome = (condition && outcomeOf(condition)) ?? 'failure'
    return [
      {
        ...derived('retried', `retried/${index + 1}`, end, index + 1),
        ...why(condition),
        details: { attempt: index + 1, outcome },
      },
    ]
  })
}

/**
 * One for each task in skippedTasks. Tekton writes no time there; the run's condition counts the skipped in its message and so moves
 * with each: its lastTransitionTime is the latest that the skip can have been.
 */
function skipped({ metadata, status, condition }: Run): Milestone[] {
  const at = condition?.changed ?? lastWrite(metadata)
  if (at === undefined) return []
  const byKey = new Map<string, Milestone>()
  for (const entry of list(status.skippedTasks).map(fields)) {
    const task = shortText(entry.name, 253)
    if (task === undefined) continue
    const reason = shortText(entry.reason, 256)
    const milestone = { ...derived('skipped', `skipped/${task}`, at), ...(reason && { reason }), details: { task } }
    if (!byKey.has(milestone.key)) byKey.set(milestone.key, milestone)
  }
  return [...byKey.values()]
}

function finished({ condition }: Run, ended: number | undefined): Milestone[] {
  const outcome = condition && outcomeOf(condition)
  if (ended === undefined || outcome === undefined) return []
  return [{ ...derived('finished', 'finished', ended), outcome, ...why(condition) }]
}

/** Only ever of a run that is done: a new run made from an old one may carry the old one's annotation. */
function signed({ metadata }: Run, ended: number | undefined): Milestone[] {
  if (ended === undefined || fields(metadata.annotations)[signedAnnotation] !== 'true') return []
  return [derived('signed', 'signed', annotationTime(metadata, signedAnnotation) ?? ended)]
}

/** `before`: what else its last state tells. The deletion follows all of it, whatever the clocks of who wrote it say. */
function deleted({ metadata, condition }: Run, before: readonly Milestone[], { at, missed }: Gone): Milestone {
  const seen = time(metadata.deletionTimestamp) ?? at
  const last = before.reduce((latest, milestone) => Math.max(latest, milestone.time), seen)
  return {
    ...observed('deleted', 'deleted', last, rankOf('deleted')),
    ...why(condition),
    ...(missed && { details: { missed } }),
  }
}

/**
 * The observed milestone that a run is in now: running, or unknown with its reason. Reason Started is left to the derived `started`.
 * A run met for the first time in such a state has come into it too; the key is the same for whoever sees it.
 */
function ongoing({ metadata, status, condition, retries }: Run): Milestone | undefined {
  if (condition?.status !== 'Unknown' || condition.reason === 'Started') return undefined
  const at = condition.changed ?? lastWrite(metadata)
  if (at === undefined) return undefined
  const attempt = retries.length + 1
  if (condition.reason === 'Running') {
    return { ...observed('running', `running/${attempt}`, at, rankOf('running', attempt)), ...why(condition) }
  }
  const moved = condition.changed === undefined ? '' : `/${condition.changed}`
  const rank = attempt === 1 && !status.startTime ? rankOf('held') : rankOf('unknown', attempt)
  return { ...observed('unknown', `unknown/${condition.reason ?? ''}${moved}`, at, rank), ...why(condition) }
}

/** One condition with reason Running, told apart from those before and after it. */
type Mark = { text: string; attempt: number; at: number; key: string }

function markOf({ metadata, condition, retries }: Run): Mark | undefined {
  if (condition?.status !== 'Unknown' || condition.reason !== 'Running') return undefined
  const at = condition.changed ?? lastWrite(metadata)
  if (at === undefined) return undefined
  const attempt = retries.length + 1
  const key = `changed/${at}/${hash('sha256', condition.message ?? '').slice(0, 8)}`
  return { text: `${attempt} ${key}`, attempt, at, key }
}

/** A run that was Running in this attempt, by `previous`, and is so with another condition; undefined where it was not Running before. */
function changed(run: Run, previous: Projection[string]): Milestone[] | undefined {
  const mark = typeof previous === 'string' ? markOf(run) : undefined
  if (mark === undefined || !String(previous).startsWith(`${mark.attempt} `)) return undefined
  if (mark.text === previous) return []
  return [{ ...observed('changed', mark.key, mark.at, rankOf('changed', mark.attempt)), ...why(run.condition) }]
}

const derived = (name: string, key: string, at: number, attempt = 1): Milestone => ({
  name,
  key,
  class: 'derived',
  time: at,
  rank: rankOf(name, attempt),
})

const observed = (name: string, key: string, at: number, rank: number): Milestone => ({
  name,
  key,
  class: 'observed',
  time: at,
  rank,
})
