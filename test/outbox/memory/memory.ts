import { randomUUID } from 'node:crypto'
import { Changes } from '../../../src/outbox/changes.ts'
import { addCounts, goneUid } from '../../../src/outbox/counts.ts'
import { dropFloors, type Floors, floorsFor } from '../../../src/outbox/floors.ts'
import type {
  BatchLimits,
  CommitBatch,
  CountDelta,
  Counts,
  DeadLetter,
  DeadLetterQuery,
  Gaps,
  Load,
  LoadOf,
  NewRow,
  ObjectRecord,
  Outbox,
  Pace,
  Pending,
  Row,
  Settlement,
  StorageState,
  WholeDeadLetter,
} from '../../../src/outbox/outbox.ts'
import { checkPurge, isPurged, type Purge } from '../../../src/outbox/purge.ts'
import { checkSettlements } from '../../../src/outbox/settle.ts'
import { addGap, countsIn, forgetCounts, type Sum } from './counts.ts'
import { type KeptLetter, letterOf, plain, rowOfLetter, select, tooMany, whole } from './letters.ts'
import {
  forgetIn,
  type KeptRecord,
  type KeptRemembered,
  keptRecord,
  knownOf,
  namedIn,
  type Owing,
  owingOf,
  recordsOf,
} from './objects.ts'
import {
  addRow,
  claimRequest,
  claimRows,
  dropRows,
  inFlight,
  isHeld,
  type KeptRow,
  loadOf,
  lowWaterOf,
  newRow,
  nextOf,
  noRows,
  pendingOf,
  postpone,
  restartRows,
} from './rows.ts'
import { withholdingIn } from './withholding.ts'

/** An outbox for tests, which forgets all at its end. Written to be plainly right, not fast: the model of the one on disk. */
export class MemoryOutbox implements Outbox {
  readonly instance = randomUUID()
  begun = false
  private readonly now: () => number
  private readonly changes = new Changes()
  private readonly objects = new Map<string, KeptRecord>()
  private readonly watches = new Map<string, string>()
  private readonly times = new Map<string, number>()
  private readonly since = new Map<string, number>()
  private readonly sums = new Map<string, Sum>()
  private readonly kept = noRows()
  readonly withholding = withholdingIn(this.kept, (sink) => this.changes.bump(sink))
  private letters: KeptLetter[] = []
  private floored: Floors = { values: new Map(), listed: new Set() }
  private readonly missed = new Map<string, Gaps>()
  private readonly remembered = new Map<string, string>()
  private readonly gone: KeptRemembered[] = []
  private closed = false

  constructor(options: { now: () => number }) {
    this.now = options.now
  }

  async commit(batch: CommitBatch): Promise<void> {
    this.refuseWhenClosed()
    const records = batch.records.map(keptRecord)
    const time = this.now()
    for (const record of records) this.objects.set(record.uid, record)
    for (const uid of batch.forget) this.objects.delete(uid)
    for (const one of batch.remember ?? []) this.gone.push({ ...one, gone: time })
    if (batch.cursor !== undefined) this.watches.set(batch.watch, batch.cursor)
    if (batch.reached !== undefined) this.times.set(batch.watch, batch.reached)
    if (batch.listed) dropFloors(this.floored, batch.watch)
    for (const row of batch.rows) this.enqueue(row, time)
    for (const dead of batch.dead) this.letters.push(letterOf(newRow(this.kept, dead, time), { ...dead, time }))
    for (const delta of batch.counts) addCounts(this.countsOf(delta), delta.counts)
    for (const gap of batch.gaps ?? []) addGap(this.missed, gap, time)
  }

  claim(...[sink, n, now, pace, most]: Parameters<Outbox['claim']>): Row[] {
    return claimRows(this.kept, sink, n, now, pace, most)
  }

  claimBatch(sink: string, limits: BatchLimits, now: number, pace?: Pace): Row[] {
    return claimRequest(this.kept, sink, limits, now, pace)
  }

  nextAttempt(sink: string, delayMs = 0): number | undefined {
    return nextOf(this.kept, sink, delayMs, this.now())
  }

  async settle(settlements: readonly Settlement[], now: number): Promise<void> {
    this.refuseWhenClosed()
    const known = settlements.flatMap((settlement) => {
      const row = inFlight(this.kept, settlement.row.seq)
      return row ? [{ settlement, row }] : []
    })
    checkSettlements(known)
    for (const { row, settlement } of known) if (row.claimed !== undefined) this.settleOne(row, settlement, now)
    for (const { row } of known) this.changes.bump(row.sink)
  }

  async retryNow(sink: string): Promise<void> {
    this.refuseWhenClosed()
    for (const row of this.kept.rows) if (row.sink === sink) row.due = 0
    this.changes.bump(sink)
  }

  async forgetSubscription(subscriptionUid: string): Promise<number> {
    this.refuseWhenClosed()
    const dropped = dropRows(this.kept, (row) => row.subscriptionUid === subscriptionUid)
    const owed = forgetIn(this.objects, subscriptionUid).map((sink) => ({ sink, subscription: '', subscriptionUid }))
    for (const one of [...dropped, ...owed]) this.countsOf(one).dropped += 1
    forgetCounts(this.sums, subscriptionUid)
    for (const key of this.kept.resting.keys()) if (key.endsWith(` ${subscriptionUid}`)) this.kept.resting.delete(key)
    const own = `${subscriptionUid} `
    for (const map of [this.since, this.floored.values])
      for (const key of map.keys()) if (key.startsWith(own)) map.delete(key)
    this.missed.delete(subscriptionUid)
    this.changes.bumpAll()
    return dropped.length + owed.length
  }

  async activate(entries: ReadonlyMap<string, number>): Promise<void> {
    this.refuseWhenClosed()
    for (const [key, since] of entries) this.since.set(key, since)
  }

  activations(): Map<string, number> {
    return new Map(this.since)
  }

  cursors(): Map<string, string> {
    return new Map(this.watches)
  }

  reached(): Map<string, number> {
    return new Map(this.times)
  }

  records(uids: readonly string[]): Map<string, ObjectRecord> {
    return recordsOf(this.objects, uids)
  }

  known(source: string, namespace?: string): Set<string> {
    return knownOf(this.objects, source, namespace)
  }

  named(source: string, namespace: string, name: string): ReturnType<Outbox['named']> {
    return namedIn(this.objects, this.gone, { source, namespace, name }, this.now())
  }

  owing(): Owing[] {
    return owingOf(this.objects)
  }

  pending(): Pending[] {
    return pendingOf(this.kept)
  }

  size(sink: string): number {
    return this.kept.rows.filter((row) => row.sink === sink).length
  }

  load(of: LoadOf): Load {
    return loadOf(this.kept, of)
  }

  lowWater(): Map<string, number> {
    return lowWaterOf(this.kept)
  }

  counts(): CountDelta[] {
    return [...this.sums.values()].map((sum) => ({ ...sum, counts: { ...sum.counts } }))
  }

  deadLetters(query: DeadLetterQuery = {}): DeadLetter[] {
    return select(this.letters, query).map(plain)
  }

  deadLetter(seq: number): WholeDeadLetter | undefined {
    const letter = this.letters.find((one) => one.seq === seq)
    return letter && whole(letter)
  }

  deadLetterSizes(): Map<string, number> {
    return new Map([...Map.groupBy(this.letters, ({ sink }) => sink)].map(([sink, letters]) => [sink, letters.length]))
  }

  async revive(query: DeadLetterQuery): Promise<number> {
    this.refuseWhenClosed()
    const known = new Set([...this.sums.values()].map((sum) => sum.subscriptionUid))
    const chosen = select(this.letters, query, (letter) => known.has(letter.subscriptionUid))
    for (const letter of chosen) this.enqueue(rowOfLetter(letter), this.now())
    this.letters = this.letters.filter((letter) => !chosen.includes(letter))
    return chosen.length
  }

  async pruneDeadLetters(sink: string, keep: { before: number; max: number }): Promise<number> {
    this.refuseWhenClosed()
    const dropped = tooMany(this.letters, sink, keep)
    this.letters = this.letters.filter((letter) => !dropped.has(letter))
    return dropped.size
  }

  async purge(of: Purge): Promise<{ rows: number; deadLetters: number }> {
    this.refuseWhenClosed()
    checkPurge(of)
    const isMeant = (row: { sink: string; subscriptionUid: string }) => isPurged(row, of)
    const rows = dropRows(this.kept, isMeant)
    for (const row of rows) this.countsOf(row).dropped += 1
    for (const { sink } of rows) this.changes.bump(sink)
    const before = this.letters.length
    if (of.deadLetters) this.letters = this.letters.filter((letter) => !isMeant(letter))
    return { rows: rows.length, deadLetters: before - this.letters.length }
  }

  async begin(floors: ReadonlyMap<string, number>): Promise<void> {
    this.refuseWhenClosed()
    this.begun = true
    this.floored = { values: new Map(floors), listed: new Set() }
  }

  floors(watch?: string): Map<string, number> {
    return floorsFor(this.floored, watch)
  }

  gates(): Map<string, string> {
    return new Map(this.remembered)
  }

  async keepGate(sink: string, gate: string | undefined): Promise<void> {
    this.refuseWhenClosed()
    if (gate === undefined) this.remembered.delete(sink)
    else this.remembered.set(sink, gate)
  }

  async forgetSink(sink: string): Promise<void> {
    this.refuseWhenClosed()
    this.remembered.delete(sink)
    this.sums.delete(`${goneUid} ${sink}`)
  }

  gaps(): Map<string, Gaps> {
    return new Map([...this.missed].map(([uid, gaps]) => [uid, { ...gaps }]))
  }

  storage(): StorageState {
    return { kind: 'ok' }
  }

  version(sink: string): number {
    return this.changes.version(sink)
  }

  changed(sink: string, signal: AbortSignal, seen: number = this.changes.version(sink)): Promise<void> {
    return this.changes.after(sink, signal, seen)
  }

  /** As a restart with the same disk. */
  restart(): void {
    restartRows(this.kept)
    this.kept.resting.clear()
    this.withholding.by(() => false)
  }

  /** Whether rows of a subscription toward a sink are withheld, or rest. */
  holds({ sink, subscription }: Pick<Pending, 'sink' | 'subscription'>): boolean {
    return this.kept.rows.some(
      (row) =>
        row.sink === sink && row.subscription === subscription && isHeld(this.kept, { ...row, parked: undefined }),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true
    this.changes[Symbol.dispose]()
  }

  private enqueue(row: NewRow & Pick<Row, 'parked'>, time: number): void {
    addRow(this.kept, newRow(this.kept, row, time))
    this.countsOf(row)
    this.changes.bump(row.sink)
  }

  private settleOne(row: KeptRow, settlement: Settlement, now: number): void {
    const counts = this.countsOf(row)
    const { claimed } = row
    row.claimed = undefined
    if (settlement.kind === 'release') return
    const { tries = 1 } = settlement
    row.attempts += tries
    counts.retried += tries - 1
    switch (settlement.kind) {
      case 'retry':
      case 'hold':
      case 'shrink':
        counts.retried += 1
        postpone(this.kept, row, settlement, claimed)
        return
      case 'delivered':
        counts.delivered += 1
        dropRows(this.kept, (other) => other === row)
        return
      case 'dead':
        counts.deadLettered += 1
        dropRows(this.kept, (other) => other === row)
        this.bury(row, settlement, now)
    }
  }

  private bury(row: KeptRow, settlement: Settlement & { kind: 'dead' }, time: number): void {
    this.letters.push(letterOf(row, { ...settlement, time }))
    const { park, reason } = settlement
    if (park !== undefined) this.enqueue({ ...row, sink: park, parked: { sink: row.sink, reason } }, time)
  }

  private countsOf(of: Omit<CountDelta, 'counts'>): Counts {
    return countsIn(this.sums, of)
  }

  private refuseWhenClosed(): void {
    if (this.closed) throw new Error('the outbox is closed')
  }
}
