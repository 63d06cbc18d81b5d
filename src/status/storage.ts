import { kubeTime } from '../api/time.ts'
import type { StorageState } from '../outbox/outbox.ts'
import type { Overflow } from './overflow.ts'

const goesOn = 'nothing is lost by that, and it goes on by itself'

const troubles = {
  full: {
    reason: 'StorageFull',
    after: `nothing new is read until there is room, what is pending is delivered; ${goesOn}`,
  },
  readOnly: { reason: 'StorageReadOnly', after: `nothing is read or delivered until it can be written; ${goesOn}` },
  failing: { reason: 'StorageFailing', after: `nothing is read or delivered until it works; ${goesOn}` },
}

/** Condition `Overflow` of every sink and subscription while the operator's disk takes nothing: this says more than any cap. */
export function storageOverflow(at: StorageState): Overflow | undefined {
  if (at.kind === 'ok') return undefined
  const { reason, after } = troubles[at.kind]
  return { reason, message: `the operator's disk takes nothing since ${kubeTime(at.since)}, ${at.message}: ${after}` }
}
