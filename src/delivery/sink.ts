import type { ServiceRef } from '../api/sink-url.ts'
import type { Validation } from './validation.ts'

/** A sink's spec, resolved for delivery. Durations in ms. */
export type SinkRuntime = {
  /** `namespace/name`. */
  key: string
  /**
   * Changes whenever what held the sink back may be over: a new generation of its spec, a new `requestedAt`.
   * A new epoch wakes a sink that rests or is gone, and makes its waiting rows due.
   */
  epoch: string
  /**
   * The egress policy that it was judged by, of which only one object exists. Under another one connections are made anew, and a sink that
   * rests is tried at once: what is gone stays so.
   */
  door?: object | undefined
  url: string
  /** The Service whose Pods requests go to; undefined: whatever the URL's host resolves to. */
  service?: ServiceRef | undefined
  /** It is asked first whether it wants events. */
  validation?: Validation | undefined
  mode: 'binary' | 'structured' | 'batch'
  /** In mode `batch`: how many events one request holds, and how long the first of them waits for others, ms. */
  batch?: BatchPolicy | undefined
  /** The whole attempt, from connecting to the end of the answer. */
  timeoutMs: number
  concurrency: number
  eventsPerSecond?: number | undefined
  retry: RetryPolicy
  suspend: boolean
  /** Whether bodies that subscriptions of other namespaces make may be sent. */
  allowBody?: boolean | undefined
  /** `namespace/name` of the sink that is sent its dead letters as well. */
  parking?: string | undefined
}

/** `spec.http.batch`. */
export type BatchPolicy = { maxEvents: number; maxDelayMs: number }

/** `spec.retry` in ms. */
export type RetryPolicy = { maxAgeMs: number; initialDelayMs: number; maxDelayMs: number }

/** Whether nothing more may be sent by a sink's spec as it was. */
export const isPast = ({ epoch }: SinkRuntime, now: SinkRuntime | undefined): boolean =>
  now === undefined || now.suspend || now.epoch !== epoch
