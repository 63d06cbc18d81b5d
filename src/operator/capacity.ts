import type { Outbox } from '../outbox/outbox.ts'

export type Room = {
  outbox: Pick<Outbox, 'version' | 'changed' | 'size'>
  maxPending(sink: string): number
  /** Told of the sinks that are at their limit, each time that they are looked at. */
  full(sinks: readonly string[]): void
}

/**
 * Resolves once every one of these sinks has fewer rows pending than it may; at the limit, reading waits. Gives whether it did wait.
 */
export async function capacity(sinks: ReadonlySet<string>, room: Room, signal: AbortSignal): Promise<boolean> {
  const { outbox } = room
  for (let waited = false; ; waited = true) {
    const seen = new Map([...sinks].map((sink) => [sink, outbox.version(sink)]))
    const full = [...sinks].filter((sink) => outbox.size(sink) >= room.maxPending(sink))
    if (full.length === 0 || signal.aborted) return waited
    room.full(full)
    const enough = new AbortController()
    const either = AbortSignal.any([signal, enough.signal])
    await Promise.race(full.map((sink) => outbox.changed(sink, either, seen.get(sink))))
    enough.abort()
  }
}
