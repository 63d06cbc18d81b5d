import type { KubeClient } from './client.ts'
import type { KubeLog } from './log.ts'
import type { Resource } from './path.ts'
import type { Finder } from './whereabouts.ts'

export type ReflectorMetrics = {
  watchEvents(count: number): void
  /** Objects of one page. */
  listed(count: number): void
  /** A full list begins; `reason` is a RelistReason. */
  relisted(reason: string): void
  /** A list or watch came to nothing; `reason` is a FailingReason, `expired`, `absent`, `forbidden` or `clusterScoped`. */
  failed(reason: string): void
}

export type ReflectorOptions = {
  client: KubeClient
  /** What logs call it. */
  name: string
  /** The resource, or what finds out where it is served. */
  resource: Resource | Finder
  namespace?: string | undefined
  /** Of all, only these. */
  select?: { labelSelector?: string; fieldSelector?: string } | undefined
  /** A cursor that was kept: where the watch goes on, without a list. */
  resumeFrom?: string | undefined
  /**
   * Whether it matters for the objects of a namespace in what state they were before, so that a refresh has to tell of each in the state that it
   * lists it in. Left out, it does.
   */
  comparesStates?: ((namespace: string) => boolean) | undefined
  /** Most changes in a batch; 256 when left out. */
  maxBatch?: number
  /** No byte for so long (bookmarks come once a minute): the watch is taken for dead; 90 s when left out. */
  idleMs?: number
  now: () => number
  random: () => number
  log: KubeLog
  metrics: ReflectorMetrics
}
