import type { SQLInputValue } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { damage } from './trouble.ts'

/** What a statement is given, or gives. */
export type Cells = readonly SQLInputValue[]

/** Of cells as they are stored. SQLite has none: a bit that flips in the midst of a text, or in a number, it would hand out. */
export const checksum = (cells: Cells): number => crc32(cells.join('\n'))

/** Throws where cells are not those that were written; rows of before there were checksums have none. */
export function verify(what: string, cells: Cells, sum: number | null): void {
  if (sum !== null && sum !== checksum(cells)) throw damage(`${what} is not what was written: its checksum differs`)
}

/** Takes the checksum off the end of what was read, and compares. */
export function verified<R>(what: string, cells: R): R {
  const read = cells as unknown as (string | number | null)[]
  verify(what, read, read.pop() as number | null)
  return cells
}
