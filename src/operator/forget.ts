import type { CountDelta, Outbox } from '../outbox/outbox.ts'

/** Under this uid a sink's share of the counts of deleted subscriptions goes on: what a sink's status counts only grows. */
export const goneUid = ''

/** Drops all that is kept of a deleted subscription; gives how many rows that were. They are counted for their sinks. */
export async function forgetSubscription(uid: string, outbox: Outbox): Promise<number> {
  const own = outbox.counts().filter((count) => count.subscriptionUid === uid && count.sink !== '')
  const waiting = outbox.pending()
  const counts: CountDelta[] = own.map(({ sink, subscription, counts }) => {
    const { delivered = 0, retried = 0, deadLettered = 0, dropped = 0 } = counts
    const rows = waiting.find((entry) => entry.sink === sink && entry.subscription === subscription)?.rows ?? 0
    const kept = { delivered, retried, deadLettered, dropped: dropped + rows }
    return { subscription: '', subscriptionUid: goneUid, sink, counts: kept }
  })
  const rows = await outbox.forgetSubscription(uid)
  if (counts.length > 0)
    await outbox.commit({ watch: '', cursor: undefined, records: [], forget: [], rows: [], dead: [], counts })
  return rows
}
