/**
 * What a quota slows: all subscriptions of a namespace (by attempts a second), or a sink (by its namespace's connections, or by the bytes that may be
 * under way).
 */
export type Slowed = `namespace ${string}` | `sink ${string}` | `bytes ${string}`

/** Rows had to wait, now and then, for so long: that is worth telling. */
const tellAfterMs = 2000
/** None had to for so long: it is over. */
const overAfterMs = 30_000

type Run = { from: number; last: number; isTold: boolean }

/** What is slowed, and for how long already. A moment's rush is not told, and what was told stays for a while: the condition does not flap. */
export class Throttling {
  private readonly runs = new Map<Slowed, Run>()
  private readonly now: () => number
  private readonly waits: (slowed: Slowed) => boolean

  /** `now`: ms, any clock that doesn't go back. `waits`: whether something of it has to wait now, though nobody notes it. */
  constructor(now: () => number, waits: (slowed: Slowed) => boolean = () => false) {
    this.now = now
    this.waits = waits
  }

  /** Something of it is due, and has to wait. */
  note(slowed: Slowed): void {
    const now = this.now()
    const run = this.runs.get(slowed)
    if (run) run.last = now
    else this.runs.set(slowed, { from: now, last: now, isTold: false })
  }

  isTold(slowed: Slowed): boolean {
    return this.runs.get(slowed)?.isTold ?? false
  }

  /** All that is told now. */
  told(): Slowed[] {
    return [...this.runs].flatMap(([slowed, { isTold }]) => (isTold ? slowed : []))
  }

  /** What is to be told from now on, or not any more. */
  look(): Slowed[] {
    const turned: Slowed[] = []
    for (const [slowed, run] of this.runs) {
      if (this.waits(slowed)) run.last = this.now()
      const isOver = this.now() - run.last >= overAfterMs
      if (isOver) this.runs.delete(slowed)
      const turns = isOver ? run.isTold : !run.isTold && run.last - run.from >= tellAfterMs
      if (turns) turned.push(slowed)
      run.isTold ||= turns
    }
    return turned
  }
}

/** What the condition `Throttled` says, while it is true. */
export type Throttled = { reason: string; message: string }

/** Of a subscription, and of a sink. */
export const throttledTold = {
  subscription: (namespace: string, rate: number) => ({
    reason: 'QuotaExceeded',
    message: `more is due than ${perSecond(rate)}, the quota of all subscriptions of namespace ${namespace} together: deliveries wait and none is lost; match less, or ask an administrator for more`,
  }),
  sink: (namespace: string, connections: number) => ({
    reason: 'QuotaExceeded',
    message: `${connections === 1 ? '1 request' : `${connections} requests`} at a time are the quota of all sinks of namespace ${namespace} together, and they share them: deliveries wait; lower limits.concurrency or timeout of sinks that are slow, or ask an administrator for more`,
  }),
  bytes: (namespace: string) => ({
    reason: 'LargeEvents',
    message: `as many bytes of events are under way as the operator holds in memory, for this sink, all sinks of namespace ${namespace}, or all together: deliveries wait; send summaries, or lower timeout of sinks that are slow`,
  }),
}

const perSecond = (rate: number): string => (rate === 1 ? '1 attempt a second' : `${rate} attempts a second`)
