import type { Outbox, Settlement } from '../outbox/outbox.ts'

export type SettlerDeps = {
  outbox: Pick<Outbox, 'settle'>
  now: () => number
  /** Called after each batch that was settled. */
  settled: () => void
  /** The outbox could not be written (disk full); it is tried again until it can. */
  failed: (error: unknown) => void
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

const retryMs = 1000

/**
 * Gathers what became of rows and settles it in batches: whatever ends in one turn of the event loop, or while the last batch is
 * being written, is one transaction. Nothing waits for a batch to fill.
 */
export class Settler {
  private readonly deps: SettlerDeps
  private readonly waiting: Settlement[] = []
  private readonly closing = new AbortController()
  private writing: Promise<void> | undefined
  /** Settlements that are not durable yet. */
  unsettled = 0

  constructor(deps: SettlerDeps) {
    this.deps = deps
  }

  add(settlement: Settlement): void {
    this.unsettled += 1
    this.waiting.push(settlement)
    this.writing ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.write())
  }

  /** Writes what is left; gives up on it when it cannot be written within one more try. */
  async close(): Promise<void> {
    this.closing.abort()
    await this.writing
  }

  private async write(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0)
      if (await this.settle(batch)) {
        this.unsettled -= batch.length
        this.deps.settled()
        continue
      }
      this.waiting.unshift(...batch)
      const last = this.closing.signal.aborted
      await this.deps.sleep(retryMs, this.closing.signal)
      if (last) break
    }
    this.writing = undefined
  }

  private async settle(batch: Settlement[]): Promise<boolean> {
    try {
      await this.deps.outbox.settle(batch, this.deps.now())
      return true
    } catch (error) {
      this.deps.failed(error)
      return false
    }
  }
}
