import type { Pace } from '../outbox/outbox.ts'
import type { FlightRoom } from './flight-room.ts'
import type { NamespacePaces } from './namespace-paces.ts'
import type { NamespacePlaces } from './namespace-places.ts'

/** The quotas of namespaces, as all deliveries share them. */
export type Quota = {
  paces: NamespacePaces
  places: NamespacePlaces
  flights: FlightRoom
  /** Whether attempts are paced at all; it may change. */
  isPaced(): boolean
}

/** What the quotas of namespaces leave one delivery. It is rung when that may be more. */
export type SinkQuota = {
  /** How many of `wanted` requests may begin now. */
  places(wanted: number, concurrency: number): number
  /** There is work for more than that: a ring tells when there may be more. */
  wait(): undefined
  /** How many characters of events may begin now. */
  room(): number
  /** There is work for more than that: as `wait`. */
  waitForRoom(): undefined
  /** `length`: characters of events. */
  begin(requests: number, length: number): void
  end(requests: number, length: number): void
  /** For the next claims; what it refuses waits for a ring after `isHeld`. */
  pace(): Pace | undefined
  /** Whether rows were refused since `pace`. */
  isHeld(): boolean
  close(): void
}

export function sinkQuota(sink: string, ring: () => void, { paces, places, flights, isPaced }: Quota): SinkQuota {
  const share = places.enter(sink, ring)
  const flight = flights.enter(sink)
  const held = new Set<string>()
  const pace: Pace = {
    allows(subscription) {
      const namespace = namespaceOf(subscription)
      const isAllowed = paces.allows(namespace)
      if (!isAllowed) held.add(namespace)
      return isAllowed
    },
    took: (subscription) => paces.took(namespaceOf(subscription)),
  }
  return {
    places: (wanted, concurrency) => places.places(share, wanted, concurrency),
    wait: () => places.wait(share),
    room: () => flights.left(flight),
    waitForRoom: () => flights.wait(flight, ring),
    begin(requests, length) {
      places.begin(share, requests)
      flights.begin(flight, length)
    },
    end(requests, length) {
      places.end(share, requests)
      flights.end(flight, length)
    },
    pace() {
      held.clear()
      return isPaced() ? pace : undefined
    },
    isHeld() {
      for (const namespace of held) paces.wait(namespace, ring)
      return held.size > 0
    },
    close() {
      places.leave(share)
      flights.leave(flight)
      paces.forget(ring)
    },
  }
}

const namespaceOf = (key: string): string => key.slice(0, key.indexOf('/'))

const nothing = () => undefined

/** Where there are no quotas. */
export const noQuota: SinkQuota = {
  places: (wanted) => wanted,
  wait: nothing,
  room: () => Number.POSITIVE_INFINITY,
  waitForRoom: nothing,
  begin: nothing,
  end: nothing,
  pace: nothing,
  isHeld: () => false,
  close: nothing,
}
