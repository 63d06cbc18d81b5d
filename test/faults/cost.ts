import type { Findings } from './check.ts'
import type { Told } from './evidence.ts'

/** What a fault may cost: stated before it is done. What is left out may cost nothing. */
export type Cost = {
  /** Deliveries that are neither taken, nor counted as dead or dropped. */
  lost?: number
  /** Most repeats, all with the same id: so many, or each delivery so many times. */
  repeats?: number | { each: number }
  /** Just so many dead letters; or how many at most. */
  deadLettered?: number | { atMost: number }
  /** Just so many dropped; `counted`: as many as are missing. */
  dropped?: number | 'counted'
  /** Out of order, as with replays; none but where stated. */
  inversions?: number
  /** `unknown` where the numbers went with the disk. */
  counters?: 'exact' | 'unknown'
  /** ms from the fault's end until all that was due at that moment is delivered. */
  recoveryMs: number
}

/** What was found, beyond what was stated. */
export type Excess = { lost: number; repeats: number; otherIds: number; inversions: number; wrong: string[] }

/** `counted`: what the operator says of deliveries that it gave up, sinks or namespaces that are gone included. */
export type Counted = { deadLettered: number; dropped: number }

export const sumOf = (told: readonly Told[]): Counted => {
  const subscriptions = told.filter((one) => one.of === 'EventSubscription')
  return {
    deadLettered: subscriptions.reduce((sum, one) => sum + one.deadLettered, 0),
    dropped: subscriptions.reduce((sum, one) => sum + one.dropped, 0),
  }
}

/** Deliveries that are lost in silence. */
export const lostOf = (found: Findings, counted: Counted): number =>
  Math.max(0, found.missing.length - counted.deadLettered - counted.dropped)

/** How many repeats a cost comes to. */
export const repeatsOf = ({ repeats = 0 }: Cost, { due }: Pick<Findings, 'due'>): number =>
  typeof repeats === 'number' ? repeats : repeats.each * due

/** What is worse than stated; of times only where `isTimed`. Phantoms and other ids are never allowed. */
export function excessOf(found: Findings, counted: Counted, recoveryMs: number, cost: Cost, isTimed = true): Excess {
  const wrong = [...found.phantoms.map((line) => `phantom: ${line}`)]
  if (cost.counters !== 'unknown') wrong.push(...found.counters)
  const { deadLettered = 0, dropped = 0 } = cost
  const most = typeof deadLettered === 'number' ? deadLettered : deadLettered.atMost
  const least = typeof deadLettered === 'number' ? deadLettered : 0
  if (counted.deadLettered > most || counted.deadLettered < least)
    wrong.push(`${counted.deadLettered} dead letters, ${least === most ? most : `at most ${most}`} stated`)
  const expected = dropped === 'counted' ? found.missing.length - counted.deadLettered : dropped
  if (counted.dropped !== expected) wrong.push(`${counted.dropped} counted as dropped, ${expected} expected`)
  if (isTimed && recoveryMs > cost.recoveryMs)
    wrong.push(`recovered after ${recoveryMs} ms, ${cost.recoveryMs} ms stated`)
  const beyond = (count: number, stated = 0) => Math.max(0, count - stated)
  return {
    lost: beyond(lostOf(found, counted), cost.lost),
    repeats: beyond(found.repeats.length, repeatsOf(cost, found)),
    otherIds: found.otherIds.length,
    inversions: beyond(found.inversions.length, cost.inversions),
    wrong,
  }
}

export const isRed = (excess: Excess): boolean =>
  excess.lost + excess.repeats + excess.otherIds + excess.inversions + excess.wrong.length > 0
