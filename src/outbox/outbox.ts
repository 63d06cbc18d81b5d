import type { EncodedEvent } from '../formats/format.ts'
import type { ObjectRecord, Remembered } from './object-record.ts'
import type { Withholding } from './withholding.ts'

export type { ObjectRecord, Remembered } from './object-record.ts'

/** A delivery to be made: one event to one sink for one subscription. */
export type NewRow = {
  /** `namespace/name` of the sink. */
  sink: string
  /** `namespace/name` of the subscription. */
  subscription: string
  subscriptionUid: string
  objectUid: string
  /** The object's namespace: a sink's places are shared out evenly among namespaces. */
  namespace: string
  /** When the object was last written, in the state that this row was read from; ms, the API server's clock. */
  written: number
  /** Rows that share an event share the very object: its bytes are stored once. */
  event: EncodedEvent
  /** The row is a dead letter of another sink, parked here. */
  parked?: { sink: string; reason: string }
}

/**
 * Numbers of one subscription toward one sink; they only grow. `matched`, `filtered` and `invalid` (events that were not sent, as they
 * would not be valid) count under sink `''`.
 * `settle` itself counts `delivered`, `retried` (retry, hold and shrink) and `deadLettered`; all else is what a commit's `counts` say,
 * `deadLettered` for its `dead` included.
 */
export type Counts = {
  matched: number
  filtered: number
  delivered: number
  retried: number
  deadLettered: number
  dropped: number
  invalid: number
}

export type CountDelta = { subscription: string; subscriptionUid: string; sink: string; counts: Partial<Counts> }

/** All that one batch of watch events leads to. Committed as a whole, durably, or not at all. */
export type CommitBatch = {
  /** Source the cursor belongs to: the kind, or `kind/namespace` with --watch-namespace. */
  watch: string
  /** The resourceVersion up to which everything is in; undefined leaves the cursor where it is (a page of a list). */
  cursor?: string | undefined
  /** When the watch was there; ms, the API server's clock. Need not be told with each. */
  reached?: number | undefined
  records: ObjectRecord[]
  /** uids whose objects are gone. */
  forget: string[]
  /** What is kept of some of them for a month. */
  remember?: Remembered[]
  rows: NewRow[]
  /** Rows refused from the start (too large, no valid event): straight to the dead letters, with no attempt. */
  dead: (NewRow & { reason: string; message: string })[]
  counts: CountDelta[]
  /** A list of this watch is complete: the floors of its kind have done their work, as far as it goes. */
  listed?: boolean
  gaps?: NewGap[]
}

/** Something that a subscription may have missed, for its condition `Continuity`. */
export type NewGap = { subscriptionUid: string; reason: string; message: string }

/** The gaps of one subscription: how many, and the last of them. `time` in ms. */
export type Gaps = { count: number; reason: string; message: string; time: number }

/** A row handed out for an attempt. Times are ms since the epoch. */
export type Row = {
  /** In the order of commits; never used twice, not after a restart either. */
  seq: number
  sink: string
  subscription: string
  subscriptionUid: string
  objectUid: string
  event: EncodedEvent
  /** Attempts made before this one. */
  attempts: number
  /** When the row was first claimed for an attempt that counted; undefined before. */
  firstAttempt: number | undefined
  /** When the row was committed. */
  enqueued: number
  /** The row is a dead letter of another sink, parked here. */
  parked?: { sink: string; reason: string }
}

/** How much one request may hold: so many rows, and `bytes` of their events where they are several. */
export type BatchLimits = {
  rows: number
  bytes: number
  /** How long a row that was never tried waits for others, from its commit on. */
  delayMs: number
}

/**
 * What became of a row that was claimed. Each but `release` counts as an attempt, or as `tries` of them. A row that is not in flight
 * (settled before, its subscription forgotten) is passed over.
 */
export type Settlement = Settled & { tries?: number }

type Settled =
  | { kind: 'delivered'; row: Row }
  | { kind: 'retry'; row: Row; at: number; reason: string; message: string }
  /** Handed back untouched: the attempt did not count (shutdown, sink suspended). */
  | { kind: 'release'; row: Row }
  /**
   * The sink's fault, not the event's: waits in order until `at`. That the sink as a whole rests is the breaker's doing: its other
   * rows can be claimed, for a probe.
   */
  | { kind: 'hold'; row: Row; at: number; reason: string; message: string }
  /** Tried again at once, as the event's summary, which takes the place of its bytes. */
  | { kind: 'shrink'; row: Row; reason: string; message: string }
  /** `answer`: at most 256 characters of a text answer. `park`: the sink that is sent the dead letter as well; never for a row that is `parked`. */
  | { kind: 'dead'; row: Row; reason: string; message: string; answer?: string; park?: string }

export type Pending = { sink: string; subscription: string; rows: number; oldest: number | undefined }

export type DeadLetter = {
  seq: number
  sink: string
  subscription: string
  subscriptionUid: string
  id: string
  type: string
  subject: string
  reason: string
  message: string
  attempts: number
  /** ms; when it was given up. */
  time: number
}

/** A dead letter with what was sent, and what came back of it as text, if any did. */
export type WholeDeadLetter = DeadLetter & { event: EncodedEvent; answer: string | undefined }

/** Which dead letters; what is left out does not narrow. `sink` and `subscription` are `namespace/name`, `since` is ms. */
export type DeadLetterQuery = {
  seqs?: readonly number[]
  sink?: string
  subscription?: string
  subscriptionUid?: string
  since?: number
  /** Only those after this seq. */
  after?: number
  /** 1000 when left out. */
  limit?: number
}

export type Load = { rows: number; bytes: number }

/** Whose load is asked for: a sink's, that of all subscriptions of a namespace, or what these have of a sink's. */
export type LoadOf = { sink: string; namespace?: string } | { sink?: undefined; namespace: string }

/** What limits how fast rows are handed out, by whose they are. `subscription` is `namespace/name`. */
export type Pace = {
  /** Whether a row of it may be handed out now; asked before each. */
  allows(subscription: string): boolean
  /** A row of it was handed out. */
  took(subscription: string): void
}

/** Whether the disk takes what is written; ms since when it does not. */
export type StorageState = { kind: 'ok' } | { kind: 'full' | 'readOnly' | 'failing'; since: number; message: string }

/**
 * The durable middle: what was seen, what is owed, where the watch stands. Durable when the promise resolves; where it rejects,
 * nothing of that call was done (rows of a failed `settle` are still in flight: settle them again).
 * What is read shows what is durable. Writes take effect in the order in which they were called.
 * Strings of events are kept as UTF-8, as they are sent: a lone surrogate, which serialised JSON never holds, becomes U+FFFD.
 * No SQL in the port; its contract is `test/outbox/contract.ts`.
 */
export interface Outbox extends AsyncDisposable {
  /** The cursors of all watches. */
  cursors(): Map<string, string>
  /** By watch: a time (ms) at which it was at its cursor, or not as far yet. */
  reached(): Map<string, number>
  /** What is remembered of these objects; those never committed, or forgotten, are missing. */
  records(uids: readonly string[]): Map<string, ObjectRecord>
  /** uids of a watch's known objects, to find what a list no longer holds. `namespace` narrows it. */
  known(source: string, namespace?: string): Set<string>
  /** An object by its name: one that is there, else the last of those that went within a month and were remembered. */
  named(source: string, namespace: string, name: string): Omit<Remembered, 'source' | 'namespace' | 'name'> | undefined
  commit(batch: CommitBatch): Promise<void>
  /**
   * Up to `n` rows of a sink that may be tried at `now`, and marks them as in flight until they are settled (or the process ends:
   * after a restart every row can be claimed). A lane is a sink, a subscription's uid and an object: at most one of its rows is in flight,
   * and none before those that came earlier. The namespaces of the objects take turns, a row each; one that had no rows gets its turn after
   * all others, one that has none to give keeps it. Within a namespace oldest first: rows to be tried at once in the order of commits,
   * those that waited in the order in which they fell due, merged by age. What `pace` doesn't allow stays as it is, and others go before it; as
   * far as that shows within the next heads of a namespace (some hundreds, fewer where many share the sink). At `most` characters of events it ends.
   */
  claim(sink: string, n: number, now: number, pace?: Pace, most?: number): Row[]
  /**
   * The rows of one request, marked as in flight: all of one subscription, and of each of their lanes the next ones in order, so that several
   * rows of a lane are in flight. They have to be settled in this order, and none that comes behind one that stays.
   * The namespaces take turns, a request each; what its own rows leave free goes to those of the same subscription in others. A row begins a
   * request once it waited for `delayMs` or has been tried before, or where the rows that wait of its subscription fill one. What `pace` allows
   * when a request begins holds for all of it.
   */
  claimBatch(sink: string, limits: BatchLimits, now: number, pace?: Pace): Row[]
  /**
   * When the next row of a sink may be tried: a time that has passed (its `enqueued`) where one may at once; undefined when none waits.
   * Lanes in flight don't count. A row that was never tried waits for `delayMs` more.
   */
  nextAttempt(sink: string, delayMs?: number): number | undefined
  settle(settlements: readonly Settlement[], now: number): Promise<void>
  /** Rows that are not handed out for now. */
  readonly withholding: Withholding
  /**
   * Makes every waiting row of a sink due at once (a changed spec or Secret, requestedAt). Like all that concerns many rows (`purge`,
   * `revive`, `pruneDeadLetters`, `forgetSubscription`) it goes through them in slices, each a transaction: a process that is killed in the midst
   * leaves the rest as it was, and the same call again does it.
   */
  retryNow(sink: string): Promise<void>
  /**
   * Drops a deleted subscription's rows (those in flight too), ledger entries, activations, floors, gaps and counts; its dead letters stay.
   * Its rows, and each milestone that it was owed, are counted as `dropped` as they go. What it has `delivered`, `retried`, `deadLettered` and
   * `dropped` toward a sink then goes on under uid `''` (no subscription, named `''`, never forgotten), so that the sum over a sink only grows.
   * Resolves to how many were dropped. Its counts go last, in one transaction: as long as `counts` tells of a subscription that is gone, call
   * this again; nothing is counted twice.
   */
  forgetSubscription(subscriptionUid: string): Promise<number>
  /** One entry per sink and subscription (by uid) that has rows, in flight included. `oldest`: when its oldest row was committed. */
  pending(): Pending[]
  /** Total number of rows of a sink, in flight included. */
  size(sink: string): number
  /**
   * What is pending for a sink, for all subscriptions of a namespace, or for a sink from those of a namespace. For a sink without what `withholding`
   * sets apart. Bytes are those of events, counted once a row.
   */
  load(of: LoadOf): Load
  /**
   * By `<subscription uid> <sink>`, of those that have rows: a time (ms) that is not after the `written` of any of them, and near the
   * earliest. Cheap.
   */
  lowWater(): Map<string, number>
  /** Where objects are known that a sink is owed milestones of (`ObjectRecord.owed`): what has to be listed to take them up. */
  owing(): { sink: string; source: string; namespace: string; objects: number }[]
  /** Every count that is known, in full: all six numbers. Those of subscriptions that are forgotten under uid `''`, summed up by sink. */
  counts(): CountDelta[]
  /** In the order of their rows. */
  deadLetters(query?: DeadLetterQuery): DeadLetter[]
  deadLetter(seq: number): WholeDeadLetter | undefined
  /** Dead letters that are kept, by sink. */
  deadLetterSizes(): Map<string, number>
  /**
   * Makes rows of these dead letters again (the query's `limit` counts): the same events, behind what waits in their lanes, with no attempts made.
   * Those whose subscription is not known any more stay. Resolves to how many were revived.
   */
  revive(query: DeadLetterQuery): Promise<number>
  /** Drops a sink's dead letters older than `before` (ms) and, of the rest, the oldest beyond `max`. Resolves to how many. */
  pruneDeadLetters(sink: string, keep: { before: number; max: number }): Promise<number>
  /**
   * Drops the rows (those in flight too) of a sink, a subscription (by uid), or both at once, and, where asked for, the dead letters. The rows are
   * counted as `dropped`. Resolves to how many of each. Rejects where neither is given.
   */
  purge(of: {
    sink?: string
    subscriptionUid?: string
    deadLetters: boolean
  }): Promise<{ rows: number; deadLetters: number }>
  /** Activation times (ms): `<subscription uid> <sink key> <kind> <milestone>` → since. */
  activations(): Map<string, number>
  /** Sets these, and leaves the others as they are. */
  activate(entries: ReadonlyMap<string, number>): Promise<void>
  /** A random UUID, made with the data directory: who works on it. */
  readonly instance: string
  /** Whether `begin` was ever called. Until then nothing is known of an earlier life: the directory is new, was lost or set aside. */
  readonly begun: boolean
  /**
   * Begins a life, with the floors of an earlier one (empty where there was none): `<subscription uid> <sink> <kind>` → ms. What an object
   * was written before then has been settled there. A kind's floors go with its first complete list (`CommitBatch.listed`); where each
   * namespace has a watch of its own, they stay, but are no longer in force for a watch whose list was complete.
   */
  begin(floors: ReadonlyMap<string, number>): Promise<void>
  /** All that there are; or those in force for what a watch brings: none once its list was complete. */
  floors(watch?: string): Map<string, number>
  /** What the delivery to a sink remembers from one process to the next, as it wrote it; undefined forgets it. */
  gates(): Map<string, string>
  keepGate(sink: string, gate: string | undefined): Promise<void>
  /** Of a sink that is gone: its gate, and the counts of subscriptions that are gone, too. What waits, and dead letters, stay. */
  forgetSink(sink: string): Promise<void>
  gaps(): Map<string, Gaps>
  /** Whether writes get through. While they don't, writers' promises reject; nothing is lost by that, and each is tried anew by its caller. */
  storage(): StorageState
  /**
   * Moves on whenever rows of this sink may have become claimable before their time (a commit with rows, a freed lane, an early
   * retry, `retryNow`) and whenever rows have gone, so that there is room for others.
   */
  version(sink: string): number
  /**
   * Resolves once `version(sink)` is not `seen` (left out: the version at the call), when `signal` aborts, and when the outbox is closed.
   * So nothing is missed between claim and wait: `const seen = outbox.version(sink)`, claim, and if there is nothing `changed(sink, signal, seen)`.
   * It may resolve for nothing; that rows fall due by the passing of time it does not tell: `nextAttempt` does.
   */
  changed(sink: string, signal: AbortSignal, seen?: number): Promise<void>
}
