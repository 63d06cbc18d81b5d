import type { Emitter } from './emitter.ts'

/** What an activation needs to know of a subscription. Times are ms since the epoch. */
export type ActivationSpec = {
  startFrom: 'Now' | 'Earliest' | number
  created: number
  generation: number
  suspend: boolean
  /** What the status tells of when each sink became part of the subscription: all that is left where the disk is lost. */
  told: ReadonlyMap<string, number>
}

/** `<subscription uid> <sink> <kind> <milestone>`: what is activated on its own (design.md §1.8). */
export const activationKey = (subscriptionUid: string, sink: string, kind: string, milestone: string): string =>
  `${subscriptionUid} ${sink} ${kind} ${milestone}`

/** Stands in the place of a time while the subscription is suspended: nothing is that late. */
export const suspendedSince = Number.MAX_SAFE_INTEGER

/**
 * The activations that have to be written for an emitter, given those that stand. What stands is kept; a sink, kind or milestone that
 * comes later begins where startFrom says, which for Now is `now`: a year-old subscription does not flood. A suspended one is closed,
 * and starts at now when it is resumed, whatever its startFrom.
 */
export function activate(
  emitter: Emitter,
  spec: ActivationSpec,
  standing: ReadonlyMap<string, number>,
  now: number,
): Map<string, number> {
  const entries = new Map<string, number>()
  const isNew = lazily(() => !standing.keys().some((key) => key.startsWith(`${emitter.uid} `)))
  for (const sink of emitter.sinks) {
    for (const [kind, milestones] of emitter.selection.kinds) {
      for (const milestone of milestones) {
        const key = activationKey(emitter.uid, sink.key, kind, milestone)
        const first = () => (isNew() ? firstOf(spec, sink.key) : undefined)
        const since = sinceOf(spec, standing.get(key), first, now)
        if (since !== standing.get(key)) entries.set(key, since)
      }
    }
  }
  return entries
}

/** Where a subscription that has no activation at all begins with a sink; undefined: at now. */
const firstOf = (spec: ActivationSpec, sink: string): number | undefined =>
  spec.told.get(sink) ?? (spec.generation === 1 ? spec.created : undefined)

function sinceOf(
  spec: ActivationSpec,
  standing: number | undefined,
  first: () => number | undefined,
  now: number,
): number {
  if (spec.suspend) return suspendedSince
  if (standing === suspendedSince) return wholeSecond(now)
  if (standing !== undefined) return standing
  if (spec.startFrom === 'Earliest') return 0
  if (spec.startFrom !== 'Now') return spec.startFrom
  return first() ?? wholeSecond(now)
}

/** What stands may be tens of thousands: looked through once at most, and seldom. */
function lazily(look: () => boolean): () => boolean {
  let seen: boolean | undefined
  return () => {
    seen ??= look()
    return seen
  }
}

/** Kubernetes writes times in whole seconds: what happened later in this second must not look earlier. */
const wholeSecond = (ms: number) => ms - (ms % 1000)

/** New activations of one kind, and the namespace in which its objects have to be looked through for them. */
export type Activated = { uid: string; kind: string; namespace: string | undefined; entries: Map<string, number> }

/** Activations by kind, as they are looked back for. */
export function byKind(
  { uid, clusterWide, namespace, selection, sinks }: Emitter,
  entries: Map<string, number>,
): Activated[] {
  const activated: Activated[] = []
  for (const [kind, milestones] of selection.kinds) {
    const keys = sinks.flatMap((sink) => [...milestones].map((name) => activationKey(uid, sink.key, kind, name)))
    const own = new Map(keys.flatMap((key) => (entries.has(key) ? [[key, entries.get(key) as number]] : [])))
    if (own.size > 0) activated.push({ uid, kind, namespace: clusterWide ? undefined : namespace, entries: own })
  }
  return activated
}
