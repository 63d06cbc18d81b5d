import { bodyOf, readBody, withoutSubscription } from './body.ts'
import { writeOwed } from './commit.ts'
import { type Add, firstSeq, inSlices, writeDroppedRows } from './drop.ts'
import type { Effects } from './group.ts'
import type { Store } from './store.ts'

/**
 * Drops all of a subscription but its dead letters; gives how many rows there were. Its counts go last: a process that is killed in the
 * midst leaves them, and who calls this again for each uid that has counts and no subscription ends the work.
 */
export async function forgetSubscription(store: Store, add: Add, uid: string, sliceRows: number): Promise<number> {
  const routes = () => store.routes.of(uid)
  const drop = () =>
    inSlices(
      store,
      add,
      (rows) => writeDroppedRows(store, rows, routes()),
      () => firstSeq(routes()),
      sliceRows,
    )
  let dropped = await drop()
  await forgetInBodies(store, add, uid)
  while (!(await add(() => writeForgotten(store, uid), 'alone'))) dropped += await drop()
  return dropped
}

const objectsAtOnce = 200

async function forgetInBodies(store: Store, add: Add, uid: string): Promise<void> {
  for (let after: number | undefined = 0; after !== undefined; ) {
    const begin: number = after
    after = await add((): Effects<number | undefined> => {
      const objects = store.sql.mentioning(uid, begin, objectsAtOnce)
      for (const [, object, mentions] of objects) if (mentions) forgetInBody(store, object, uid)
      return () => (objects.length === objectsAtOnce ? objects.at(-1)?.[0] : undefined)
    })
  }
}

function forgetInBody(store: Store, uid: string, subscriptionUid: string): void {
  const cells = store.sql.object(uid)
  if (!cells) return
  const [, source, namespace, name, resourceVersion, endedAt, text] = cells
  const before = readBody(text)
  const body = withoutSubscription(before, subscriptionUid)
  store.sql.putObject(uid, source, namespace, name, resourceVersion, endedAt, bodyOf(body))
  if (before.owed === undefined) return
  writeOwed(store, { uid, source, namespace, ...(body.owed && { owed: body.owed }) })
}

/** Gives false where rows have come in the meantime: they have to be dropped first. */
function writeForgotten(store: Store, uid: string): Effects<boolean> {
  const { sql, floors } = store
  const routes = store.routes.of(uid)
  if (routes.some(({ load }) => load.rows > 0)) return () => false
  const prefix = `${uid} `
  const floored = [...floors.values.keys()].filter((key) => key.startsWith(prefix))
  for (const route of routes) sql.dropRoute(route.id)
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
