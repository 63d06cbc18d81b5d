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

type Place = Entry & { refusal: Refusal | undefined }

/**
 * Who is served of a namespace: the oldest, as many as its quotas allow. Each namespace is judged for itself. Of those that were there already
 * the standing changes only by what comes and goes before them, or with the quotas.
 */
export class Roster {
  private readonly namespaces = new Map<string, Place[]>()
  private readonly boundsOf: (namespace: string) => Bounds
  private readonly words: Words

  constructor(boundsOf: (namespace: string) => Bounds, words: Words) {
    this.boundsOf = boundsOf
    this.words = words
  }

  /** Takes in an entry that is new, or as it is now. Gives its standing, and the others whose standing turned. */
  enter(entry: Entry): { standing: Verdict<true>; turned: string[] } {
    const { entries, cost } = this.boundsOf(namespaceOf(entry.key))
    // When quotas come or change, all are entered anew.
    if (entries === undefined && cost === undefined) {
      this.namespaces.delete(namespaceOf(entry.key))
      return { standing: accept(true), turned: [] }
    }
    const places = this.placesOf(entry.key)
    const at = places.findIndex(({ key }) => key === entry.key)
    const before = places[at]
    if (at >= 0) places.splice(at, 1)
    const place: Place = { ...entry, refusal: before?.refusal }
    const next = places.findLastIndex((other) => precedes(other, place)) + 1
    places.splice(next, 0, place)
    const turned = this.judge(entry.key, places).filter((key) => key !== entry.key)
    return { standing: place.refusal ?? accept(true), turned }
  }

  /** Gives the others whose standing turned by its going. */
  leave(key: string): string[] {
    const places = this.namespaces.get(namespaceOf(key)) ?? []
    const at = places.findIndex((place) => place.key === key)
    if (at < 0) return []
    places.splice(at, 1)
    if (places.length === 0) this.namespaces.delete(namespaceOf(key))
    return this.judge(key, places)
  }

  /** How many are not served. */
  refused(): number {
    let count = 0
    for (const places of this.namespaces.values()) for (const { refusal } of places) if (refusal) count += 1
    return count
  }

  private placesOf(key: string): Place[] {
    const namespace = namespaceOf(key)
    const places = this.namespaces.get(namespace) ?? []
    this.namespaces.set(namespace, places)
    return places
  }

  private judge(key: string, places: readonly Place[]): string[] {
    const namespace = namespaceOf(key)
    const { entries, cost } = this.boundsOf(namespace)
    const turned: string[] = []
    let [served, spent] = [0, 0]
    // All that are too many are told the same, and they may be thousands.
    let tooMany: Refusal | undefined
    for (const place of places) {
      if (entries !== undefined && served >= entries) tooMany ??= this.tooMany(namespace, entries, served)
      const refusal = tooMany ?? this.tooCostly(place, namespace, cost, spent)
      if (!refusal) {
        served += 1
        spent += place.cost
      }
      if ((refusal === undefined) !== (place.refusal === undefined)) turned.push(place.key)
      place.refusal = refusal
    }
    return turned
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

const precedes = (one: Entry, other: Entry): boolean =>
  one.created < other.created || (one.created === other.created && one.key <= other.key)
