/** Readers for what others wrote into `spec`, `status` and `metadata`: any JSON goes in, nothing throws. */

/** A JSON object of unknown content. */
export type Fields = Readonly<Record<string, unknown>>

const nothing: Fields = Object.freeze({})

/** The value where it is a JSON object, else an empty one. */
export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : nothing
}

/** The value where it is an array, else an empty one. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** The value where it is a string with something in it. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** At most `limit` UTF-16 units of a string, well formed, with an ellipsis where something was cut off. */
export function shortText(value: unknown, limit: number): string | undefined {
  const whole = text(value)
  if (whole === undefined || whole.length <= limit) return whole
  return `${whole.slice(0, limit - 1).toWellFormed()}…`
}

// As far as a slash: a password may hold an @.
const userinfo = /(:\/\/)[^\s/?#"'<>]{1,1024}@/g

/** A text that anybody may have written, without the user and password of addresses in it. At most `limit` units. */
export function messageText(value: unknown, limit: number): string | undefined {
  const whole = text(value)
  // Cut off only then: of half an address nobody could tell what is a password.
  return shortText(whole === undefined ? undefined : withoutUserinfo(whole.slice(0, 2 * limit)), limit)
}

const withoutUserinfo = (message: string): string =>
  message.includes('://') && message.includes('@') ? message.replace(userinfo, '$1') : message

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it is about
const notPlain = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]+/g

/** The same as one well-formed line: each run of control characters becomes a space. */
export function plainText(value: unknown, limit: number): string | undefined {
  const whole = text(value)
  // What is cut off need not be looked through.
  const line = whole
    ?.slice(0, 2 * limit)
    .toWellFormed()
    .replace(notPlain, ' ')
    .trim()
  return shortText(line === undefined ? undefined : withoutUserinfo(line), limit)
}

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/
const endOf9999 = Date.UTC(10_000, 0, 1)

/** ms since the epoch of an RFC 3339 time between 1970 and 9999; undefined for all else, Go's zero time among it. */
export function time(value: unknown): number | undefined {
  if (typeof value !== 'string' || !rfc3339.test(value)) return undefined
  const ms = Date.parse(value)
  return ms > 0 && ms < endOf9999 ? ms : undefined
}

/** When the object was last written, as far as it tells (ms): the newest of managedFields' times, creation- and deletionTimestamp. */
export function lastWrite(metadata: Fields): number | undefined {
  const { creationTimestamp, deletionTimestamp } = metadata
  const written = newest(list(metadata.managedFields).map(fields)) ?? 0
  return Math.max(written, time(creationTimestamp) ?? 0, time(deletionTimestamp) ?? 0) || undefined
}

/** The same, but undefined where managedFields tell no time: anybody may empty them, and then nobody knows of a later write. */
export const stampedWrite = (metadata: Fields): number | undefined =>
  newest(list(metadata.managedFields).map(fields)) === undefined ? undefined : lastWrite(metadata)

/** When the manager that owns an annotation last wrote, by managedFields. */
export const annotationTime = (metadata: Fields, name: string): number | undefined =>
  fieldTime(metadata, ['metadata', 'annotations', name])

/** When the manager that owns a field last wrote, by managedFields: the latest that the field can have changed. */
export function fieldTime(metadata: Fields, path: readonly string[]): number | undefined {
  const owns = ({ fieldsV1 }: Fields): boolean => {
    let at: unknown = fieldsV1
    for (const name of path) {
      if (!Object.hasOwn(fields(at), `f:${name}`)) return false
      at = fields(at)[`f:${name}`]
    }
    return true
  }
  return newest(list(metadata.managedFields).map(fields).filter(owns))
}

// Not Math.max(...): an argument list of an object's length may be too long for the stack.
const newest = (entries: readonly Fields[]): number | undefined =>
  entries.reduce((max, entry) => Math.max(max, time(entry.time) ?? 0), 0) || undefined

/** The API group of an object; empty for core, and where it does not say. */
export const groupOf = ({ apiVersion }: { apiVersion?: unknown }): string =>
  typeof apiVersion === 'string' && apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''

/** The value of a JSON text, as annotations hold; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
