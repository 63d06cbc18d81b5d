import type { Load, Outbox } from '../../outbox/outbox.ts'
import { type Overflow as Condition, fullReasons, overflowOf } from '../../status/overflow.ts'
import { isRelieved, type Pot, type Room } from './admit.ts'
import { BatchRoom, type House, type PotKind, sum } from './room.ts'

export type Owing = ReturnType<Outbox['owing']>[number]

export type OverflowDeps = {
  outbox: Pick<Outbox, 'load' | 'owing'>
  /** What may wait for a sink, and in a namespace. */
  capOf(kind: PotKind, name: string): Load
  owner: Room['owner']
  /** A sink or namespace became full, has room again, or owes more or less. */
  turned(kind: PotKind, name: string, how: 'conditions' | 'counters'): void
  dropped(deliveries: number): void
}

/** A sink or namespace that was full, and its cap at that time. */
type Latch = { kind: PotKind; name: string; of: 'rows' | 'bytes'; cap: Load }

const keyOf = (kind: PotKind, name: string) => `${kind} ${name}`

/**
 * What is full, and what is owed. What is full stays shut until a good part of it is free: conditions don't turn, and no list is made, with every
 * delivery. Kept in memory: after a restart what is owed is in the records, and what is full shows at the first row that has no room.
 */
export class Overflow implements House {
  private readonly deps: OverflowDeps
  private readonly latches = new Map<string, Latch>()
  private readonly underWay = new Map<string, Load>()
  /** By sink: what the condition gave as its reason last. */
  private readonly reasons = new Map<string, string>()
  /** Of the sinks that owe, how many objects of kinds that are watched. */
  private objects = new Map<string, number>()
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
    if (this.isShut('sink', sink)) return false
    return namespaces.length === 0 || namespaces.some((namespace) => !this.isShut('namespace', namespace))
  }

  /** What the condition of a sink tells, and of those of its subscriptions that are in these namespaces. */
  of(sink: string, namespaces: readonly string[]): Condition | undefined {
    const keys = [keyOf('sink', sink), ...namespaces.map((namespace) => keyOf('namespace', namespace))]
    const latch = keys.map((key) => this.latches.get(key)).find((one) => one !== undefined)
    const full = latch && { ...latch, load: this.pot(latch.kind, latch.name).load }
    return overflowOf(full, this.objects.get(sink) ?? 0, this.reasons.get(sink))
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
    for (const { sink, source, objects: count } of owing)
      objects.set(sink, (objects.get(sink) ?? 0) + (isWatched(source) ? count : 0))
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
    const load = this.deps.outbox.load(kind === 'sink' ? { sink: name } : { namespace: name })
    const waiting = this.underWay.get(keyOf(kind, name))
    return { load: waiting ? sum(load, waiting) : load, cap: this.deps.capOf(kind, name) }
  }

  /** Whether it was full, and has not emptied enough since. */
  isShut(kind: PotKind, name: string): boolean {
    if (this.latches.size === 0) return false
    const key = keyOf(kind, name)
    const latch = this.latches.get(key)
    if (!latch) return false
    const pot = this.pot(kind, name)
    if (!isRelieved(pot, latch.cap)) return true
    if (pot.cap.rows > latch.cap.rows || pot.cap.bytes > latch.cap.bytes) this.raised = true
    this.latches.delete(key)
    this.deps.turned(kind, name, 'conditions')
    return false
  }

  shut(kind: PotKind, name: string, of: 'rows' | 'bytes', cap: Load): void {
    const key = keyOf(kind, name)
    if (this.latches.has(key)) return
    this.latches.set(key, { kind, name, of, cap })
    this.deps.turned(kind, name, 'conditions')
  }

  reserve(kind: PotKind, name: string, load: Load): void {
    const key = keyOf(kind, name)
    const total = sum(this.underWay.get(key) ?? { rows: 0, bytes: 0 }, load)
    if (total.rows === 0) this.underWay.delete(key)
    else this.underWay.set(key, total)
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
