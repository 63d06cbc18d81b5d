/** What the first list of a kind goes by after the disk was lost. */
export type Floor = {
  /**
   * An object written before that time (ms) was settled for (subscription, sink, kind, milestone) in an earlier life. Undefined where there was
   * none, -Infinity where there was one that knew nothing of this milestone.
   */
  of(subscriptionUid: string, sink: string, kind: string, milestone: string): number | undefined
  /** Taken off each `since` where there was an earlier life: it may have been recorded too late. */
  marginMs: number
}

/** `floors` as the outbox keeps them; `isPending` tells of what became active since, or whose past was never looked through. */
export function floorFrom(
  floors: ReadonlyMap<string, number>,
  isPending: (activationKey: string) => boolean,
  marginMs: number,
): Floor | undefined {
  if (floors.size === 0) return undefined
  return {
    marginMs,
    of(uid, sink, kind, milestone) {
      const pair = `${uid} ${sink} ${kind}`
      const floor = floors.get(pair)
      return floor !== undefined && isPending(`${pair} ${milestone}`) ? Number.NEGATIVE_INFINITY : floor
    },
  }
}

/** What the status tells of one of a subscription's sinks in an earlier life; ms. */
export type EarlierLife = { checkpoint: number | undefined; since: number | undefined }

/** From when on objects have to be sent again: the checkpoint, or, where none was written, the activation; less the margin. Undefined: never served. */
export function floorOf({ checkpoint, since }: EarlierLife, marginMs: number): number | undefined {
  const reached = checkpoint ?? since
  return reached === undefined ? undefined : Math.max(reached - marginMs, 0)
}

/** `<subscription uid> <sink> <kind>` → ms, for all kinds that the subscription selects, or that were active for it. */
export function floorsFor(
  subscriptionUid: string,
  kinds: ReadonlySet<string>,
  lives: ReadonlyMap<string, EarlierLife>,
  marginMs: number,
): Map<string, number> {
  const floors = new Map<string, number>()
  for (const [sink, life] of lives) {
    const floor = floorOf(life, marginMs)
    if (floor === undefined) continue
    for (const kind of kinds) floors.set(`${subscriptionUid} ${sink} ${kind}`, floor)
  }
  return floors
}
