import type { Cells } from './checksum.ts'
import { verify } from './checksum.ts'
import { type Entered, enterAll, nextSeq, writeRow } from './commit.ts'
import type { Effects } from './group.ts'
import {
  type DeadRow,
  type DroppedLetter,
  deadRows,
  type LetterCells,
  type ListedLetter,
  listedLetters,
} from './letter-statements.ts'
import type { DeadLetter, DeadLetterQuery, WholeDeadLetter } from './outbox.ts'
import type { StoredEvent } from './row-statements.ts'
import { countLetters, readEvent, readParked, releaseEvent, type Store } from './store.ts'

export const defaultLimit = 1000

/** See `Outbox.deadLetters`. */
export function listLetters({ sql }: Store, query: DeadLetterQuery): DeadLetter[] {
  const { where, cells } = conditionOf(query)
  const found = sql.query<ListedLetter>(`${listedLetters} ${where} ORDER BY d.seq LIMIT ?`)
  return found(...cells, Math.min(query.limit ?? defaultLimit, Number.MAX_SAFE_INTEGER)).map((stored) => {
    const [id, type, subject] = stored.slice(letterCells + 1) as [string, string, string]
    return { ...letterOf(cellsOfLetter(stored)), id, type, subject }
  })
}

/** So many cells of what is read are the letter's own; their checksum follows. */
const letterCells = 15

function cellsOfLetter(stored: readonly (string | number | null)[]): LetterCells {
  const cells = stored.slice(0, letterCells) as LetterCells
  verify('a dead letter', cells, stored[letterCells] as number | null)
  return cells
}

function letterOf([seq, sink, subscription, subscriptionUid, , , , reason, message, attempts, time]: LetterCells) {
  return { seq, sink, subscription, subscriptionUid, reason, message, attempts, time }
}

/** See `Outbox.deadLetter`. */
export function readLetter({ sql }: Store, seq: number): WholeDeadLetter | undefined {
  const stored = sql.deadLetter(seq)
  if (!stored) return undefined
  const cells = cellsOfLetter(stored)
  const [key, ...bytes] = stored.slice(letterCells + 1, -1) as [number, ...StoredEvent]
  verify('an event', [key, ...bytes], stored.at(-1) as number | null)
  const event = readEvent(bytes)
  const { id, type, subject } = event
  return { ...letterOf(cells), id, type, subject, event, answer: cells[14] ?? undefined }
}

/** The condition as SQL over `dead_letters d`, and what stands for its question marks. */
function conditionOf(query: DeadLetterQuery): { where: string; cells: Cells } {
  const { seqs, sink, subscription, subscriptionUid, since, after } = query
  const parts: [sql: string, cell: string | number | undefined][] = [
    ['d.seq IN (SELECT value FROM json_each(?))', seqs && JSON.stringify(seqs)],
    ['d.sink = ?', sink],
    ['d.subscription = ?', subscription],
    ['d.subscription_uid = ?', subscriptionUid],
    ['d.time >= ?', since],
    ['d.seq > ?', after],
  ]
  const given = parts.filter((part): part is [string, string | number] => part[1] !== undefined)
  const where = given.length > 0 ? `WHERE ${given.map(([sql]) => sql).join(' AND ')}` : ''
  return { where, cells: given.map(([, cell]) => cell) }
}

/** Makes rows of up to `n` of these dead letters. The effect gives how many, and after which seq to go on. */
export function writeRevived(
  store: Store,
  query: DeadLetterQuery,
  n: number,
): Effects<{ revived: number; last: number }> {
  const { sql } = store
  const { where, cells } = conditionOf(query)
  const known = 'EXISTS (SELECT 1 FROM routes r WHERE r.subscription_uid = d.subscription_uid)'
  const text = `${deadRows} ${where} ${where ? 'AND' : 'WHERE'} ${known} ORDER BY d.seq LIMIT ?`
  const letters = sql.query<DeadRow>(text)(...cells, n)
  const time = store.now()
  const entered: Entered[] = []
  for (const letter of letters) {
    const [seq, sink, subscription, subscriptionUid, objectUid, event, shared, ...rest] = cellsOfLetter(letter)
    const [, , , , namespace, written, parked] = rest
    const bytes = letter[letterCells + 1] as number
    const row = { sink, subscription, subscriptionUid, objectUid, namespace, written, ...readParked(parked) }
    sql.dropDeadLetter(seq)
    entered.push(writeRow(store, nextSeq(store), row, { event, shared, bytes }, time))
  }
  return () => {
    for (const { route } of entered) countLetters(store, route.sink.name, -1)
    enterAll(store, entered)
    return { revived: letters.length, last: letters.at(-1)?.[0] ?? 0 }
  }
}

/** Drops these, within the present transaction. */
export function writeDropped(store: Store, letters: readonly DroppedLetter[]): Effects<number> {
  for (const [seq, , event, shared] of letters) {
    store.sql.dropDeadLetter(seq)
    releaseEvent(store.sql, event, shared)
  }
  return () => {
    for (const [, sink] of letters) countLetters(store, sink, -1)
    return letters.length
  }
}

/** Up to `n` letters of a sink that are not to be kept: the old, then the oldest of too many. */
export function superfluous(
  { sql, letters }: Store,
  sink: string,
  keep: { before: number; max: number },
  n: number,
): DroppedLetter[] {
  const old = sql.oldLetters(sink, keep.before, n)
  if (old.length > 0) return old
  const surplus = (letters.get(sink) ?? 0) - keep.max
  return surplus > 0 ? sql.oldestLetters(sink, Math.min(n, surplus)) : []
}

/** Up to `n` letters of a sink, a subscription, or both. */
export function lettersOf({ sql }: Store, of: { sink?: string; subscriptionUid?: string }, n: number): DroppedLetter[] {
  const { where, cells } = conditionOf(of)
  const text = `SELECT d.seq, d.sink, d.event, d.shared FROM dead_letters d ${where} ORDER BY d.seq LIMIT ?`
  return sql.query<DroppedLetter>(text)(...cells, n)
}
