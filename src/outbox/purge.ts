import { type Add, firstSeq, inSlices, writeDroppedRows } from './drop.ts'
import type { DroppedLetter } from './letter-statements.ts'
import { defaultLimit, lettersOf, writeDropped, writeRevived } from './letters.ts'
import type { DeadLetterQuery } from './outbox.ts'
import type { Store } from './store.ts'

export type Purge = { sink?: string; subscriptionUid?: string; deadLetters: boolean }

/** Throws where nothing narrows it: that would be everybody's rows. */
export function checkPurge({ sink, subscriptionUid }: Purge): void {
  if (sink === undefined && subscriptionUid === undefined)
    throw new RangeError('a purge needs a sink or a subscription')
}

/** See `Outbox.purge`. */
export async function purge(
  store: Store,
  add: Add,
  of: Purge,
  sliceRows: number,
): Promise<{ rows: number; deadLetters: number }> {
  const meant = () =>
    [...store.routes.all()].filter((route) =>
      isPurged({ sink: route.sink.name, subscriptionUid: route.subscriptionUid }, of),
    )
  const rows = await inSlices(
    store,
    add,
    (scanned) => writeDroppedRows(store, scanned, meant()),
    () => firstSeq(meant()),
    sliceRows,
  )
  const deadLetters = of.deadLetters ? await dropLetters(store, add, (n) => lettersOf(store, of, n), sliceRows) : 0
  return { rows, deadLetters }
}

export const isPurged = (row: { sink: string; subscriptionUid: string }, { sink, subscriptionUid }: Purge): boolean =>
  (sink === undefined || row.sink === sink) &&
  (subscriptionUid === undefined || row.subscriptionUid === subscriptionUid)

/** Drops what `find` gives, up to `n` at once, until it finds no more. */
export async function dropLetters(
  store: Store,
  add: Add,
  find: (n: number) => DroppedLetter[],
  atOnce: number,
): Promise<number> {
  for (let sum = 0; ; ) {
    const dropped = await add(() => writeDropped(store, find(atOnce)), 'alone')
    sum += dropped
    if (dropped === 0) return sum
  }
}

/** See `Outbox.revive`. */
export async function reviveLetters(store: Store, add: Add, query: DeadLetterQuery, atOnce: number): Promise<number> {
  const { limit = defaultLimit, ...which } = query
  let sum = 0
  for (let after = query.after; sum < limit; ) {
    const n = Math.min(atOnce, limit - sum)
    const from = after === undefined ? which : { ...which, after }
    const { revived, last } = await add(() => writeRevived(store, from, n), 'alone')
    sum += revived
    if (revived < n) break
    after = last
  }
  return sum
}
