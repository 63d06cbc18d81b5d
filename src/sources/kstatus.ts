import { type Condition, conditionOf } from './conditions.ts'
import { fields, list } from './read.ts'

/** What an object's conditions say of it, and the condition that says so. */
export type Standing = { state: 'ready' | 'failed'; condition: Condition }

/**
 * By the order of fluxcd/cli-utils, `status.Compute`: what is being deleted, of a generation that nobody has looked at, or Reconciling, is
 * neither ready nor failed; then Stalled, then what ends a common kind badly, then Ready. Other than there, an object that says nothing of
 * itself is not taken for ready, and one without Ready is asked for Available, Succeeded and Complete instead.
 */
export function standingOf({ metadata, status: of }: { metadata?: unknown; status?: unknown }): Standing | undefined {
  const { deletionTimestamp, generation } = fields(metadata)
  const status = fields(of)
  const { observedGeneration } = status
  if (deletionTimestamp !== undefined && deletionTimestamp !== null) return undefined
  if (typeof observedGeneration === 'number' && observedGeneration !== generation) return undefined
  // Most types are not there: one look through the list says which.
  const present = new Set<unknown>()
  for (const one of list(status.conditions)) {
    const { type, status: value } = fields(one)
    // Of these two the first that is True decides.
    if (type === 'Reconciling' && value === 'True' && !present.has('Stalled')) return undefined
    if (type !== 'Stalled' || value === 'True') present.add(type)
  }
  for (const [type, means] of failures) {
    const condition = present.has(type) ? conditionOf(status, type) : undefined
    if (condition && means(condition)) return { state: 'failed', condition }
  }
  const type = readiness.find((one) => present.has(one))
  const condition = type && conditionOf(status, type)
  return condition?.status === 'True' ? { state: 'ready', condition } : undefined
}

/** Conditions that say that it won't become ready by waiting: Stalled of any kind, those of Jobs, Deployments and what Knative's conventions bind. */
const failures: readonly (readonly [type: string, means: (condition: Condition) => boolean])[] = [
  ['Stalled', ({ status }) => status === 'True'],
  ['Failed', ({ status }) => status === 'True'],
  ['Succeeded', ({ status }) => status === 'False'],
  ['Progressing', ({ status, reason }) => status === 'False' && reason === 'ProgressDeadlineExceeded'],
]

/** The first that the object has is the one that counts. */
const readiness = ['Ready', 'Available', 'Succeeded', 'Complete'] as const
