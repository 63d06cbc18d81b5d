import { showBytes } from '../api/quantity.ts'
import type { Load } from '../outbox/outbox.ts'

/** Why less is written down for a sink than matched: its condition `Overflow`, while that is true. */
export type Overflow = { reason: string; message: string }

/** What is at its cap, and what of it; `part`: of a sink that others use too, what a namespace may have there. */
export type Full = { kind: 'sink' | 'namespace' | 'part'; name: string; of: 'rows' | 'bytes'; load: Load; cap: Load }

export const fullReasons = {
  sink: { reason: 'MaxPendingReached' },
  namespace: { reason: 'NamespaceQuotaReached' },
  part: { reason: 'MaxPendingReached' },
} as const

/** `owed`: objects that wait to be taken up. `reason`: that of the last time that something was full. */
export function overflowOf(
  full: Full | undefined,
  owed: number,
  reason: Overflow['reason'] = fullReasons.sink.reason,
): Overflow | undefined {
  const objects = owed === 1 ? '1 object waits' : `${owed} objects wait`
  if (full) {
    const waiting = owed === 0 ? '' : `; ${objects} to be taken up`
    return {
      reason: fullReasons[full.kind].reason,
      message: `${capOf(full)}: no more are written down until half is free${waiting}`,
    }
  }
  return owed === 0 ? undefined : { reason, message: `there is room again; ${objects} to be taken up` }
}

function capOf({ kind, name, of, load, cap }: Full): string {
  const where = { sink: '', namespace: ` for all sinks of namespace ${name}`, part: ` from namespace ${name}` }[kind]
  const one = load.rows === 1
  const deliveries = one ? '1 delivery' : `${load.rows} deliveries`
  const what = of === 'rows' ? deliveries : `${deliveries} with ${showBytes(load.bytes)}`
  return `${what} ${one ? 'waits' : 'wait'}${where}, ${kind === 'part' ? 'its part is' : 'limit'} ${of === 'rows' ? cap.rows : showBytes(cap.bytes)}`
}

/** Of a subscription: what the first of its sinks tells that has something to tell. */
export function overflowOfSinks(
  sinks: readonly { namespace: string; name: string; overflow: Overflow | undefined }[],
): Overflow | undefined {
  const [first, ...more] = sinks.flatMap(({ namespace, name, overflow }) =>
    overflow ? [{ ...overflow, message: `sink ${namespace}/${name}: ${overflow.message}` }] : [],
  )
  if (!first || more.length === 0) return first
  return {
    ...first,
    message: `${first.message}; so ${more.length === 1 ? 'is 1' : `are ${more.length}`} more of its sinks`,
  }
}
