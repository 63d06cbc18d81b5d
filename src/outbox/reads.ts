import { readBody } from './body.ts'
import { lowest } from './low-water.ts'
import type { CountDelta, Gaps, Load, LoadOf, ObjectRecord, Outbox, Pending } from './outbox.ts'
import { noLoad } from './queues.ts'
import { namespaceOf } from './routes.ts'
import type { Store } from './store.ts'

export function readRecords({ sql }: Store, uids: readonly string[]): Map<string, ObjectRecord> {
  const records = new Map<string, ObjectRecord>()
  for (const uid of uids) {
    const cells = sql.object(uid)
    if (!cells) continue
    const [, source, namespace, name, resourceVersion, endedAt, body] = cells
    const end = endedAt === null ? {} : { endedAt }
    records.set(uid, { uid, source, namespace, name, resourceVersion, ...end, ...readBody(body) })
  }
  return records
}

export function readPending({ sql, routes }: Store): Pending[] {
  const pending: Pending[] = []
  for (const route of routes.all()) {
    const { rows } = route.load
    if (rows === 0) continue
    if (!route.oldest) {
      const found = sql.oldestOf(route.id, route.oldestFrom)
      if (found) route.oldest = { seq: found[0], enqueued: found[1] }
    }
    pending.push({ sink: route.sink.name, subscription: route.subscription, rows, oldest: route.oldest?.enqueued })
  }
  return pending
}

export function readKnown({ sql }: Store, source: string, namespace?: string): Set<string> {
  return new Set((namespace === undefined ? sql.known(source) : sql.knownIn(source, namespace)).map(([uid]) => uid))
}

export function readLoad({ routes }: Store, { sink: name, namespace }: LoadOf): Load {
  if (name === undefined) return { ...routes.tenant(namespace) }
  const sink = routes.sink(name)
  const load = { ...((namespace === undefined ? sink?.load : sink?.parts.get(namespace)) ?? noLoad()) }
  // What waits in vain must not take the room of others.
  for (const route of sink?.apart ?? []) {
    if (namespace !== undefined && namespaceOf(route.subscription) !== namespace) continue
    load.rows -= route.load.rows
    load.bytes -= route.load.bytes
  }
  return load
}

export function readCounts({ sql }: Store): CountDelta[] {
  return sql.counts().map(([subscription, subscriptionUid, sink, ...cells]) => {
    const [matched, filtered, delivered, retried, deadLettered, dropped, invalid] = cells
    const counts = { matched, filtered, delivered, retried, deadLettered, dropped, invalid }
    return { subscription, subscriptionUid, sink, counts }
  })
}

export function readLowWater({ routes }: Store): Map<string, number> {
  const marks = new Map<string, number>()
  for (const { subscriptionUid, sink, water } of routes.all()) {
    const written = lowest(water)
    if (written !== undefined) marks.set(`${subscriptionUid} ${sink.name}`, written)
  }
  return marks
}

export function readOwing(store: Store): ReturnType<Outbox['owing']> {
  const owing = store.owes ? store.sql.owing() : []
  store.owes = owing.length > 0
  return owing.map(([sink, source, namespace, objects]) => ({ sink, source, namespace, objects }))
}

export const readGaps = ({ sql }: Store): Map<string, Gaps> =>
  new Map(sql.gaps().map(([uid, count, reason, message, time]) => [uid, { count, reason, message, time }]))
