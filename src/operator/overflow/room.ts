import type { Load } from '../../outbox/outbox.ts'
import { lacking, type Need, type Pot, type Room } from './admit.ts'

/** `part`: what a namespace has of a sink's room; its name is `<sink> <namespace>`. */
export type PotKind = 'sink' | 'namespace' | 'part'

export const partName = (sink: string, namespace: string): string => `${sink} ${namespace}`

/** What a room is part of. */
export type House = Pick<Room, 'dropped' | 'mayOwe' | 'owner'> & {
  /** What waits, with what is under way to the outbox, and what may. */
  pot(kind: PotKind, name: string): Pot
  isShut(kind: 'namespace' | 'part', name: string): boolean
  /** `cap`: of a part, the sink's. */
  shut(kind: 'namespace' | 'part', name: string, of: 'rows' | 'bytes', cap: Load): void
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
  private readonly sinks = new Map<string, TakenOfSink>()
  private readonly namespaces = new Map<string, Taken>()
  private owes = false

  constructor(house: House) {
    this.house = house
  }

  isFull(sink: string, namespace: string): boolean {
    return this.house.isShut('part', partName(sink, namespace)) || this.house.isShut('namespace', namespace)
  }

  take(need: Need): boolean {
    const sink = this.ofSink(need.sink)
    const part = partOf(sink, need)
    const namespace = this.ofNamespace(need.namespace)
    const ofSink = lacking(need, this.pot(sink))
    // Whoever has less than its share goes on, whatever the others have.
    const ofPart = ofSink && lacking(need, this.pot(part)) && ofSink
    const ofNamespace = lacking(need, this.pot(namespace))
    if (ofPart) this.house.shut('part', part.name, ofPart, this.pot(sink).cap)
    if (ofNamespace) this.house.shut('namespace', need.namespace, ofNamespace, this.pot(namespace).cap)
    if (ofPart || ofNamespace) return false
    for (const one of [sink, part, namespace]) {
      add(one.own, need)
      if (one.pot) add(one.pot.load, need)
      this.house.reserve(one.kind, one.name, need)
    }
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
    for (const sink of this.sinks.values()) {
      this.giveBack(sink)
      for (const part of sink.parts.values()) this.giveBack(part)
    }
    for (const namespace of this.namespaces.values()) this.giveBack(namespace)
    if (this.owes) this.house.endOwing()
  }

  private giveBack({ kind, name, own }: Taken): void {
    if (own.rows > 0) this.house.reserve(kind, name, { rows: -own.rows, bytes: -own.bytes })
  }

  private ofSink(name: string): TakenOfSink {
    const found = this.sinks.get(name)
    if (found) return found
    const sink = { ...nothingTaken('sink', name), parts: new Map<string, Taken>() }
    this.sinks.set(name, sink)
    return sink
  }

  private ofNamespace(name: string): Taken {
    const found = this.namespaces.get(name)
    if (found) return found
    const namespace = nothingTaken('namespace', name)
    this.namespaces.set(name, namespace)
    return namespace
  }

  /** Asked for once a batch; the batch's own is counted on from there. */
  private pot(taken: Taken): Pot {
    taken.pot ??= this.house.pot(taken.kind, taken.name)
    return taken.pot
  }
}

/** `own`: what the batch has taken; `pot`: what waits with that, where it was asked for. */
type Taken = { kind: PotKind; name: string; own: Load; pot: Pot | undefined }

type TakenOfSink = Taken & { parts: Map<string, Taken> }

const nothingTaken = (kind: PotKind, name: string): Taken => ({
  kind,
  name,
  own: { rows: 0, bytes: 0 },
  pot: undefined,
})

function partOf({ parts }: TakenOfSink, { sink, namespace }: Need): Taken {
  const found = parts.get(namespace)
  if (found) return found
  const part = nothingTaken('part', partName(sink, namespace))
  parts.set(namespace, part)
  return part
}

/** Adds to the first. */
export function add(one: Load, other: Load): void {
  one.rows += other.rows
  one.bytes += other.bytes
}
