import type { FilterInputs } from '../../filters/inputs.ts'
import type { ObjectRecord } from '../../outbox/outbox.ts'
import { fields, lastWrite, stampedWrite } from '../../sources/read.ts'
import type { Milestone, Projection } from '../../sources/source.ts'
import type { Emitter } from '../emitter.ts'
import type { Routed, RouteInput } from './routing.ts'

/** What the milestones that subscriptions define come to. */
export type Defined = {
  milestones: readonly Milestone[]
  /** What is kept, beside the source's own projection, of those that hold: since when, and what tells this time from others. */
  held: Projection
  errors: Routed['filterErrors']
}

const none: Defined = { milestones: [], held: {}, errors: [] }

/** After all of an object's own, before its deletion. */
const rank = 98

const prefix = 'define/'

type Input = Pick<RouteInput, 'source' | 'object' | 'phase' | 'gone' | 'now' | 'floor' | 'emitters'> & {
  record: Pick<ObjectRecord, 'projection'> | undefined
}

/**
 * The milestones that these subscriptions define and that hold of the object, each with the last write of it when it was first seen so: a
 * later write moves nothing. With a key it is told anew with each of its values, by what the object says alone; without one each time that it
 * comes to hold, which only who saw the state before can tell: after a loss of the disk what holds is where it begins.
 */
export function definedOf(input: Input, inputs: FilterInputs): Defined {
  const { emitters, object, source, gone } = input
  if (gone?.missed || !emitters.some(({ selection }) => selection.defined?.has(source.name))) return none
  const milestones: Milestone[] = []
  const held: Record<string, string> = {}
  const errors: Routed['filterErrors'] = []
  for (const emitter of emitters) {
    const { asked, defined } = emitter.selection
    if (asked?.(object) === false) continue
    for (const { name, labels, evaluate } of defined?.get(source.name) ?? []) {
      if (labels?.(object.metadata.labels) === false) continue
      const found = evaluate(inputs.object)
      if (found.kind === 'error') errors.push({ emitter, kind: source.name, message: found.message })
      if (found.kind !== 'holds') continue
      const place = `${prefix}${emitter.uid}/${name}`
      const { since, of } = begunOf(input, place, found.key)
      held[place] = `${since} ${of}`
      if (since !== unknown) milestones.push(milestoneOf(emitter, name, found.key, since, of))
    }
  }
  return { milestones, held, errors }
}

/** Since when (ms) something holds, and what tells this time that it does from others: its key, or else the write that made it so. */
type Begun = { since: number; of: string }

/** In the place of a time: it held before anybody looked. */
const unknown = 0

function begunOf(input: Input, place: string, key: string | undefined): Begun {
  const kept = keptIn(input.record?.projection, place)
  if (kept && (key === undefined || kept.of === key)) return kept
  // What holds where nothing is known any more of the object came to hold before, or just now: nobody can tell.
  const isBaseline = key === undefined && input.record === undefined && input.floor !== undefined
  return { since: isBaseline ? unknown : writtenAt(input), of: key ?? input.object.metadata.resourceVersion }
}

const milestoneOf = ({ uid }: Emitter, name: string, key: string | undefined, time: number, of: string): Milestone => ({
  name,
  key: `${uid}/${name}/${of}`,
  class: key === undefined ? 'observed' : 'derived',
  time,
  rank,
  definedBy: uid,
})

/** When the object was last written (ms). Where managedFields do not tell, what comes by the watch is of now, as near as can be known. */
function writtenAt({ object, phase, now }: Input): number {
  const metadata = fields(object.metadata)
  return stampedWrite(metadata) ?? (phase === 'watch' ? now : (lastWrite(metadata) ?? now))
}

function keptIn(projection: Projection | undefined, place: string): Begun | undefined {
  const kept = projection?.[place]
  if (typeof kept !== 'string') return undefined
  const space = kept.indexOf(' ')
  return { since: Number(kept.slice(0, space)), of: kept.slice(space + 1) }
}

/** The projection without what is kept for what subscriptions define: the source's own. */
export function ownProjection(projection: Projection): Projection {
  let own: Projection | undefined
  for (const name in projection) {
    if (!name.startsWith(prefix)) continue
    own ??= { ...projection }
    delete own[name]
  }
  return own ?? projection
}
