import type { KubeObject } from '../api/object.ts'
import type { Projection } from '../sources/source.ts'

/**
 * What is remembered of one watched object: its projection and what was enqueued for whom. Kept as JSON, so a property that is
 * undefined is left out of what `records` gives back.
 */
export type ObjectRecord = {
  uid: string
  source: string
  namespace: string
  name: string
  resourceVersion: string
  /** ms; undefined while it is still going. */
  endedAt?: number
  projection: Projection
  /** Milestone keys seen so far: counters count a milestone once. */
  seen: string[]
  /** `<subscription uid> <sink key>` → milestone keys enqueued. */
  ledger: Record<string, string[]>
  /** In the ledger's form: what matched while there was no room for it, and is to be taken up later. */
  owed?: Record<string, string[]>
  /** What is left of an object that is still going, enough to tell of its end should that be missed; undefined once it has ended. */
  remains?: KubeObject
  /** The causal chain of an object that others refer to, as its first event had it. */
  chain?: string
}

/** What links need of an object that is gone: who it was, its chain, and the keys of the milestones that were seen of it. */
export type Remembered = {
  source: string
  namespace: string
  name: string
  uid: string
  chain: string | undefined
  keys: readonly string[]
}
