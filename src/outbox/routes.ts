import type { Counts } from './outbox.ts'
import type { Statements } from './statements.ts'
import { emptyWindow, type Window } from './window.ts'

/** What is kept in memory of a sink: how much is owed to it, and what comes next. */
export type SinkQueue = {
  id: number
  name: string
  /** Rows, in flight included. */
  rows: number
  inFlight: number
  fresh: Window
  waiting: Window
  /** Until then (ms) nothing can be claimed unless something changes; 0 when that isn't known. */
  quietUntil: number
}

/** A subscription toward a sink. */
export type Route = {
  id: number
  sink: SinkQueue
  subscription: string
  subscriptionUid: string
  rows: number
  /** The oldest row; undefined when there is none, or when it has to be looked for from `oldestFrom` on. */
  oldest: { seq: number; enqueued: number } | undefined
  oldestFrom: number
}

/** The names of sinks and subscriptions as small numbers, and how many rows go each way. Few, so all are kept in memory. */
export class Routes {
  private readonly sql: Statements
  private readonly sinks = new Map<string, SinkQueue>()
  private readonly sinksById = new Map<number, SinkQueue>()
  private readonly routes = new Map<string, Route>()
  private readonly routesById = new Map<number, Route>()
  private uncommitted: (SinkQueue | Route)[] = []
  private lastSink = 0
  private lastRoute = 0

  constructor(sql: Statements) {
    this.sql = sql
    for (const [id, name] of sql.sinks()) this.keepSink(id, name)
    for (const [id, sink, subscription, uid] of sql.routes()) this.keepRoute(id, this.sinkOf(sink), subscription, uid)
    for (const [id, rows, seq] of sql.tallies()) {
      const route = this.routeOf(id)
      route.rows = rows
      route.sink.rows += rows
      route.oldestFrom = seq
    }
  }

  sink(name: string): SinkQueue | undefined {
    return this.sinks.get(name)
  }

  sinkOf(id: number): SinkQueue {
    return known(this.sinksById.get(id), 'sink', id)
  }

  routeOf(id: number): Route {
    return known(this.routesById.get(id), 'route', id)
  }

  all(): Iterable<Route> {
    return this.routes.values()
  }

  of(subscriptionUid: string): Route[] {
    return [...this.routes.values()].filter((route) => route.subscriptionUid === subscriptionUid)
  }

  /** The route of a row or count, made within the present transaction where it is new. */
  take(row: { sink: string; subscription: string; subscriptionUid: string }): Route {
    const found = this.routes.get(keyOf(row.subscriptionUid, row.sink))
    if (found) return found
    const sink = this.sinks.get(row.sink) ?? this.newSink(row.sink)
    const id = this.lastRoute + 1
    this.sql.addRoute(id, sink.id, row.subscription, row.subscriptionUid)
    const route = this.keepRoute(id, sink, row.subscription, row.subscriptionUid)
    this.uncommitted.push(route)
    return route
  }

  committed(): void {
    if (this.uncommitted.length > 0) this.uncommitted = []
  }

  rolledBack(): void {
    for (const entry of this.uncommitted) {
      if ('subscriptionUid' in entry) this.drop(entry)
      else {
        this.sinks.delete(entry.name)
        this.sinksById.delete(entry.id)
      }
    }
    this.uncommitted = []
  }

  drop(route: Route): void {
    this.routes.delete(keyOf(route.subscriptionUid, route.sink.name))
    this.routesById.delete(route.id)
  }

  private newSink(name: string): SinkQueue {
    const id = this.lastSink + 1
    this.sql.addSink(id, name)
    const sink = this.keepSink(id, name)
    this.uncommitted.push(sink)
    return sink
  }

  private keepSink(id: number, name: string): SinkQueue {
    const sink = { id, name, rows: 0, inFlight: 0, fresh: emptyWindow(), waiting: emptyWaiting(), quietUntil: 0 }
    this.sinks.set(name, sink)
    this.sinksById.set(id, sink)
    this.lastSink = Math.max(this.lastSink, id)
    return sink
  }

  private keepRoute(id: number, sink: SinkQueue, subscription: string, subscriptionUid: string): Route {
    const route = { id, sink, subscription, subscriptionUid, rows: 0, oldest: undefined, oldestFrom: 0 }
    this.routes.set(keyOf(subscriptionUid, sink.name), route)
    this.routesById.set(id, route)
    this.lastRoute = Math.max(this.lastRoute, id)
    return route
  }
}

/** Waiting heads are those with a due time, so the window starts after all whose `due` is 0. */
const emptyWaiting = (): Window => ({ ready: [], floor: { due: 1, seq: 0 } })

/** Forgets what was read ahead, after heads have changed under it. */
export function reread(sink: SinkQueue): void {
  sink.fresh = emptyWindow()
  sink.waiting = emptyWaiting()
  sink.quietUntil = 0
}

const keyOf = (subscriptionUid: string, sink: string): string => `${subscriptionUid} ${sink}`

function known<T>(value: T | undefined, what: string, id: number): T {
  if (value === undefined) throw new Error(`the outbox has rows of ${what} ${id}, but no such ${what}`)
  return value
}

export const countNames = [
  'matched',
  'filtered',
  'delivered',
  'retried',
  'deadLettered',
  'dropped',
] as const satisfies (keyof Counts)[]

/** Count changes of the present transaction, written as one update a route before it is committed. */
export class PendingCounts {
  private readonly sql: Statements
  private readonly deltas = new Map<number, Counts>()

  constructor(sql: Statements) {
    this.sql = sql
  }

  of(route: Route): Counts {
    const found = this.deltas.get(route.id)
    if (found) return found
    const counts = { matched: 0, filtered: 0, delivered: 0, retried: 0, deadLettered: 0, dropped: 0 }
    this.deltas.set(route.id, counts)
    return counts
  }

  write(): void {
    for (const [id, counts] of this.deltas) {
      const { matched, filtered, delivered, retried, deadLettered, dropped } = counts
      this.sql.addCounts(matched, filtered, delivered, retried, deadLettered, dropped, id)
    }
    this.deltas.clear()
  }

  clear(): void {
    this.deltas.clear()
  }
}
