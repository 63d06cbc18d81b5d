import type { Transaction } from './group.ts'
import type { Storage } from './open.ts'
import type { Store } from './store.ts'

/** How a group of operations begins and ends in the file, and in what is kept in memory of it. */
export function transactionOf({ db }: Storage, store: Store): Transaction {
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
