/** What is wrong with the data directory: what it holds is not what was written, or it does not take what is to be written. */
export type Trouble = 'damaged' | 'full' | 'readOnly' | 'failing'

/** An error that is the data directory's doing. It is told of once, where it began; who meets it later need not tell it again. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly trouble: Trouble

  constructor(trouble: Trouble, message: string, options?: ErrorOptions) {
    super(message, options)
    this.trouble = trouble
  }
}

/** What is read is not what was written: `what` says of which part. */
export const damage = (what: string, cause?: unknown): StorageError =>
  new StorageError('damaged', what, cause === undefined ? undefined : { cause })

/** SQLite's primary result codes, https://sqlite.org/rescode.html. */
const byPrimary: Readonly<Record<number, Trouble>> = {
  8: 'readOnly', // READONLY
  10: 'failing', // IOERR
  11: 'damaged', // CORRUPT
  13: 'full', // FULL
  14: 'failing', // CANTOPEN
  26: 'damaged', // NOTADB
}

/** Extended codes that say more than their primary one: IOERR_SHORT_READ, IOERR_DATA, IOERR_CORRUPTFS. */
const byExtended: Readonly<Record<number, Trouble>> = { 522: 'damaged', 8202: 'damaged', 8458: 'damaged' }

/**
 * SQLite's ERROR (1) where a statement of ours does not fit the schema: a name in it is not the one that was written, for the statements
 * are the same in every process.
 */
const otherSchema = /^(no such (table|column|index)|table \S+ has no column)/

const byErrno: Readonly<Record<string, Trouble>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EROFS: 'readOnly',
  EACCES: 'readOnly',
  EPERM: 'readOnly',
}

/** What an error of SQLite or of the file system says of the data directory; undefined where it says nothing. */
export function troubleOf(error: unknown): Trouble | undefined {
  if (error instanceof StorageError) return error.trouble
  if (!(error instanceof Error)) return undefined
  const { errcode, code, syscall } = error as Error & { errcode?: number; code?: string; syscall?: string }
  if (errcode === 1 && otherSchema.test(error.message)) return 'damaged'
  if (errcode !== undefined) return byExtended[errcode] ?? byPrimary[errcode & 0xff]
  return syscall === undefined ? undefined : (byErrno[code ?? ''] ?? 'failing')
}
