import { type FilterInputs, inputsOf } from '../../filters/inputs.ts'
import type { Format } from '../../formats/format.ts'
import type { CountDelta, NewRow } from '../../outbox/outbox.ts'
import { fields, lastWrite, stampedWrite } from '../../sources/read.ts'
import type { Milestone } from '../../sources/source.ts'
import { activationName } from '../activation.ts'
import type { Emitter, EmitterSink, Since } from '../emitter.ts'
import { unlimited } from '../overflow/admit.ts'
import { type Defined, definedOf } from './defined.ts'
import { lacking } from './lacking.ts'
import { type Ask, Ledger, unreadablePrefix } from './ledger.ts'
import { milestonesOf } from './milestones-of.ts'
import { ObjectEvents, type Sized } from './object-events.ts'
import { recordAfter } from './record.ts'
import { Repeats } from './repeats.ts'
import type { Routed, RouteInput } from './routing.ts'
import { settledBefore } from './settled.ts'

/**
 * One change of an object through selection, filters, ledger and formats: pure.
 * A milestone goes once to each (subscription, sink); what did not match is judged again at the next change. What matched while there was no
 * room is owed: it is matched for good, and goes, with all that follows of the object, once there is room for the whole of it.
 */
export function route(input: RouteInput): Routed {
  const state = new ObjectState(input)
  for (const milestone of state.milestones) state.take(milestone)
  state.tellUnreadable()
  return state.finish()
}

/** What can't be read has no time and no outcome: it is only asked whether a subscription selects it. */
const asIfTold = (name: string): Milestone => ({ name, key: name, class: 'derived', time: 0, rank: 0 })

/** A milestone that sinks are to be told of; `owed`: it matched before, and had no room. */
type Asked = { emitter: Emitter; sinks: readonly EmitterSink[]; milestone: Milestone; owed: boolean }

const pairOf = (emitter: Emitter, sink: EmitterSink): string => `${emitter.uid} ${sink.key}`

/** The working state of one object's way through `route`; lives for one call. */
class ObjectState {
  readonly milestones: readonly Milestone[]
  private readonly input: RouteInput
  private readonly seen: Set<string>
  private readonly ledger: Ledger
  private readonly inputs: FilterInputs
  private readonly defined: Defined
  private readonly events: ObjectEvents
  private readonly out: Routed = {
    record: undefined,
    rows: [],
    dead: [],
    counts: [],
    matched: [],
    dropped: [],
    filterErrors: [],
    formatErrors: [],
    replayed: [],
    isPart: false,
  }
  private readonly asked: Asked[] = []
  private readonly repeats: Repeats | undefined
  private readonly settledBefore: number
  private readonly owes: boolean
  private readonly written: number
  private changed: boolean
  private isSpent = false

  constructor(input: RouteInput) {
    this.input = input
    this.seen = new Set(input.record?.seen)
    this.inputs = inputsOf(input.source, input.object)
    this.defined = definedOf(input, this.inputs)
    this.milestones = milestonesOf(input, this.defined.milestones)
    this.out.filterErrors.push(...this.defined.errors)
    this.ledger = new Ledger(input, input.room ?? unlimited, this.milestones)
    this.owes = input.record?.owed !== undefined
    this.repeats = input.replay && new Repeats(input.emitters, input.replay, input.object.metadata.uid)
    this.settledBefore = settledBefore(input)
    // What is gone can't be read again, from whenever on that is tried.
    this.written = input.gone?.at ?? lastWrite(fields(input.object.metadata)) ?? input.now
    this.events = new ObjectEvents(input, this.written)
    this.changed = input.record === undefined
  }

  take(milestone: Milestone): void {
    const first = !this.seen.has(milestone.key)
    if (first) {
      this.seen.add(milestone.key)
      this.changed = true
    } else if (this.isSettled(milestone) && !this.owes) return
    for (const emitter of this.input.emitters)
      if (milestone.definedBy === undefined || milestone.definedBy === emitter.uid)
        this.offer(emitter, milestone, first)
  }

  private isSettled({ time }: Milestone): boolean {
    return time < this.settledBefore
  }

  /** What the object ought to tell and nobody can read: counted once for each subscription that would hear of it. */
  tellUnreadable(): void {
    const { emitters, gone, object, source } = this.input
    const unreadable = gone ? [] : [...(source.unreadable?.(object) ?? []), ...lacking(this.input)]
    for (const { key, milestone, others = [], message } of unreadable) {
      const seen = `${unreadablePrefix}${key}`
      if (this.seen.has(seen)) continue
      this.seen.add(seen)
      this.changed = true
      const problems = [{ reason: 'ObjectUnreadable' as const, message }]
      for (const emitter of emitters) {
        const judged = (name: string) => emitter.selection.judge(source, object, asIfTold(name), this.inputs).kind
        const lacking = [milestone, ...others].find((name) => judged(name) !== 'unselected')
        if (lacking === undefined) continue
        this.count(emitter, '', { invalid: 1 })
        this.out.formatErrors.push({ emitter, kind: source.name, object, milestone: lacking, problems })
      }
    }
  }

  private offer(emitter: Emitter, milestone: Milestone, first: boolean): void {
    const sinks: EmitterSink[] = []
    const again: EmitterSink[] = []
    const owed: EmitterSink[] = []
    for (const sink of emitter.sinks) {
      const pair = pairOf(emitter, sink)
      if (this.ledger.isOwed(pair, milestone.key)) owed.push(sink)
      else if ((first || !this.isSettled(milestone)) && this.isNew(pair, emitter, sink, milestone)) sinks.push(sink)
      else if (this.repeats?.wants(emitter, sink.key, milestone)) again.push(sink)
    }
    if (owed.length > 0) this.askAll(emitter, owed, milestone, true)
    if (sinks.length + again.length === 0) return
    const judgement = emitter.selection.judge(this.input.source, this.input.object, milestone, this.inputs)
    if (judgement.kind === 'error')
      this.out.filterErrors.push({ emitter, kind: this.input.source.name, message: judgement.message })
    else if (judgement.kind !== 'match') for (const sink of sinks) this.noteUndated(pairOf(emitter, sink), milestone)
    if (judgement.kind === 'unselected') return
    if (judgement.kind !== 'match') {
      if (first && sinks.length > 0) this.count(emitter, '', { filtered: 1 })
      return
    }
    for (const sink of again) this.repeat(pairOf(emitter, sink), emitter, sink, milestone)
    if (sinks.length === 0) return
    const unsettled = this.input.floor ? sinks.filter((sink) => !this.wasSettled(emitter, sink, milestone)) : sinks
    if (unsettled.length === 0) return
    this.count(emitter, '', { matched: 1 })
    this.out.matched.push({ emitter, object: this.input.object, kind: this.input.source.name, milestone })
    this.askAll(emitter, unsettled, milestone, false)
  }

  private askAll(emitter: Emitter, sinks: readonly EmitterSink[], milestone: Milestone, owed: boolean): void {
    for (const sink of sinks) this.ask(pairOf(emitter, sink), emitter, sink, milestone)
    this.asked.push({ emitter, sinks, milestone, owed })
  }

  /**
   * Of each format once, however many sinks: no sink is sent what would not be valid. It is told with what is written down, as that is:
   * what is owed may be valid when it goes, or not be any more.
   */
  private tellAllProblems(refused: ReadonlySet<string>): void {
    const { record } = this.input
    for (const { emitter, sinks, milestone, owed } of this.asked) {
      if (sinks.every((sink) => refused.has(pairOf(emitter, sink)))) continue
      const wasTold =
        owed && emitter.sinks.some((sink) => record?.ledger[pairOf(emitter, sink)]?.includes(milestone.key))
      if (!wasTold) this.tellProblems(emitter, milestone)
    }
  }

  private tellProblems(emitter: Emitter, milestone: Milestone): void {
    const problems = emitter.formats.flatMap((one) => this.events.problems(emitter, milestone, one))
    if (problems.length === 0) return
    this.count(emitter, '', { invalid: problems.length })
    const { object, source } = this.input
    this.out.formatErrors.push({ emitter, kind: source.name, object, milestone: milestone.name, problems })
  }

  private isNew(pair: string, emitter: Emitter, sink: EmitterSink, milestone: Milestone): boolean {
    if (this.ledger.isEnqueued(pair, milestone.key)) return false
    const since = this.input.since(...this.activation(emitter, sink, milestone))
    if (since === undefined) return false
    const { floor } = this.input
    const isNew =
      milestone.time >= since ||
      (floor !== undefined &&
        milestone.time >= since - floor.marginMs &&
        this.floorOf(emitter, sink, milestone) !== undefined)
    if (!isNew) this.noteUndated(pair, milestone)
    return isNew
  }

  /** What is not for a sink: with the next write it would look as if it had just happened. */
  private noteUndated(pair: string, { key, undated }: Milestone): void {
    if (undated) this.ledger.enter(pair, [key])
  }

  private floorOf(emitter: Emitter, sink: EmitterSink, milestone: Milestone): number | undefined {
    return this.input.floor?.of(...this.activation(emitter, sink, milestone))
  }

  private activation({ uid, selection }: Emitter, { key }: EmitterSink, { name }: Milestone): Parameters<Since> {
    const kind = this.input.source.name
    return [uid, key, kind, activationName(selection, kind, name)]
  }

  /** What matches of an object that was last written before the floor was settled in an earlier life: it is noted, and not sent again. */
  private wasSettled(emitter: Emitter, sink: EmitterSink, milestone: Milestone): boolean {
    const floor = this.floorOf(emitter, sink, milestone)
    if (floor === undefined) return false
    const written = stampedWrite(fields(this.input.object.metadata))
    if (written === undefined || written >= floor) return false
    this.ledger.enter(pairOf(emitter, sink), [milestone.key])
    return true
  }

  private ask(pair: string, emitter: Emitter, sink: EmitterSink, milestone: Milestone): void {
    const ask = this.ledger.ask(pair, emitter, sink)
    ask.milestones.push(milestone)
    // What will be owed anyway is not worth its bytes.
    if (this.isRefused(pair, ask)) return
    for (const one of emitter.formats) {
      for (const sized of this.events.of(emitter, sink, milestone, one)) {
        this.events.spending.hold(emitter.namespace, pair, sized.row.event)
        if (sized.fits) {
          this.out.rows.push(sized.row)
          ask.rows += 1
          ask.bytes += sized.bytes
        } else {
          this.refuse(sink, one.format, sized)
          ask.deadLetters += 1
        }
      }
    }
  }

  private isRefused(pair: string, ask: Ask): boolean {
    if (ask.refused) return true
    ask.refused = this.events.spending.isOver(ask.emitter.namespace, pair)
    this.isSpent ||= ask.refused
    return ask.refused
  }

  /** For a replay: what was matched before is not counted as matched, and what is too large has its dead letter already, or was never wanted. */
  private repeat(pair: string, emitter: Emitter, sink: EmitterSink, milestone: Milestone): void {
    const { repeats } = this
    if (!repeats) return
    const ask = repeats.isDry(emitter) ? undefined : this.ledger.ask(pair, emitter, sink)
    ask?.milestones.push(milestone)
    const isRefused = ask !== undefined && this.isRefused(pair, ask)
    const sized = isRefused ? [] : emitter.formats.flatMap((one) => this.events.of(emitter, sink, milestone, one))
    const wanted = repeats.take(pair, emitter, sink.key, sized)
    if (!ask) return
    for (const { row, bytes } of wanted) {
      this.events.spending.hold(emitter.namespace, pair, row.event)
      this.out.rows.push(row)
      ask.rows += 1
      ask.bytes += bytes
    }
  }

  /** A dead letter from the start; it is parked like any other, where it is not too large for that sink, too. */
  private refuse({ key, parking }: EmitterSink, format: Format, { row, bytes, limit }: Sized): void {
    const reason = 'TooLarge'
    this.out.dead.push({ ...row, reason, message: `event of ${bytes} bytes, limit ${limit}` })
    if (parking && bytes <= (format.maxBytes ?? parking.maxEventBytes))
      this.out.rows.push({ ...row, sink: parking.key, parked: { sink: key, reason } })
  }

  private count(emitter: Emitter, sink: string, counts: CountDelta['counts']): void {
    this.out.counts.push({ subscription: emitter.key, subscriptionUid: emitter.uid, sink, counts })
  }

  finish(): Routed {
    const isGone = this.input.gone !== undefined
    const isOver = this.ledger.settle(this.written, isGone && this.isSpent ? 'inParts' : isGone)
    this.out.isPart = isGone && !isOver
    this.out.dropped = this.ledger.dropped
    const refused = new Set<string>()
    for (const [pair, { refused: isRefused, emitter, sink, deadLetters }] of this.ledger.asks) {
      if (isRefused) refused.add(pair)
      else if (deadLetters > 0) this.count(emitter, sink.key, { deadLettered: deadLetters })
    }
    this.tellAllProblems(refused)
    if (refused.size > 0) this.withdraw(refused)
    if (this.repeats) this.out.replayed = this.repeats.told(refused)
    if (!isOver) this.out.record = recordAfter(this.input, this.seen, this.ledger, this.defined.held, this.changed)
    return this.out
  }

  /** Takes back the rows of what was refused, parked ones too. */
  private withdraw(refused: ReadonlySet<string>): void {
    const stays = ({ subscriptionUid, sink, parked }: NewRow) =>
      !refused.has(`${subscriptionUid} ${parked?.sink ?? sink}`)
    this.out.rows = this.out.rows.filter(stays)
    this.out.dead = this.out.dead.filter(stays)
  }
}
