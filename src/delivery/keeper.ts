import type { Outbox } from '../outbox/outbox.ts'

export type KeeperDeps = {
  outbox: Pick<Outbox, 'keepGate'>
  failed: (error: unknown) => void
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

const retryMs = 1000

/** Writes down what a sink's delivery remembers: the last of it, one at a time, for as long as it takes. */
export class Keeper {
  private readonly sink: string
  private readonly deps: KeeperDeps
  private readonly closing = new AbortController()
  private kept: string | undefined
  private wanted: string | undefined
  private writing: Promise<void> | undefined

  constructor(sink: string, kept: string | undefined, deps: KeeperDeps) {
    this.sink = sink
    this.deps = deps
    this.kept = kept
    this.wanted = kept
  }

  /** Undefined forgets it. */
  keep(text: string | undefined): void {
    this.wanted = text
    if (text !== this.kept) this.writing ??= this.write()
  }

  /** Writes what is left; gives up on it when it cannot be written within one more try. */
  async close(): Promise<void> {
    this.closing.abort()
    await this.writing
  }

  private async write(): Promise<void> {
    while (this.wanted !== this.kept) {
      const text = this.wanted
      const last = this.closing.signal.aborted
      try {
        await this.deps.outbox.keepGate(this.sink, text)
        this.kept = text
      } catch (error) {
        this.deps.failed(error)
        if (last) break
        await this.deps.sleep(retryMs, this.closing.signal)
      }
    }
    this.writing = undefined
  }
}
