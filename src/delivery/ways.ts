import type { SinkRuntime } from './sink.ts'
import type { Transport } from './transports/transport.ts'

/** A transport, what it was made for, and how many attempts use it. */
export type Way = { transport: Transport; sink: SinkRuntime; users: number }

/** Whether a transport made for one will do for the other. */
const isSame = (one: SinkRuntime, other: SinkRuntime): boolean =>
  one === other ||
  (one.epoch === other.epoch &&
    one.door === other.door &&
    one.timeoutMs === other.timeoutMs &&
    one.concurrency === other.concurrency)

/** The transports of one sink: one for the sink as it is now, and those of earlier ones until their last attempt has ended. */
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
    if (last && isSame(last.sink, sink)) {
      last.users += attempts
      return last
    }
    const way: Way = { transport: this.open(sink), sink, users: attempts }
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
