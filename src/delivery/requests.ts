import { isPlain } from '../formats/binding.ts'
import type { Row } from '../outbox/outbox.ts'

/** The largest body of a request of several events. As many of them as a sink's concurrency are held in memory, for as long as it does not answer. */
const mostBytes = 256 * 1024

/** What the events of a request may have in the outbox, so that its body is no larger: the least event has ten times what joins it to others. */
export const batchBytes = (most = mostBytes): number => Math.floor(most * 0.9)

/** A row under way, and how often it has been sent since it was claimed. */
export type Tried = { row: Row; tries: number }

/**
 * Cuts claimed rows into requests to be made one after the other. A plain webhook goes alone; parked dead letters only with those of the same
 * sink and reason, for headers tell both. Rows that failed before go in smaller and smaller requests, and not with others: so an event for
 * which a sink fails as a whole, as by 500, comes to be alone.
 */
export function requestsOf(rows: readonly Row[], maxEvents: number): Tried[][] {
  const requests: Tried[][] = []
  let kind: string | undefined
  let room = 0
  for (const row of rows) {
    const most = isPlain(row.event) ? 1 : mostOf(row.attempts, maxEvents)
    const own = `${most} ${row.parked ? `${row.parked.sink} ${row.parked.reason}` : ''}`
    if (own !== kind || room === 0) {
      requests.push([])
      kind = own
      room = most
    }
    requests.at(-1)?.push({ row, tries: 0 })
    room -= 1
  }
  return requests
}

/** A first failure is as likely the sink's: those rows go together once more. */
const mostOf = (attempts: number, maxEvents: number): number =>
  Math.max(1, Math.floor(maxEvents / 2 ** Math.max(0, attempts - 1)))

/** The two halves of a request that was refused, in order. */
export function halves(request: readonly Tried[]): [Tried[], Tried[]] {
  const middle = Math.ceil(request.length / 2)
  return [request.slice(0, middle), request.slice(middle)]
}

/** What an event's attributes and data are joined by, to each other and to the next event. */
const joint = 10

/** Bytes of the body of a request, near enough. */
export const bytesOf = (request: readonly Tried[]): number =>
  request.reduce(
    (sum, { row: { event } }) =>
      sum + Buffer.byteLength(event.attributes) + Buffer.byteLength(event.data ?? '') + joint,
    0,
  )
