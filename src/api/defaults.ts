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

/** What counts where a sink says nothing; times in ms. */
export type SinkDefaults = Pick<SinkSettings, 'timeout' | 'retry' | 'limits'> & {
  deadLetters: { retention: number; max: number }
}

/** Where the administrator says nothing either. The CRD's descriptions name the same values. */
export const sinkDefaults: SinkDefaults = {
  timeout: 15_000,
  retry: { maxAge: 72 * 3_600_000, initialDelay: 1_000, maxDelay: 3_600_000 },
  limits: {
    concurrency: 8,
    eventsPerSecond: undefined,
    maxEventBytes: 65_536,
    maxPending: 100_000,
    maxPendingBytes: 256 * 2 ** 20,
  },
  deadLetters: { retention: 168 * 3_600_000, max: 10_000 },
}

/** What no administrator sets; the CRD has the same defaults. */
const batchDefaults = { maxEvents: 100, maxDelay: 1_000 }

/** The settings of a sink, with `defaults` where it says nothing. Refused is what only a sink older than its CRD's validations can hold: `DurationInvalid`, `RetryInvalid`. */
export function sinkSettings(spec: EventSinkSpec, defaults: SinkDefaults): Verdict<SinkSettings> {
  const timeout = spec.http.timeout === undefined ? accept(defaults.timeout) : parseDuration(spec.http.timeout)
  if (!timeout.ok) return refuse(timeout.reason, `http.timeout: ${timeout.message}`)
  const batch = batchSettings(spec.http)
  if (!batch.ok) return batch
  const retry = readRetry(spec.retry ?? {}, defaults.retry)
  if (!retry.ok) return retry
  const limits = spec.limits ?? {}
  const { retention: kept, max, sinkRef } = spec.deadLetters ?? {}
  const retention = kept === undefined ? accept(defaults.deadLetters.retention) : parseOrZero(kept)
  if (!retention.ok) return refuse(retention.reason, `deadLetters.retention: ${retention.message}`)
  return accept({
    mode: spec.http.mode ?? 'binary',
    batch: batch.value,
    timeout: timeout.value,
    retry: retry.value,
    limits: { ...defaults.limits, ...limits },
    deadLetters: { retention: retention.value, max: max ?? defaults.deadLetters.max, sink: sinkRef?.name },
    suspend: spec.suspend ?? false,
  })
}

function batchSettings({ mode, batch = {} }: EventSinkSpec['http']): Verdict<SinkSettings['batch']> {
  if (mode !== 'batch') return accept(undefined)
  const { maxEvents = batchDefaults.maxEvents, maxDelay: text } = batch
  const maxDelay = text === undefined ? accept(batchDefaults.maxDelay) : parseOrZero(text)
  return maxDelay.ok
    ? accept({ maxEvents, maxDelay: maxDelay.value })
    : refuse(maxDelay.reason, `http.batch.maxDelay: ${maxDelay.message}`)
}

/** A duration that may be nothing: then no dead letter is kept, or no event waits for others. */
export const parseOrZero = (text: string): Verdict<number> =>
  /^(?:0+(?:\.0+)?(?:ms|s|m|h))+$/.test(text) ? accept(0) : parseDuration(text)

function readRetry(given: NonNullable<EventSinkSpec['retry']>, defaults: Retry): Verdict<Retry> {
  const ms: Partial<Retry> = {}
  for (const name of ['maxAge', 'initialDelay', 'maxDelay'] as const) {
    const text = given[name]
    if (text === undefined) continue
    const duration = parseDuration(text)
    if (!duration.ok) return refuse(duration.reason, `retry.${name}: ${duration.message}`)
    ms[name] = duration.value
  }
  const retry = retrySettings(ms, defaults)
  return retry.ok ? retry : refuse(retry.reason, `retry: ${retry.message}`)
}

type Retry = SinkSettings['retry']

/** What is given stays; what is left out is the default, moved as far as it takes to keep initialDelay ≤ maxDelay ≤ maxAge. */
export function retrySettings(ms: { [name in keyof Retry]?: number | undefined }, defaults: Retry): Verdict<Retry> {
  const maxAge = ms.maxAge ?? Math.max(defaults.maxAge, ms.maxDelay ?? 0, ms.initialDelay ?? 0)
  const maxDelay = ms.maxDelay ?? Math.min(maxAge, Math.max(defaults.maxDelay, ms.initialDelay ?? 0))
  const initialDelay = ms.initialDelay ?? Math.min(defaults.initialDelay, maxDelay)
  if (initialDelay > maxDelay) return refuse('RetryInvalid', 'initialDelay must not be longer than maxDelay')
  if (maxDelay > maxAge) return refuse('RetryInvalid', 'maxDelay must not be longer than maxAge')
  return accept({ maxAge, initialDelay, maxDelay })
}
