/** The head of a lane. `due` is 0 where it may go at once, else ms since the epoch. `peeked`: once its row was looked at. */
export type Head = { due: number; seq: number; peeked?: Peeked }

/** What a row is chosen by. */
export type Peeked = { route: number; lane: number; bytes: number; enqueued: number; isParked: boolean }

/**
 * The next heads of one queue, in order, read ahead in bounded number.
 * Every stored head up to and including `floor` is in `ready`, in flight or withheld. None of those after it falls due before `next`, which is
 * Infinity where there are none; 0 where that isn't known.
 */
export type Window = { ready: Head[]; floor: Head; next: number }

const precedes = (a: Head, b: Head): boolean => a.due < b.due || (a.due === b.due && a.seq < b.seq)

/** Tells a window of a head that came (back) to be claimable. `most`: so many it may have ready. */
export function offer(window: Window, head: Head, most: number): void {
  const { ready } = window
  if (!precedes(window.floor, head)) ready.splice(placeOf(ready, head), 0, head)
  else if (window.next === Number.POSITIVE_INFINITY) {
    ready.push(head)
    window.floor = head
  } else window.next = Math.min(window.next, head.due)
  if (ready.length <= most) return
  window.next = (ready[most] as Head).due
  ready.length = most
  window.floor = ready[most - 1] as Head
}

function placeOf(ready: readonly Head[], head: Head): number {
  let from = 0
  let to = ready.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (precedes(ready[middle] as Head, head)) from = middle + 1
    else to = middle
  }
  return from
}

/** How a window reads on: up to `limit` heads after `floor` that are due by `now`, in order; when the next of all is due. */
export type Reader = {
  read: (floor: Head, now: number, limit: number) => Head[]
  nextAfter: (floor: Head) => number
  inFlight: (seq: number) => boolean
}

/** Reads on until `n` heads are ready, or all that are due by `now`; so many at once. */
export function refill(window: Window, n: number, now: number, atOnce: number, reader: Reader): void {
  while (window.ready.length < n && window.next <= now) {
    const heads = reader.read(window.floor, now, atOnce)
    for (const head of heads) if (!reader.inFlight(head.seq)) window.ready.push(head)
    window.floor = heads.at(-1) ?? window.floor
    window.next = heads.length < atOnce ? reader.nextAfter(window.floor) : window.floor.due
  }
}
