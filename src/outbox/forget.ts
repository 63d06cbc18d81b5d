import { withoutSubscription } from './body.ts'
import type { Effects } from './group.ts'
import { type Route, reread } from './routes.ts'
import { freeLane } from './settle.ts'
import { releaseEvent, type Store } from './store.ts'

/** Drops all of a subscription but its dead letters, within a transaction of its own. Resolves to how many rows there were. */
export function writeForgotten(store: Store, subscriptionUid: string): Effects<number> {
  const { sql } = store
  const routes = store.routes.of(subscriptionUid)
  let dropped = 0
  for (const route of routes) dropped += dropRows(store, route)
  for (const route of routes) sql.dropRoute(route.id)
  const prefix = `${subscriptionUid} `
  for (const [uid, body] of sql.mentioning(subscriptionUid))
    sql.setBody(withoutSubscription(body, subscriptionUid), uid)
  sql.dropActivations(prefix, prefix)
  return () => {
    for (const route of routes) leave(store, route)
    store.changes.bumpAll()
    return dropped
  }
}

function dropRows(store: Store, route: Route): number {
  const { sql } = store
  const rows = sql.rowsOf(route.id)
  for (const [seq, , event, shared] of rows) {
    sql.dropRow(seq)
    releaseEvent(sql, event, shared)
  }
  // Another route's lane that happens to have the same number may have waited behind one of these.
  for (const lane of new Set(rows.map(([, lane]) => lane))) freeLane(store, lane)
  return rows.length
}

function leave({ flights, routes }: Store, route: Route): void {
  const { sink } = route
  for (const [seq, flight] of flights) {
    if (flight.route !== route) continue
    flights.delete(seq)
    sink.inFlight -= 1
  }
  sink.rows -= route.rows
  routes.drop(route)
  reread(sink)
}
