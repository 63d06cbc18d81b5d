import { setImmediate as nextTurn } from 'node:timers/promises'
import type { DeadLetter, DeadLetterQuery, Outbox } from '../../outbox/outbox.ts'
import { sizeOf } from '../judging/object-events.ts'

export type ReviveDeps = {
  outbox: Pick<Outbox, 'deadLetters' | 'deadLetter' | 'revive'>
  /** Whether a subscription, by its uid, is still there. */
  exists(subscriptionUid: string): boolean
  maxEventBytes(sink: string): number
  now(): number
}

/** Which dead letters. `until` (ms, included) is of the time when they were given up, as `since` is. */
export type Chosen = Omit<DeadLetterQuery, 'after' | 'limit' | 'seqs'> & { until?: number }

/** What became of the dead letters that were asked for; those that stay were left out for a reason. */
export type Revived = {
  revived: number
  /** They stay: their subscription is gone. */
  orphaned: number
  /** They stay: they are still larger than their sink takes. */
  tooLarge: number
  sinks: Set<string>
}

const pageSize = 1000

/**
 * Dead letters page by page, oldest first; what is given up after `now` is left out. There may be a million of them: between
 * two pages the process gets to other work.
 */
export async function* pagesOf(
  outbox: Pick<Outbox, 'deadLetters'>,
  { until = Number.POSITIVE_INFINITY, ...query }: Chosen,
  now: number,
): AsyncGenerator<DeadLetter[]> {
  for (let after = 0; ; ) {
    const page = outbox.deadLetters({ ...query, after, limit: pageSize })
    const last = page.at(-1)
    if (!last) return
    after = last.seq
    const chosen = page.filter((letter) => letter.time <= until && letter.time <= now)
    if (chosen.length > 0) yield chosen
    await nextTurn()
  }
}

/** Sends dead letters again: the same events, behind what waits. `each` is told of those that go. */
export async function reviveDeadLetters(
  chosen: Chosen,
  deps: ReviveDeps,
  each: (letters: readonly DeadLetter[]) => void = () => undefined,
): Promise<Revived> {
  const result: Revived = { revived: 0, orphaned: 0, tooLarge: 0, sinks: new Set() }
  // One that is refused at once comes back with a new place: it must not go round for ever.
  for await (const page of pagesOf(deps.outbox, chosen, deps.now())) await revivePage(page, deps, result, each)
  return result
}

export async function revivePage(
  page: readonly DeadLetter[],
  deps: ReviveDeps,
  result: Revived,
  each: (letters: readonly DeadLetter[]) => void = () => undefined,
): Promise<void> {
  const wanted = revivable(page, deps, result)
  if (wanted.length === 0) return
  each(wanted)
  result.revived += await deps.outbox.revive({ seqs: wanted.map(({ seq }) => seq), limit: wanted.length })
  for (const { sink } of wanted) result.sinks.add(sink)
}

/** Those that can go again; the others are counted. */
export function revivable(
  page: readonly DeadLetter[],
  deps: ReviveDeps,
  result: Pick<Revived, 'orphaned' | 'tooLarge'>,
): DeadLetter[] {
  const wanted: DeadLetter[] = []
  for (const letter of page) {
    if (!deps.exists(letter.subscriptionUid)) result.orphaned += 1
    else if (isTooLarge(letter, deps)) result.tooLarge += 1
    else wanted.push(letter)
  }
  return wanted
}

function isTooLarge({ seq, sink, reason }: DeadLetter, { outbox, maxEventBytes }: ReviveDeps): boolean {
  if (reason !== 'TooLarge') return false
  const whole = outbox.deadLetter(seq)
  return whole !== undefined && sizeOf(whole.event) > maxEventBytes(sink)
}

export type KeepDeps = {
  outbox: Pick<Outbox, 'deadLetterSizes' | 'pruneDeadLetters'>
  /** For how long (ms) and how many of a sink are kept. */
  keep(sink: string): { retention: number; max: number }
  expired(sink: string, letters: number): void
  now(): number
}

/** Drops the dead letters that are too old or too many. */
export async function pruneDeadLetters({ outbox, keep, expired, now }: KeepDeps): Promise<void> {
  for (const sink of outbox.deadLetterSizes().keys()) {
    const { retention, max } = keep(sink)
    const gone = await outbox.pruneDeadLetters(sink, { before: now() - retention, max })
    if (gone > 0) expired(sink, gone)
  }
}
