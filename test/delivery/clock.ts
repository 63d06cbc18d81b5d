/** A clock that moves only when told. Whoever sleeps wakes in the order of time. */
export class Clock {
  private time: number
  private readonly sleepers = new Set<{ at: number; wake: () => void }>()
  private readonly watchers = new Set<() => void>()
  /** Moves on by itself to whoever sleeps shortest. */
  private readonly runs: boolean

  constructor(options: { runs?: boolean; start?: number } = {}) {
    this.time = options.start ?? Date.UTC(2026, 10, 22, 12)
    this.runs = options.runs ?? false
  }

  readonly now = (): number => this.time

  readonly sleep = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const wake = () => {
        this.sleepers.delete(sleeper)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const sleeper = { at: this.time + ms, wake }
      if (signal.aborted) return resolve()
      signal.addEventListener('abort', wake)
      this.sleepers.add(sleeper)
      for (const watcher of this.watchers) watcher()
      if (this.runs) setImmediate(() => this.moveOn())
    })

  advance(ms: number): void {
    const end = this.time + ms
    for (const sleeper of [...this.sleepers].sort((a, b) => a.at - b.at)) {
      if (sleeper.at > end) break
      this.time = Math.max(this.time, sleeper.at)
      sleeper.wake()
    }
    this.time = end
  }

  /** Resolves once somebody sleeps until exactly then. */
  sleepsFor(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (![...this.sleepers].some((sleeper) => sleeper.at === this.time + ms)) return
        this.watchers.delete(check)
        resolve()
      }
      this.watchers.add(check)
      check()
    })
  }

  private moveOn(): void {
    const next = [...this.sleepers].sort((a, b) => a.at - b.at)[0]
    if (next) this.advance(Math.max(0, next.at - this.time))
  }
}
