import type { Selection } from '../filters/selection.ts'
import type { Format } from '../formats/format.ts'
import type { FormatOptions } from '../formats/options.ts'
import type { Redaction } from '../formats/redaction.ts'
import type { Steps } from './steps.ts'
import type { ClosedSink } from './tenancy/sink-uses.ts'

/** A subscription made ready for the hot path: what it selects, in which form, to which sinks, since when. */
export type Emitter = {
  /** `namespace/name` of the subscription. */
  key: string
  uid: string
  namespace: string
  /** What one evaluation of each of its expressions is expected to cost together (cel/cost.ts). */
  cost: number
  /** Whether objects of other namespaces are in reach: an admin namespace's subscription with a namespaceSelector. */
  clusterWide: boolean
  selection: Selection
  formats: readonly EmitterFormat[]
  options: FormatOptions
  /** What no format may see of an object; undefined where nothing is redacted. */
  redaction: Redaction | undefined
  sinks: readonly EmitterSink[]
  /** Sinks that it means and may not use now: nothing is written down for them. */
  closed: readonly ClosedSink[]
}

/**
 * `form`: two emitters that have the same encode the same milestone, at the same step, to the same bytes. `without`: milestones, by kind,
 * that the options of another format brought.
 */
export type EmitterFormat = {
  format: Format
  form: string
  steps: Steps
  without?: ReadonlyMap<string, ReadonlySet<string>> | undefined
}

export type EmitterSink = {
  /** `namespace/name`. */
  key: string
  maxEventBytes: number
  /** The sink that is sent its dead letters as well. */
  parking?: { key: string; maxEventBytes: number } | undefined
}

/** ms since the epoch from which (subscription, sink, kind, milestone) counts; undefined while not activated. */
export type Since = (subscriptionUid: string, sink: string, kind: string, milestone: string) => number | undefined

/** Emitters by what they watch, so that an object meets only those that may want it. */
export type EmitterIndex = {
  /** `gone`: the object is, and its namespace may be, too. */
  forObject(kind: string, namespace: string, gone?: boolean): readonly Emitter[]
  kinds(): ReadonlySet<string>
}

const none: readonly Emitter[] = []

type LabelsOf = (namespace: string) => Readonly<Record<string, string>> | undefined

/**
 * `labelsOf` gives a namespace's labels, or undefined while the namespace isn't known; `lastLabelsOf` also those of one that went lately.
 */
export function indexEmitters(
  emitters: Iterable<Emitter>,
  labelsOf: LabelsOf,
  lastLabelsOf: LabelsOf = labelsOf,
): EmitterIndex {
  const own = new Map<string, Emitter[]>()
  const wide = new Map<string, Emitter[]>()
  const kinds = new Set<string>()
  const append = (map: Map<string, Emitter[]>, key: string, emitter: Emitter) => {
    const list = map.get(key)
    if (list) list.push(emitter)
    else map.set(key, [emitter])
  }
  for (const emitter of emitters) {
    for (const kind of emitter.selection.kinds.keys()) {
      kinds.add(kind)
      if (emitter.clusterWide) append(wide, kind, emitter)
      else append(own, `${kind} ${emitter.namespace}`, emitter)
    }
  }
  return {
    kinds: () => kinds,
    forObject(kind, namespace, gone = false) {
      const local = own.get(`${kind} ${namespace}`) ?? none
      const global = wide.get(kind)
      if (!global) return local
      const labels = gone ? lastLabelsOf : labelsOf
      return [...local, ...global.filter((emitter) => covers(emitter, namespace, labels))]
    },
  }
}

/** Whether an emitter's namespaceSelector (or its own namespace) takes in `namespace`. */
export function covers(emitter: Emitter, namespace: string, labelsOf: LabelsOf): boolean {
  if (!emitter.clusterWide) return emitter.namespace === namespace
  if (!emitter.selection.namespaces) return true
  const labels = labelsOf(namespace)
  return labels !== undefined && emitter.selection.namespaces(labels)
}
