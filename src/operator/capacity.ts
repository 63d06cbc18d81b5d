import type { Outbox } from '../outbox/outbox.ts'

/** Resolves once every one of these sinks has fewer rows pending than it may; at the limit, reading waits. */
export async function capacity(
  sinks: ReadonlySet<string>,
  outbox: Outbox,
  maxPending: (sink: string) => number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const seen = outbox.version()
    if ([...sinks].every((sink) => outbox.size(sink) < maxPending(sink))) return
    await outbox.changed(signal, seen)
  }
}
