import { setImmediate } from 'node:timers/promises'
import type { DeliveryDeps } from './delivery-deps.ts'

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

  /** Resolves at the next ring, and rings by itself after `ms`. */
  async rungWithin(ms: number, sleep: (ms: number, signal: AbortSignal) => Promise<void>): Promise<void> {
    const timer = new AbortController()
    void sleep(ms, timer.signal).then(() => {
      if (!timer.signal.aborted) this.ring()
    })
    await this.rung()
    timer.abort()
  }
}

/** Rings whenever a sink, or what waits for it, has changed, until the signal aborts. */
export function ringAtChanges(
  sink: string,
  { outbox, sinkChanged }: Pick<DeliveryDeps, 'outbox' | 'sinkChanged'>,
  bell: Bell,
  signal: AbortSignal,
): Promise<void>[] {
  let seen = outbox.version(sink)
  const rows = async () => {
    await outbox.changed(sink, signal, seen)
    // Read before the ring: what changes after it is told by the next turn.
    seen = outbox.version(sink)
  }
  return [ringAt(rows, bell, signal), ringAt(() => sinkChanged(signal), bell, signal)]
}

/** Rings whenever `changed` resolves, once a turn of the event loop, until the signal aborts. */
async function ringAt(changed: () => Promise<void>, bell: Bell, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await changed()
    bell.ring()
    await setImmediate()
  }
}
