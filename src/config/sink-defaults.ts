import { parseOrZero, retrySettings, type SinkDefaults, sinkDefaults } from '../api/defaults.ts'
import { parseDuration } from '../api/durations.ts'
import { parseQuantity, showBytes } from '../api/quantity.ts'
import { accept, type Verdict } from '../api/verdict.ts'
import type { FlagName } from '../cli/run-flags.ts'
import type { Given } from './given.ts'

type Bounds = { least: string; most: string }

/** The bounds that the CRD sets for sinks hold for their defaults as well. */
export const durationBounds = {
  'default-timeout': { least: '100ms', most: '5m' },
  'default-max-age': { least: '1s', most: '720h' },
  'default-initial-delay': { least: '10ms', most: '1h' },
  'default-max-delay': { least: '10ms', most: '24h' },
  'default-retention': { least: '0s', most: '8760h' },
} as const satisfies Partial<Record<FlagName, Bounds>>

export const numberBounds = {
  'default-concurrency': { least: 1, most: 256 },
  'default-events-per-second': { least: 0, most: 100_000 },
  'default-max-event-bytes': { least: 1_024, most: 1_048_576 },
  'default-max-pending': { least: 1, most: 1_000_000 },
  'default-max-pending-bytes': { least: 1_048_576, most: 17_179_869_184 },
  'default-max-dead-letters': { least: 0, most: 1_000_000 },
} as const satisfies Partial<Record<FlagName, { least: number; most: number }>>

/** What counts where a sink says nothing. Of the times of retry, what is left out fits what is given, as in a sink. */
export function sinkDefaultsOf(given: Given): Verdict<SinkDefaults> {
  const read = readAll(given)
  if (!read.ok) return read
  const value = (name: keyof typeof durationBounds | keyof typeof numberBounds, fallback: number) =>
    read.value[name] ?? fallback
  const retry = retrySettings(
    {
      maxAge: read.value['default-max-age'],
      initialDelay: read.value['default-initial-delay'],
      maxDelay: read.value['default-max-delay'],
    },
    sinkDefaults.retry,
  )
  if (!retry.ok) return given.wrong('default-max-delay', `: ${retry.message}`)
  const { timeout, limits, deadLetters } = sinkDefaults
  return accept({
    timeout: value('default-timeout', timeout),
    retry: retry.value,
    limits: {
      concurrency: value('default-concurrency', limits.concurrency),
      eventsPerSecond: value('default-events-per-second', 0) || undefined,
      maxEventBytes: value('default-max-event-bytes', limits.maxEventBytes),
      maxPending: value('default-max-pending', limits.maxPending),
      maxPendingBytes: value('default-max-pending-bytes', limits.maxPendingBytes),
    },
    deadLetters: {
      retention: value('default-retention', deadLetters.retention),
      max: value('default-max-dead-letters', deadLetters.max),
    },
  })
}

/** What is given, in ms or as a number. */
function readAll(given: Given): Verdict<Partial<Record<string, number>>> {
  const read: Partial<Record<string, number>> = {}
  for (const [name, { least, most }] of Object.entries(durationBounds) as [FlagName, Bounds][]) {
    const text = given.one(name)
    if (text === undefined) continue
    const ms = parseOrZero(text)
    if (!ms.ok) return given.wrong(name, `: ${ms.message}`)
    const bound = (of: string) => parseDuration(of)
    const [low, high] = [bound(least), bound(most)]
    if ((low.ok && ms.value < low.value) || (high.ok && ms.value > high.value))
      return given.wrong(name, ` must be a duration from ${least} to ${most}, not '${text.slice(0, 40)}'`)
    read[name] = ms.value
  }
  for (const [name, { least, most }] of Object.entries(numberBounds) as [FlagName, { least: number; most: number }][]) {
    const text = given.one(name)
    if (text === undefined) continue
    const number = /^0+$/.test(text) ? accept(0) : parseQuantity(text)
    if (!number.ok) return given.wrong(name, `: ${number.message}`)
    if (number.value < least || number.value > most) {
      const show = (of: number) => (name.endsWith('-bytes') ? showBytes(of) : String(of))
      return given.wrong(name, ` must be from ${show(least)} to ${show(most)}, not '${text.slice(0, 40)}'`)
    }
    read[name] = number.value
  }
  return accept(read)
}
