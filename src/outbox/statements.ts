import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { checksum, verified } from './checksum.ts'
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
  const write: Writer = (sql) => {
    const statement = db.prepare(sql)
    return (...cells) => statement.run(...cells).changes as number
  }
  const seal: Writer = (sql) => {
    const statement = db.prepare(sql)
    return (...cells) => statement.run(...cells, checksum(cells)).changes as number
  }
  const read = <P extends Cells, R>(sql: string, sealed?: string): Read<P, R> => {
    const statement = arrays(sql)
    return (...cells) => {
      try {
        const found = statement.get(...cells) as R | undefined
        return found === undefined || sealed === undefined ? found : verified(sealed, found)
      } catch (error) {
        throw notice(error)
      }
    }
  }
  const all = <P extends Cells, R>(sql: string, sealed?: string): ReadAll<P, R> => {
    const statement = arrays(sql)
    return (...cells) => {
      try {
        const found = statement.all(...cells) as unknown as R[]
        if (sealed !== undefined) for (const one of found) verified(sealed, one)
        return found
      } catch (error) {
        throw notice(error)
      }
    }
  }
  const makers: Makers = { write, seal, read, all }
  return {
    ...transactions(write),
    ...objectStatements(makers),
    ...lifeStatements(makers),
    ...rowStatements(makers),
    ...letterStatements(makers),
    ...routes(makers),
    query: <R>(sql: string): ReadAll<Cells, R> => all<Cells, R>(sql),
  }
}

type Writer = <P extends Cells>(sql: string) => Write<P>

/**
 * What makes statements. `seal` writes, after the cells that it is given, their checksum; where a read is told what it reads, `sealed`, the
 * last of its columns is the checksum of those before, which is verified and taken off.
 */
export type Makers = {
  write: Writer
  seal: Writer
  read: <P extends Cells, R>(sql: string, sealed?: string) => Read<P, R>
  all: <P extends Cells, R>(sql: string, sealed?: string) => ReadAll<P, R>
}

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

const routes = ({ write, seal, all }: Makers) => ({
  sinks: all<[], [id: number, name: string]>('SELECT id, name, crc FROM sinks', 'the name of a sink'),
  addSink: seal<[id: number, name: string]>('INSERT INTO sinks (id, name, crc) VALUES (?, ?, ?)'),
  routes: all<[], [id: number, sink: number, subscription: string, subscriptionUid: string]>(
    'SELECT id, sink, subscription, subscription_uid, crc FROM routes',
    'a route',
  ),
  addRoute: seal<[id: number, sink: number, subscription: string, subscriptionUid: string]>(
    'INSERT INTO routes (id, sink, subscription, subscription_uid, crc) VALUES (?, ?, ?, ?, ?)',
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
