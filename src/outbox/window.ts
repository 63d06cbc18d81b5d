/** The head of a lane. `due` is 0 where it may go at once, else ms since the epoch. */
export type Head = { due: number; seq: number }

/**
 * The next heads of one sink, in order, read ahead in bounded number.
 * Every stored head up to and including `floor` is in `ready` or in flight; those after it have yet to be read.
 */
export type Window = { ready: Head[]; floor: Head }

const mostReady = 512

export const emptyWindow = (): Window => ({ ready: [], floor: { due: 0, seq: 0 } })

const precedes = (a: Head, b: Head): boolean => a.due < b.due || (a.due === b.due && a.seq < b.seq)

/** Tells a window of a head that came (back) to be claimable. One behind the floor will be read in its turn. */
export function offer(window: Window, head: Head): void {
  if (precedes(window.floor, head)) return
  const { ready } = window
  let from = 0
  let to = ready.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (precedes(ready[middle] as Head, head)) from = middle + 1
    else to = middle
  }
  ready.splice(from, 0, head)
  if (ready.length <= mostReady) return
  ready.length = mostReady
  window.floor = ready[mostReady - 1] as Head
}

/**
 * Reads on until `n` heads are ready or there are no more. `read` gives up to `limit` heads after `floor`, in order;
 * `inFlight` tells those that are already out.
 */
export function refill(
  window: Window,
  n: number,
  read: (floor: Head, limit: number) => Head[],
  inFlight: (seq: number) => boolean,
): void {
  while (window.ready.length < n) {
    const limit = Math.min(mostReady, Math.max(n, 64))
    const heads = read(window.floor, limit)
    for (const head of heads) if (!inFlight(head.seq)) window.ready.push(head)
    window.floor = heads.at(-1) ?? window.floor
    if (heads.length < limit) return
  }
}
