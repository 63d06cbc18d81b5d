import type { SinkRuntime } from '../../src/delivery/sink.ts'
import type { Received, Sink } from '../controlplane/sink.ts'

/** What makes of a sink one that takes several events in a request. */
export const batching = (maxEvents: number, maxDelayMs = 0, more: Partial<SinkRuntime> = {}): Partial<SinkRuntime> => ({
  mode: 'batch',
  batch: { maxEvents, maxDelayMs },
  ...more,
})

/** How many events each request held. */
export const sizes = ({ received }: Sink): number[] => received.map((one) => one.ids.length)

export const idsOf = ({ received }: Sink): string[][] => received.map((one) => one.ids)

export const holds = (one: Received, ...poison: string[]): boolean => one.ids.some((id) => poison.includes(id))
