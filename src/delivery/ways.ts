import type { SinkRuntime } from './sink.ts'
import type { Transport } from './transports/transport.ts'

/** A transport and how many attempts use it. */
export type Way = { transport: Transport; epoch: string; users: number }

/** The transports of one sink: one for its present epoch, and those of earlier ones until their last attempt has ended. */
export class Ways implements AsyncDisposable {
  private readonly open: (sink: SinkRuntime) => Transport
  private readonly failed: (error: unknown) => void
  private readonly ways = new Set<Way>()
  private current: Way | undefined

  constructor(open: (sink: SinkRuntime) => Transport, failed: (error: unknown) => void) {
    this.open = open
    this.failed = failed
  }

  /** The way to the sink as it is now, for so many attempts; each of them has to `leave` it. */
  enter(sink: SinkRuntime, attempts: number): Way {
    const last = this.current
    if (last?.epoch === sink.epoch) {
      last.users += attempts
      return last
    }
    const way: Way = { transport: this.open(sink), epoch: sink.epoch, users: attempts }
    this.current = way
    this.ways.add(way)
    if (last) this.closeUnused(last)
    return way
  }

  leave(way: Way): void {
    way.users -= 1
    this.closeUnused(way)
  }

  private closeUnused(way: Way): void {
    if (way === this.current || way.users > 0 || !this.ways.delete(way)) return
    way.transport[Symbol.asyncDispose]().then(undefined, this.failed)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.ways].map((way) => way.transport[Symbol.asyncDispose]()))
  }
}
