import type { Milestone, Source } from '../../sources/source.ts'
import type { Emitter, EmitterSink } from '../emitter.ts'
import type { Room } from '../overflow/admit.ts'
import { type Dropped, droppedOf, lostWith, refuse } from '../overflow/owed.ts'
import type { RouteInput } from './routing.ts'

/** What one object's change asks of one sink for one subscription: all of it is written down, or none. */
export type Ask = {
  emitter: Emitter
  sink: EmitterSink
  milestones: Milestone[]
  rows: number
  bytes: number
  deadLetters: number
  refused: boolean
}

/** So many keys are remembered of one object, in each list: one that flaps for ever must not grow its record for ever. */
export const maxKeys = 256

/** Begins the keys, in `seen`, of what can't be read. */
export const unreadablePrefix = 'unreadable/'

/** So few are looked through faster than a set of them is made. */
const shortList = 64

/** What is written of one object, by `<subscription uid> <sink>`: milestones enqueued and owed, and what is asked now. Lives for one call of `route`. */
export class Ledger {
  readonly enqueued: Record<string, string[]>
  readonly owed: Record<string, string[]>
  readonly asks = new Map<string, Ask>()
  readonly dropped: Dropped[] = []
  /** Whether it is other than what is remembered. */
  changed = false
  private readonly told: readonly Milestone[]
  private readonly source: Source
  private readonly room: Room
  private readonly sets = new Map<readonly string[], ReadonlySet<string>>()

  /** `told`: what the object tells now. */
  constructor({ record, source }: Pick<RouteInput, 'record' | 'source'>, room: Room, told: readonly Milestone[]) {
    this.told = told
    this.enqueued = { ...record?.ledger }
    this.owed = { ...record?.owed }
    this.source = source
    this.room = room
  }

  isEnqueued(pair: string, key: string): boolean {
    return this.has(this.enqueued[pair], key)
  }

  isOwed(pair: string, key: string): boolean {
    return this.has(this.owed[pair], key)
  }

  /** Of an odd object there may be tens of thousands: looked through for each of them, that would take minutes. */
  private has(keys: readonly string[] | undefined, key: string): boolean {
    if (keys === undefined || keys.length <= shortList) return keys?.includes(key) === true
    const set = this.sets.get(keys) ?? new Set(keys)
    this.sets.set(keys, set)
    return set.has(key)
  }

  /** The pair's ask, which each milestone that it is made for adds to. */
  ask(pair: string, emitter: Emitter, sink: EmitterSink): Ask {
    const known = this.asks.get(pair)
    if (known) return known
    const refused = this.room.isFull(sink.key, emitter.namespace)
    const ask = { emitter, sink, milestones: [], rows: 0, bytes: 0, deadLetters: 0, refused }
    this.asks.set(pair, ask)
    return ask
  }

  /**
   * Enters what there is room for, owes the rest, and lets go of what is owed but not told or wanted any more: all of it where the object is
   * gone. `written` as in a row. `isOver`: whether that is the end of the object; 'inParts' where there is more of it than goes at a time: it is over
   * once nothing goes any more. Gives whether it is.
   */
  settle(written: number, isOver: boolean | 'inParts'): boolean {
    const refused: [string, Ask][] = []
    for (const [pair, ask] of this.asks) {
      const { emitter, sink, rows, bytes } = ask
      ask.refused ||= !this.room.take({ sink: sink.key, namespace: emitter.namespace, rows, bytes })
      if (!ask.refused) this.enqueue(pair, ask)
      else if (isOver === false) this.owe(pair, ask, written)
      else refused.push([pair, ask])
    }
    const isGone = isOver === true || (isOver === 'inParts' && refused.length === this.asks.size)
    for (const [pair, ask] of refused) {
      if (isGone) this.lose(pair, ask)
      else this.owe(pair, ask, written)
    }
    for (const [pair, keys] of Object.entries(this.owed)) if (!this.asks.has(pair)) this.release(pair, keys, isGone)
    return isGone
  }

  private enqueue(pair: string, { emitter, sink, milestones }: Ask): void {
    const keys = milestones.map((one) => one.key)
    this.enter(pair, keys)
    const owed = this.owed[pair]
    if (!owed) return
    delete this.owed[pair]
    this.changed = true
    this.room.tookUp()
    this.drop(
      emitter,
      sink.key,
      owed.filter((key) => !this.has(keys, key)),
    )
  }

  private owe(pair: string, { emitter, sink, milestones }: Ask, written: number): void {
    this.room.owe(pair, written, emitter.namespace)
    const before = this.owed[pair] ?? []
    const { owed, dropped } = refuse(before, milestones)
    if (owed.length > before.length) this.changed = true
    if (owed.length > 0) this.owed[pair] = owed
    // What is dropped is done with, as is what was enqueued.
    if (dropped.length > 0) this.enter(pair, dropped)
    this.drop(emitter, sink.key, dropped)
  }

  private lose(pair: string, { emitter, sink, milestones }: Ask): void {
    const asked = milestones.map((one) => one.key)
    this.drop(emitter, sink.key, [...new Set([...(this.owed[pair] ?? []), ...asked])])
  }

  private release(pair: string, keys: readonly string[], isGone: boolean): void {
    const [uid = '', sink] = pair.split(' ')
    const owner = this.room.owner(uid)
    // What a subscription selects that can't be compiled for now, is not known; a sink that may not be used now may be again.
    const isUsable = owner?.emitter?.closed.every(({ key }) => key !== sink)
    if (owner && !isUsable && !isGone) return
    delete this.owed[pair]
    this.changed = true
    this.dropped.push(...lostWith({ owed: { [pair]: [...keys] } }, this.source, this.room))
  }

  /** Notes milestones as enqueued. */
  enter(pair: string, keys: readonly string[]): void {
    const before = this.enqueued[pair] ?? []
    // What is replayed was entered when it went first.
    const news = keys.filter((key) => !this.has(before, key))
    if (news.length === 0) return
    this.enqueued[pair] = this.newest([...before, ...news])
    this.changed = true
  }

  private drop(emitter: Emitter, sink: string, keys: readonly string[]): void {
    if (keys.length > 0) this.dropped.push(droppedOf(emitter, sink, this.source, keys))
  }

  /**
   * At most `maxKeys`: of what is too much the oldest go that the object does not tell now, observed or taken back since, which hardly ever
   * come again. What it does tell stays, as every state tells it again; the object itself bounds how much that is.
   */
  newest(keys: string[]): string[] {
    let excess = keys.length - maxKeys
    if (excess <= 0) return keys
    const told = new Set(this.told.map(({ key }) => key))
    return keys.filter((key) => {
      if (excess === 0 || told.has(key) || key.startsWith(unreadablePrefix)) return true
      excess -= 1
      return false
    })
  }
}
