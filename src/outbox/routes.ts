import { fall, type LowWater, lowWaterOf, rise } from './low-water.ts'
import type { Load } from './outbox.ts'
import type { Statements } from './statements.ts'
import { emptyWindow, type Window } from './window.ts'

/** What is kept in memory of a sink: how much is owed to it, and what comes next. */
export type SinkQueue = {
  id: number
  name: string
  /** In flight included. */
  load: Load
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
  load: Load
  /** Of all routes of the subscription's namespace. */
  tenant: Load
  water: LowWater
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
  private readonly tenants = new Map<string, Load>()
  private uncommitted: (SinkQueue | Route)[] = []
  private lastSink = 0
  private lastRoute = 0

  constructor(sql: Statements) {
    this.sql = sql
    for (const [id, name] of sql.sinks()) this.keepSink(id, name)
    for (const [id, sink, subscription, uid] of sql.routes()) this.keepRoute(id, this.sinkOf(sink), subscription, uid)
    for (const [id, , rows, bytes, seq, written] of sql.tallies()) {
      const route = this.routeOf(id)
      if (route.load.rows === 0) route.oldestFrom = seq
      add(route, rows, bytes)
      rise(route.water, seq, written, rows)
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

  tenant(namespace: string): Load {
    return this.tenants.get(namespace) ?? { rows: 0, bytes: 0 }
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
    const sink = { id, name, load: noLoad(), inFlight: 0, fresh: emptyWindow(), waiting: emptyWaiting(), quietUntil: 0 }
    this.sinks.set(name, sink)
    this.sinksById.set(id, sink)
    this.lastSink = Math.max(this.lastSink, id)
    return sink
  }

  private tenantOf(subscription: string): Load {
    const namespace = subscription.slice(0, subscription.indexOf('/'))
    const found = this.tenants.get(namespace)
    if (found) return found
    const load = noLoad()
    this.tenants.set(namespace, load)
    return load
  }

  private keepRoute(id: number, sink: SinkQueue, subscription: string, subscriptionUid: string): Route {
    const tenant = this.tenantOf(subscription)
    const own = { load: noLoad(), tenant, water: lowWaterOf(), oldest: undefined, oldestFrom: 0 }
    const route = { id, sink, subscription, subscriptionUid, ...own }
    this.routes.set(keyOf(subscriptionUid, sink.name), route)
    this.routesById.set(id, route)
    this.lastRoute = Math.max(this.lastRoute, id)
    return route
  }
}

const noLoad = (): Load => ({ rows: 0, bytes: 0 })

function add({ load, sink, tenant }: Route, rows: number, bytes: number): void {
  for (const one of [load, sink.load, tenant]) {
    one.rows += rows
    one.bytes += bytes
  }
}

/** A row has come; the last one of its route. */
export function enter(route: Route, row: { seq: number; enqueued: number; bytes: number; written: number }): void {
  if (route.load.rows === 0) route.oldest = { seq: row.seq, enqueued: row.enqueued }
  add(route, 1, row.bytes)
  rise(route.water, row.seq, row.written)
  route.sink.quietUntil = 0
}

/** The event of a row takes so many bytes less. */
export const lighten = (route: Route, bytes: number): void => add(route, 0, -bytes)

/** A row has gone. */
export function leave(route: Route, seq: number, bytes: number): void {
  add(route, -1, -bytes)
  fall(route.water, seq)
  if (route.oldest?.seq !== seq) return
  route.oldestFrom = seq
  route.oldest = undefined
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
