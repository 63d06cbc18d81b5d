import type { Row, Settlement } from '../outbox/outbox.ts'
import type { Outcome } from './attempt.ts'
import { type Conclusion, conclude } from './conclude.ts'
import { inWords } from './duration.ts'
import { type Suspensions, withoutSuspension } from './suspensions.ts'

/** Since when there is no sink of the name (ms), and how long its rows wait for one. */
export type Missing = { since: number; maxAgeMs: number; suspensions: Suspensions }

/** What becomes of rows whose sink is missing; `next`: when (ms) the first of those that go on waiting is over. */
export type Sorted = { over: Conclusion[]; waiting: Settlement[]; next: number | undefined }

/** A row that was tried ages from its first attempt; one that was not, from when its sink was found missing, or from its own beginning. */
export function sortByAge(rows: readonly Row[], missing: Missing, now: number): Sorted {
  const sorted: Sorted = { over: [], waiting: [], next: undefined }
  for (const row of rows) {
    const start = row.firstAttempt ?? Math.max(row.enqueued, missing.since)
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

function giveUp(row: Row, maxAgeMs: number, now: number): Conclusion {
  const message = `Not delivered within ${inWords(maxAgeMs)}. EventSink ${row.sink} is not there.`
  const outcome: Outcome = { kind: 'dead', reason: 'SinkNotFound', message, expired: false }
  return conclude(row, { durationMs: 0 }, outcome, { now })
}
