import type { KubeObject } from '../api/object.ts'

/** An object as it is now, or as it was when it went. */
export type Change = { type: 'upsert' | 'delete'; object: KubeObject }

export type Batch =
  /** A page of a full list. */
  | { phase: 'list'; changes: Change[]; cursor: undefined }
  /** The list is complete: all uids that it held, and its resourceVersion. */
  | { phase: 'listed'; changes: []; cursor: string; uids: Set<string> }
  /** A page of an extra list asked for by `refresh`, as things stood at the cursor of the batch before. */
  | { phase: 'refresh'; changes: Change[]; cursor: undefined }
  /** Watch events that came together, bookmarks included: `changes` may be empty. */
  | { phase: 'watch'; changes: Change[]; cursor: string }
