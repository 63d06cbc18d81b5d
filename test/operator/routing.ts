import type { KubeObject } from '../../src/api/object.ts'
import type { Emitter } from '../../src/operator/emitter.ts'
import { route } from '../../src/operator/judging/route.ts'
import type { Routed, RouteInput } from '../../src/operator/judging/routing.ts'
import { cluster, ms, sinceOf, sourceOf } from './scene.ts'

/** Whom it goes to, and what else `see` is to be given. */
export const of = (emitters: Emitter[], over: Partial<RouteInput> = {}) => ({ emitters, ...over })

/** One sight of a TaskRun, on the watch and for the first time unless said otherwise. */
export const see = (object: KubeObject, given: Partial<RouteInput> & Pick<RouteInput, 'emitters'>): Routed =>
  route({
    source: sourceOf('TaskRun'),
    object,
    phase: 'watch',
    record: undefined,
    since: sinceOf(),
    cluster,
    now: ms(61),
    ...given,
  })

/** `<milestone> → <sink>` of each row. */
export const told = ({ rows }: Pick<Routed, 'rows'>) =>
  rows.map(({ event, sink }) => `${event.type.split('.').at(-2)} → ${sink.split('/')[1]}`)

export const countsOf = (routed: Routed, name: 'matched' | 'filtered' | 'deadLettered') =>
  routed.counts.reduce((sum, { counts }) => sum + (counts[name] ?? 0), 0)
