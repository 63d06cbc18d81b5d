import type { Need, Next } from './disk.ts'

/** What an operation leads to in memory, once its transaction is committed; returns what its promise resolves to once that is durable. */
export type Effects<T> = () => T

/**
 * now: as soon as what is on its way has got there; soon: with what else is there; patient: may wait for that, `settleMs` at most;
 * alone: shares no transaction, for what changes the ground that others in the group stand on.
 */
export type Haste = 'now' | 'soon' | 'patient' | 'alone'

type Operation = {
  run: () => Effects<unknown>
  haste: Haste
  need: Need
  resolve: (value: never) => void
  reject: (error: unknown) => void
}

/**
 * How a group begins and ends in the database. `rollback` also undoes whatever `run` has left in memory. `sync` resolves once what was
 * committed is durable; it rejects only where the disk does not take it and the outbox is closed meanwhile. `landed` follows it.
 * `refusal` says why an operation need not be tried, `failed` what follows an error, and what is to be told of it.
 */
export type Transaction = {
  begin: () => void
  commit: () => void
  sync: () => Promise<void>
  landed: () => void
  rollback: () => void
  /** Before a group. */
  tidy: () => void
  idle: () => void
  refusal: (need: Need) => Error | undefined
  failed: (error: unknown, grew: boolean) => { error: unknown; next: Next }
}

const idleAfterMs = 1000

/**
 * Group commit: what is added in a turn of the event loop is one transaction in the next. While one is on its way to the disk the next
 * gathers, and goes on gathering for as long as that took, `groupMs` at most, unless something is there that is to go `now`.
 */
export class GroupCommit {
  private queue: Operation[] = []
  private readonly transaction: Transaction
  private readonly groupMs: number
  private readonly settleMs: number
  private scheduled: NodeJS.Immediate | NodeJS.Timeout | undefined
  /** Whether what is scheduled is late, for patient operations only. */
  private late = false
  private idle: NodeJS.Timeout | undefined
  private working: Promise<void> | undefined
  private lastEnd = 0
  private lastTook = 0
  private closed = false

  constructor(transaction: Transaction, groupMs: number, settleMs: number) {
    this.transaction = transaction
    this.groupMs = groupMs
    this.settleMs = settleMs
  }

  /** Resolves when what `run` wrote is durable. Where it throws, nothing of it stays, and only its own promise rejects. */
  add<T>(run: () => Effects<T>, haste: Haste = 'soon', need: Need = 'room'): Promise<T> {
    if (this.closed) return Promise.reject(new Error('the outbox is closed'))
    return new Promise<T>((resolve, reject) => {
      this.queue.push({ run, haste, need, resolve, reject })
      if (haste === 'patient') this.scheduleLate()
      else this.schedule(haste === 'now')
    })
  }

  /** Takes nothing more; resolves once what is queued is written, or was refused. */
  async close(): Promise<void> {
    this.closed = true
    this.cancel()
    await this.working
    if (this.queue.length > 0) await this.work()
    clearTimeout(this.idle)
  }

  private scheduleLate(): void {
    if (this.scheduled || this.working) return
    this.late = true
    this.scheduled = setTimeout(() => this.flush(), this.settleMs)
  }

  private schedule(now: boolean): void {
    if (this.working || (this.scheduled && !this.late && !now)) return
    this.cancel()
    const wait = now ? 0 : Math.min(this.groupMs, this.lastTook) - (performance.now() - this.lastEnd)
    this.scheduled = wait > 0.5 ? setTimeout(() => this.flush(), wait) : setImmediate(() => this.flush())
  }

  private flush(): void {
    this.cancel()
    this.working = this.work().finally(() => {
      this.working = undefined
      if (this.closed || this.queue.length === 0) return
      if (this.queue.every(({ haste }) => haste === 'patient')) this.scheduleLate()
      else this.schedule(this.queue.some(({ haste }) => haste === 'now'))
    })
  }

  private async work(): Promise<void> {
    const begun = performance.now()
    this.transaction.tidy()
    const queue = this.queue
    this.queue = []
    for (let from = 0; from < queue.length; ) {
      let to = from + 1
      while (to < queue.length && queue[from]?.haste !== 'alone' && queue[to]?.haste !== 'alone') to += 1
      await this.write(queue.slice(from, to))
      from = to
    }
    this.lastEnd = performance.now()
    this.lastTook = this.lastEnd - begun
    if (!this.idle && !this.closed) this.idle = setTimeout(() => this.rest(), idleAfterMs).unref()
  }

  private async write(operations: readonly Operation[]): Promise<void> {
    const group = operations.filter((operation) => this.mayTry(operation))
    if (group.length === 0) return
    const effects: Effects<unknown>[] = []
    try {
      this.transaction.begin()
      for (const operation of group) effects.push(operation.run())
      this.transaction.commit()
    } catch (error) {
      this.transaction.rollback()
      const grew = group.some(({ need }) => need === 'room')
      return this.rejected(group, this.transaction.failed(error, grew))
    }
    // Every effect before any promise: whoever wakes first sees the whole group.
    const values = effects.map((effect) => effect())
    try {
      await this.transaction.sync()
    } catch (error) {
      for (const { reject } of group) reject(error)
      return
    }
    this.transaction.landed()
    for (const [at, operation] of group.entries()) operation.resolve(values[at] as never)
  }

  private mayTry({ need, reject }: Operation): boolean {
    const refusal = this.transaction.refusal(need)
    if (refusal) reject(refusal)
    return refusal === undefined
  }

  private async rejected(group: readonly Operation[], { error, next }: { error: unknown; next: Next }): Promise<void> {
    if (next === 'again') await this.write(group)
    // One of them is bad: each for itself, so that the good ones get through.
    else if (next === 'each' && group.length > 1) for (const operation of group) await this.write([operation])
    else for (const operation of group) operation.reject(error)
  }

  private rest(): void {
    const quiet = this.working ? 0 : performance.now() - this.lastEnd
    if (quiet < idleAfterMs) {
      this.idle = setTimeout(() => this.rest(), idleAfterMs - quiet).unref()
      return
    }
    this.idle = undefined
    this.transaction.idle()
  }

  private cancel(): void {
    clearTimeout(this.scheduled as NodeJS.Timeout | undefined)
    clearImmediate(this.scheduled as NodeJS.Immediate | undefined)
    this.scheduled = undefined
    this.late = false
  }
}
