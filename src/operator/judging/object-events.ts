import type { KubeObject } from '../../api/object.ts'
import { type EncodedEvent, type Encoding, type FormatProblem, nothing } from '../../formats/format.ts'
import { redactedMilestone } from '../../formats/redaction.ts'
import { lengthOf } from '../../outbox/event-bytes.ts'
import type { NewRow, ObjectRecord } from '../../outbox/outbox.ts'
import type { Milestone } from '../../sources/source.ts'
import type { Emitter, EmitterFormat, EmitterSink } from '../emitter.ts'
import { type MilestonesInput, milestonesOf } from './milestones-of.ts'
import type { RouteInput } from './routing.ts'
import { Spending } from './spending.ts'

/** A row to be, and whether its event is within the limit. */
export type Sized = { row: NewRow; limit: number; bytes: number; fits: boolean }

/** Of what is encoded, and cut, so much is remembered (characters, about): it is made anew for who comes later. */
const mostRemembered = 4 * 1024 * 1024
/** What a member or element that was copied takes. */
const entryHeap = 16

type Input = MilestonesInput &
  Pick<RouteInput, 'cluster' | 'known'> & { record: Pick<ObjectRecord, 'projection' | 'chain'> | undefined }

/** What is left of an object, and, once one was asked for, of its milestones, by their keys. */
type Left = { object: KubeObject; milestones?: ReadonlyMap<string, Milestone>; isEncoded?: boolean }

/** The events of one object, each encoded once for all who take it in the same form. Lives for one call of `route`. */
export class ObjectEvents {
  private readonly input: Input
  private readonly written: number
  /** Of one milestone at a time: one after the other is asked for, and an object in full for each of thousands would fill the memory. */
  private readonly encoded = new Map<string, Encoding>()
  private encodedOf: string | undefined
  private remembered = { encoded: 0, left: 0 }
  readonly spending = new Spending()
  /** By the form of a redaction. */
  private readonly redacted = new Map<string, Left>()

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
      const bytes = sizeOf(event, limit)
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
    if (one.without?.get(this.input.source.name)?.has(milestone.name)) return nothing
    if (this.encodedOf !== milestone.key) {
      this.encoded.clear()
      this.remembered.encoded = 0
    }
    this.encodedOf = milestone.key
    const made = this.encodeAt(emitter, milestone, one, place)
    if (place + 1 >= one.steps.length || made.events.every(({ summary }) => summary !== undefined)) return made
    const key = `\n${this.keyOf(one, place)}`
    const known = this.encoded.get(key)
    if (known) return known
    const whole = withSummaries(made, this.encodeAt(emitter, milestone, one, place + 1))
    this.encoded.set(key, whole)
    return whole
  }

  private encodeAt(emitter: Emitter, milestone: Milestone, one: EmitterFormat, place: number): Encoding {
    const key = this.keyOf(one, place)
    const known = this.encoded.get(key)
    if (known) return known
    const { source, cluster, record } = this.input
    const { content, options, truncated } = one.steps[place] ?? one.steps[0]
    const left = this.leftOf(emitter)
    const seen = this.outgoing(left, milestone)
    // What is redacted may be what the chain was read from.
    const chain = seen.object === this.input.object ? record?.chain : undefined
    const of = { source, ...seen, content, options, cluster, known: this.input.known, chain }
    const made = one.format.encode({ ...of, ...(truncated && { truncated }) })
    const length = made.events.reduce((sum, event) => sum + lengthOf(event), 0)
    // The text of an object is the same in all events of it.
    const fresh = left.isEncoded ? 0 : length
    this.spending.encode(emitter.namespace, fresh)
    this.remember(length, fresh)
    left.isEncoded = true
    this.encoded.set(key, made)
    return made
  }

  /** Before it is: what was remembered is forgotten where that would be too much. */
  private remember(encoded: number, left: number): void {
    const before = this.remembered
    this.remembered = { encoded: before.encoded + encoded, left: before.left + left }
    if (this.remembered.encoded + this.remembered.left <= mostRemembered) return
    this.remembered = { encoded, left }
    this.encoded.clear()
    this.redacted.clear()
  }

  private keyOf({ form, steps }: EmitterFormat, place: number): string {
    return `${(steps[place] ?? steps[0]).name}\n${form}`
  }

  /** What encoders may see, the same for all who redact the same. This is the only way from the object to them. */
  private outgoing(left: Left, milestone: Milestone): { object: KubeObject; milestone: Milestone } {
    if (left.object === this.input.object) return { object: left.object, milestone }
    // Asked as the whole object was: after the same state before it.
    left.milestones ??= new Map(milestonesOf({ ...this.input, object: left.object }).map((told) => [told.key, told]))
    return { object: left.object, milestone: redactedMilestone(milestone, left.milestones.get(milestone.key)) }
  }

  private leftOf({ redaction }: Emitter): Left {
    const form = redaction?.form ?? ''
    const known = this.redacted.get(form)
    if (known) return known
    const copied = { entries: 0 }
    const { object } = this.input
    const left: Left = { object: redaction?.cut(object, copied) ?? object }
    this.remember(0, copied.entries * entryHeap)
    this.redacted.set(form, left)
    return left
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

/**
 * Bytes of an event in structured mode, the larger of the two, as near as counting characters of JSON comes. Of one that has more characters
 * than `limit` no more than these are counted: to count bytes the whole object would be copied into the text of each of its events.
 */
export function sizeOf({ attributes, data = '' }: EncodedEvent, limit = Number.POSITIVE_INFINITY): number {
  const characters = attributes.length + data.length
  return characters > limit ? characters : Buffer.byteLength(attributes) + Buffer.byteLength(data)
}
