/** A wake-up for one or many waiters: `fire` ends every wait that is under way. */
export class Pulse {
  private waiting = Promise.withResolvers<void>()

  fire(): void {
    this.waiting.resolve()
    this.waiting = Promise.withResolvers<void>()
  }

  /** Resolves at the next `fire`, or when `signal` aborts. Take it before looking at what you wait for, and no wake-up is lost. */
  async next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const aborted = Promise.withResolvers<void>()
    const onAbort = () => aborted.resolve()
    signal.addEventListener('abort', onAbort, { once: true })
    await Promise.race([this.waiting.promise, aborted.promise])
    signal.removeEventListener('abort', onAbort)
  }
}
