/**
 * The number of a lane: what has to be delivered in order, that is one object under one subscription toward one sink (a route).
 * A 53-bit hash, so that rows and their index stay small; two lanes that share a number merely wait for each other.
 * Numbers are stored: the function can't change without a migration.
 */
export function laneOf(route: number, objectUid: string): number {
  let high = 0xdeadbeef ^ route
  let low = 0x41c6ce57 ^ route
  for (let at = 0; at < objectUid.length; at += 1) {
    const unit = objectUid.charCodeAt(at)
    high = Math.imul(high ^ unit, 0x9e3779b1)
    low = Math.imul(low ^ unit, 0x5f356495)
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35)
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35)
  return 0x1_0000_0000 * (low & 0x1fffff) + (high >>> 0)
}
