import type { Load, Outbox } from '../../outbox/outbox.ts'
import { type Overflow as Condition, type Full, fullReasons, overflowOf } from '../../status/overflow.ts'
import { isHalfFree, isRelieved, type Pot, type Room, shareOf } from './admit.ts'
import { add, BatchRoom, type House, type PotKind, partName } from './room.ts'

export type Owing = ReturnType<Outbox['owing']>[number]

export type OverflowDeps = {
  outbox: Pick<Outbox, 'load' | 'owing'>
  /** What may wait for a sink, and in a namespace. */
  capOf(kind: 'sink' | 'namespace', name: string): Load
  /** How many namespaces have subscriptions that refer to a sink. */
  users(sink: string): number
  owner: Room['owner']
  /** A sink (for a namespace) or a namespace became full, has room again, or owes more or less. */
  turned(kind: PotKind, name: string, how: 'conditions' | 'counters'): void
  dropped(deliveries: number): void
}

/** A sink that was full for a namespace, or a namespace; and the cap (of a part, the sink's) at that time. */
type Latch = { kind: 'namespace' | 'part'; name: string; of: 'rows' | 'bytes'; cap: Load }

/** The sink and the namespace of a part. */
const partsOf = (part: string): [sink: string, namespace: string] => {
  const at = part.indexOf(' ')
  return [part.slice(0, at), part.slice(at + 1)]
}

const keyOf = (kind: PotKind, name: string) => `${kind} ${name}`

/**
 * What is full, and what is owed. What is full stays shut until a good part of it is free: conditions don't turn, and no list is made, with every
 * delivery. Kept in memory: after a restart what is owed is in the records, and what is full shows at the first row that has no room.
 */
export class Overflow implements House {
  private readonly deps: OverflowDeps
  private readonly latches = new Map<string, Latch>()
  private readonly underWay = {
    sink: new Map<string, Load>(),
    namespace: new Map<string, Load>(),
    part: new Map<string, Load>(),
  }
  /** By sink: what the condition gave as its reason last. */
  private readonly reasons = new Map<string, string>()
  /** Of the sinks that owe, how many objects of kinds that are watched. */
  private objects = new Map<string, number>()
  /** The same by `<sink> <namespace of the objects>`. */
  private readonly objectsIn = new Map<string, number>()
  /** `<subscription uid> <sink>` → the earliest write (ms) of what is owed. */
  private readonly earliest = new Map<string, number>()
  /** Sinks that owe what an earlier process owed: until all of that is gone, nobody knows when it was written. */
  private inherited: Set<string> | undefined
  private batchesThatOwe = 0
  /** Until it is looked up, an earlier process may have owed something. */
  private owes: 'unknown' | boolean = 'unknown'
  private raised = false
  /** How often something owed was taken up. */
  takenUp = 0

  constructor(deps: OverflowDeps) {
    this.deps = deps
  }

  /** Where a batch's rows may be written down. Dispose of it once the batch is committed, or given up. */
  room(): Room & Disposable {
    return new BatchRoom(this)
  }

  /** Whether rows may be written down for a sink on behalf of subscriptions of some of these namespaces. */
  takes(sink: string, namespaces: readonly string[]): boolean {
    const takes = (namespace: string) =>
      !this.isShut('part', partName(sink, namespace)) && !this.isShut('namespace', namespace)
    return namespaces.length === 0 || namespaces.some(takes)
  }

  /** What the condition of a sink tells, whose subscriptions are in these namespaces. */
  of(sink: string, namespaces: readonly string[]): Condition | undefined {
    const latch = this.latchOf(sink, namespaces)
    return overflowOf(latch && this.full(latch, sink), this.objects.get(sink) ?? 0, this.reasons.get(sink))
  }

  /** What the condition of a subscription tells: nothing of what others have there. `clusterWide`: it may be owed objects of other namespaces. */
  ofSubscription(sink: string, namespace: string, clusterWide: boolean): Condition | undefined {
    const latch = this.latchOf(sink, [namespace])
    const isShared = latch?.kind === 'part' && this.deps.users(sink) > 1
    const full = isShared
      ? { kind: latch.kind, name: namespace, of: latch.of, ...this.pot('part', latch.name) }
      : latch && this.full(latch, sink)
    const owed = clusterWide ? this.objects.get(sink) : this.objectsIn.get(partName(sink, namespace))
    return overflowOf(full, owed ?? 0, this.reasons.get(sink))
  }

  private latchOf(sink: string, namespaces: readonly string[]): Latch | undefined {
    if (this.latches.size === 0) return undefined
    for (const namespace of namespaces) {
      const latch = this.latches.get(keyOf('part', partName(sink, namespace)))
      if (latch) return latch
    }
    return namespaces.map((namespace) => this.latches.get(keyOf('namespace', namespace))).find((latch) => latch)
  }

  private full({ kind, name, of }: Latch, sink: string): Full {
    return kind === 'part'
      ? { kind: 'sink', name: sink, of, ...this.pot('sink', sink) }
      : { kind, name, of, ...this.pot(kind, name) }
  }

  /** Objects that wait to be taken up, by sink. */
  owedObjects(): ReadonlyMap<string, number> {
    return this.objects
  }

  /**
   * A time (ms) that is not after any write of what a subscription is owed toward a sink: its checkpoint stays before that. `unknown` for what an
   * earlier process owed: its checkpoint stays where it is. Undefined where nothing is owed.
   */
  heldAt(subscriptionUid: string, sink: string): number | 'unknown' | undefined {
    if (!this.inherited || this.inherited.has(sink)) return 'unknown'
    return this.earliest.get(`${subscriptionUid} ${sink}`) ?? (this.objects.has(sink) ? 'unknown' : undefined)
  }

  /** Opens what has room again, and looks up what is owed. Gives that, and whether a cap was raised since the last look. */
  look(isWatched: (kind: string) => boolean): { owing: Owing[]; raised: boolean } {
    for (const { kind, name } of this.latches.values()) this.isShut(kind, name)
    const raised = this.raised
    this.raised = false
    return { owing: this.owes === false ? [] : this.lookUp(isWatched), raised }
  }

  private lookUp(isWatched: (kind: string) => boolean): Owing[] {
    const owing = this.deps.outbox.owing()
    const objects = new Map<string, number>()
    this.objectsIn.clear()
    for (const { sink, source, namespace, objects: count } of owing) {
      const watched = isWatched(source) ? count : 0
      const part = partName(sink, namespace)
      objects.set(sink, (objects.get(sink) ?? 0) + watched)
      this.objectsIn.set(part, (this.objectsIn.get(part) ?? 0) + watched)
    }
    for (const sink of new Set([...this.objects.keys(), ...objects.keys()])) {
      const [was, is] = [this.objects.get(sink) ?? 0, objects.get(sink) ?? 0]
      if (was !== is) this.deps.turned('sink', sink, was > 0 && is > 0 ? 'counters' : 'conditions')
    }
    this.objects = objects
    this.inherited = this.inherited?.intersection(objects) ?? new Set(objects.keys())
    this.owes = true
    // What a batch under way owes is not in the outbox yet.
    if (this.batchesThatOwe === 0) this.settleOwed(owing.length > 0)
    return owing.filter(({ source }) => isWatched(source))
  }

  private settleOwed(owes: boolean): void {
    this.owes = owes
    for (const pair of this.earliest.keys()) {
      const sink = pair.split(' ')[1] ?? ''
      if (!this.objects.has(sink)) this.earliest.delete(pair)
    }
  }

  pot(kind: PotKind, name: string): Pot {
    const [sink, namespace] = kind === 'part' ? partsOf(name) : [name, name]
    const { capOf, outbox, users } = this.deps
    const load = outbox.load(kind === 'part' ? { sink, namespace } : kind === 'sink' ? { sink } : { namespace })
    const waiting = this.underWay[kind].get(name)
    if (waiting) add(load, waiting)
    return { load, cap: kind === 'part' ? shareOf(capOf('sink', sink), users(sink)) : capOf(kind, name) }
  }

  /** Whether it was full, and has not emptied enough since. */
  isShut(kind: Latch['kind'], name: string): boolean {
    if (this.latches.size === 0) return false
    const key = keyOf(kind, name)
    const latch = this.latches.get(key)
    if (!latch) return false
    const pot = kind === 'part' ? this.pot('sink', partsOf(name)[0]) : this.pot(kind, name)
    if (!isRelieved(pot, latch.cap) && !(kind === 'part' && isHalfFree(this.pot(kind, name)))) return true
    if (pot.cap.rows > latch.cap.rows || pot.cap.bytes > latch.cap.bytes) this.raised = true
    this.latches.delete(key)
    this.deps.turned(kind, name, 'conditions')
    return false
  }

  shut(kind: Latch['kind'], name: string, of: 'rows' | 'bytes', cap: Load): void {
    const key = keyOf(kind, name)
    if (this.latches.has(key)) return
    this.latches.set(key, { kind, name, of, cap })
    this.deps.turned(kind, name, 'conditions')
  }

  reserve(kind: PotKind, name: string, load: Load): void {
    const loads = this.underWay[kind]
    const total = loads.get(name)
    if (!total) loads.set(name, { ...load })
    else {
      add(total, load)
      if (total.rows === 0) loads.delete(name)
    }
  }

  owing(pair: string, written: number, namespace: string): void {
    const [, sink = ''] = pair.split(' ')
    this.reasons.set(sink, fullReasons[this.isShut('namespace', namespace) ? 'namespace' : 'sink'].reason)
    this.earliest.set(pair, Math.min(written, this.earliest.get(pair) ?? written))
  }

  beginOwing(): void {
    this.batchesThatOwe += 1
  }

  endOwing(): void {
    this.batchesThatOwe -= 1
    this.owes = true
  }

  tookUp(): void {
    this.takenUp += 1
  }

  dropped(deliveries: number): void {
    this.deps.dropped(deliveries)
  }

  mayOwe(): boolean {
    return this.owes !== false || this.batchesThatOwe > 0
  }

  owner(subscriptionUid: string): ReturnType<Room['owner']> {
    return this.deps.owner(subscriptionUid)
  }
}
