import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type Cells, checksum, verified } from './checksum.ts'

/** A statement that writes; gives the number of rows that it changed. */
export type Write<P extends Cells> = (...cells: P) => number
/** A statement that reads one row, as an array, or nothing. */
export type Read<P extends Cells, R> = (...cells: P) => R | undefined
/** A statement that reads all of its rows, as arrays. */
export type ReadAll<P extends Cells, R> = (...cells: P) => R[]

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

/** `notice` takes in what a read throws, and gives what is to be thrown in its place. */
export function makersFor(db: DatabaseSync, notice: (error: unknown) => unknown): Makers {
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
  return { write, seal, read, all }
}
