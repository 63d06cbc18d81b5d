import { type Kept, kept } from './kept.ts'
import type { Secret } from './read-key.ts'
import type { ConfigMap } from './tls-material.ts'
import type { Keys, WantedOfSecret } from './wanted.ts'

/** Reads one object by name, and of it what is wanted; undefined where there is none. `fresh` asks for one that no earlier read answered. */
export type Reader<T, Wanted> = (
  namespace: string,
  name: string,
  wanted: Wanted,
  fresh?: boolean,
) => Promise<T | undefined>

export type SecretReader = Reader<Secret, WantedOfSecret>
export type ConfigMapReader = Reader<ConfigMap, Keys>

/** A rotated Secret is used after at most this long. */
const maxAgeMs = 10_000

/** Characters that are remembered of a namespace, and in all. What is forgotten before its time is read again when it is needed. */
export const usualRoom = { perNamespace: 2 * 1024 * 1024, inAll: 16 * 1024 * 1024 }

/** What an entry takes besides what was found. */
const entrySize = 500

/** `at`: when it began to be read, for which it may have had to wait; `kept`: once it has been. */
type Entry<T> = { at: number; found: Promise<T | undefined>; kept?: Kept }

/** `begins` is called when its turn has come: what is found is no older than that. */
type Read<T, Wanted> = (namespace: string, name: string, wanted: Wanted, begins: () => void) => Promise<T | undefined>

/**
 * Makes readers that remember what they found of each object for at most 10 s, as long as there is room for it, which they share, and that ask once
 * where many ask for the same at the same time. Failed reads are not remembered. `now` in ms.
 */
export function remembering(now: () => number, bounds = usualRoom) {
  const room = kept(bounds)
  return <T, Wanted>(read: Read<T, Wanted>): Reader<T, Wanted> => {
    // Those that were read first are first.
    const known = new Map<string, Entry<T>>()
    const forget = (key: string, { kept }: Entry<T>): void => {
      known.delete(key)
      if (kept) room.leave(kept)
    }
    return (namespace, name, wanted, fresh = false) => {
      const at = now()
      for (const [key, entry] of known) {
        if (!isOver(entry, at)) break
        forget(key, entry)
      }
      const key = JSON.stringify([namespace, name, wanted])
      const remembered = known.get(key)
      if (remembered && !fresh && !isOver(remembered, at)) {
        if (remembered.kept) room.use(remembered.kept)
        return remembered.found
      }
      if (remembered) forget(key, remembered)
      const begins = () => {
        entry.at = now()
        // Those that were read first stay first.
        if (known.get(key) === entry && known.delete(key)) known.set(key, entry)
      }
      const entry: Entry<T> = { at, found: Promise.resolve().then(() => read(namespace, name, wanted, begins)) }
      known.set(key, entry)
      return entry.found.then(
        (found) => {
          if (known.get(key) !== entry) return found
          const size = entrySize + key.length + (JSON.stringify(found)?.length ?? 0)
          entry.kept = { namespace, size, forget: () => known.delete(key) }
          room.enter(entry.kept)
          return found
        },
        (error: unknown) => {
          if (known.get(key) === entry) known.delete(key)
          throw error
        },
      )
    }
  }
}

const isOver = ({ at: read, kept }: Entry<unknown>, at: number): boolean =>
  kept !== undefined && (at - read >= maxAgeMs || at < read)
