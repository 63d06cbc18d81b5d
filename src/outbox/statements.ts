import type { DatabaseSync } from 'node:sqlite'
import type { Cells } from './checksum.ts'
import { letterStatements } from './letter-statements.ts'
import { type Makers, makersFor, type ReadAll } from './makers.ts'
import { lifeStatements, objectStatements } from './object-statements.ts'
import { rowStatements } from './row-statements.ts'

export type Statements = ReturnType<typeof prepare>

/** Every statement of the outbox, prepared once. `notice` takes in what a read throws, and gives what is to be thrown in its place. */
export function prepare(db: DatabaseSync, notice: (error: unknown) => unknown) {
  const makers = makersFor(db, notice)
  return {
    ...transactions(makers),
    ...objectStatements(makers),
    ...lifeStatements(makers),
    ...rowStatements(makers),
    ...letterStatements(makers),
    ...routes(makers),
    query: <R>(sql: string): ReadAll<Cells, R> => makers.all<Cells, R>(sql),
  }
}

const transactions = ({ write }: Makers) => ({
  begin: write<[]>('BEGIN IMMEDIATE'),
  commit: write<[]>('COMMIT'),
  rollback: write<[]>('ROLLBACK'),
})

type CountCells = [
  matched: number,
  filtered: number,
  delivered: number,
  retried: number,
  deadLettered: number,
  dropped: number,
  invalid: number,
]

const routes = ({ write, seal, all, read }: Makers) => ({
  sinks: all<[], [id: number, name: string]>('SELECT id, name, crc FROM sinks', 'the name of a sink'),
  addSink: seal<[id: number, name: string]>('INSERT INTO sinks (id, name, crc) VALUES (?, ?, ?)'),
  dropSink: write<[id: number]>('DELETE FROM sinks WHERE id = ?'),
  routes: all<[], [id: number, sink: number, subscription: string, subscriptionUid: string]>(
    'SELECT id, sink, subscription, subscription_uid, crc FROM routes',
    'a route',
  ),
  addRoute: seal<[id: number, sink: number, subscription: string, subscriptionUid: string]>(
    'INSERT INTO routes (id, sink, subscription, subscription_uid, crc) VALUES (?, ?, ?, ?, ?)',
  ),
  dropRoute: write<[id: number]>('DELETE FROM routes WHERE id = ?'),
  addCounts: write<[...CountCells, id: number]>(
    `UPDATE routes SET matched = matched + ?, filtered = filtered + ?, delivered = delivered + ?, retried = retried + ?,
       dead_lettered = dead_lettered + ?, dropped = dropped + ?, invalid = invalid + ? WHERE id = ?`,
  ),
  countsOf: read<[id: number], CountCells>(
    'SELECT matched, filtered, delivered, retried, dead_lettered, dropped, invalid FROM routes WHERE id = ?',
  ),
  counts: all<[], [subscription: string, subscriptionUid: string, sink: string, ...CountCells]>(
    `SELECT r.subscription, r.subscription_uid, s.name, matched, filtered, delivered, retried, dead_lettered, dropped, invalid
     FROM routes r JOIN sinks s ON s.id = r.sink ORDER BY r.id`,
  ),
})
