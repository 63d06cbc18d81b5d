import { hash } from 'node:crypto'
import type { Condition } from './conditions.ts'
import { whyOf } from './conditions.ts'
import type { Milestone, Projection } from './source.ts'

/** A failure that is not over: `incident` is what its recovery will name too. */
export type Incident = { incident: string; key: string }

/** A failure that only conditions tell of. `at`: ms. */
export type Failing = Incident & { name: string; at: number; rank: number; condition: Condition }

/** At most so many are kept open; of more the oldest are given up. */
const limit = 8

/** First 8 hexadecimal digits of SHA-256 over the JSON of these texts. */
export const shortHash = (...texts: (string | undefined)[]): string => hash('sha256', JSON.stringify(texts)).slice(0, 8)

/** What is kept of open incidents between two reads: `<incident> <key>` each; neither holds a space. */
export function openAfter(
  previous: Projection | undefined,
  isReady: boolean,
  shown: readonly Incident[],
): string[] | undefined {
  if (isReady) return undefined
  const open = openBefore(previous)
  for (const { incident, key } of shown)
    if (!open.some((other) => other.incident === incident)) open.push({ incident, key })
  return open.length > 0 ? open.slice(-limit).map(({ incident, key }) => `${incident} ${key}`) : undefined
}

function openBefore(previous: Projection | undefined): Incident[] {
  const kept = Array.isArray(previous?.open) ? previous.open : []
  return kept.flatMap((text) => {
    const [incident, key] = text.split(' ')
    return incident && key ? [{ incident, key }] : []
  })
}

/** The beginning of a failure that the object was not in before: retries of it, whatever they write, are not told. */
export function begun(previous: Projection, failing: Failing | undefined): Milestone[] {
  if (failing === undefined || openBefore(previous).some(({ incident }) => incident === failing.incident)) return []
  const { name, key, at, rank, incident, condition } = failing
  return [{ name, key, class: 'observed', time: at, rank, ...whyOf(condition), details: { incident } }]
}

/** The ends of all that was open, once the object is ready. */
export function recovered(previous: Projection, isReady: boolean, at: number, rank: number): Milestone[] {
  if (!isReady) return []
  return openBefore(previous).map(({ incident, key }) => ({
    name: 'recovered',
    key: `recovered/${incident}/${at}`,
    class: 'observed',
    time: at,
    rank,
    details: { incident, failure: key },
  }))
}

/** As part of an incident's name: no space, no slash, not long. */
export const word = (text: string): string => text.replaceAll(/[^A-Za-z0-9._+-]/g, '-').slice(0, 64)
