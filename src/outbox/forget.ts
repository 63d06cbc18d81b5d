import { bodyOf, owedTo, readBody, withoutSubscription } from './body.ts'
import { writeOwed } from './commit.ts'
import { addCounts, goneUid, keptCounts } from './counts.ts'
import { type Add, firstSeq, inSlices, writeDroppedRows } from './drop.ts'
import type { Effects } from './group.ts'
import type { Route } from './routes.ts'
import type { Store } from './store.ts'

/**
 * Drops all of a subscription but its dead letters; gives how many rows there were, and milestones that it was owed. What is dropped is
 * counted in the same transaction; the counts themselves go last, to `goneUid`: a process that is killed in the midst leaves them, and who
 * calls this again for each uid that has counts and no subscription ends the work.
 */
export async function forgetSubscription(store: Store, add: Add, uid: string, sliceRows: number): Promise<number> {
  const routes = () => store.routes.of(uid)
  let dropped = 0
  do {
    // What is owed goes first: judging leaves out, and does not count, what is owed to nobody.
    dropped += await forgetInBodies(store, add, uid)
    dropped += await inSlices(
      store,
      add,
      (rows) => writeDroppedRows(store, rows, routes()),
      () => firstSeq(routes()),
      sliceRows,
    )
  } while (!(await add(() => writeForgotten(store, uid), 'alone')))
  return dropped
}

const objectsAtOnce = 200

/** Gives how many milestones were owed. */
async function forgetInBodies(store: Store, add: Add, uid: string): Promise<number> {
  let sum = 0
  for (let after: number | undefined = 0; after !== undefined; ) {
    const begin: number = after
    after = await add((): Effects<number | undefined> => {
      const objects = store.sql.mentioning(uid, begin, objectsAtOnce)
      const owed = new Map<string, number>()
      for (const [, object, mentions] of objects) if (mentions) forgetInBody(store, object, uid, owed)
      const milestones = countOwed(store, uid, owed)
      return () => {
        sum += milestones
        return objects.length === objectsAtOnce ? objects.at(-1)?.[0] : undefined
      }
    })
  }
  return sum
}

/** Adds to `owed`, by sink, how many milestones were. */
function forgetInBody(store: Store, uid: string, subscriptionUid: string, owed: Map<string, number>): void {
  const cells = store.sql.object(uid)
  if (!cells) return
  const [, source, namespace, name, resourceVersion, endedAt, text] = cells
  const before = readBody(text)
  const body = withoutSubscription(before, subscriptionUid)
  store.sql.putObject(uid, source, namespace, name, resourceVersion, endedAt, bodyOf(body))
  if (before.owed === undefined) return
  writeOwed(store, { uid, source, namespace, ...(body.owed && { owed: body.owed }) })
  for (const [sink, milestones] of owedTo(before.owed, subscriptionUid))
    owed.set(sink, (owed.get(sink) ?? 0) + milestones)
}

function countOwed({ counts, routes }: Store, subscriptionUid: string, owed: ReadonlyMap<string, number>): number {
  if (owed.size === 0) return 0
  const subscription = routes.of(subscriptionUid)[0]?.subscription ?? ''
  let sum = 0
  for (const [sink, milestones] of owed) {
    counts.of(routes.take({ sink, subscription, subscriptionUid })).dropped += milestones
    sum += milestones
  }
  return sum
}

/** Gives false where rows have come in the meantime: they have to be dropped first. */
function writeForgotten(store: Store, uid: string): Effects<boolean> {
  const { sql, floors } = store
  const routes = store.routes.of(uid)
  if (routes.some(({ load }) => load.rows > 0)) return () => false
  const prefix = `${uid} `
  const floored = [...floors.values.keys()].filter((key) => key.startsWith(prefix))
  for (const route of routes) {
    if (route.sink.name !== '') keepCounts(store, route)
    sql.dropRoute(route.id)
  }
  for (const key of floored) sql.dropFloor(key)
  sql.dropActivations(prefix, prefix)
  sql.dropGaps(uid)
  return () => {
    for (const route of routes) store.routes.drop(route)
    for (const key of floored) floors.values.delete(key)
    store.changes.bumpAll()
    return true
  }
}

/** See `Outbox.forgetSink`. Where nobody leads there any more not even its name is kept: sinks come and go with namespaces. */
export function writeForgottenSink(store: Store, name: string): Effects<void> {
  const { sql, changes, routes } = store
  sql.dropGate(name)
  const sink = routes.sink(name)
  const gone = [...(sink?.routes ?? [])].filter(
    ({ subscriptionUid, load }) => subscriptionUid === goneUid && load.rows === 0,
  )
  for (const route of gone) sql.dropRoute(route.id)
  const isLeft = sink !== undefined && sink.routes.size === gone.length
  if (isLeft) sql.dropSink(sink.id)
  return () => {
    for (const route of gone) routes.drop(route)
    if (isLeft) routes.dropSink(sink)
    if (!sink || isLeft) changes.drop(name)
  }
}

function keepCounts({ counts, routes }: Store, route: Route): void {
  const kept = keptCounts(counts.read(route))
  const gone = { sink: route.sink.name, subscription: '', subscriptionUid: goneUid }
  if (kept) addCounts(counts.of(routes.take(gone)), kept)
}
