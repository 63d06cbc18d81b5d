import type { Load } from '../../outbox/outbox.ts'
import type { Emitter } from '../emitter.ts'

/** What an object's rows need of a sink, and of the namespace that their subscription is in. */
export type Need = Load & { sink: string; namespace: string }

/** A sink or namespace that rows are written down for: what waits, and how much may. */
export type Pot = { load: Load; cap: Load }

/**
 * What there is not enough of for an object's rows: they are written down all or not at all, so that their order stays. Where nothing waits
 * they always fit: an object that is larger than the cap by itself would never go.
 */
export function lacking(need: Load, { load, cap }: Pot): 'rows' | 'bytes' | undefined {
  if (need.rows === 0 || load.rows === 0) return undefined
  if (load.rows + need.rows > cap.rows) return 'rows'
  return load.bytes + need.bytes > cap.bytes ? 'bytes' : undefined
}

/**
 * What each of so many namespaces that use a sink may always have waiting there, whatever others have. Only beyond it a namespace depends on what all
 * have together: so one alone may use the whole cap, and what waits stays below twice the cap (each may besides have one object that is larger).
 */
export const shareOf = ({ rows, bytes }: Load, namespaces: number): Load => {
  const parts = Math.max(1, namespaces)
  return { rows: Math.floor(rows / parts), bytes: Math.floor(bytes / parts) }
}

/** So much of its cap has to be free before one that was full takes rows again: each list that takes up what is owed then has room for much. */
const free = 0.5

/** Whether one that was full, when its cap was `before`, takes rows again: it has emptied enough, or may hold more than then. */
export const isRelieved = ({ load, cap }: Pot, before: Load): boolean =>
  isHalfFree({ load, cap }) ||
  (cap.rows >= before.rows && cap.bytes >= before.bytes && (cap.rows > before.rows || cap.bytes > before.bytes))

export const isHalfFree = ({ load, cap }: Pot): boolean =>
  load.rows <= cap.rows * (1 - free) && load.bytes <= cap.bytes * (1 - free)

/** Where an object's rows may be written down within one batch: what the batch itself brings counts. */
export type Room = {
  /** Whether the sink takes nothing from the namespace of the subscription for now, or that namespace nothing at all. */
  isFull(sink: string, namespace: string): boolean
  /** Takes room for all rows of an object toward a sink; false where there is not enough, and none is taken then. */
  take(need: Need): boolean
  /** Told of what has to be owed: `<subscription uid> <sink>`, when the object was written (ms), and the subscription's namespace. */
  owe(pair: string, written: number, namespace: string): void
  /** Told of what was owed, and now goes. */
  tookUp(): void
  /** Told of how many deliveries can't be told any more. */
  dropped(deliveries: number): void
  /** Whether any object at all may be owed something. */
  mayOwe(): boolean
  /** A subscription's `namespace/name`, and what it selects while that is known; undefined where there is none. */
  owner(subscriptionUid: string): { key: string; emitter: Emitter | undefined } | undefined
}

/** Room without end. */
export const unlimited: Room = {
  isFull: () => false,
  take: () => true,
  owe: () => undefined,
  tookUp: () => undefined,
  dropped: () => undefined,
  mayOwe: () => false,
  owner: () => undefined,
}
