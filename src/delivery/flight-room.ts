/** Bytes of events that may be under way at the same time. */
export type FlightBounds = {
  inAll: number
  perNamespace: number
  /** One sink never takes all that its namespace may have. */
  perSink: number
  /** So much a namespace may always have, whatever others have. */
  always: number
}

const mebi = 1024 * 1024

/** An event under way takes two to three times its bytes: as it is, and as a request. The heap has 64 MiB. */
export const flightBounds: FlightBounds = {
  inAll: 8 * mebi,
  perNamespace: 4 * mebi,
  perSink: 2 * mebi,
  always: mebi / 16,
}

type Waiting = { sink: string; ring: () => void }

/** What is under way at a sink (`namespace/name`), in bytes of events. */
export type Flight = { sink: string; namespace: string; bytes: number }

/**
 * How many bytes of events are under way: of all sinks, of each namespace, of each sink. Requests are bound in number already, but 256 of a megabyte
 * each to a sink that hangs are more than memory holds. What goes beyond is one event at most.
 */
export class FlightRoom {
  private readonly bounds: FlightBounds
  private readonly held: (sink: string) => void
  private inAll = 0
  private readonly namespaces = new Map<string, number>()
  private readonly waiting = new Map<Flight, Waiting>()

  /** `held` is told of a sink that has work, and no room for it. */
  constructor(held: (sink: string) => void, bounds = flightBounds) {
    this.held = held
    this.bounds = bounds
  }

  enter(sink: string): Flight {
    const [namespace = ''] = sink.split('/')
    return { sink, namespace, bytes: 0 }
  }

  /** How many bytes may begin; 0 or less: none. */
  left({ namespace, bytes }: Flight): number {
    const { inAll, perNamespace, perSink, always } = this.bounds
    const own = this.namespaces.get(namespace) ?? 0
    return Math.min(perSink - bytes, perNamespace - own, Math.max(inAll - this.inAll, always - own))
  }

  begin(flight: Flight, bytes: number): void {
    this.waiting.delete(flight)
    this.add(flight, bytes)
  }

  end(flight: Flight, bytes: number): void {
    this.add(flight, -bytes)
    for (const [other, { ring }] of this.waiting) {
      if (this.left(other) <= 0) continue
      this.waiting.delete(other)
      ring()
    }
  }

  /** There is work for more than that: `ring` is called once when there may be room. */
  wait(flight: Flight, ring: () => void): undefined {
    this.waiting.set(flight, { sink: flight.sink, ring })
    this.held(flight.sink)
  }

  isWaiting(sink: string): boolean {
    for (const waiting of this.waiting.values()) if (waiting.sink === sink) return true
    return false
  }

  /** A delivery has ended: it waits no more. What is under way still counts until it has ended. */
  leave(flight: Flight): void {
    this.waiting.delete(flight)
  }

  private add(flight: Flight, bytes: number): void {
    const { namespace } = flight
    const own = (this.namespaces.get(namespace) ?? 0) + bytes
    if (own > 0) this.namespaces.set(namespace, own)
    else this.namespaces.delete(namespace)
    this.inAll += bytes
    flight.bytes += bytes
  }
}
