import type { DeadLetter } from '../../outbox/outbox.ts'

/** The operator's socket, in its data directory: HTTP with JSON, under /v1. What went wrong comes as a Problem. Times are ms. */
export const socketName = 'control.sock'

/** sun_path of unix(7) has 108 bytes, the last of them NUL. */
export const maxSocketPath = 107

/** Every answer carries the operator's version under this name. */
export const versionHeader = 'carillon-version'

export type Problem = { reason: string; message: string }

/** `GET /v1/deadletters?sink=&subscription=&since=&after=&limit=`: oldest first, at most `limit`. */
export type DeadLetterPage = {
  items: DeadLetter[]
  /** There are others after the last of these. */
  more: boolean
}

/** A dead letter as `GET /v1/deadletters/<seq or event id>` gives it. */
export type DeadLetterView = DeadLetter & {
  /** At most 256 characters of what the sink answered, where that was text. */
  answer?: string
  /** In structured mode. */
  event: unknown
}

/** `GET /v1/deadletters/<seq or event id>`: an id may have gone to several sinks, for several subscriptions. */
export type DeadLetterViews = { items: DeadLetterView[] }

/** `POST /v1/deadletters/retry`: by seq, or all that the rest chooses; `all` where nothing does. */
export type RetryRequest = {
  seqs?: number[]
  sink?: string
  subscription?: string
  since?: number
  all?: true
}

/** Those that were revived, those that stay (their subscription is gone, they are too large still), and seqs that there are not. */
export type RetryAnswer = { revived: number; orphaned: number; tooLarge: number; missing: number[] }

/** `POST /v1/replay`. `until`, where it is left out, is now. */
export type ReplayRequest = { subscription: string; sink?: string; since: number; until?: number; dryRun: boolean }

/** How far a replay is. `deadLetters`: those that were revived; `events` come from `objects` that were looked at. */
export type ReplayProgress = { kind: string; deadLetters: number; objects: number; events: number }

export type ReplayAnswer = {
  deadLetters: number
  objects: number
  events: number
  /** Events that are too large for their sink, and so stay where they are. */
  tooLarge: number
  /** Milestones that there is no room for now: they go once the sink has some. */
  owed: number
  /** Dead letters that stay: too large still. */
  deadLettersTooLarge: number
  /** Kinds that the cluster does not serve. */
  absentKinds: string[]
}

/** A replay is answered line by line, application/x-ndjson, the last being the answer or the problem. */
export type ReplayLine = { progress: ReplayProgress } | { answer: ReplayAnswer } | { problem: Problem }

/** `POST /v1/purge`: what waits for a sink, a subscription, or, with both, for the one from the other. */
export type PurgeRequest = { sink?: string; subscription?: string; deadLetters: boolean; dryRun: boolean }

export type PurgeAnswer = { rows: number; deadLetters: number }

/** `POST /v1/sinks/test`. */
export type SinkTestRequest = { sink: string }

/** A step on the way to a receiver, and what came of it; `skipped`: it was not come to. */
export type SinkTestStep = {
  step: 'url' | 'credentials' | 'address' | 'connection' | 'tls' | 'validation' | 'request' | 'answer'
  result: 'ok' | 'failed' | 'skipped'
  reason?: string
  message?: string
  advice?: string
}

export type SinkTestAnswer = {
  sink: string
  /** Whether the event was taken. */
  ok: boolean
  suspended: boolean
  event: { id: string; type: string; source: string }
  steps: SinkTestStep[]
  /** Of the last request. */
  status?: number
  durationMs?: number
  /** At most 256 characters of what the receiver answered, where that was text. */
  text?: string
}

/** `GET /v1/version`. */
export type VersionAnswer = { version: string }
