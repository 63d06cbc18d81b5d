/** Wakes one waiter. A ring while nobody waits is kept, and ends the next wait at once; several are one. */
export class Bell {
  private rang = false
  private wake: (() => void) | undefined

  ring(): void {
    this.rang = true
    this.wake?.()
  }

  /** Resolves at the next ring. */
  async rung(): Promise<void> {
    if (!this.rang) await new Promise<void>((resolve) => (this.wake = resolve))
    this.rang = false
    this.wake = undefined
  }
}
