import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsync,
  ftruncateSync,
  openSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'

const mostBytes = 16 * 2 ** 20
const leastBytes = 256 * 2 ** 10
/** At most this part of the volume. */
const part = 16
const chunkBytes = 256 * 2 ** 10

/** How much is kept in reserve on the volume of a directory: enough to settle on a full disk all that is in flight, and more. */
export function reserveBytes(directory: string): number {
  const { blocks, bsize } = statfsSync(directory)
  const whole = blocks * bsize
  return whole === 0 ? mostBytes : Math.max(leastBytes, Math.min(mostBytes, Math.floor(whole / part)))
}

/**
 * A file of nothing, given up when the disk is full: what it took is there for settlements, which hardly grow the database but have to
 * pass through its log.
 */
export class Reserve {
  readonly bytes: number
  private readonly directory: string
  private readonly path: string
  /** Who is just taking it. */
  private taking: symbol | undefined

  constructor(directory: string, bytes: number) {
    this.directory = directory
    this.bytes = bytes
    this.path = join(directory, 'carillon.reserve')
  }

  isHeld(): boolean {
    return (statSync(this.path, { throwIfNoEntry: false })?.size ?? 0) >= this.bytes
  }

  /** Whether there was anything to give up. */
  giveUp(): boolean {
    this.taking = undefined
    if (!existsSync(this.path)) return false
    // First, for who is just taking it has it open.
    truncateSync(this.path, 0)
    rmSync(this.path)
    return true
  }

  /** Whether the file system claims to have this much; a quota it may not know of. */
  seemsFree(bytes: number): boolean {
    const { bavail, bsize } = statfsSync(this.directory)
    return bavail * bsize >= bytes
  }

  /**
   * Takes the reserve, `spare` bytes more for a moment: where that works, there is room to go on. Resolves to false where it was given up
   * meanwhile; rejects where there is no room, and holds nothing then.
   */
  async take(spare: number): Promise<boolean> {
    const mine = Symbol()
    this.taking = mine
    const file = openSync(this.path, 'w', 0o600)
    try {
      // Not zeros: those may take no space.
      const chunk = randomBytes(Math.min(chunkBytes, this.bytes))
      for (let written = 0; written < this.bytes + spare; written += chunk.length) {
        if (this.taking !== mine) return false
        writeSync(file, chunk)
        await setImmediate()
      }
      await synced(file)
      if (this.taking !== mine) return false
      ftruncateSync(file, this.bytes)
      await synced(file)
      return this.taking === mine
    } catch (error) {
      if (this.taking === mine) this.giveUp()
      throw error
    } finally {
      closeSync(file)
    }
  }
}

const synced = promisify(fsync)
