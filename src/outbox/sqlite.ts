import { accept, type Verdict } from '../api/verdict.ts'
import { readBody } from './body.ts'
import { Changes } from './changes.ts'
import { claim, nextAttempt } from './claim.ts'
import { writeBatch } from './commit.ts'
import { writeForgotten } from './forget.ts'
import { GroupCommit, type Transaction } from './group.ts'
import { openStorage, type Storage } from './open.ts'
import type { CommitBatch, CountDelta, DeadLetter, ObjectRecord, Outbox, Pending, Row, Settlement } from './outbox.ts'
import { PendingCounts, Routes, reread } from './routes.ts'
import { take, writeSettlements } from './settle.ts'
import { prepare } from './statements.ts'
import type { Store } from './store.ts'

export type SqliteOutboxOptions = {
  /** Made (0700) where it is missing; the files in it are Carillon's. One process at a time. */
  directory: string
  /** ms since the epoch: the time of rows' commits. */
  now: () => number
  /** The longest that a write waits for others to share its commit with, under load; ms. */
  groupMs?: number
  /** The longest that settlements wait for a commit to share while nothing else is to be sent to their sinks; ms. */
  settleMs?: number
}

/** The outbox in `<directory>/carillon.db`. For the refusals see `openStorage`. */
export function openSqliteOutbox({ directory, now, groupMs = 3, settleMs = 20 }: SqliteOutboxOptions): Verdict<Outbox> {
  const storage = openStorage(directory)
  return storage.ok ? accept(new SqliteOutbox(storage.value, now, { groupMs, settleMs })) : storage
}

class SqliteOutbox implements Outbox {
  private readonly storage: Storage
  private readonly store: Store
  private readonly group: GroupCommit
  private closed = false

  constructor(storage: Storage, now: () => number, waits: { groupMs: number; settleMs: number }) {
    const sql = prepare(storage.db)
    this.storage = storage
    this.store = {
      sql,
      routes: new Routes(sql),
      counts: new PendingCounts(sql),
      flights: new Map(),
      changes: new Changes(),
      now,
      lastSeq: sql.lastSeq()?.[0] ?? 0,
    }
    this.group = new GroupCommit(transactionOf(storage, this.store), waits.groupMs, waits.settleMs)
  }

  commit(batch: CommitBatch): Promise<void> {
    return this.group.add(() => writeBatch(this.store, batch))
  }

  claim(sink: string, n: number, now: number): Row[] {
    return claim(this.store, sink, n, now)
  }

  nextAttempt(sink: string): number | undefined {
    return nextAttempt(this.store, sink, this.store.now())
  }

  async settle(settlements: readonly Settlement[], now: number): Promise<void> {
    const taken = take(this.store.flights, settlements)
    if (taken.length === 0) return
    try {
      // Where nothing waits behind these rows, nobody waits for their end either: the next commit takes it along.
      const patient = taken.every(({ flight: { route } }) => route.sink.rows === route.sink.inFlight)
      await this.group.add(() => writeSettlements(this.store, taken, now), patient ? 'patient' : 'soon')
    } catch (error) {
      for (const { flight } of taken) flight.settling = false
      throw error
    }
  }

  retryNow(sink: string): Promise<void> {
    return this.group.add(() => {
      const found = this.store.routes.sink(sink)
      if (found) this.store.sql.allDue(found.id)
      return () => {
        if (!found) return
        for (const flight of this.store.flights.values()) if (flight.route.sink === found) flight.due = 0
        reread(found)
        this.store.changes.bump(sink)
      }
    })
  }

  forgetSubscription(subscriptionUid: string): Promise<number> {
    return this.group.add(() => writeForgotten(this.store, subscriptionUid), 'alone')
  }

  activate(entries: ReadonlyMap<string, number>): Promise<void> {
    return this.group.add(() => {
      for (const [key, since] of entries) this.store.sql.setActivation(key, since)
      return () => undefined
    })
  }

  activations(): Map<string, number> {
    return new Map(this.store.sql.activations())
  }

  cursors(): Map<string, string> {
    return new Map(this.store.sql.cursors())
  }

  records(uids: readonly string[]): Map<string, ObjectRecord> {
    const records = new Map<string, ObjectRecord>()
    for (const uid of uids) {
      const cells = this.store.sql.object(uid)
      if (!cells) continue
      const [source, namespace, name, resourceVersion, endedAt, body] = cells
      const end = endedAt === null ? {} : { endedAt }
      records.set(uid, { uid, source, namespace, name, resourceVersion, ...end, ...readBody(body) })
    }
    return records
  }

  known(source: string, namespace?: string): Set<string> {
    const { sql } = this.store
    return new Set((namespace === undefined ? sql.known(source) : sql.knownIn(source, namespace)).map(([uid]) => uid))
  }

  pending(): Pending[] {
    const pending: Pending[] = []
    for (const route of this.store.routes.all()) {
      if (route.rows === 0) continue
      if (!route.oldest) {
        const found = this.store.sql.oldestOf(route.id, route.oldestFrom)
        if (found) route.oldest = { seq: found[0], enqueued: found[1] }
      }
      pending.push({
        sink: route.sink.name,
        subscription: route.subscription,
        rows: route.rows,
        oldest: route.oldest?.enqueued,
      })
    }
    return pending
  }

  size(sink: string): number {
    return this.store.routes.sink(sink)?.rows ?? 0
  }

  counts(): CountDelta[] {
    return this.store.sql.counts().map(([subscription, subscriptionUid, sink, ...six]) => {
      const [matched, filtered, delivered, retried, deadLettered, dropped] = six
      return {
        subscription,
        subscriptionUid,
        sink,
        counts: { matched, filtered, delivered, retried, deadLettered, dropped },
      }
    })
  }

  deadLetters(sink?: string): DeadLetter[] {
    const letters = this.store.sql
      .deadLetters()
      .map(([seq, name, subscription, id, type, reason, message, attempts, time]) => ({
        seq,
        sink: name,
        subscription,
        id,
        type,
        reason,
        message,
        attempts,
        time,
      }))
    return sink === undefined ? letters : letters.filter((letter) => letter.sink === sink)
  }

  version(sink: string): number {
    return this.store.changes.version(sink)
  }

  changed(sink: string, signal: AbortSignal, seen: number = this.store.changes.version(sink)): Promise<void> {
    return this.store.changes.after(sink, signal, seen)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.closed) return
    this.closed = true
    this.group.close()
    this.store.changes[Symbol.dispose]()
    this.storage.db.close()
    this.storage.lock.close()
  }
}

function transactionOf({ db }: Storage, store: Store): Transaction {
  const { sql, counts, routes } = store
  let writtenSeq = store.lastSeq
  return {
    begin: () => sql.begin(),
    commit: () => {
      counts.write()
      if (store.lastSeq !== writtenSeq) sql.setLastSeq(store.lastSeq)
      sql.commit()
      writtenSeq = store.lastSeq
      routes.committed()
    },
    rollback: () => {
      counts.clear()
      routes.rolledBack()
      // SQLite has rolled back by itself after some errors (disk full, I/O).
      if (db.isTransaction) sql.rollback()
    },
    idle: () => {
      try {
        db.exec('PRAGMA wal_checkpoint(PASSIVE)')
      } catch {
        // Nothing is lost by it: all is in the WAL, and what the disk has against it the next commit will tell.
      }
    },
  }
}
