import type { Condition } from './generated.ts'
import { kubeTime } from './time.ts'

/** What a condition is set to; `lastTransitionTime` follows from what stood before. */
export type ConditionUpdate = {
  type: string
  status: Condition['status']
  reason: string
  message: string
  /** The metadata.generation that was looked at. */
  observedGeneration: number
}

// kstatus (sigs.k8s.io/cli-utils pkg/kstatus): these two tell of something abnormal, and are absent while it is not so.
const onlyWhileTrue: ReadonlySet<string> = new Set(['Reconciling', 'Stalled'])

const order = ['Ready', 'Delivering', 'Reconciling', 'Stalled']

// Bounds of metav1.Condition, which the CRDs repeat.
const maxMessage = 32_768
const maxReason = 1_024

/**
 * The conditions with one of them set, in a fixed order: Ready, Delivering, Reconciling, Stalled, then by name.
 * `lastTransitionTime` moves only when `status` does. Reconciling and Stalled are removed unless `True`. `now` is ms since the epoch.
 */
export function setCondition(conditions: readonly Condition[], update: ConditionUpdate, now: number): Condition[] {
  if (onlyWhileTrue.has(update.type) && update.status !== 'True') return removeCondition(conditions, update.type)
  const before = conditions.find((condition) => condition.type === update.type)
  const condition: Condition = {
    type: update.type,
    status: update.status,
    observedGeneration: update.observedGeneration,
    lastTransitionTime: before?.status === update.status ? before.lastTransitionTime : kubeTime(now),
    reason: update.reason.slice(0, maxReason),
    message: update.message.slice(0, maxMessage),
  }
  return [...conditions.filter((other) => other.type !== update.type), condition].sort(inOrder)
}

/** The conditions without one of them; those that stay keep their order. */
export const removeCondition = (conditions: readonly Condition[], type: string): Condition[] =>
  conditions.filter((condition) => condition.type !== type)

function inOrder(a: Condition, b: Condition): number {
  const byRank = rank(a.type) - rank(b.type)
  if (byRank !== 0) return byRank
  return a.type < b.type ? -1 : 1
}

function rank(type: string): number {
  const index = order.indexOf(type)
  return index === -1 ? order.length : index
}
