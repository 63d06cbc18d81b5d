import { noCounts } from '../../../src/outbox/counts.ts'
import type { CountDelta, Counts } from '../../../src/outbox/outbox.ts'

export type Sum = CountDelta & { counts: Counts }

/** The counts of a subscription toward a sink, kept from the first time that they are asked for. */
export function countsIn(sums: Map<string, Sum>, of: Omit<CountDelta, 'counts'>): Counts {
  const { subscription, subscriptionUid, sink } = of
  const key = `${subscriptionUid} ${sink}`
  const known = sums.get(key)
  if (known) return known.counts
  const counts = noCounts()
  sums.set(key, { subscription, subscriptionUid, sink, counts })
  return counts
}
