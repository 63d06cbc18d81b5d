import type { KubeObject } from '../../../src/api/object.ts'
import { type Fields, fields, list, text } from '../../../src/sources/read.ts'
import { annotationsOf, begin, created, type Life, later } from './step.ts'

type Condition = Fields & { type?: unknown }

/** As meta.SetStatusCondition leaves them: none is ever taken away (§0.6). */
function conditionsAfter(before: Fields, after: Fields): Condition[] {
  const byType = new Map<unknown, Condition>()
  for (const one of [...list(before.conditions), ...list(after.conditions)].map(fields)) byType.set(one.type, one)
  return [...byType.values()]
}

type Synthetic = Record<'created' | 'managed' | 'published' | 'failed', KubeObject>

/** Synthetic: the run has no Release of its own. */
export function lifeOfRelease({ created: first, managed, published }: Synthetic): Life {
  const [before, end] = [fields(managed.status), fields(published.status)]
  const all = conditionsAfter(before, end)
  const released = list(before.conditions)
    .map(fields)
    .filter(({ type }) => type === 'Released')
  const beforeEnd = [...all.filter(({ type }) => type !== 'Released'), ...released]
  const [attempt] = list(end.managedPipelineAttempts).map(fields)
  const completionTime = text(attempt?.completionTime) ?? ''
  const at = first.metadata.creationTimestamp
  return {
    object: begin(first, annotationsOf(first)),
    steps: [
      created(first, 'created'),
      {
        after:
          '§2.6: validated; collectors and tenant phase are skipped, which tells nothing; False/Progressing is no failure',
        at: later(at, 1),
        tells: ['validated', 'phase-started'],
        status: before,
      },
      {
        after: '§2.6: artifacts are written before the end',
        at: later(completionTime, -1),
        tells: [],
        status: { ...before, artifacts: end.artifacts },
      },
      {
        after: '§2.6: the managed phase has succeeded, the final one is skipped; Released is Progressing still',
        at: completionTime,
        tells: ['phase-finished'],
        status: {
          ...before,
          artifacts: end.artifacts,
          managedPipelineAttempts: end.managedPipelineAttempts,
          conditions: beforeEnd,
        },
      },
      {
        after: '§2.6: Released is True, after the final phase',
        at: text(end.completionTime) ?? '',
        tells: ['published'],
        status: { ...before, ...end, conditions: all },
      },
    ],
  }
}

/** Synthetic, too: what the same Release would have come to, had its managed run failed twice. No condition's time moves (§0.6). */
export function lifeOfFailedRelease({ created: first, managed, failed }: Synthetic): Life {
  const [before, end] = [fields(managed.status), fields(failed.status)]
  const [one, two] = list(end.managedPipelineAttempts).map(fields)
  const { completionTime: _, ...going } = { ...two, status: 'Progressing' } as Record<string, unknown>
  const { failureReason: __, lastTask: ___, ...second } = going
  const object = begin(first, annotationsOf(first))
  object.metadata.name = `${first.metadata.name}-retried`
  return {
    object,
    steps: [
      created(first, 'created'),
      {
        after: '§2.6: validated, in its managed phase',
        at: later(first.metadata.creationTimestamp, 1),
        tells: ['validated', 'phase-started'],
        status: before,
      },
      {
        after: '§2.6: an attempt that is followed by another does not touch the condition',
        at: text(one?.completionTime) ?? '',
        tells: ['attempt-failed'],
        status: { ...before, managedPipelineAttempts: [one, second] },
      },
      {
        after: '§0.6: False/Progressing goes to False/Failed under one lastTransitionTime',
        at: text(end.completionTime) ?? '',
        tells: ['attempt-failed', 'phase-finished', 'failed'],
        status: { ...before, ...end, conditions: conditionsAfter(before, end) },
      },
    ],
  }
}
