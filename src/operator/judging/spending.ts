import type { EncodedEvent } from '../../formats/format.ts'
import { lengthOf } from '../../outbox/event-bytes.ts'
import type { NewRow } from '../../outbox/outbox.ts'

/** So much may be gathered of one object for the subscriptions of one namespace, besides what one of them takes for one sink (bytes of heap, about). */
const mostHeld = 8 * 1024 * 1024
/** So many characters may be encoded of it for them: a fifth of a second. */
const mostEncoded = 64 * 1024 * 1024

/** What a row takes beside its event. */
const rowHeap = 512

/** About what rows take of the heap until they are durable; those that share an event share its text. */
export function weightOf(rows: readonly NewRow[]): number {
  const events = new Set(rows.map(({ event }) => event))
  let weight = rows.length * rowHeap
  for (const event of events) weight += lengthOf(event)
  return weight
}

type Spent = { first: string; held: number; encoded: number }

/**
 * What one object's events take, by the namespace of the subscriptions. Hundreds of them, each with a form of its own, would make hundreds of megabytes
 * of an object of one. Lives for one call of `route`.
 */
export class Spending {
  private readonly spent = new Map<string, Spent>()
  private readonly events = new Set<EncodedEvent>()

  /** Whether no more is to be made for a pair: its namespace has had enough of this object, and it is not the first, which always gets all. */
  isOver(namespace: string, pair: string): boolean {
    const { first, held, encoded } = this.of(namespace, pair)
    return pair !== first && (held > mostHeld || encoded > mostEncoded)
  }

  hold(namespace: string, pair: string, event: EncodedEvent): void {
    const spent = this.of(namespace, pair)
    // What the first takes is not for others to pay.
    if (pair !== spent.first) spent.held += rowHeap + (this.events.has(event) ? 0 : lengthOf(event))
    this.events.add(event)
  }

  encode(namespace: string, characters: number): void {
    const spent = this.spent.get(namespace)
    if (spent) spent.encoded += characters
  }

  private of(namespace: string, pair: string): Spent {
    const known = this.spent.get(namespace) ?? { first: pair, held: 0, encoded: 0 }
    this.spent.set(namespace, known)
    return known
  }
}
