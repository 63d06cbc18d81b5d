/** What is known of deliveries for one subscription toward one sink; the raw material of both statuses. Times are ms. */
export type Delivered = {
  time: number
  id: string
  type: string
  subject: string
  sink: string
  subscription: string
  httpStatus: number
  attempts: number
  durationMs: number
}

export type Failed = {
  time: number
  id: string
  type: string
  sink: string
  subscription: string
  reason: string
  message: string
  attempts: number
  /** ms; undefined when the row became a dead letter. */
  nextAttempt: number | undefined
}

export type LastMatched = { time: number; kind: string; namespace: string; name: string; milestone: string }

/** The state of a sink as its attempts show it. */
export type SinkHealth = {
  lastDelivered?: Delivered
  lastFailure?: Failed
  /** Attempts in a row that failed; 0 after a success. */
  failures: number
  /** Since when they do, what the last of them that says something of the sink was, and whether the sink as a whole rests (held, or gone). */
  failing?: { since: number; reason: string; message: string; rests: boolean }
}
