import type { KubeObject } from '../api/object.ts'
import { type Fields, fields, text } from './read.ts'

/** An object names in it, with commas between, the subscriptions that are to hear of it though they wait to be asked (`onRequest`). */
export const subscriptionsAnnotation = 'carillon.dev/subscriptions'

/** So many UTF-16 units of it are read. */
const limit = 2048

/** What remains keep of it: as much as is read, and whether there was more. */
export const askingText = (metadata: Fields): string | undefined =>
  text(fields(metadata.annotations)[subscriptionsAnnotation])?.slice(0, limit + 1)

/** `namespace/name` of the subscriptions that an object asks for; a name alone is of the object's own namespace. A name that is cut is none. */
export function askedOf(object: KubeObject): string[] {
  const metadata = fields(object.metadata)
  const asking = askingText(metadata)
  if (asking === undefined) return []
  const names = asking.split(',')
  if (asking.length > limit) names.pop()
  return names
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .map((name) => (name.includes('/') ? name : `${text(metadata.namespace) ?? ''}/${name}`))
}
