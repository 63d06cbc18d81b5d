import { readBody } from './body.ts'
import type { Outbox, Remembered } from './outbox.ts'
import type { Store } from './store.ts'
import { damage } from './trouble.ts'

/** How long the names, uids and milestones of objects that are gone are kept, for links (ms). */
const rememberMs = 30 * 86_400_000

/** Within the present transaction; each time some of those go that are past their month. */
export function writeRemembered({ sql, now }: Store, gone: readonly Remembered[]): void {
  const time = now()
  for (const { source, namespace, name, uid, chain, keys } of gone)
    sql.remember(source, namespace, name, uid, time, JSON.stringify([chain ?? null, keys]))
  sql.forgetGone(time - rememberMs)
}

/** An object that is there goes before those that had its name. */
export function readNamed(
  { sql, now }: Store,
  source: string,
  namespace: string,
  name: string,
): ReturnType<Outbox['named']> {
  const [uid] = sql.named(source, namespace, name) ?? []
  const present = uid === undefined ? undefined : sql.object(uid)
  if (uid !== undefined && present) {
    const { chain, seen } = readBody(present[6])
    return { uid, chain, keys: seen }
  }
  const found = sql.remembered(source, namespace, name)
  if (!found || found[4] < now() - rememberMs) return undefined
  return { uid: found[3], ...readGone(found[5]) }
}

function readGone(body: string): Pick<Remembered, 'chain' | 'keys'> {
  try {
    const [chain, keys] = JSON.parse(body) as [string | null, string[]]
    return { chain: chain ?? undefined, keys }
  } catch (error) {
    throw damage('what is remembered of an object that is gone is no JSON', error)
  }
}
