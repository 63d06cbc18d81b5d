import type { Cost } from './cost.ts'
import { isRed, repeatsOf } from './cost.ts'
import type { Played } from './play.ts'

/** One fault, one line: what was done, what it cost beside what it was allowed to, and how long it took to recover. */
export function lineOf(played: Played): string {
  const { fault, ran, found, cost, counted, excess, seconds } = played
  const head = `${fault.id.padEnd(9)} ${played.skipped === undefined ? (isRed(excess) ? 'RED ' : 'ok  ') : 'skip'}`
  if (played.skipped !== undefined) return `${head} ${fault.title}: ${played.skipped}`
  if (!ran || !found || !cost || !counted) return `${head} ${fault.title}: not played to its end`
  const figures = [
    `lost ${played.lost}${of(cost.lost ?? 0)}`,
    `repeats ${found.repeats.length}${of(repeatsOf(cost, found))}`,
    `order ${found.inversions.length === 0 ? 'kept' : `${found.inversions.length} inversions`}${of(cost.inversions ?? 0)}`,
    ...(counted.deadLettered > 0 ? [`dead letters ${counted.deadLettered}`] : []),
    ...(counted.dropped > 0 ? [`dropped ${counted.dropped}`] : []),
    `recovered ${((played.recoveryMs ?? 0) / 1000).toFixed(1)} s of ${(cost.recoveryMs / 1000).toFixed(0)}`,
    ...(ran.notes ?? []),
    `${found.due} deliveries, ${seconds.toFixed(0)} s`,
  ]
  return `${head} ${ran.did} | ${figures.join(', ')}`
}

const of = (stated: number): string => (stated > 0 ? ` of ${stated}` : '')

/** What was found beyond what was stated, at most `most` lines a sort. */
export function wrongOf({ excess, found }: Played, most = 5): string[] {
  const some = (what: string, lines: readonly string[], isTold: boolean) =>
    isTold
      ? [
          ...lines.slice(0, most).map((line) => `${what}: ${line}`),
          ...(lines.length > most ? [`${what}: ${lines.length - most} more`] : []),
        ]
      : []
  return [
    ...some('lost', found?.missing ?? [], excess.lost > 0),
    ...some('repeat', found?.repeats ?? [], excess.repeats > 0),
    ...some('another id', found?.otherIds ?? [], excess.otherIds > 0),
    ...some('order', found?.inversions ?? [], excess.inversions > 0),
    ...some('wrong', excess.wrong, true),
  ]
}

/** What may be said of a fault before it is played. */
export function statementOf(cost: Cost): string {
  const { lost = 0, repeats = 0, deadLettered = 0, dropped = 0, inversions = 0, recoveryMs } = cost
  const dead = typeof deadLettered === 'number' ? deadLettered : `≤ ${deadLettered.atMost}`
  return `lost ${lost}, repeats ≤ ${typeof repeats === 'number' ? repeats : `${repeats.each} each`}, dead letters ${dead}, dropped ${dropped}, out of order ${inversions}, recovery ≤ ${recoveryMs / 1000} s`
}

/** The last line of the suite: everything beyond what was stated. */
export function summaryOf(results: readonly Played[]): string {
  const sum = (of: (played: Played) => number) => results.reduce((total, played) => total + of(played), 0)
  const ran = results.filter((one) => one.skipped === undefined)
  return JSON.stringify({
    faults: ran.length,
    failed: [...new Set(ran.filter(({ excess }) => isRed(excess)).map(({ fault }) => fault.id))],
    lost: sum(({ excess }) => excess.lost),
    repeats: sum(({ excess }) => excess.repeats),
    repeatsWithAnotherId: sum(({ excess }) => excess.otherIds),
    orderInversions: sum(({ excess }) => excess.inversions),
  })
}
