/** How soon a change has to be told: conditions at once, counters every `counterMs`. */
export type Urgency = 'conditions' | 'counters'

export type WriterOptions = {
  /** Renders and writes the status of `key`; resolves to false when it has to be tried again. Throws only for the unexpected. */
  write(key: string, signal: AbortSignal): Promise<boolean>
  now(): number
  /** Resolves after `ms`, or when `signal` aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>
  /** Least time between two writes of counters to one object. */
  counterMs?: number
  /** Writes a second, over all objects. */
  rates?: { conditions: number; counters: number }
}

const retryMs = 2000

/** What is counted shows in the outbox a moment after it is told here. */
const settleMs = 1000

/**
 * Writes of status, coalesced by key: what changes ten times before its turn is written once.
 * Conditions go ahead of counters, each kind within its own rate.
 */
export class StatusWriter {
  private readonly options: Required<WriterOptions>
  private readonly urgent = new Set<string>()
  /** Conditions that could not be written, and when to try again. */
  private readonly again = new Map<string, number>()
  private readonly due = new Map<string, number>()
  /** The latest last. What was written longer ago than `counterMs` is as if it never was. */
  private readonly written = new Map<string, number>()
  private wake: () => void = () => undefined

  constructor(options: WriterOptions) {
    this.options = { counterMs: 30_000, rates: { conditions: 100, counters: 5 }, ...options }
  }

  mark(key: string, urgency: Urgency): void {
    if (urgency === 'conditions') this.urgent.add(key)
    else if (!this.due.has(key)) {
      const last = this.written.get(key)
      const { now, counterMs } = this.options
      this.due.set(key, Math.max(now() + settleMs, (last ?? Number.NEGATIVE_INFINITY) + counterMs))
    } else return
    this.wake()
  }

  forget(key: string): void {
    this.urgent.delete(key)
    this.again.delete(key)
    this.due.delete(key)
    this.written.delete(key)
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const next = this.next()
      if (next === undefined) await this.sleep(signal)
      else await this.write(next.key, next.urgency, signal)
    }
  }

  /** Writes all that is due or urgent once, for a clean stop. */
  async flush(signal: AbortSignal): Promise<void> {
    for (const key of new Set([...this.urgent, ...this.again.keys(), ...this.due.keys()])) {
      if (signal.aborted) return
      await this.options.write(key, signal)
    }
  }

  private next(): { key: string; urgency: Urgency } | undefined {
    const [urgent] = this.urgent
    if (urgent !== undefined) return { key: urgent, urgency: 'conditions' }
    const now = this.options.now()
    for (const [key, at] of this.again) if (at <= now) return { key, urgency: 'conditions' }
    for (const [key, at] of this.due) if (at <= now) return { key, urgency: 'counters' }
    return undefined
  }

  private async write(key: string, urgency: Urgency, signal: AbortSignal): Promise<void> {
    this.urgent.delete(key)
    this.again.delete(key)
    // Numbers that are due are of a later time than what an urgent write may tell.
    if (urgency === 'counters') this.due.delete(key)
    const begun = this.options.now()
    this.written.delete(key)
    this.written.set(key, begun)
    for (const [oldest, at] of this.written) {
      if (begun - at < this.options.counterMs) break
      this.written.delete(oldest)
    }
    let done = false
    try {
      done = await this.options.write(key, signal)
    } finally {
      const later = urgency === 'conditions' ? this.again : this.due
      if (!done) later.set(key, this.options.now() + retryMs)
    }
    const rest = 1000 / this.options.rates[urgency] - Math.max(0, this.options.now() - begun)
    if (rest > 0) await this.options.wait(rest, signal)
  }

  private async sleep(signal: AbortSignal): Promise<void> {
    const controller = new AbortController()
    this.wake = () => controller.abort()
    const soonest = Math.min(...this.again.values(), ...this.due.values())
    const ms = Number.isFinite(soonest) ? Math.max(1, soonest - this.options.now()) : 60_000
    await this.options.wait(ms, AbortSignal.any([signal, controller.signal]))
    this.wake = () => undefined
  }
}
