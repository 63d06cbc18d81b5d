import type { Selection } from '../filters/selection.ts'
import type { Emitter } from './emitter.ts'

/** What an activation needs to know of a subscription. Times are ms since the epoch. */
export type ActivationSpec = {
  startFrom: 'Now' | 'Earliest' | number
  created: number
  /** Whether the status tells that some operator has seen it. */
  seen: boolean
  /** When the spec was written, where it holds what no operator has seen yet. */
  changed: number | undefined
  suspend: boolean
  /** What the status tells of when each sink became part of the subscription: all that is left where the disk is lost. */
  told: ReadonlyMap<string, number>
}

/** `<subscription uid> <sink> <kind> <milestone>`: what is activated on its own (docs/decisions/006-since-and-refresh.md). */
export const activationKey = (subscriptionUid: string, sink: string, kind: string, milestone: string): string =>
  `${subscriptionUid} ${sink} ${kind} ${milestone}`

/**
 * A milestone's name as activations have it. What a subscription defines has there, besides, what it is defined by: with another `when` or
 * `key` it is another milestone, which counts from then on, as one that is added does.
 */
export function activationName({ defined }: Pick<Selection, 'defined'>, kind: string, milestone: string): string {
  const revision = defined?.get(kind)?.find(({ name }) => name === milestone)?.revision
  return revision === undefined ? milestone : `${milestone}@${revision}`
}

/** Stands in the place of a time while the subscription is suspended: nothing is that late. */
export const suspendedSince = Number.MAX_SAFE_INTEGER

/**
 * As the outbox keeps it, an activation is pending while its past has not been looked through: it stands from the start, so that a process that
 * is killed in between goes on from the same time, and looks once more.
 */
export const pendingOf = (since: number): number => -1 - since
export const isPending = (kept: number): boolean => kept < 0
export const settledOf = (kept: number): number => (isPending(kept) ? -1 - kept : kept)

/**
 * The activations that have to be written for an emitter, given those that stand. What stands is kept; a sink, kind or milestone that
 * comes later begins where startFrom says: a year-old subscription does not flood. A suspended one is closed, and starts anew when it is
 * resumed, whatever its startFrom. `Now` is the moment at which it became part of the subscription: where the spec has changed and nobody has seen
 * it since (the operator was away, or is just being told), when that was written; where it has not (a new release brings a milestone), `now`,
 * the API server's time in ms. Of a sink that is `opened`, one that it meant before and may use only now, it is `now`.
 */
export function activate(
  emitter: Emitter,
  spec: ActivationSpec,
  standing: ReadonlyMap<string, number>,
  now: number,
  opened: ReadonlySet<string> = nobody,
): Map<string, number> {
  const entries = new Map<string, number>()
  const isNew = lazily(() => !standing.keys().some((key) => key.startsWith(`${emitter.uid} `)))
  for (const { key: sink } of emitter.sinks) {
    const own = opened.has(sink) ? { ...spec, changed: undefined } : spec
    const first = () => (isNew() && !opened.has(sink) ? firstOf(spec, sink) : undefined)
    for (const key of keysOf(emitter, sink)) {
      const since = sinceOf(own, standing.get(key), first, now)
      if (since !== standing.get(key)) entries.set(key, since)
    }
  }
  // What may not be used now, but was, is suspended and resumed like the others; nothing becomes active there.
  for (const { key: sink } of emitter.closed) {
    for (const key of keysOf(emitter, sink)) {
      const stands = standing.get(key)
      const since = stands === undefined ? undefined : sinceOf(spec, stands, () => undefined, now)
      if (since !== undefined && since !== stands) entries.set(key, since)
    }
  }
  return entries
}

const nobody: ReadonlySet<string> = new Set()

/** The keys of what an emitter selects, toward one sink. */
function* keysOf({ uid, selection }: Emitter, sink: string): Generator<string> {
  for (const [kind, milestones] of selection.kinds)
    for (const milestone of milestones) yield activationKey(uid, sink, kind, activationName(selection, kind, milestone))
}

/** The activations that an emitter had toward some sinks. */
export const standingFor = (
  emitter: Emitter,
  sinks: readonly string[],
  standing: ReadonlyMap<string, number>,
): string[] => sinks.flatMap((sink) => [...keysOf(emitter, sink)].filter((key) => standing.has(key)))

/**
 * Where a subscription that has no activation at all begins with a sink; undefined: at now. One that nobody has seen may have changed already. What is
 * told of a time before it was there is of another of its name: a status that is under way when one is replaced is written to the new one.
 */
function firstOf({ told, seen, created }: ActivationSpec, sink: string): number | undefined {
  const since = told.get(sink)
  if (since === undefined) return seen ? undefined : created
  return Math.max(since, created)
}

function sinceOf(
  spec: ActivationSpec,
  standing: number | undefined,
  first: () => number | undefined,
  now: number,
): number {
  const here = wholeSecond(Math.min(spec.changed ?? now, now))
  if (spec.suspend) return suspendedSince
  if (standing === suspendedSince) return here
  if (standing !== undefined) return standing
  if (spec.startFrom === 'Earliest') return 0
  if (spec.startFrom !== 'Now') return spec.startFrom
  return first() ?? here
}

/** What stands may be tens of thousands: looked through once at most, and seldom. */
function lazily(look: () => boolean): () => boolean {
  let seen: boolean | undefined
  return () => {
    seen ??= look()
    return seen
  }
}

/** Since when an emitter counts toward some of its sinks, all where none are named: the earliest of its activations that is not suspended. */
export function activeSince(
  emitter: Emitter,
  standing: ReadonlyMap<string, number>,
  of: readonly string[] = emitter.sinks.map(({ key }) => key),
): number | undefined {
  let earliest: number | undefined
  for (const sink of of) {
    for (const key of keysOf(emitter, sink)) {
      const at = standing.get(key) ?? suspendedSince
      if (at !== suspendedSince && at < (earliest ?? suspendedSince)) earliest = at
    }
  }
  return earliest
}

/** Kubernetes writes times in whole seconds: what happened later in this second must not look earlier. */
const wholeSecond = (ms: number) => ms - (ms % 1000)

/** Activations of one kind, and the namespace in which its objects have to be looked through for them; undefined: all. */
export type Activated = { uid: string; kind: string; namespace: string | undefined; keys: string[] }

/** What an emitter selects, by kind, as it is looked back for; of its activations those that `wanted` takes. */
export function byKind(
  { uid, clusterWide, namespace, selection, sinks }: Emitter,
  wanted: (key: string) => boolean,
): Activated[] {
  const activated: Activated[] = []
  for (const [kind, milestones] of selection.kinds) {
    const names = [...milestones].map((name) => activationName(selection, kind, name))
    const keys = sinks.flatMap((sink) => names.map((name) => activationKey(uid, sink.key, kind, name)))
    const own = keys.filter(wanted)
    if (own.length > 0) activated.push({ uid, kind, namespace: clusterWide ? undefined : namespace, keys: own })
  }
  return activated
}
