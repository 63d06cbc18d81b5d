import type { KubeObject } from '../api/object.ts'
import { type FilterInputs, inputsOf } from '../filters/inputs.ts'
import type { Cluster, Content, EncodedEvent, Format } from '../formats/format.ts'
import type { CommitBatch, CountDelta, NewRow, ObjectRecord } from '../outbox/outbox.ts'
import { fields, lastWrite } from '../sources/read.ts'
import type { Gone, Milestone, Source } from '../sources/source.ts'
import type { Emitter, EmitterSink, Since } from './emitter.ts'

/** How an object came in. Only the watch and the list tell what comes after what; a refresh may be ahead of the watch. */
export type Phase = 'list' | 'watch' | 'refresh'

export type RouteInput = {
  source: Source
  object: KubeObject
  phase: Phase
  record: ObjectRecord | undefined
  emitters: readonly Emitter[]
  since: Since
  cluster: Cluster
  now: number
  /** The object is gone, and this its last state, or its remains. */
  gone?: Gone | undefined
}

/** The milestone of every kind's `deletion`. */
const deletedName = 'deleted'

/** What an object's change leads to; merged into one CommitBatch by the caller. */
export type Routed = Pick<CommitBatch, 'rows' | 'dead' | 'counts'> & {
  /** Undefined when nothing about the object has to be remembered anew. */
  record: ObjectRecord | undefined
  matched: Matched[]
  filterErrors: { emitter: Emitter; kind: string; message: string }[]
}

/** A milestone that a subscription took: what `status.lastMatched` tells. */
export type Matched = { emitter: Emitter; object: KubeObject; kind: string; milestone: Milestone }

/** Labels may come after the end (Tekton writes them in an update of its own): so long an ended object is judged anew. */
export const settleMs = 10 * 60_000

/** So many keys are remembered of one object, in each list: one that flaps for ever must not grow its record for ever. */
export const maxKeys = 256

/**
 * One change through selection, filters, ledger and formats (design.md §1.5): pure.
 * A milestone goes once to each (subscription, sink); what did not match is judged again at the next change.
 */
export function route(input: RouteInput): Routed {
  const state = new ObjectState(input)
  for (const milestone of milestonesOf(input)) state.take(milestone)
  return state.finish()
}

function milestonesOf({ source, object, phase, record, gone }: RouteInput): Milestone[] {
  const deletion = gone && source.deletion(object, gone)
  const last = deletion ? [deletion] : []
  // Remains are no state: all that the object's states told was told when they were seen.
  if (gone?.missed) return last
  const derived = source.milestones(object)
  const observed = phase === 'refresh' ? [] : source.transitions(record?.projection, object)
  return [...derived, ...observed, ...last].sort(inOrder)
}

const inOrder = (a: Milestone, b: Milestone) => a.time - b.time || a.rank - b.rank

const settledLongAgo = (input: RouteInput): boolean => {
  const ended = input.source.endedAt(input.object)
  return ended !== undefined && input.now - ended > settleMs
}

/** The working state of one object's way through `route`; lives for one call. */
class ObjectState {
  private readonly input: RouteInput
  private readonly seen: Set<string>
  private readonly ledger: Record<string, string[]>
  private readonly inputs: FilterInputs
  private readonly encoded = new Map<string, EncodedEvent[]>()
  private readonly out: Routed = { record: undefined, rows: [], dead: [], counts: [], matched: [], filterErrors: [] }
  private readonly settled: boolean
  private readonly written: number
  private changed: boolean

  constructor(input: RouteInput) {
    this.input = input
    this.seen = new Set(input.record?.seen)
    this.ledger = { ...input.record?.ledger }
    this.inputs = inputsOf(input.source, input.object)
    this.settled = input.phase === 'watch' && settledLongAgo(input)
    // What is gone can't be read again, from whenever on that is tried.
    this.written = input.gone?.at ?? lastWrite(fields(input.object.metadata)) ?? input.now
    this.changed = input.record === undefined
  }

  take(milestone: Milestone): void {
    const first = !this.seen.has(milestone.key)
    if (first) {
      this.seen.add(milestone.key)
      this.changed = true
    } else if (this.settled) return
    for (const emitter of this.input.emitters) this.offer(emitter, milestone, first)
  }

  private offer(emitter: Emitter, milestone: Milestone, first: boolean): void {
    const sinks = emitter.sinks.filter((sink) => this.isNew(emitter, sink, milestone))
    if (sinks.length === 0) return
    const judgement = emitter.selection.judge(this.input.source, this.input.object, milestone, this.inputs)
    if (judgement.kind === 'unselected') return
    if (judgement.kind === 'error')
      this.out.filterErrors.push({ emitter, kind: this.input.source.kind, message: judgement.message })
    if (judgement.kind !== 'match') {
      if (first) this.count(emitter, '', { filtered: 1 })
      return
    }
    this.count(emitter, '', { matched: 1 })
    this.out.matched.push({ emitter, object: this.input.object, kind: this.input.source.kind, milestone })
    for (const sink of sinks) this.enqueue(emitter, sink, milestone)
  }

  private isNew(emitter: Emitter, sink: EmitterSink, milestone: Milestone): boolean {
    if (this.ledger[`${emitter.uid} ${sink.key}`]?.includes(milestone.key)) return false
    const since = this.input.since(emitter.uid, sink.key, this.input.source.kind, milestone.name)
    return since !== undefined && milestone.time >= since
  }

  private enqueue(emitter: Emitter, sink: EmitterSink, milestone: Milestone): void {
    const ledgerKey = `${emitter.uid} ${sink.key}`
    this.ledger[ledgerKey] = newest([...(this.ledger[ledgerKey] ?? []), milestone.key], this.input.source)
    this.changed = true
    for (const format of emitter.formats) {
      for (const row of this.encode(emitter, sink, milestone, format)) {
        if (row.fits) this.out.rows.push(row.row)
        else {
          this.out.dead.push({
            ...row.row,
            reason: 'TooLarge',
            message: `event of ${row.bytes} bytes, limit ${row.limit}`,
          })
          this.count(emitter, sink.key, { deadLettered: 1 })
        }
      }
    }
  }

  /** In the wanted content where it fits the sink, else as a summary where the format has one. */
  private encode(emitter: Emitter, sink: EmitterSink, milestone: Milestone, format: Format) {
    const limit = format.maxBytes ?? sink.maxEventBytes
    const toRow = (event: EncodedEvent) => {
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
    const rows = this.events(emitter, milestone, format, emitter.content).map(toRow)
    if (rows.every((row) => row.fits) || !format.hasSummary || emitter.content !== 'full') return rows
    const small = this.events(emitter, milestone, format, 'summary').map(toRow)
    return rows.map((row, index) => (row.fits ? row : (small[index] ?? row)))
  }

  private events(emitter: Emitter, milestone: Milestone, format: Format, content: Content): EncodedEvent[] {
    const key = `${milestone.key}\n${format.name}\n${content}\n${emitter.form}`
    const known = this.encoded.get(key)
    if (known) return known
    const { source, object, cluster } = this.input
    const events = format.encode({ source, object, milestone, content, extensions: emitter.extensions, cluster })
    this.encoded.set(key, events)
    return events
  }

  private count(emitter: Emitter, sink: string, counts: CountDelta['counts']): void {
    this.out.counts.push({ subscription: emitter.key, subscriptionUid: emitter.uid, sink, counts })
  }

  finish(): Routed {
    const { source, object, record, phase, gone } = this.input
    if (gone) return this.out
    // What a refresh shows was not told by it: the watch still compares with what it saw itself, or with nothing.
    const projection = phase === 'refresh' ? (record?.projection ?? {}) : source.project(object)
    const endedAt = source.endedAt(object)
    const remains = this.isDeletionWanted() ? source.remains(object) : undefined
    const same =
      !this.changed &&
      endedAt === record?.endedAt &&
      JSON.stringify(projection) === JSON.stringify(record?.projection) &&
      ((remains === undefined && record?.remains === undefined) ||
        JSON.stringify(remains) === JSON.stringify(record?.remains))
    if (same) return this.out
    this.out.record = {
      uid: object.metadata.uid,
      source: source.kind,
      namespace: object.metadata.namespace ?? '',
      name: object.metadata.name,
      resourceVersion: object.metadata.resourceVersion,
      ...(endedAt === undefined ? {} : { endedAt }),
      projection,
      seen: newest([...this.seen], source),
      ledger: this.ledger,
      ...(remains && { remains }),
    }
    return this.out
  }

  /** Where nobody asks for deletions, none is prepared for. Who asks later has all objects looked through again. */
  private isDeletionWanted(): boolean {
    const { emitters, source } = this.input
    return emitters.some(({ selection }) => selection.kinds.get(source.kind)?.has(deletedName))
  }
}

/**
 * At most `maxKeys`: of what is too much the oldest observed ones go, which no later state tells again. Derived ones, which every state
 * does tell again, stay; the object itself bounds how many there are.
 */
function newest(keys: string[], source: Source): string[] {
  let excess = keys.length - maxKeys
  if (excess <= 0) return keys
  const observed = new Set(source.catalogue.filter((row) => row.class === 'observed').map((row) => row.name))
  return keys.filter((key) => {
    if (excess === 0 || !observed.has(key.split('/', 1)[0] ?? '')) return true
    excess -= 1
    return false
  })
}

/** Bytes of an event in structured mode, the larger of the two, as near as counting characters of JSON comes. */
const sizeOf = (event: EncodedEvent): number =>
  Buffer.byteLength(event.attributes) + (event.data === undefined ? 0 : Buffer.byteLength(event.data))
