import { KubeError } from './errors.ts'

/**
 * What one object, or one page, may take of the heap once it is parsed: some 1.5 MiB, which etcd takes, of what people write, but not of JSON made
 * to be large in memory, of which that would be 40 MB. The operator has 64 MiB, and needs 20 itself.
 */
export const mostHeap = 8 * 1024 * 1024
/** What may be parsed at any time. */
const lightHeap = 1024 * 1024
/** What all that is not light may take together. */
const roomHeap = 16 * 1024 * 1024

/** As much as JSON takes of the heap for each of its bytes, at worst: V8 has 38 MB for 1.4 MB of lists in lists. */
const worst = 28
/** Most that is light whatever it holds. */
export const lightBytes = lightHeap / worst

// What V8 takes for each: an empty object 56 bytes (one with a number for a key 200), a list 32 and 24 for what it holds, a key 24 and its place in
// a map of many, a value 8 to 24.
const costs = new Uint8Array(256).fill(1)
costs[0x7b] = 97 // {
costs[0x5b] = 65 // [
costs[0x3a] = 33 // :
costs[0x2c] = 17 // ,

/** About what JSON (its bytes, or some of them) takes of the heap once it is parsed, in bytes; of what people write about twice that. */
export function heapOf(text: Uint8Array, from = 0, to = text.length): number {
  let heap = 0
  for (let at = from; at < to; at += 1) {
    const byte = text[at] as number
    heap += costs[byte] as number
    if (byte !== quote) continue
    const end = endOfString(text, at)
    heap += end - at
    at = end
  }
  return heap
}

export const quote = 0x22
const backslash = 0x5c

/** At which quote the string ends that begins there, or the end of the text: braces in it are no objects. */
export function endOfString(text: Uint8Array, from: number): number {
  for (let at = text.indexOf(quote, from + 1); at >= 0; at = text.indexOf(quote, at + 1)) {
    let escapes = 0
    while (text[at - 1 - escapes] === backslash) escapes += 1
    if (escapes % 2 === 0) return at
  }
  return text.length
}

type Waiting = { heap: number; resolve(): void }

/**
 * The part of the heap that answers of the API server are parsed into: who has had something parsed keeps its share until it has been dealt with, and
 * who comes meanwhile waits in turn, with the text. Who holds a share must never wait for another of the same room.
 */
export class HeapRoom {
  readonly #all: number
  #taken = 0
  readonly #waiting = new Set<Waiting>()

  constructor(all = roomHeap) {
    this.#all = all
  }

  /** A share of so many bytes, or of all there is; at once where they are few. Throws a KubeError `Aborted`. */
  async take(heap: number, signal: AbortSignal): Promise<Disposable> {
    if (heap <= lightHeap) return { [Symbol.dispose]: () => undefined }
    const share = Math.min(heap, this.#all)
    if (this.#waiting.size > 0 || this.#taken + share > this.#all) await this.#wait(share, signal)
    else this.#taken += share
    let isHeld = true
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#taken -= share
        isHeld = false
        this.#admit()
      },
    }
  }

  async #wait(heap: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiting = { heap, resolve }
    const abort = () => {
      this.#waiting.delete(waiting)
      reject(new KubeError('Aborted', 'given up while waiting for memory'))
      this.#admit()
    }
    if (signal.aborted) throw new KubeError('Aborted', 'given up while waiting for memory')
    this.#waiting.add(waiting)
    signal.addEventListener('abort', abort)
    await promise.finally(() => signal.removeEventListener('abort', abort))
  }

  #admit(): void {
    for (const waiting of this.#waiting) {
      if (this.#taken + waiting.heap > this.#all) return
      this.#taken += waiting.heap
      this.#waiting.delete(waiting)
      waiting.resolve()
    }
  }
}
