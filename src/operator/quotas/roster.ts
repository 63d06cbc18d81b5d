import { accept, type Refusal, refuse, type Verdict } from '../../api/verdict.ts'

/** One sink or subscription of a namespace. */
export type Entry = {
  /** `namespace/name`. */
  key: string
  /** creationTimestamp, as Kubernetes writes it. */
  created: string
  /** What its expressions are expected to cost. */
  cost: number
}

/** What all entries of a namespace may be together; undefined: no bound. */
export type Bounds = { entries: number | undefined; cost: number | undefined }

export type Words = { kind: string; quota: string; costQuota: string }

/** `before`: those that are served of the older ones, and what they cost; unlike anything where it was not judged yet. */
type Place = Entry & { refusal: Refusal | undefined; before: Tally }

type Tally = { served: number; spent: number }

/** The oldest first. `bounds`: by which they were judged. */
type List = { places: Place[]; byKey: Map<string, Place>; bounds: Bounds; tooMany: Refusal | undefined }

const unjudged: Tally = { served: Number.NaN, spent: Number.NaN }

/**
 * Who is served of a namespace: the oldest, as many as its quotas allow. Each namespace is judged for itself. Of those that were there already
 * the standing changes only by what comes and goes before them, or with the quotas.
 */
export class Roster {
  private readonly namespaces = new Map<string, List>()
  private readonly boundsOf: (namespace: string) => Bounds
  private readonly words: Words

  constructor(boundsOf: (namespace: string) => Bounds, words: Words) {
    this.boundsOf = boundsOf
    this.words = words
  }

  /** Takes in an entry that is new, or as it is now. Gives its standing, and the others whose standing turned. */
  enter(entry: Entry): { standing: Verdict<true>; turned: string[] } {
    const namespace = namespaceOf(entry.key)
    const bounds = this.boundsOf(namespace)
    // When quotas come or change, all are entered anew.
    if (bounds.entries === undefined && bounds.cost === undefined) {
      this.namespaces.delete(namespace)
      return { standing: accept(true), turned: [] }
    }
    const list = this.namespaces.get(namespace) ?? { places: [], byKey: new Map(), bounds, tooMany: undefined }
    this.namespaces.set(namespace, list)
    const before = list.byKey.get(entry.key)
    const place: Place = { ...entry, refusal: before?.refusal, before: unjudged }
    const at = before ? take(list.places, before) : Number.POSITIVE_INFINITY
    const next = positionOf(list.places, place)
    list.places.splice(next, 0, place)
    list.byKey.set(entry.key, place)
    const last = at === Number.POSITIVE_INFINITY ? next : Math.max(at, next)
    const turned = this.judge(namespace, list, Math.min(at, next), last).filter((key) => key !== entry.key)
    return { standing: place.refusal ?? accept(true), turned }
  }

  /** Gives the others whose standing turned by its going. */
  leave(key: string): string[] {
    const namespace = namespaceOf(key)
    const list = this.namespaces.get(namespace)
    const place = list?.byKey.get(key)
    if (!list || !place) return []
    const at = take(list.places, place)
    list.byKey.delete(key)
    if (list.places.length === 0) this.namespaces.delete(namespace)
    return this.judge(namespace, list, at, at - 1)
  }

  /** How many are not served. */
  refused(): number {
    let count = 0
    for (const { places } of this.namespaces.values()) for (const { refusal } of places) if (refusal) count += 1
    return count
  }

  /** Judges the places from `from` to `last`, and those after them as far as what is before them has changed. Gives those that turned. */
  private judge(namespace: string, list: List, from: number, last: number): string[] {
    const { places } = list
    const bounds = this.boundsOf(namespace)
    const isSame = bounds.entries === list.bounds.entries && bounds.cost === list.bounds.cost
    list.bounds = bounds
    if (!isSame) list.tooMany = undefined
    const turned: string[] = []
    let before = isSame ? after(places[from - 1]) : after(undefined)
    for (let at = isSame ? from : 0; at < places.length; at += 1) {
      const place = places[at] as Place
      const { served, spent } = place.before
      if (isSame && at > last && served === before.served && spent === before.spent) break
      const refusal = this.refusalOf(place, namespace, list, before)
      if ((refusal === undefined) !== (place.refusal === undefined)) turned.push(place.key)
      place.refusal = refusal
      place.before = before
      before = after(place)
    }
    return turned
  }

  private refusalOf(place: Place, namespace: string, list: List, { served, spent }: Tally): Refusal | undefined {
    const { entries, cost } = list.bounds
    if (entries === undefined || served < entries) return this.tooCostly(place, namespace, cost, spent)
    // All that are too many are told the same, and they may be thousands.
    list.tooMany ??= this.tooMany(namespace, entries, served)
    return list.tooMany
  }

  private tooMany(namespace: string, entries: number, served: number): Refusal {
    const { kind, quota } = this.words
    const older = `${served === 1 ? `1 ${kind} that is` : `${served} ${kind}s that are`} older`
    return refuse(
      'QuotaExceeded',
      `namespace ${namespace} may have ${entries} ${kind}${entries === 1 ? '' : 's'}, and has ${served === 0 ? 'none to spare' : older}: ${remedy} ${quota}`,
    )
  }

  private tooCostly(
    { cost }: Place,
    namespace: string,
    allowed: number | undefined,
    spent: number,
  ): Refusal | undefined {
    if (allowed === undefined || spent + cost <= allowed) return undefined
    const { kind, costQuota } = this.words
    return refuse(
      'QuotaExceeded',
      `the expressions of this ${kind} cost ${cost}, those of older ones of namespace ${namespace} ${spent}, and ${allowed} are allowed together: make them simpler, or ask an administrator to raise ${costQuota}`,
    )
  }
}

const remedy = 'delete one of them, or ask an administrator to raise'

const namespaceOf = (key: string): string => key.slice(0, key.indexOf('/'))

/** What the places up to this one make together. */
function after(place: Place | undefined): Tally {
  if (!place) return { served: 0, spent: 0 }
  const { before, cost, refusal } = place
  return refusal ? before : { served: before.served + 1, spent: before.spent + cost }
}

/** Takes a place out; gives where it was. */
function take(places: Place[], place: Place): number {
  const at = positionOf(places, place)
  places.splice(at, 1)
  return at
}

/** Where an entry is, or has to be put. */
function positionOf(places: readonly Place[], entry: Entry): number {
  let [from, to] = [0, places.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (precedes(places[middle] as Place, entry)) from = middle + 1
    else to = middle
  }
  return from
}

const precedes = (one: Entry, other: Entry): boolean =>
  one.created < other.created || (one.created === other.created && one.key < other.key)
