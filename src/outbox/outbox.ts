import type { EncodedEvent } from '../formats/format.ts'
import type { Projection } from '../sources/source.ts'

/** What is remembered of one watched object: its projection and what was enqueued for whom. */
export type ObjectRecord = {
  uid: string
  source: string
  namespace: string
  name: string
  resourceVersion: string
  /** ms; undefined while it is still going. */
  endedAt?: number
  projection: Projection
  /** Milestone keys seen so far: counters count a milestone once. */
  seen: string[]
  /** `<subscription uid> <sink key>` → milestone keys enqueued. */
  ledger: Record<string, string[]>
}

/** A delivery to be made: one event to one sink for one subscription. */
export type NewRow = {
  /** `namespace/name` of the sink. */
  sink: string
  /** `namespace/name` of the subscription. */
  subscription: string
  subscriptionUid: string
  objectUid: string
  /** Rows that share an event share the very object: its bytes are stored once. */
  event: EncodedEvent
}

/** Numbers of one subscription toward one sink; they only grow. `filtered` counts under sink `''`, as does `matched`. */
export type Counts = {
  matched: number
  filtered: number
  delivered: number
  retried: number
  deadLettered: number
  dropped: number
}

export type CountDelta = { subscription: string; subscriptionUid: string; sink: string; counts: Partial<Counts> }

/** All that one batch of watch events leads to. Committed as a whole, durably, or not at all. */
export type CommitBatch = {
  /** Source the cursor belongs to: the kind, or `kind/namespace` with --watch-namespace. */
  watch: string
  /** The resourceVersion up to which everything is in; undefined leaves the cursor where it is (a page of a list). */
  cursor?: string | undefined
  records: ObjectRecord[]
  /** uids whose objects are gone. */
  forget: string[]
  rows: NewRow[]
  /** Rows refused from the start (too large, no valid event): straight to the dead letters. */
  dead: (NewRow & { reason: string; message: string })[]
  counts: CountDelta[]
}

/** A row handed out for an attempt. Times are ms since the epoch. */
export type Row = {
  seq: number
  sink: string
  subscription: string
  subscriptionUid: string
  objectUid: string
  event: EncodedEvent
  /** Attempts made before this one. */
  attempts: number
  /** When the row was first tried; undefined before the first attempt. */
  firstAttempt: number | undefined
  enqueued: number
}

/** What became of a row that was claimed. */
export type Settlement =
  | { kind: 'delivered'; row: Row }
  | { kind: 'retry'; row: Row; at: number; reason: string; message: string }
  /** Handed back untouched: the attempt did not count (shutdown, sink suspended). */
  | { kind: 'release'; row: Row }
  /** The sink's fault, not the event's: waits in order until `at`; the sink as a whole rests. */
  | { kind: 'hold'; row: Row; at: number; reason: string; message: string }
  | { kind: 'dead'; row: Row; reason: string; message: string }

export type Pending = { sink: string; subscription: string; rows: number; oldest: number | undefined }

export type DeadLetter = { seq: number; sink: string; subscription: string; id: string; type: string; reason: string; message: string; attempts: number; time: number }

/**
 * The durable middle: what was seen, what is owed, where the watch stands. Durable when the promise resolves.
 * No SQL in the port; its contract is `test/outbox/contract.ts`.
 */
export interface Outbox extends AsyncDisposable {
  /** The cursors of all watches. */
  cursors(): Map<string, string>
  /** Drops a cursor, so that the next start lists (after a 410). */
  records(uids: readonly string[]): Map<string, ObjectRecord>
  /** uids of a watch's known objects, to find what a list no longer holds. `namespace` narrows it. */
  known(source: string, namespace?: string): Set<string>
  commit(batch: CommitBatch): Promise<void>
  /**
   * Up to `n` rows of a sink that may be tried at `now`, oldest first; at most one in flight per subscription and object, and none
   * before the rows of its subscription and object that came earlier.
   */
  claim(sink: string, n: number, now: number): Row[]
  /** When the next row of a sink may be tried; undefined when none waits. Rows in flight don't count. */
  nextAttempt(sink: string): number | undefined
  settle(settlements: readonly Settlement[], now: number): Promise<void>
  /** Makes every waiting row of a sink due at once (a changed spec or Secret, requestedAt). */
  retryNow(sink: string): Promise<void>
  /** Drops a deleted subscription's rows, ledger entries and counts; resolves to how many rows were dropped. */
  forgetSubscription(subscriptionUid: string): Promise<number>
  pending(): Pending[]
  /** Total number of rows of a sink, in flight included. */
  size(sink: string): number
  counts(): CountDelta[]
  deadLetters(sink?: string): DeadLetter[]
  /** Activation times (ms): `<subscription uid> <sink key> <kind> <milestone>` → since. */
  activations(): Map<string, number>
  activate(entries: ReadonlyMap<string, number>): Promise<void>
  /** Resolves whenever new rows may be claimable, or `signal` aborts. */
  changed(signal: AbortSignal): Promise<void>
}
