import { neverSuspended, type Suspensions } from './suspensions.ts'
import type { Agreement } from './validation.ts'

/**
 * What the delivery to a sink remembers from one process to the next. Times are ms since the epoch.
 * Kept as JSON, which to the outbox is a text: it holds `v`, so that a later version can tell.
 */
export type Memory = {
  /** When it was written. */
  at: number | undefined
  /** Of the sink that the rest is about (`SinkRuntime.epoch`). */
  epoch: string | undefined
  /** It answered 410. */
  gone: boolean
  /** When its rest ends, and how many in a row that is. */
  rest: { until: number; rests: number } | undefined
  /** It was asked, and has agreed. */
  agreement: Agreement | undefined
  suspensions: Suspensions
  /** Since when there is no sink of this name. */
  missingSince: number | undefined
  /** Since when it does not let in subscriptions that have rows, by uid. */
  withheld: ReadonlyMap<string, number>
  /** `retry.maxAge` as the sink last had it: what its rows wait for one of its name. */
  maxAgeMs: number | undefined
}

const nobody: Memory['withheld'] = new Map()

export const blank: Memory = {
  at: undefined,
  epoch: undefined,
  gone: false,
  rest: undefined,
  agreement: undefined,
  suspensions: neverSuspended,
  missingSince: undefined,
  withheld: nobody,
  maxAgeMs: undefined,
}

const version = 1

/** Undefined where there is nothing worth it. */
export function writeMemory(memory: Memory): string | undefined {
  const { at, epoch, gone, rest, agreement, suspensions, missingSince, withheld, maxAgeMs } = memory
  const text = JSON.stringify({
    v: version,
    at,
    epoch,
    gone: gone || undefined,
    rest: rest && [rest.until, rest.rests],
    agreed: agreement && (agreement.perMinute ?? 0),
    suspended: suspensions.since,
    past: suspensions.past.length > 0 ? suspensions.past.map(({ from, to }) => [from, to]) : undefined,
    missing: missingSince,
    withheld: withheld.size > 0 ? [...withheld] : undefined,
    maxAge: maxAgeMs,
  })
  return text === blankText ? undefined : text
}

const blankText = JSON.stringify({ v: version })

/** What cannot be read is as if it had never been: of another version as a whole, else each part for itself. */
export function readMemory(text: string | undefined): Memory {
  const kept = parse(text)
  if (kept.v !== version) return blank
  const [until, rests] = numbers(kept.rest) ?? []
  const agreed = number(kept.agreed)
  const past = (Array.isArray(kept.past) ? kept.past : []).flatMap((pair: unknown) => {
    const [from, to] = numbers(pair) ?? []
    return from !== undefined && to !== undefined && from <= to ? [{ from, to }] : []
  })
  return {
    at: number(kept.at),
    epoch: typeof kept.epoch === 'string' ? kept.epoch : undefined,
    gone: kept.gone === true,
    rest: until === undefined || rests === undefined ? undefined : { until, rests: Math.max(1, Math.round(rests)) },
    agreement: agreed === undefined ? undefined : { perMinute: agreed || undefined },
    suspensions: { since: number(kept.suspended), past },
    missingSince: number(kept.missing),
    withheld: timesOf(kept.withheld),
    maxAgeMs: number(kept.maxAge),
  }
}

function parse(text: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}')
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {} // garbage
  }
}

const number = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined

/** Names, each with a time. */
function timesOf(value: unknown): Memory['withheld'] {
  const times = Array.isArray(value) ? value.flatMap(timeOf) : []
  return times.length > 0 ? new Map(times) : nobody
}

function timeOf(value: unknown): [string, number][] {
  const [name, time] = Array.isArray(value) ? value : []
  const ms = number(time)
  return typeof name === 'string' && ms !== undefined ? [[name, ms]] : []
}

/** A list of two numbers. */
function numbers(value: unknown): [number, number] | undefined {
  if (!Array.isArray(value)) return undefined
  const [one, two] = value.map(number)
  return one === undefined || two === undefined ? undefined : [one, two]
}
