import type { Footing } from './footing.ts'
import type { Transaction } from './group.ts'
import type { Storage } from './open.ts'
import type { Store } from './store.ts'

/** How a group of operations begins and ends in the file, and in what is kept in memory of it. */
export function transactionOf({ db }: Storage, store: Store, { disk, log, sync }: Footing): Transaction {
  const { sql, counts, routes } = store
  let writtenSeq = store.lastSeq
  /** A commit holds, whatever the disk has against taking the log in: the next one will tell. */
  const afterwards = (run: () => void) => {
    try {
      run()
    } catch (error) {
      disk.failed(error, false)
    }
  }
  return {
    begin: () => sql.begin(),
    commit: () => {
      counts.write()
      if (store.lastSeq !== writtenSeq) sql.setLastSeq(store.lastSeq)
      sql.mark()
      sql.commit()
      writtenSeq = store.lastSeq
      routes.committed()
      store.unlanded = new Set()
    },
    sync: () => sync.all(),
    landed: () => {
      const asked = store.unlanded ?? []
      store.unlanded = undefined
      for (const sink of asked) store.changes.bump(sink)
    },
    tidy: () => afterwards(() => log.keepShort()),
    rollback: () => {
      counts.clear()
      routes.rolledBack()
      // SQLite has rolled back by itself after some errors (disk full, I/O).
      if (db.isTransaction) sql.rollback()
    },
    idle: () => afterwards(() => log.takeIn()),
    refusal: (need) => disk.refusal(need),
    failed: (error, grew) => disk.failed(error, grew),
  }
}
