import { addCounts, goneUid, keptCounts, noCounts } from '../../../src/outbox/counts.ts'
import type { CountDelta, Counts, Gaps, NewGap } from '../../../src/outbox/outbox.ts'

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

/** A sink's share of a subscription's counts goes on under `goneUid`. */
export function forgetCounts(sums: Map<string, Sum>, subscriptionUid: string): void {
  for (const [key, sum] of sums) {
    if (sum.subscriptionUid !== subscriptionUid) continue
    sums.delete(key)
    const kept = sum.sink === '' ? undefined : keptCounts(sum.counts)
    if (kept) addCounts(countsIn(sums, { subscription: '', subscriptionUid: goneUid, sink: sum.sink }), kept)
  }
}

export function addGap(gaps: Map<string, Gaps>, { subscriptionUid, reason, message }: NewGap, time: number): void {
  gaps.set(subscriptionUid, { count: (gaps.get(subscriptionUid)?.count ?? 0) + 1, reason, message, time })
}
