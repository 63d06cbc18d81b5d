import type { Effects } from './group.ts'
import type { Store } from './store.ts'

/** The floors of the present life, and the watches of one namespace whose list was complete since it began. */
export type Floors = { values: Map<string, number>; listed: Set<string> }

/** `TaskRun`, or `TaskRun/team-a` with --watch-namespace. */
const partsOf = (watch: string): { kind: string; namespace: string | undefined } => {
  const slash = watch.indexOf('/')
  return slash < 0
    ? { kind: watch, namespace: undefined }
    : { kind: watch.slice(0, slash), namespace: watch.slice(slash + 1) }
}

export const isOfOneNamespace = (watch: string): boolean => partsOf(watch).namespace !== undefined

/** The keys of the floors of a watch's kind: `<subscription uid> <sink> <kind>`. */
export function keysOf(floors: Floors, watch: string): string[] {
  const end = ` ${partsOf(watch).kind}`
  return [...floors.values.keys()].filter((key) => key.endsWith(end))
}

/** See `Outbox.floors`. */
export function floorsFor(floors: Floors, watch: string | undefined): Map<string, number> {
  if (watch === undefined) return new Map(floors.values)
  if (floors.values.size === 0 || floors.listed.has(watch)) return new Map()
  return new Map(keysOf(floors, watch).map((key) => [key, floors.values.get(key) ?? 0]))
}

/** A watch's list is complete. */
export function dropFloors(floors: Floors, watch: string): void {
  if (isOfOneNamespace(watch)) floors.listed.add(watch)
  else for (const key of keysOf(floors, watch)) floors.values.delete(key)
}

/** See `Outbox.begin`. */
export function writeBegun(
  { sql, floors }: Pick<Store, 'sql' | 'floors'>,
  values: ReadonlyMap<string, number>,
): Effects<void> {
  sql.setLife(sql.life()?.[0] ?? '', 1)
  sql.dropFloors()
  sql.dropListed()
  for (const [key, floor] of values) sql.setFloor(key, floor)
  return () => {
    floors.listed.clear()
    floors.values.clear()
    for (const [key, floor] of values) floors.values.set(key, floor)
  }
}
