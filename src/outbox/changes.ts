type Sink = { version: number; waiting: Set<() => void> }

/** The counters behind `Outbox.version` and `Outbox.changed`: one a sink, so that a thousand sinks sleep while one is busy. */
export class Changes implements Disposable {
  private readonly sinks = new Map<string, Sink>()
  /** Of all together: a version that was given before a `drop` is never met again. */
  private last = 0
  private closed = false

  bump(name: string): void {
    const sink = this.sinks.get(name)
    if (!sink) return
    this.last += 1
    sink.version = this.last
    const woken = [...sink.waiting]
    sink.waiting.clear()
    for (const wake of woken) wake()
  }

  bumpAll(): void {
    for (const name of this.sinks.keys()) this.bump(name)
  }

  version(name: string): number {
    return this.sink(name).version
  }

  after(name: string, signal: AbortSignal, seen: number): Promise<void> {
    const sink = this.sink(name)
    if (this.closed || signal.aborted || seen !== sink.version) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake)
        sink.waiting.delete(wake)
        resolve()
      }
      signal.addEventListener('abort', wake)
      sink.waiting.add(wake)
    })
  }

  /** Nothing is kept of a sink that nobody waits for. */
  drop(name: string): void {
    if (this.sinks.get(name)?.waiting.size === 0) this.sinks.delete(name)
  }

  private sink(name: string): Sink {
    let sink = this.sinks.get(name)
    if (!sink) {
      this.last += 1
      sink = { version: this.last, waiting: new Set() }
      this.sinks.set(name, sink)
    }
    return sink
  }

  [Symbol.dispose](): void {
    this.closed = true
    this.bumpAll()
  }
}
