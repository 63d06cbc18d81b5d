import type { KubeObject } from '../../api/object.ts'
import { type EncodedEvent, type Encoding, type FormatProblem, nothing } from '../../formats/format.ts'
import { redactedMilestone } from '../../formats/redaction.ts'
import type { NewRow } from '../../outbox/outbox.ts'
import type { Milestone } from '../../sources/source.ts'
import type { Emitter, EmitterFormat, EmitterSink } from '../emitter.ts'
import type { RouteInput } from './routing.ts'

/** A row to be, and whether its event is within the limit. */
export type Sized = { row: NewRow; limit: number; bytes: number; fits: boolean }

type Input = Pick<RouteInput, 'source' | 'object' | 'cluster' | 'gone'>

/** The events of one object, each encoded once for all who take it in the same form. Lives for one call of `route`. */
export class ObjectEvents {
  private readonly input: Input
  private readonly written: number
  private readonly encoded = new Map<string, Encoding>()
  /** By the form of a redaction: what is left of the object, and of its milestones by their keys. */
  private readonly redacted = new Map<string, { object: KubeObject; milestones: Map<string, Milestone> }>()

  /** `written` as in a row. */
  constructor(input: Input, written: number) {
    this.input = input
    this.written = written
  }

  /** With all that is wanted where it fits the sink, else the first that does of what stands in for it, else the least. */
  of(emitter: Emitter, sink: EmitterSink, milestone: Milestone, one: EmitterFormat): Sized[] {
    const limit = one.format.maxBytes ?? sink.maxEventBytes
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
    let rows = this.encode(emitter, milestone, one).events.map(toRow)
    for (let place = 1; place < one.steps.length && !rows.every((row) => row.fits); place++) {
      const { events } = this.encode(emitter, milestone, one, place)
      rows = rows.map((row) => {
        const small = row.fits ? undefined : events.find(({ id }) => id === row.row.event.id)
        return small ? toRow(small) : row
      })
    }
    return rows
  }

  /** What of a milestone is not sent, as it would not be valid. */
  problems(emitter: Emitter, milestone: Milestone, one: EmitterFormat): readonly FormatProblem[] {
    return this.encode(emitter, milestone, one).problems
  }

  /** With what stands in for each event, for sinks that will say only by an answer that they are too large. */
  private encode(emitter: Emitter, milestone: Milestone, one: EmitterFormat, place = 0): Encoding {
    if (one.without?.get(this.input.source.kind)?.has(milestone.name)) return nothing
    const made = this.encodeAt(emitter, milestone, one, place)
    if (place + 1 >= one.steps.length || made.events.every(({ summary }) => summary !== undefined)) return made
    const key = `\n${this.keyOf(milestone, one, place)}`
    const known = this.encoded.get(key)
    if (known) return known
    const whole = withSummaries(made, this.encodeAt(emitter, milestone, one, place + 1))
    this.encoded.set(key, whole)
    return whole
  }

  private encodeAt(emitter: Emitter, milestone: Milestone, one: EmitterFormat, place: number): Encoding {
    const key = this.keyOf(milestone, one, place)
    const known = this.encoded.get(key)
    if (known) return known
    const { source, cluster } = this.input
    const { content, options, truncated } = one.steps[place] ?? one.steps[0]
    const seen = this.outgoing(emitter, milestone)
    const made = one.format.encode({ source, ...seen, content, options, cluster, ...(truncated && { truncated }) })
    this.encoded.set(key, made)
    return made
  }

  private keyOf({ key }: Milestone, { form, steps }: EmitterFormat, place: number): string {
    return `${key}\n${(steps[place] ?? steps[0]).name}\n${form}`
  }

  /** What encoders may see, the same for all who redact the same. This is the only way from the object to them. */
  private outgoing({ redaction }: Emitter, milestone: Milestone): { object: KubeObject; milestone: Milestone } {
    const { source, object, gone } = this.input
    if (!redaction) return { object, milestone }
    let left = this.redacted.get(redaction.form)
    if (!left) {
      left = { object: redaction.cut(object), milestones: new Map() }
      this.redacted.set(redaction.form, left)
    }
    if (left.object === object) return { object, milestone }
    const told = left.milestones.get(milestone.key) ?? redactedMilestone(source, left.object, milestone, gone)
    left.milestones.set(milestone.key, told)
    return { object: left.object, milestone: told }
  }
}

function withSummaries({ events, problems }: Encoding, small: Encoding): Encoding {
  return {
    problems,
    events: events.map((event) => {
      if (event.summary) return event
      const { attributes, data } = small.events.find(({ id }) => id === event.id) ?? event
      return data === event.data ? event : { ...event, summary: { attributes, data } }
    }),
  }
}

/** Bytes of an event in structured mode, the larger of the two, as near as counting characters of JSON comes. */
export const sizeOf = (event: EncodedEvent): number =>
  Buffer.byteLength(event.attributes) + (event.data === undefined ? 0 : Buffer.byteLength(event.data))
