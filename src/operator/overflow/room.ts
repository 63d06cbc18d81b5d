import type { Load } from '../../outbox/outbox.ts'
import { lacking, type Need, type Pot, type Room } from './admit.ts'

export type PotKind = 'sink' | 'namespace'

/** What a room is part of. */
export type House = Pick<Room, 'dropped' | 'mayOwe' | 'owner'> & {
  /** What waits, with what is under way to the outbox, and what may. */
  pot(kind: PotKind, name: string): Pot
  isShut(kind: PotKind, name: string): boolean
  shut(kind: PotKind, name: string, of: 'rows' | 'bytes', cap: Load): void
  /** Rows of a batch that is not in the outbox yet; negative when it is, or has come to nothing. */
  reserve(kind: PotKind, name: string, load: Load): void
  owing(pair: string, written: number, namespace: string): void
  /** From when a batch owes something until it is committed, or has come to nothing. */
  beginOwing(): void
  endOwing(): void
  tookUp(): void
}

/** The room of one batch, from its judgement until it is committed or given up. */
export class BatchRoom implements Room, Disposable {
  private readonly house: House
  private readonly sinks = new Map<string, Taken>()
  private readonly namespaces = new Map<string, Taken>()
  private owes = false

  constructor(house: House) {
    this.house = house
  }

  isFull(sink: string, namespace: string): boolean {
    return this.house.isShut('sink', sink) || this.house.isShut('namespace', namespace)
  }

  take(need: Need): boolean {
    const sink = this.taken('sink', this.sinks, need.sink)
    const namespace = this.taken('namespace', this.namespaces, need.namespace)
    const ofSink = lacking(need, sink)
    const ofNamespace = lacking(need, namespace)
    if (ofSink) this.house.shut('sink', need.sink, ofSink, sink.cap)
    if (ofNamespace) this.house.shut('namespace', need.namespace, ofNamespace, namespace.cap)
    if (ofSink || ofNamespace) return false
    for (const pot of [sink, namespace]) {
      pot.load = sum(pot.load, need)
      pot.own = sum(pot.own, need)
    }
    this.house.reserve('sink', need.sink, need)
    this.house.reserve('namespace', need.namespace, need)
    return true
  }

  owe(pair: string, written: number, namespace: string): void {
    if (!this.owes) this.house.beginOwing()
    this.owes = true
    this.house.owing(pair, written, namespace)
  }

  tookUp(): void {
    this.house.tookUp()
  }

  dropped(deliveries: number): void {
    this.house.dropped(deliveries)
  }

  mayOwe(): boolean {
    return this.house.mayOwe()
  }

  owner(subscriptionUid: string): ReturnType<Room['owner']> {
    return this.house.owner(subscriptionUid)
  }

  [Symbol.dispose](): void {
    for (const [kind, pots] of [
      ['sink', this.sinks],
      ['namespace', this.namespaces],
    ] as const)
      for (const [name, { own }] of pots) this.house.reserve(kind, name, { rows: -own.rows, bytes: -own.bytes })
    if (this.owes) this.house.endOwing()
  }

  private taken(kind: PotKind, pots: Map<string, Taken>, name: string): Taken {
    let pot = pots.get(name)
    if (!pot) {
      pot = { ...this.house.pot(kind, name), own: { rows: 0, bytes: 0 } }
      pots.set(name, pot)
    }
    return pot
  }
}

/** `own`: the batch's part of the load. */
type Taken = Pot & { own: Load }

export const sum = (one: Load, other: Load): Load => ({ rows: one.rows + other.rows, bytes: one.bytes + other.bytes })
