import type { Content, EncodedEvent, Format } from '../../formats/format.ts'
import type { NewRow } from '../../outbox/outbox.ts'
import type { Milestone } from '../../sources/source.ts'
import type { Emitter, EmitterSink } from '../emitter.ts'
import type { RouteInput } from './routing.ts'

/** A row to be, and whether its event is within the limit. */
export type Sized = { row: NewRow; limit: number; bytes: number; fits: boolean }

/** The events of one object, each encoded once for all who take it in the same form. Lives for one call of `route`. */
export class ObjectEvents {
  private readonly input: Pick<RouteInput, 'source' | 'object' | 'cluster'>
  private readonly written: number
  private readonly encoded = new Map<string, EncodedEvent[]>()

  /** `written` as in a row. */
  constructor(input: Pick<RouteInput, 'source' | 'object' | 'cluster'>, written: number) {
    this.input = input
    this.written = written
  }

  /** In the wanted content where it fits the sink, else as a summary where the format has one. */
  of(emitter: Emitter, sink: EmitterSink, milestone: Milestone, format: Format): Sized[] {
    const limit = format.maxBytes ?? sink.maxEventBytes
    const toRow = (event: EncodedEvent): Sized => {
      const row: NewRow = {
        sink: sink.key,
        subscription: emitter.key,
        subscriptionUid: emitter.uid,
        objectUid: this.input.object.metadata.uid,
        namespace: this.input.object.metadata.namespace ?? '',
        written: this.written,
        event,
      }
      const bytes = sizeOf(event)
      return { row, limit, bytes, fits: bytes <= limit }
    }
    if (emitter.content !== 'full' || !format.hasSummary)
      return this.encode(emitter, milestone, format, emitter.content).map(toRow)
    const rows = this.encode(emitter, milestone, format, 'full').map(toRow)
    if (rows.every((row) => row.fits)) return rows
    const small = this.encode(emitter, milestone, format, 'summary').map(toRow)
    return rows.map((row, index) => (row.fits ? row : (small[index] ?? row)))
  }

  private encode(emitter: Emitter, milestone: Milestone, format: Format, content: Content): EncodedEvent[] {
    const key = `${milestone.key}\n${format.name}\n${content}\n${emitter.form}`
    const known = this.encoded.get(key)
    if (known) return known
    const { source, object, cluster } = this.input
    const events = format.encode({ source, object, milestone, content, extensions: emitter.extensions, cluster })
    const whole = content === 'full' && format.hasSummary ? this.summarised(events, emitter, milestone, format) : events
    this.encoded.set(key, whole)
    return whole
  }

  /** The events with their summaries, for sinks that will say only by an answer that they are too large. */
  private summarised(full: EncodedEvent[], emitter: Emitter, milestone: Milestone, format: Format): EncodedEvent[] {
    const small = this.encode(emitter, milestone, format, 'summary')
    return full.map((event, index) => {
      const { attributes, data } = small[index] ?? event
      return data === event.data ? event : { ...event, summary: { attributes, data } }
    })
  }
}

/** Bytes of an event in structured mode, the larger of the two, as near as counting characters of JSON comes. */
export const sizeOf = (event: EncodedEvent): number =>
  Buffer.byteLength(event.attributes) + (event.data === undefined ? 0 : Buffer.byteLength(event.data))
