import type { KubeObject } from '../api/object.ts'

/**
 * An object as it is now, or as it was when it went. `isNew`: the watch says that it has come to be. `lacks`: paths (`spec.values`) of what was left
 * out of it, as it would have taken too much memory.
 */
export type Change = { type: 'upsert' | 'delete'; object: KubeObject; isNew?: true; lacks?: readonly string[] }

export type RelistReason = 'start' | 'expired' | 'absent' | 'empty-watches' | 'broken'

export type Batch =
  /** A page of a full list. */
  | { phase: 'list'; changes: Change[]; cursor: undefined }
  /**
   * The list is complete: all uids that it held, and its resourceVersion. `began` is when it was asked for (ms, the reflector's clock), `reason`
   * why there had to be one.
   */
  | { phase: 'listed'; changes: []; cursor: string; uids: Set<string>; began: number; reason: RelistReason }
  /**
   * Of an extra list asked for by `refresh`, as things stood at the cursor when it began: pages of it, among what the watch tells meanwhile. What
   * it tells of an object comes before all that the watch has told of it since.
   */
  | { phase: 'refresh'; changes: Change[]; cursor: undefined }
  /**
   * Watch events that came together, bookmarks included: `changes` may be empty. `waited`: for so many ms there had been nothing to read
   * before they came.
   */
  | { phase: 'watch'; changes: Change[]; cursor: string; waited: number }

export type ReflectorState = 'starting' | 'listing' | 'watching' | 'absent' | 'forbidden' | 'clusterScoped' | 'failing'

/** `since`: when it came to be so; `at`: when that was last found. Both ms. */
export type ReflectorStanding = { state: ReflectorState; since: number; at: number; message?: string }
