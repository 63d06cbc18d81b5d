import { list, text } from '../../sources/read.ts'

/** Of longer lists no more than these go into an event. */
const listLimit = 64

/** What `read` finds in the entries of a list, up to `limit` of them. */
export function bounded<Item>(value: unknown, read: (entry: unknown) => Item | undefined, limit = listLimit): Item[] {
  const found: Item[] = []
  for (const entry of list(value)) {
    if (found.length >= limit) break
    const item = read(entry)
    if (item !== undefined) found.push(item)
  }
  return found
}

const names = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/

/** The value where it may be the name of an object or a label's value; else undefined. */
export function nameText(value: unknown): string | undefined {
  const found = text(value)
  return found !== undefined && found.length <= 253 && names.test(found) ? found : undefined
}
