import { parseDuration } from './durations.ts'
import type { EventSinkSpec } from './generated.ts'
import { accept, refuse, type Verdict } from './verdict.ts'

/** A sink's settings with every default filled in. All times are ms. */
export type SinkSettings = {
  mode: 'binary' | 'structured' | 'batch'
  /** undefined in other modes. */
  batch: { maxEvents: number; maxDelay: number } | undefined
  timeout: number
  retry: { maxAge: number; initialDelay: number; maxDelay: number }
  limits: {
    concurrency: number
    /** undefined: no limit. */
    eventsPerSecond: number | undefined
    maxEventBytes: number
    maxPending: number
    maxPendingBytes: number
  }
  deadLetters: {
    /** 0: none is kept. */
    retention: number
    max: number
    /** Name of the EventSink of the same namespace that is sent dead letters as well. */
    sink: string | undefined
  }
  suspend: boolean
}

/** What counts where a sink says nothing. The CRD's descriptions name the same values. */
export const sinkDefaults = {
  mode: 'binary',
  batch: { maxEvents: 100, maxDelay: 1_000 },
  timeout: 15_000,
  retry: { maxAge: 72 * 3_600_000, initialDelay: 1_000, maxDelay: 3_600_000 },
  limits: {
    concurrency: 8,
    eventsPerSecond: undefined,
    maxEventBytes: 65_536,
    maxPending: 100_000,
    maxPendingBytes: 256 * 2 ** 20,
  },
  deadLetters: { retention: 168 * 3_600_000, max: 10_000, sink: undefined },
} as const

/** The settings of a sink. Refused is what only a sink older than its CRD's validations can hold: `DurationInvalid`, `RetryInvalid`. */
export function sinkSettings(spec: EventSinkSpec): Verdict<SinkSettings> {
  const timeout = spec.http.timeout === undefined ? accept(sinkDefaults.timeout) : parseDuration(spec.http.timeout)
  if (!timeout.ok) return refuse(timeout.reason, `http.timeout: ${timeout.message}`)
  const batch = batchSettings(spec.http)
  if (!batch.ok) return batch
  const retry = retrySettings(spec.retry ?? {})
  if (!retry.ok) return retry
  const limits = spec.limits ?? {}
  const { retention: kept, max, sinkRef } = spec.deadLetters ?? {}
  const retention = kept === undefined ? accept(sinkDefaults.deadLetters.retention) : parseOrZero(kept)
  if (!retention.ok) return refuse(retention.reason, `deadLetters.retention: ${retention.message}`)
  return accept({
    mode: spec.http.mode ?? sinkDefaults.mode,
    batch: batch.value,
    timeout: timeout.value,
    retry: retry.value,
    limits: { ...sinkDefaults.limits, ...limits },
    deadLetters: { retention: retention.value, max: max ?? sinkDefaults.deadLetters.max, sink: sinkRef?.name },
    suspend: spec.suspend ?? false,
  })
}

function batchSettings({ mode, batch = {} }: EventSinkSpec['http']): Verdict<SinkSettings['batch']> {
  if (mode !== 'batch') return accept(undefined)
  const { maxEvents = sinkDefaults.batch.maxEvents, maxDelay: text } = batch
  const maxDelay = text === undefined ? accept(sinkDefaults.batch.maxDelay) : parseOrZero(text)
  return maxDelay.ok
    ? accept({ maxEvents, maxDelay: maxDelay.value })
    : refuse(maxDelay.reason, `http.batch.maxDelay: ${maxDelay.message}`)
}

/** A duration that may be nothing: then no dead letter is kept, or no event waits for others. */
const parseOrZero = (text: string): Verdict<number> =>
  /^(?:0+(?:\.0+)?(?:ms|s|m|h))+$/.test(text) ? accept(0) : parseDuration(text)

/** What is given stays; what is left out is the default, moved as far as it takes to keep initialDelay ≤ maxDelay ≤ maxAge. */
function retrySettings(given: NonNullable<EventSinkSpec['retry']>): Verdict<SinkSettings['retry']> {
  const ms: Partial<SinkSettings['retry']> = {}
  for (const name of ['maxAge', 'initialDelay', 'maxDelay'] as const) {
    const text = given[name]
    if (text === undefined) continue
    const duration = parseDuration(text)
    if (!duration.ok) return refuse(duration.reason, `retry.${name}: ${duration.message}`)
    ms[name] = duration.value
  }
  const { retry } = sinkDefaults
  const maxAge = ms.maxAge ?? Math.max(retry.maxAge, ms.maxDelay ?? 0, ms.initialDelay ?? 0)
  const maxDelay = ms.maxDelay ?? Math.min(maxAge, Math.max(retry.maxDelay, ms.initialDelay ?? 0))
  const initialDelay = ms.initialDelay ?? Math.min(retry.initialDelay, maxDelay)
  if (initialDelay > maxDelay) return refuse('RetryInvalid', 'retry: initialDelay must not be longer than maxDelay')
  if (maxDelay > maxAge) return refuse('RetryInvalid', 'retry: maxDelay must not be longer than maxAge')
  return accept({ maxAge, initialDelay, maxDelay })
}
