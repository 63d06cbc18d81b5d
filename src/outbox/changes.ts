/** The counter behind `Outbox.version` and `Outbox.changed`. */
export class Changes implements Disposable {
  version = 0
  private readonly waiting = new Set<() => void>()
  private closed = false

  bump(): void {
    this.version += 1
    const woken = [...this.waiting]
    this.waiting.clear()
    for (const wake of woken) wake()
  }

  after(signal: AbortSignal, seen: number): Promise<void> {
    if (this.closed || signal.aborted || seen !== this.version) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake)
        this.waiting.delete(wake)
        resolve()
      }
      signal.addEventListener('abort', wake)
      this.waiting.add(wake)
    })
  }

  [Symbol.dispose](): void {
    this.closed = true
    this.bump()
  }
}
