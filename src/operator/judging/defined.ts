import type { FilterInputs } from '../../filters/inputs.ts'
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

type Input = Pick<RouteInput, 'source' | 'object' | 'phase' | 'gone' | 'now' | 'record' | 'floor'> & {
  emitters: readonly Emitter[]
}

/**
 * The milestones that these subscriptions define and that hold of the object, each with the last write of it when it was first seen so: a
 * later write moves nothing. With a key it is told anew with each of its values, by what the object says alone; without one each time that it
 * comes to hold, which only who saw the state before can tell: after a loss of the disk what holds is where it begins.
 */
export function definedOf(input: Input, inputs: FilterInputs): Defined {
  const { emitters, object, source, gone } = input
  if (gone?.missed || !emitters.some(({ selection }) => selection.defined?.has(source.name))) return none
  const defined = { milestones: [] as Milestone[], held: {} as Record<string, string>, errors: [] as Defined['errors'] }
  for (const emitter of emitters) {
    const { asked, defined: definitions } = emitter.selection
    if (asked?.(object) === false) continue
    for (const { name, labels, evaluate } of definitions?.get(source.name) ?? []) {
      if (labels?.(object.metadata.labels) === false) continue
      const held = evaluate(inputs.object)
      if (held.kind === 'error') defined.errors.push({ emitter, kind: source.name, message: held.message })
      if (held.kind !== 'holds') continue
      const place = `${prefix}${emitter.uid}/${name}`
      const kept = keptIn(input.record?.projection, place)
      const isKept = kept !== undefined && (held.key === undefined || kept.of === held.key)
      const of = isKept ? kept.of : (held.key ?? object.metadata.resourceVersion)
      // What holds where nothing is known any more of the object came to hold before, or just now: nobody can tell.
      const isBaseline = !isKept && held.key === undefined && input.record === undefined && input.floor !== undefined
      const since = isKept ? kept.since : isBaseline ? 0 : writtenAt(input)
      defined.held[place] = `${since} ${of}`
      if (since === 0) continue
      defined.milestones.push({
        name,
        key: `${emitter.uid}/${name}/${of}`,
        class: held.key === undefined ? 'observed' : 'derived',
        time: since,
        rank,
        definedBy: emitter.uid,
      })
    }
  }
  return defined
}

/** When the object was last written (ms). Where managedFields do not tell, what comes by the watch is of now, as near as can be known. */
function writtenAt({ object, phase, now }: Input): number {
  const metadata = fields(object.metadata)
  return stampedWrite(metadata) ?? (phase === 'watch' ? now : (lastWrite(metadata) ?? now))
}

function keptIn(projection: Projection | undefined, place: string): { since: number; of: string } | undefined {
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
