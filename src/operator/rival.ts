type Served = { metadata: { uid: string }; status?: { servedBy?: string | undefined } | undefined }

/**
 * Another install that wrote over a status that `own` had written: it serves the same object, and each event is sent by both. `before` and `after`
 * as one watch brought them. What an install that works no more wrote is met once, and never after a status of ours.
 */
export function rivalOf(own: string, before: Served | undefined, after: Served | undefined): string | undefined {
  if (!before || !after || before.metadata.uid !== after.metadata.uid) return undefined
  const writer = after.status?.servedBy
  return before.status?.servedBy === own && writer !== own ? writer : undefined
}
