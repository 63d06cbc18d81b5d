import type { Verdict } from '../api/verdict.ts'
import type { Outbox, Row } from '../outbox/outbox.ts'
import type { Access } from './access.ts'
import type { AttemptRecord } from './attempt.ts'
import type { SinkRuntime } from './sink.ts'
import type { Quota } from './sink-quota.ts'
import type { Transport } from './transports/transport.ts'

/** What the delivery to one sink needs. */
export type DeliveryDeps = {
  outbox: Pick<
    Outbox,
    | 'claim'
    | 'claimBatch'
    | 'settle'
    | 'nextAttempt'
    | 'retryNow'
    | 'size'
    | 'version'
    | 'changed'
    | 'gates'
    | 'keepGate'
    | 'withholding'
  >
  /** The sink as it is now; while it is undefined or suspended its rows wait. */
  sink(): SinkRuntime | undefined
  /** Why there is none: an EventSink that makes no sense, or none at all. Rows of a missing sink wait for `retry.maxAge` only. */
  absent(): 'unusable' | 'missing'
  /** How long rows of a sink wait that is missing and was never seen; ms. */
  missingMaxAgeMs(): number
  /** Resolves when `sink()` may give something else, or `signal` aborts. */
  sinkChanged(signal: AbortSignal): Promise<void>
  transport(sink: SinkRuntime): Transport
  /** What the sink's spec asks of requests; `fresh` where the sink refused what the last ones had. A refusal holds the rows. */
  access(fresh: boolean): Promise<Verdict<Access>>
  /** The value of Authorization that the row's subscription has of its own for this sink; undefined where it has none. */
  ownCredentials?(row: Row, fresh: boolean): Promise<Verdict<string>> | undefined
  /** What the namespaces' quotas leave; left out: all. */
  quota?: Quota | undefined
  /** Whether what waits for company may still be sent at the end; it may when left out. */
  sendsLast?(): boolean
  record(attempt: AttemptRecord): void
  /** A dead letter is on its way to this sink as well. */
  parked(sink: string): void
  /** An unexpected error (the outbox cannot be read or written), to be counted and logged; delivery goes on by itself. */
  failed(error: unknown): void
  /** Wall clock, ms since the epoch. */
  now(): number
  random(): number
  /** How long attempts under way may go on after the abort, ms. */
  graceMs: number
  /** ms on a clock that is never set; `performance.now` when left out. */
  monotonic?(): number
  /** Resolves after `ms`, or when `signal` aborts; a timer when left out. */
  sleep?(ms: number, signal: AbortSignal): Promise<void>
}
