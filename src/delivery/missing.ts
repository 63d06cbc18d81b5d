import type { Row, Settlement } from '../outbox/outbox.ts'
import type { Outcome } from './attempt.ts'
import { type Conclusion, conclude } from './conclude.ts'
import { inWords } from './duration.ts'
import { notFoundFor } from './not-found.ts'
import { type Suspensions, withoutSuspension } from './suspensions.ts'

/** Since when there is no sink of the name (ms), or none for a subscription (by its uid, where that is earlier), and how long rows wait for one. */
export type Missing = {
  since: number
  withheld?: ReadonlyMap<string, number>
  maxAgeMs: number
  suspensions: Suspensions
}

/** What becomes of rows whose sink is missing, or does not let their subscription in; `next`: when (ms) the first of those that go on waiting is over. */
export type Sorted = { over: Conclusion[]; waiting: Settlement[]; next: number | undefined }

/** A row that was tried ages from its first attempt; one that was not, from when its sink was found missing, or from its own beginning. */
export function sortByAge(rows: readonly Row[], missing: Missing, now: number): Sorted {
  const sorted: Sorted = { over: [], waiting: [], next: undefined }
  for (const row of rows) {
    const start = row.firstAttempt ?? Math.max(row.enqueued, sinceOf(row, missing))
    const end = (withoutSuspension(start, missing.suspensions) ?? start) + missing.maxAgeMs
    if (end <= now) {
      sorted.over.push(giveUp(row, missing.maxAgeMs, now))
      continue
    }
    sorted.waiting.push({ kind: 'release', row })
    sorted.next = Math.min(sorted.next ?? end, end)
  }
  return sorted
}

const sinceOf = ({ subscriptionUid }: Row, { since, withheld }: Missing): number =>
  Math.min(since, withheld?.get(subscriptionUid) ?? since)

function giveUp(row: Row, maxAgeMs: number, now: number): Conclusion {
  const message = `Not delivered within ${inWords(maxAgeMs)}. ${notFoundFor(row.sink, row.subscription)}.`
  const outcome: Outcome = { kind: 'dead', reason: 'SinkNotFound', message, expired: false }
  return conclude(row, { durationMs: 0 }, outcome, { now })
}
