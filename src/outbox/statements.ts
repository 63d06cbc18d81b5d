import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { letterStatements } from './letter-statements.ts'
import { lifeStatements, objectStatements } from './object-statements.ts'
import { rowStatements } from './row-statements.ts'

export type Cells = readonly SQLInputValue[]

/** A statement that writes; gives the number of rows that it changed. */
export type Write<P extends Cells> = (...cells: P) => number
/** A statement that reads one row, as an array, or nothing. */
export type Read<P extends Cells, R> = (...cells: P) => R | undefined
/** A statement that reads all of its rows, as arrays. */
export type ReadAll<P extends Cells, R> = (...cells: P) => R[]

export type Statements = ReturnType<typeof prepare>

/** Every statement of the outbox, prepared once. `notice` takes in what a read throws, and gives what is to be thrown in its place. */
export function prepare(db: DatabaseSync, notice: (error: unknown) => unknown) {
  const arrays = (sql: string): StatementSync => {
    const statement = db.prepare(sql)
    statement.setReturnArrays(true)
    return statement
  }
  const write = <P extends Cells>(sql: string): Write<P> => {
    const statement = db.prepare(sql)
    return (...cells) => statement.run(...cells).changes as number
  }
  const read = <P extends Cells, R>(sql: string): Read<P, R> => {
    const statement = arrays(sql)
    return (...cells) => {
      try {
        return statement.get(...cells) as R | undefined
      } catch (error) {
        throw notice(error)
      }
    }
  }
  const all = <P extends Cells, R>(sql: string): ReadAll<P, R> => {
    const statement = arrays(sql)
    return (...cells) => {
      try {
        return statement.all(...cells) as unknown as R[]
      } catch (error) {
        throw notice(error)
      }
    }
  }
  return {
    ...transactions(write),
    ...objectStatements(write, read, all),
    ...lifeStatements(write, read, all),
    ...rowStatements(write, read, all),
    ...letterStatements(write, read, all),
    ...routes(write, all),
    query: <R>(sql: string): ReadAll<Cells, R> => all<Cells, R>(sql),
  }
}

export type Writer = <P extends Cells>(sql: string) => Write<P>
export type Reader = <P extends Cells, R>(sql: string) => Read<P, R>
export type AllReader = <P extends Cells, R>(sql: string) => ReadAll<P, R>

const transactions = (write: Writer) => ({
  begin: write<[]>('BEGIN IMMEDIATE'),
  commit: write<[]>('COMMIT'),
  rollback: write<[]>('ROLLBACK'),
})

type SixCounts = [
  matched: number,
  filtered: number,
  delivered: number,
  retried: number,
  deadLettered: number,
  dropped: number,
]

const routes = (write: Writer, all: AllReader) => ({
  sinks: all<[], [id: number, name: string]>('SELECT id, name FROM sinks'),
  addSink: write<[id: number, name: string]>('INSERT INTO sinks (id, name) VALUES (?, ?)'),
  routes: all<[], [id: number, sink: number, subscription: string, subscriptionUid: string]>(
    'SELECT id, sink, subscription, subscription_uid FROM routes',
  ),
  addRoute: write<[id: number, sink: number, subscription: string, subscriptionUid: string]>(
    'INSERT INTO routes (id, sink, subscription, subscription_uid) VALUES (?, ?, ?, ?)',
  ),
  dropRoute: write<[id: number]>('DELETE FROM routes WHERE id = ?'),
  addCounts: write<[...SixCounts, id: number]>(
    `UPDATE routes SET matched = matched + ?, filtered = filtered + ?, delivered = delivered + ?, retried = retried + ?,
       dead_lettered = dead_lettered + ?, dropped = dropped + ? WHERE id = ?`,
  ),
  counts: all<[], [subscription: string, subscriptionUid: string, sink: string, ...SixCounts]>(
    `SELECT r.subscription, r.subscription_uid, s.name, matched, filtered, delivered, retried, dead_lettered, dropped
     FROM routes r JOIN sinks s ON s.id = r.sink ORDER BY r.id`,
  ),
})
