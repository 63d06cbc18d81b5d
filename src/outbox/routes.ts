import { fall, type LowWater, lowWaterOf, rise } from './low-water.ts'
import type { Load } from './outbox.ts'
import { dequeue, enqueue, newSink, noLoad, partOf, type Queue, queueOf, reread, type SinkQueues } from './queues.ts'
import { tallyPart } from './row-statements.ts'
import type { Statements } from './statements.ts'
import { damage } from './trouble.ts'
import type { Pair, Rest } from './withholding.ts'

/** A subscription toward a sink. */
export type Route = {
  id: number
  sink: SinkQueues
  subscription: string
  subscriptionUid: string
  load: Load
  /** Of that, in flight. */
  inFlight: Load
  /** Of all routes of the subscription's namespace. */
  tenant: Load
  /** Of those of them that lead to the sink. */
  part: Load
  /** Its rows are not handed out: the sink does not let the subscription in; its credentials are refused. */
  withheld: boolean
  rest: Rest
  water: LowWater
  /** The oldest row; undefined when there is none, or when it has to be looked for from `oldestFrom` on. */
  oldest: { seq: number; enqueued: number } | undefined
  oldestFrom: number
}

/** The names of sinks and subscriptions as small numbers, and how many rows go each way. Few, so all are kept in memory. */
export class Routes {
  private readonly sql: Statements
  private readonly sinks = new Map<string, SinkQueues>()
  private readonly sinksById = new Map<number, SinkQueues>()
  private readonly routes = new Map<string, Route>()
  private readonly routesById = new Map<number, Route>()
  private readonly tenants = new Map<string, { load: Load; routes: Set<Route> }>()
  private uncommitted: (SinkQueues | Route)[] = []
  private isWithheld: (pair: Pair) => boolean = () => false
  private lastSink = 0
  private lastRoute = 0

  constructor(sql: Statements) {
    this.sql = sql
    for (const [id, name] of sql.sinks()) this.keepSink(id, name)
    for (const [id, sink, subscription, uid] of sql.routes()) this.keepRoute(id, this.sinkOf(sink), subscription, uid)
    this.tally()
  }

  /** Counts in all rows. Turns begin with the oldest. */
  private tally(): void {
    const firsts = new Map<Queue, number>()
    for (const [id, namespace, part, rows, bytes, first, written] of this.sql.tallies()) {
      const route = this.routeOf(id)
      const queue = queueOf(route.sink, namespace)
      if (!firsts.has(queue)) reread(queue)
      firsts.set(queue, Math.min(first, firsts.get(queue) ?? first))
      route.oldestFrom = route.load.rows === 0 ? first : Math.min(first, route.oldestFrom)
      queue.rows += rows
      add(route, rows, bytes)
      rise(route.water, part * tallyPart, written, rows)
    }
    for (const { turns } of this.sinks.values()) turns.clear()
    for (const [queue] of [...firsts].sort(([, a], [, b]) => a - b)) queue.sink.turns.set(queue.namespace, queue)
  }

  sink(name: string): SinkQueues | undefined {
    return this.sinks.get(name)
  }

  sinkOf(id: number): SinkQueues {
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

  /** Of a namespace's subscriptions. */
  from(namespace: string): Iterable<Route> {
    return this.tenants.get(namespace)?.routes ?? []
  }

  tenant(namespace: string): Load {
    return this.tenants.get(namespace)?.load ?? noLoad()
  }

  /** What says whose rows are withheld, from now on; gives the sinks of which that changes something. */
  withhold(isWithheld: (pair: Pair) => boolean): Set<SinkQueues> {
    this.isWithheld = isWithheld
    return this.reconsider(this.all())
  }

  reconsider(routes: Iterable<Route>): Set<SinkQueues> {
    const changed = new Set<SinkQueues>()
    for (const route of routes) {
      const { withheld } = route
      route.withheld = this.isWithheld(pairOf(route))
      if (route.withheld !== withheld) changed.add(hold(route))
    }
    return changed
  }

  rest(sink: string, subscriptionUid: string, rest: Rest): SinkQueues[] {
    const route = this.routes.get(keyOf(subscriptionUid, sink))
    if (!route || route.rest === rest) return []
    route.rest = rest
    return [hold(route)]
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
      else this.dropSink(entry)
    }
    this.uncommitted = []
  }

  drop(route: Route): void {
    this.routes.delete(keyOf(route.subscriptionUid, route.sink.name))
    this.routesById.delete(route.id)
    route.sink.routes.delete(route)
    route.sink.held.delete(route)
    route.sink.apart.delete(route)
    const namespace = namespaceOf(route.subscription)
    const others = this.tenants.get(namespace)?.routes
    others?.delete(route)
    if (others?.size === 0) this.tenants.delete(namespace)
    if (!others?.values().some(({ sink }) => sink === route.sink)) route.sink.parts.delete(namespace)
  }

  dropSink({ id, name }: SinkQueues): void {
    this.sinks.delete(name)
    this.sinksById.delete(id)
  }

  private newSink(name: string): SinkQueues {
    const id = this.lastSink + 1
    this.sql.addSink(id, name)
    const sink = this.keepSink(id, name)
    this.uncommitted.push(sink)
    return sink
  }

  private keepSink(id: number, name: string): SinkQueues {
    const sink = newSink(id, name)
    this.sinks.set(name, sink)
    this.sinksById.set(id, sink)
    this.lastSink = Math.max(this.lastSink, id)
    return sink
  }

  private tenantOf(subscription: string): { load: Load; routes: Set<Route> } {
    const namespace = namespaceOf(subscription)
    const found = this.tenants.get(namespace)
    if (found) return found
    const tenant = { load: noLoad(), routes: new Set<Route>() }
    this.tenants.set(namespace, tenant)
    return tenant
  }

  private keepRoute(id: number, sink: SinkQueues, subscription: string, subscriptionUid: string): Route {
    const { load: tenant, routes: ofTenant } = this.tenantOf(subscription)
    const withheld = this.isWithheld({ sink: sink.name, subscription, subscriptionUid })
    const holds = { withheld, rest: 'well' as const }
    const part = partOf(sink, namespaceOf(subscription))
    const own = {
      load: noLoad(),
      inFlight: noLoad(),
      tenant,
      part,
      water: lowWaterOf(),
      oldest: undefined,
      oldestFrom: 0,
    }
    const route = { id, sink, subscription, subscriptionUid, ...own, ...holds }
    sink.routes.add(route)
    ofTenant.add(route)
    hold(route)
    this.routes.set(keyOf(subscriptionUid, sink.name), route)
    this.routesById.set(id, route)
    this.lastRoute = Math.max(this.lastRoute, id)
    return route
  }
}

function add({ load, sink, tenant, part }: Route, rows: number, bytes: number): void {
  for (const one of [load, sink.load, tenant, part]) {
    one.rows += rows
    one.bytes += bytes
  }
}

/** A row has come; the last one of its route. */
export function enter(
  route: Route,
  row: { seq: number; namespace: string; enqueued: number; bytes: number; written: number },
): void {
  if (route.load.rows === 0) route.oldest = { seq: row.seq, enqueued: row.enqueued }
  add(route, 1, row.bytes)
  rise(route.water, row.seq, row.written)
  enqueue(queueOf(route.sink, row.namespace))
}

/** A row of so many bytes is handed out. */
export function depart({ sink, inFlight }: Route, queue: Queue, bytes: number): void {
  queue.inFlight += 1
  sink.inFlight += 1
  inFlight.rows += 1
  inFlight.bytes += bytes
}

/** A row that was handed out is back, or gone. */
export function arrive({ sink, inFlight }: Route, queue: Queue, bytes: number): void {
  queue.inFlight -= 1
  sink.inFlight -= 1
  inFlight.rows -= 1
  inFlight.bytes -= bytes
}

/** The event of a row takes so many bytes less. */
export const lighten = (route: Route, bytes: number): void => add(route, 0, -bytes)

/** A row has gone. */
export function leave(route: Route, queue: Queue, seq: number, bytes: number): void {
  add(route, -1, -bytes)
  dequeue(queue)
  fall(route.water, seq)
  if (route.oldest?.seq !== seq) return
  route.oldestFrom = seq
  route.oldest = undefined
}

/** What is let go again is read anew; what comes to be withheld is passed over when it is met. */
function hold(route: Route): SinkQueues {
  const { apart, held, turns } = route.sink
  const wasHeld = held.has(route)
  const put = (set: Set<Route>, is: boolean) => (is ? set.add(route) : set.delete(route))
  put(held, route.withheld || route.rest === 'rests')
  put(apart, route.withheld || route.rest !== 'well')
  if (wasHeld && !held.has(route)) for (const queue of turns.values()) reread(queue)
  return route.sink
}

export const namespaceOf = (subscription: string): string => subscription.slice(0, subscription.indexOf('/'))

const pairOf = ({ sink, subscription, subscriptionUid }: Route): Pair => ({
  sink: sink.name,
  subscription,
  subscriptionUid,
})

const keyOf = (subscriptionUid: string, sink: string): string => `${subscriptionUid} ${sink}`

function known<T>(value: T | undefined, what: string, id: number): T {
  if (value === undefined) throw damage(`there are rows of ${what} ${id}, but no such ${what}`)
  return value
}
