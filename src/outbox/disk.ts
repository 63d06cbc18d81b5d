import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { StorageState } from './outbox.ts'
import type { Reserve } from './reserve.ts'
import { StorageError, type Trouble, troubleOf } from './trouble.ts'

export type DiskOptions = {
  directory: string
  reserve: Reserve
  now: () => number
  /** How long after the opening the reserve is taken, and how often a disk that takes nothing is tried; ms. */
  probeMs: number
  /** Writes something into the database, durably; throws where that does not work. */
  prove: () => void
  /** Takes the log into the file; `shrink`: and gives its space back. */
  takeIn: (shrink: boolean) => void
  /** Whether the log can become as long as it may, with what it has and what is free. */
  logHasRoom: () => boolean
  /** Bytes of the database that hold nothing: it can take as much more without growing. */
  vacant: () => number
  /** Writes get through again. */
  recovered: () => void
}

/** What a write needs: `room` to grow, or no more than the `reserve` has for a while. */
export type Need = 'room' | 'reserve'

/** What a failed write is followed by: each operation by itself, all of them again, or nothing. */
export type Next = 'each' | 'again' | 'none'

const mostPatienceMs = 60_000

const told: Readonly<Record<Exclude<Trouble, 'damaged'>, string>> = {
  full: 'the volume is full',
  readOnly: 'the volume is read-only',
  failing: 'the volume fails',
}

/** Knows whether the data directory takes what is written, holds a reserve there, and finds out when it does again. */
export class Disk implements AsyncDisposable {
  private readonly options: DiskOptions
  private readonly end = new AbortController()
  private at: StorageState = { kind: 'ok' }
  private stuck = false
  /** The reserve is held within the database, for the volume has no room for it beside. */
  private inside = false
  /** How long that is not tried again after it was not enough, and from when it is; ms on a clock that is never set. */
  private patienceMs: number
  private patientUntil = 0
  private timer: NodeJS.Timeout | undefined
  private probing: Promise<void> | undefined
  private closed = false

  constructor(options: DiskOptions) {
    this.options = options
    this.patienceMs = options.probeMs
  }

  /** Takes the reserve soon, where it is not held. */
  start(): void {
    if (!this.options.reserve.isHeld()) this.schedule()
  }

  /** Fires, with a `StorageError`, when what is read turns out not to be what was written. */
  get damaged(): AbortSignal {
    return this.end.signal
  }

  state(): StorageState {
    return this.at
  }

  /** Whether what became of an attempt can be written: else nothing is worth an attempt. */
  get settles(): boolean {
    return !this.stuck && !this.end.signal.aborted
  }

  /** Why a write need not be tried. */
  refusal(need: Need): StorageError | undefined {
    if (this.end.signal.aborted) return this.end.signal.reason as StorageError
    const { at } = this
    if (at.kind === 'ok' || (at.kind === 'full' && need === 'reserve')) return undefined
    return new StorageError(at.kind, at.message)
  }

  /** Takes in an error of a read; gives what is to be thrown in its place. */
  notice(error: unknown): unknown {
    const trouble = troubleOf(error)
    if (trouble === undefined) return error
    const { code, message, syscall } = error as NodeJS.ErrnoException
    // A message of the file system names the path, and users who may not know it read this in a status.
    if (trouble !== 'damaged') return new StorageError(trouble, syscall ? (code ?? '') : message, { cause: error })
    const found = error instanceof StorageError ? error : new StorageError('damaged', message, { cause: error })
    if (!this.end.signal.aborted) this.end.abort(found)
    return found
  }

  /** Takes in an error of a write that was rolled back; `grew`: some of it needed room. */
  failed(error: unknown, grew: boolean): { error: unknown; next: Next } {
    const noticed = this.notice(error)
    if (!(noticed instanceof StorageError)) return { error, next: 'each' }
    if (noticed.trouble === 'damaged') return { error: noticed, next: 'none' }
    const found = this.cause(noticed)
    const isFull = found.trouble === 'full'
    const hadReserve = isFull && this.options.reserve.giveUp()
    if (isFull) this.takeIn(hadReserve)
    if (this.inside && !hadReserve) this.losePatience()
    this.inside = false
    this.stuck = !(isFull && (hadReserve || grew))
    this.turn(found)
    return { error: found, next: this.stuck ? 'none' : 'again' }
  }

  /** A write got through. */
  wrote(): void {
    if (this.stuck) this.unstick()
    if (!this.inside || this.options.vacant() >= this.options.reserve.bytes) return
    this.losePatience()
    this.inside = false
    this.turn(new StorageError('full', 'there is room for no more than what is pending'))
  }

  /** SQLite does not tell a quota, or a volume that became read-only, from a disk that fails: writing a file of our own does. */
  private cause(error: StorageError): StorageError {
    if (error.trouble !== 'failing') return error
    const path = join(this.options.directory, 'carillon.probe')
    try {
      const file = openSync(path, 'w', 0o600)
      try {
        writeSync(file, Buffer.alloc(4096, 1))
        fsyncSync(file)
      } finally {
        closeSync(file)
        rmSync(path, { force: true })
      }
      return error
    } catch (other) {
      const noticed = this.notice(other)
      return noticed instanceof StorageError ? noticed : error
    }
  }

  private takeIn(shrink: boolean): void {
    try {
      this.options.takeIn(shrink)
    } catch (error) {
      this.notice(error) // What is not damage shows at the next write.
    }
  }

  private turn({ trouble, message }: StorageError): void {
    if (trouble === 'damaged') return
    if (trouble !== 'full') this.stuck = true
    const since = this.at.kind === 'ok' ? this.options.now() : this.at.since
    this.at = { kind: trouble, since, message: `${told[trouble]} (${message})` }
    this.schedule()
  }

  private schedule(): void {
    if (this.timer || this.closed) return
    this.timer = setTimeout(() => {
      this.timer = undefined
      this.probing = this.probe().finally(() => {
        this.probing = undefined
        if (this.at.kind !== 'ok' || !this.options.reserve.isHeld()) this.schedule()
      })
    }, this.options.probeMs).unref()
  }

  /** Tries whether things have become better. */
  private async probe(): Promise<void> {
    if (this.end.signal.aborted) return
    try {
      if (this.stuck) {
        this.options.prove()
        this.unstick()
      }
      if (await this.holdsReserve()) this.recover()
      else if (this.at.kind === 'ok') this.turn(new StorageError('full', 'there is no room for a reserve'))
    } catch (error) {
      const noticed = this.notice(error)
      const found =
        noticed instanceof StorageError ? noticed : new StorageError('failing', String(error), { cause: error })
      this.turn(this.cause(found))
    }
  }

  private async holdsReserve(): Promise<boolean> {
    const { logHasRoom, reserve, vacant } = this.options
    if (reserve.isHeld()) return true
    // Some more than that, lest the next commit fills the volume again.
    const spare = this.at.kind === 'full' || this.inside ? reserve.bytes : 0
    if (reserve.seemsFree(reserve.bytes + spare)) {
      if (!(await reserve.take(spare))) return false
      this.inside = false
      this.patienceMs = this.options.probeMs
      return true
    }
    this.inside ||= performance.now() >= this.patientUntil && vacant() >= 2 * reserve.bytes && logHasRoom()
    return this.inside
  }

  private losePatience(): void {
    this.patientUntil = performance.now() + this.patienceMs
    this.patienceMs = Math.min(2 * this.patienceMs, mostPatienceMs)
  }

  private unstick(): void {
    this.stuck = false
    if (this.at.kind === 'full') this.options.recovered()
    else this.recover()
  }

  private recover(): void {
    if (this.at.kind === 'ok' || this.closed) return
    this.at = { kind: 'ok' }
    this.options.recovered()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true
    clearTimeout(this.timer)
    await this.probing
  }
}
