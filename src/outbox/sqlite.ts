import type { Verdict } from '../api/verdict.ts'
import { damagedIn } from './aside.ts'
import { Changes } from './changes.ts'
import { claim, nextAttempt } from './claim.ts'
import { claimBatch } from './claim-batch.ts'
import { writeActivations, writeBatch, writeGate } from './commit.ts'
import type { Disk } from './disk.ts'
import { type Add, firstSeq, inSlices, writeAllDue, writeDue } from './drop.ts'
import { floorsFor, writeBegun } from './floors.ts'
import { footingOf } from './footing.ts'
import { forgetSubscription, writeForgottenSink } from './forget.ts'
import { GroupCommit } from './group.ts'
import { listLetters, readLetter, superfluous } from './letters.ts'
import { readNamed } from './named.ts'
import { type Damaged, leave, openStorage, type Storage } from './open.ts'
import type {
  CommitBatch,
  CountDelta,
  DeadLetter,
  DeadLetterQuery,
  Gaps,
  Load,
  ObjectRecord,
  Outbox,
  Pending,
  Row,
  Settlement,
  StorageState,
  WholeDeadLetter,
} from './outbox.ts'
import { checkPurge, dropLetters, type Purge, purge, reviveLetters } from './purge.ts'
import {
  readCounts,
  readGaps,
  readKnown,
  readLoad,
  readLowWater,
  readOwing,
  readPending,
  readRecords,
} from './reads.ts'
import { take, writeSettlements } from './settle.ts'
import type { SqliteOutboxOptions } from './sqlite-options.ts'
import { type Store, storeOf } from './store.ts'
import { type Sync, syncFile } from './sync.ts'
import { transactionOf } from './transaction.ts'
import { type Withholding, withholdingOf } from './withholding.ts'

/** The outbox in `<directory>/carillon.db`. */
export type SqliteOutbox = Outbox & {
  /** Fires, with an error that says what, when the file turns out to be damaged: nothing is written any more, and disposing sets it aside. */
  readonly damaged: AbortSignal
  /** The path of the damaged file whose place this one took, as long as no life was begun in it. */
  readonly setAside: string | undefined
}

/** For the refusals, and what becomes of a damaged file, see `openStorage`. */
export function openSqliteOutbox(options: SqliteOutboxOptions): Verdict<SqliteOutbox> {
  const { directory, now, damaged = () => undefined } = options
  return openStorage(directory, { now, damaged, read: (storage) => new OutboxInFile(storage, options) })
}

class OutboxInFile implements SqliteOutbox {
  private readonly files: Storage
  private readonly store: Store
  private readonly disk: Disk
  private readonly sync: Sync
  private readonly group: GroupCommit
  /** For what makes the file hardly larger. */
  private readonly add: Add
  private readonly sliceRows: number
  private readonly tell: Damaged
  readonly instance: string
  readonly withholding: Withholding
  private closed = false

  constructor(storage: Storage, options: SqliteOutboxOptions) {
    const { now, groupMs = 3, settleMs = 20, sliceRows = 500, probeMs = 2000, damaged = () => undefined } = options
    const changes = new Changes()
    const footing = footingOf(storage, now, probeMs, () => changes.bumpAll(), options.syncFile ?? syncFile)
    const { sql, disk, sync } = footing
    this.files = storage
    this.tell = damaged
    this.disk = disk
    this.sync = sync
    this.store = storeOf(sql, changes, now)
    this.withholding = withholdingOf(this.store)
    this.group = new GroupCommit(transactionOf(storage, this.store, footing), groupMs, settleMs)
    this.add = (run, haste) => this.group.add(run, haste, 'reserve')
    this.sliceRows = sliceRows
    this.instance = sql.life()?.[0] ?? ''
    // What is damaged of these is better found now.
    for (const check of [sql.cursors, sql.reached, sql.activations, sql.gates]) check()
    disk.start()
  }

  get damaged(): AbortSignal {
    return this.disk.damaged
  }

  get setAside(): string | undefined {
    return this.begun ? undefined : damagedIn(this.files.directory).at(-1)
  }

  storage(): StorageState {
    return this.disk.state()
  }

  commit(batch: CommitBatch): Promise<void> {
    return this.group.add(() => writeBatch(this.store, batch), 'now')
  }

  claim(...[sink, n, now, pace, most]: Parameters<Outbox['claim']>): Row[] {
    return this.disk.settles ? this.reading(() => claim(this.store, sink, n, now, pace, most)) : []
  }

  claimBatch(...[sink, limits, now, pace]: Parameters<Outbox['claimBatch']>): Row[] {
    return this.disk.settles ? this.reading(() => claimBatch(this.store, sink, limits, now, pace)) : []
  }

  nextAttempt(sink: string, delayMs = 0): number | undefined {
    const { disk, store } = this
    return disk.settles ? this.reading(() => nextAttempt(store, sink, store.now(), delayMs)) : undefined
  }

  async settle(settlements: readonly Settlement[], now: number): Promise<void> {
    const taken = take(this.store.flights, settlements)
    if (taken.length === 0) return
    try {
      // Where nothing waits behind these rows, nobody waits for their end either: the next commit takes it along.
      const patient = taken.every(({ flight: { route } }) => route.sink.load.rows === route.sink.inFlight)
      await this.add(() => writeSettlements(this.store, taken, now), patient ? 'patient' : 'soon')
    } catch (error) {
      for (const { flight } of taken) flight.settling = false
      throw error
    }
  }

  async retryNow(sink: string): Promise<void> {
    const { store } = this
    const found = store.routes.sink(sink)
    if (found && found.load.rows > this.sliceRows) {
      const routes = [...store.routes.all()].filter((route) => route.sink === found)
      await inSlices(
        store,
        this.add,
        (rows) => writeDue(store, rows, found),
        () => firstSeq(routes),
        this.sliceRows,
      )
    } else await this.add(() => writeAllDue(store, sink))
  }

  forgetSubscription(subscriptionUid: string): Promise<number> {
    return forgetSubscription(this.store, this.add, subscriptionUid, this.sliceRows)
  }

  activate(entries: ReadonlyMap<string, number>): Promise<void> {
    return this.add(() => writeActivations(this.store, entries))
  }

  activations(): Map<string, number> {
    return new Map(this.store.sql.activations())
  }

  cursors(): Map<string, string> {
    return new Map(this.store.sql.cursors())
  }

  reached(): Map<string, number> {
    return new Map(this.store.sql.reached())
  }

  records(uids: readonly string[]): Map<string, ObjectRecord> {
    return this.reading(() => readRecords(this.store, uids))
  }

  known(source: string, namespace?: string): Set<string> {
    return readKnown(this.store, source, namespace)
  }

  named(source: string, namespace: string, name: string): ReturnType<Outbox['named']> {
    return this.reading(() => readNamed(this.store, source, namespace, name))
  }

  pending(): Pending[] {
    return readPending(this.store)
  }

  size(sink: string): number {
    return this.store.routes.sink(sink)?.load.rows ?? 0
  }

  counts(): CountDelta[] {
    return readCounts(this.store)
  }

  load(of: Parameters<Outbox['load']>[0]): Load {
    return readLoad(this.store, of)
  }

  lowWater(): Map<string, number> {
    return readLowWater(this.store)
  }

  owing(): ReturnType<Outbox['owing']> {
    return readOwing(this.store)
  }

  deadLetters(query: DeadLetterQuery = {}): DeadLetter[] {
    return this.reading(() => listLetters(this.store, query))
  }

  deadLetter(seq: number): WholeDeadLetter | undefined {
    return this.reading(() => readLetter(this.store, seq))
  }

  deadLetterSizes(): Map<string, number> {
    return new Map(this.store.letters)
  }

  async revive(query: DeadLetterQuery): Promise<number> {
    return reviveLetters(this.store, (run, haste) => this.group.add(run, haste), query, this.sliceRows)
  }

  pruneDeadLetters(sink: string, keep: { before: number; max: number }): Promise<number> {
    return dropLetters(this.store, this.add, (n) => superfluous(this.store, sink, keep, n), this.sliceRows)
  }

  async purge(of: Purge): Promise<{ rows: number; deadLetters: number }> {
    checkPurge(of)
    return purge(this.store, this.add, of, this.sliceRows)
  }

  begin(floors: ReadonlyMap<string, number>): Promise<void> {
    return this.add(() => writeBegun(this.store, floors))
  }

  get begun(): boolean {
    return this.store.sql.life()?.[1] === 1
  }

  floors(watch?: string): Map<string, number> {
    return floorsFor(this.store.floors, watch)
  }

  gates(): Map<string, string> {
    return new Map(this.store.sql.gates())
  }

  keepGate(sink: string, gate: string | undefined): Promise<void> {
    return this.add(() => writeGate(this.store, sink, gate))
  }

  forgetSink(sink: string): Promise<void> {
    return this.add(() => writeForgottenSink(this.store, sink), 'alone')
  }

  gaps(): Map<string, Gaps> {
    return readGaps(this.store)
  }

  version(sink: string): number {
    return this.store.changes.version(sink)
  }

  changed(sink: string, signal: AbortSignal, seen: number = this.store.changes.version(sink)): Promise<void> {
    return this.store.changes.after(sink, signal, seen)
  }

  /** Runs what may come upon damage that SQLite does not see. */
  private reading<T>(run: () => T): T {
    try {
      return run()
    } catch (error) {
      throw this.disk.notice(error)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.closed) return
    this.closed = true
    this.sync.end()
    await this.group.close()
    this.sync.close()
    this.store.changes[Symbol.dispose]()
    await this.disk[Symbol.asyncDispose]()
    const { db, directory, lock } = this.files
    const { damaged } = this.disk
    if (damaged.aborted) this.tell((damaged.reason as Error).message, leave(directory, db, this.store.now()))
    else db.close()
    lock.close()
  }
}
