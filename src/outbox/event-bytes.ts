import type { EncodedEvent } from '../formats/format.ts'

/** What an event takes in storage, its summary included; what `load` adds up. */
export function bytesOf({ attributes, data, summary }: EncodedEvent): number {
  const own = Buffer.byteLength(attributes) + (data === undefined ? 0 : Buffer.byteLength(data))
  return summary ? own + bytesOf({ id: '', type: '', subject: '', ...summary }) : own
}

/** Characters of an event, its summary included: what it takes of the heap, and faster counted than its bytes. */
export const lengthOf = ({ attributes, data = '', summary }: EncodedEvent): number =>
  attributes.length + data.length + (summary?.attributes.length ?? 0) + (summary?.data?.length ?? 0)

/** The event that `shrink` makes of one. */
export function shrunk({ id, type, subject, summary }: EncodedEvent): EncodedEvent | undefined {
  return summary && { id, type, subject, ...summary }
}
