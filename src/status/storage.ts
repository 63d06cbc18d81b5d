import { kubeTime } from '../api/time.ts'
import type { StorageState } from '../outbox/outbox.ts'

const reasons = { full: 'StorageFull', readOnly: 'StorageReadOnly', failing: 'StorageFailing' } as const

/** Condition `Overflow` of every sink and subscription while the data directory takes nothing: this says more than any cap. */
export function storageOverflow(at: StorageState): { reason: string; message: string } | undefined {
  if (at.kind === 'ok') return undefined
  const rest = at.kind === 'full' ? 'what is pending is still delivered' : 'delivery waits as well'
  return {
    reason: reasons[at.kind],
    message: `the operator's data directory takes nothing since ${kubeTime(at.since)}: ${at.message}; nothing new is read until it does, ${rest}, and nothing is lost by that`,
  }
}
