/**
 * The earliest `written` of a route's rows, near enough: rows in the order of their seq are kept in parts, each with the minimum of
 * all that were ever in it, until its last row has gone. So it is never after the true one, and moves on as parts empty.
 */
export type LowWater = { parts: Part[]; span: number }

/** Rows with a seq of at least `from`, and before the next part's. */
type Part = { from: number; rows: number; written: number }

const mostParts = 64
const leastSpan = 64

export const lowWaterOf = (): LowWater => ({ parts: [], span: leastSpan })

/** Rows come in the order of their seq. `rows` at once where they are counted in after a restart. */
export function rise(water: LowWater, seq: number, written: number, rows = 1): void {
  const last = water.parts.at(-1)
  if (last && seq < last.from + water.span) {
    last.rows += rows
    if (written < last.written) last.written = written
    return
  }
  water.parts.push({ from: seq, rows, written })
  if (water.parts.length > mostParts) coarsen(water)
}

/** A row has gone. */
export function fall(water: LowWater, seq: number): void {
  const { parts } = water
  let from = 0
  let to = parts.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((parts[middle] as Part).from <= seq) from = middle + 1
    else to = middle
  }
  const part = parts[from - 1]
  if (!part) return
  part.rows -= 1
  if (part.rows > 0) return
  parts.splice(from - 1, 1)
  if (parts.length < mostParts / 4 && water.span > leastSpan) water.span /= 2
}

/** Undefined where there are no rows. */
export function lowest({ parts }: LowWater): number | undefined {
  let least: number | undefined
  for (const { written } of parts) if (least === undefined || written < least) least = written
  return least
}

/** Makes one part of every two. */
function coarsen(water: LowWater): void {
  const merged: Part[] = []
  for (const [at, part] of water.parts.entries()) {
    const last = merged.at(-1)
    if (at % 2 === 0 || !last) merged.push(part)
    else {
      last.rows += part.rows
      last.written = Math.min(last.written, part.written)
    }
  }
  water.parts = merged
  water.span *= 2
}
