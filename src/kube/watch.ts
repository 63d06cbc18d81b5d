import type { Readable } from 'node:stream'
import type { Change } from './batch.ts'
import { type Failure, failureOfStatus } from './failure.ts'
import { type HeapRoom, heapOf, lightBytes, mostHeap } from './heap.ts'
import { lighten } from './lighten.ts'
import { lineSplitter } from './lines.ts'
import { isObject } from './pages.ts'

/**
 * Watch events that came together; `cursor` is the resourceVersion of the last of them, a bookmark's included. `waited`: for so many ms there
 * was nothing to read before they came, so that nothing older lies in between.
 */
export type WatchStep = { changes: Change[]; cursor: string; waited: number }

/** The server's own end of a watch, after timeoutSeconds, or what cut it off. */
export type WatchEnd = { kind: 'ended' } | Failure

export type WatchOptions = {
  /** No byte for so long: the watch is taken for dead. */
  idleMs: number
  maxBatch: number
  now: () => number
  /** The heap that it is parsed into has to be had from there; `signal` ends the wait. */
  room: HeapRoom
  signal: AbortSignal
}

/**
 * Reads a watch to its end. Lines that came in one chunk make one step, at most `maxBatch` of them and what is not too heavy together. Nothing is read while a step is
 * being dealt with; what comes then waits in the socket, and is one step afterwards. Destroys the body when it is left.
 */
export async function* readWatch(body: Readable, options: WatchOptions): AsyncGenerator<WatchStep, WatchEnd> {
  const lines = lineSplitter()
  const guard = idleGuard(body, options.idleMs)
  const chunks = (body as AsyncIterable<Buffer>)[Symbol.asyncIterator]()
  try {
    for (;;) {
      const asked = options.now()
      const chunk = await guard.read(() => chunks.next())
      if (chunk.done) break
      const waited = options.now() - asked
      const whole = lines.push(chunk.value)
      let isFirst = true
      for (const { some, heap } of cut(whole, options.maxBatch)) {
        using _share = await options.room.take(heap, options.signal)
        const decoded = decodeLines(some)
        if (decoded.cursor !== undefined) {
          // What comes later of this chunk was dealt with later: more may have come by then.
          yield { changes: decoded.changes, cursor: decoded.cursor, waited: isFirst ? waited : 0 }
        }
        if (decoded.end) return decoded.end
        isFirst = false
      }
    }
    return lines.pending() === 0
      ? { kind: 'ended' }
      : { kind: 'failing', reason: 'network', message: 'cut off in mid-line' }
  } catch (error) {
    if (error instanceof Stalled) return { kind: 'failing', reason: 'stalled', message: error.message }
    if (error instanceof RangeError) return { kind: 'failing', reason: 'broken', message: error.message }
    return { kind: 'failing', reason: 'network', message: `the watch was cut off: ${(error as Error).message}` }
  } finally {
    guard.stop()
    body.on('error', () => undefined).destroy() // an error after the last read has no one left to tell
  }
}

/** `heap`: about what they take of it, once they are parsed, each made light; 0 where they are few. */
function* cut(lines: readonly Buffer[], maxBatch: number): Generator<{ some: Buffer[]; heap: number }> {
  const isLight = lines.reduce((sum, { length }) => sum + length, 0) <= lightBytes
  let some: Buffer[] = []
  let heap = 0
  for (const line of lines) {
    const adds = isLight ? 0 : Math.min(heapOf(line), mostHeap)
    if (some.length === maxBatch || (some.length > 0 && heap + adds > mostHeap)) {
      yield { some, heap }
      some = []
      heap = 0
    }
    some.push(line)
    heap += adds
  }
  if (some.length > 0) yield { some, heap }
}

class Stalled extends Error {}

/** Destroys the body when a read takes longer than `idleMs`. One timer for all reads: they are many and short. */
function idleGuard(body: Readable, idleMs: number): { read<T>(next: () => Promise<T>): Promise<T>; stop(): void } {
  let reading = false
  const timer = setTimeout(() => {
    if (reading) body.destroy(new Stalled(`no byte for ${idleMs} ms`))
  }, idleMs).unref()
  return {
    async read(next) {
      reading = true
      timer.refresh()
      try {
        return await next()
      } finally {
        reading = false
      }
    },
    stop: () => clearTimeout(timer),
  }
}

export type Decoded = { changes: Change[]; cursor: string | undefined; end: Failure | undefined }

/** Decodes watch events, up to the first that ends the watch: an ERROR, or a line that can't be read. */
export function decodeLines(lines: readonly Buffer[]): Decoded {
  const changes: Change[] = []
  let cursor: string | undefined
  for (const line of lines) {
    const { text, lacks } = lighten(line)
    const event = parseEvent(text)
    if (!event)
      return { changes, cursor, end: { kind: 'failing', reason: 'broken', message: 'a broken line in a watch' } }
    if (event.type === 'ERROR') return { changes, cursor, end: failureOfEvent(event.object) }
    const version = (event.object as { metadata?: { resourceVersion?: unknown } } | null)?.metadata?.resourceVersion
    if (typeof version === 'string' && version !== '') cursor = version
    if (event.type !== 'BOOKMARK' && isObject(event.object)) {
      const { object } = event
      const more = lacks.length > 0 && { lacks }
      if (event.type === 'ADDED') changes.push({ type: 'upsert', object, isNew: true, ...more })
      else changes.push({ type: event.type === 'DELETED' ? 'delete' : 'upsert', object, ...more })
    }
  }
  return { changes, cursor, end: undefined }
}

const changeTypes = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'])

function parseEvent(line: Buffer): { type: string; object: unknown } | undefined {
  try {
    const event = JSON.parse(line.toString('utf8')) as { type?: unknown; object?: unknown } | null
    return typeof event?.type === 'string' && changeTypes.has(event.type)
      ? { type: event.type, object: event.object }
      : undefined
  } catch {
    return undefined // counted as broken by who reads the watch
  }
}

function failureOfEvent(object: unknown): Failure {
  const { code, message, details } = (object ?? {}) as {
    code?: unknown
    message?: unknown
    details?: { retryAfterSeconds?: unknown }
  }
  const seconds = details?.retryAfterSeconds
  return failureOfStatus(
    typeof code === 'number' ? code : 500,
    typeof message === 'string' ? message.slice(0, 512) : 'the watch sent an ERROR',
    typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined,
  )
}
