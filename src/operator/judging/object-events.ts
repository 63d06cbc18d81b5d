import type { Content, EncodedEvent, Encoding, FormatProblem } from '../../formats/format.ts'
import type { NewRow } from '../../outbox/outbox.ts'
import type { Milestone } from '../../sources/source.ts'
import type { Emitter, EmitterFormat, EmitterSink } from '../emitter.ts'
import type { RouteInput } from './routing.ts'

/** A row to be, and whether its event is within the limit. */
export type Sized = { row: NewRow; limit: number; bytes: number; fits: boolean }

/** The events of one object, each encoded once for all who take it in the same form. Lives for one call of `route`. */
export class ObjectEvents {
  private readonly input: Pick<RouteInput, 'source' | 'object' | 'cluster'>
  private readonly written: number
  private readonly encoded = new Map<string, Encoding>()

  /** `written` as in a row. */
  constructor(input: Pick<RouteInput, 'source' | 'object' | 'cluster'>, written: number) {
    this.input = input
    this.written = written
  }

  /** In the wanted content where it fits the sink, else as a summary where the format has one. */
  of(emitter: Emitter, sink: EmitterSink, milestone: Milestone, one: EmitterFormat): Sized[] {
    const { format } = one
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
      return this.encode(emitter, milestone, one, emitter.content).events.map(toRow)
    const rows = this.encode(emitter, milestone, one, 'full').events.map(toRow)
    if (rows.every((row) => row.fits)) return rows
    const small = this.encode(emitter, milestone, one, 'summary').events.map(toRow)
    return rows.map((row, index) => (row.fits ? row : (small[index] ?? row)))
  }

  /** What of a milestone is not sent, as it would not be valid. */
  problems(emitter: Emitter, milestone: Milestone, one: EmitterFormat): readonly FormatProblem[] {
    return this.encode(emitter, milestone, one, emitter.content).problems
  }

  private encode(emitter: Emitter, milestone: Milestone, one: EmitterFormat, content: Content): Encoding {
    const { format, form } = one
    const key = `${milestone.key}\n${content}\n${form}`
    const known = this.encoded.get(key)
    if (known) return known
    const { source, object, cluster } = this.input
    const made = format.encode({ source, object, milestone, content, options: emitter.options, cluster })
    const whole = content === 'full' && format.hasSummary ? this.summarised(made, emitter, milestone, one) : made
    this.encoded.set(key, whole)
    return whole
  }

  /** The events with their summaries, for sinks that will say only by an answer that they are too large. */
  private summarised(full: Encoding, emitter: Emitter, milestone: Milestone, one: EmitterFormat): Encoding {
    const small = this.encode(emitter, milestone, one, 'summary').events
    const events = full.events.map((event, index) => {
      const { attributes, data } = small[index] ?? event
      return data === event.data ? event : { ...event, summary: { attributes, data } }
    })
    return { events, problems: full.problems }
  }
}

/** Bytes of an event in structured mode, the larger of the two, as near as counting characters of JSON comes. */
export const sizeOf = (event: EncodedEvent): number =>
  Buffer.byteLength(event.attributes) + (event.data === undefined ? 0 : Buffer.byteLength(event.data))
