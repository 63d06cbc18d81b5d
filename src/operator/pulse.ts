/** A wake-up for one or many waiters: `fire` ends every wait that is under way. */
export class Pulse {
  private readonly waiting = new Set<() => void>()

  fire(): void {
    for (const wake of this.waiting) wake()
  }

  /** Resolves at the next `fire`, or when `signal` aborts. Take it before looking at what you wait for, and no wake-up is lost. */
  next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        this.waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.waiting.add(wake)
      signal.addEventListener('abort', wake)
    })
  }
}
