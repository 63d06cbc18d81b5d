/** Longest line that is put together. etcd takes objects of 1.5 MiB; what is longer is no object of this world. */
const maxLineBytes = 8 * 1024 * 1024

const newline = 10
const carriageReturn = 13

/** Cuts a byte stream into lines, whatever way it comes in chunks. */
export type LineSplitter = {
  /** The lines (UTF-8) that this chunk completes, without their ends; empty lines are left out. Throws a RangeError on an endless line. */
  push(chunk: Buffer): Buffer[]
  /** Bytes of a line that has no end yet. */
  pending(): number
}

export function lineSplitter(maxBytes = maxLineBytes): LineSplitter {
  // A long line's parts are joined once, at its end: joining at each chunk would copy it over and over.
  let parts: Buffer[] = []
  let held = 0

  const hold = (part: Buffer) => {
    held += part.length
    if (held > maxBytes) throw new RangeError(`a line of more than ${maxBytes} bytes`)
    parts.push(part)
  }

  const take = (chunk: Buffer, start: number, end: number): Buffer => {
    if (held === 0) return chunk.subarray(start, end)
    hold(chunk.subarray(start, end))
    const line = Buffer.concat(parts, held)
    parts = []
    held = 0
    return line
  }

  return {
    push(chunk) {
      const lines: Buffer[] = []
      let start = 0
      for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
        const line = take(chunk, start, end)
        if (line.length > 1 || (line.length === 1 && line[0] !== carriageReturn)) lines.push(line)
        start = end + 1
      }
      if (start < chunk.length) hold(chunk.subarray(start))
      return lines
    },
    pending: () => held,
  }
}
