import assert from 'node:assert/strict'
import type { EventSubscription } from '../../../src/api/generated.ts'
import type { KubeObject } from '../../../src/api/object.ts'
import type { Batch } from '../../../src/kube/reflector.ts'
import { settleMs } from '../../../src/operator/judging/settled.ts'
import type { SubscriptionState } from '../../../src/operator/state.ts'
import type { Counts, Row } from '../../../src/outbox/outbox.ts'
import type { Milestone } from '../../../src/sources/source.ts'
import { sourceOf } from '../scene.ts'
import { artifactPublished, type Cluster, declaresEvents, type Kind, kinds } from './cluster.ts'
import { marginMs } from './life.ts'

/** From when on (ms) milestones have to be told, and before when none may be. */
type Bounds = { required: number; least: number }

/** What the operator has seen of a subscription; bounds by `<sink> <kind> <milestone>`. */
type Sighted = {
  generation: number
  suspended: boolean
  selector: string
  /** Its spec was changed since it was first seen: what comes to match later may be older. */
  changed: boolean
  present: Set<string>
  bounds: Map<string, Bounds>
}

/** What an event is of its milestone. */
type As = 'cloudevents' | 'cdevents' | 'declared'

function readType(type: string): { name: string; as: As } {
  if (type.startsWith(artifactPublished)) return { name: 'finished', as: 'declared' }
  const parts = type.split('.')
  return parts[1] === 'carillon'
    ? { name: parts.at(-2) ?? '', as: 'cloudevents' }
    : { name: parts[3] ?? '', as: 'cdevents' }
}

const never = Number.POSITIVE_INFINITY

/** Knows what has happened, and so what has to be delivered and what must not be: the promise, said once more and simply. */
export class Oracle {
  private readonly cluster: Cluster
  private readonly sighted = new Map<string, Sighted>()
  /** `<subscription uid> <sink> <run uid> <milestone>` of what was delivered, or is a dead letter. */
  private readonly told = new Set<string>()
  /** In the same form: of runs that are gone, what was seen of them in time. */
  private must = new Set<string>()
  private readonly ids = new Map<string, string>()
  /** Of the present life of the disk. */
  private once = new Map<string, Set<As>>()
  private lanes = new Map<string, { sequence: string; name: string }>()
  private delivered = new Map<string, number>()

  /** What was counted goes on from the statuses, while milestones may be told once more. */
  private lost = false

  constructor(cluster: Cluster) {
    this.cluster = cluster
  }

  /** The operator has taken note of subscriptions. */
  sees(subscriptions: Iterable<SubscriptionState>): void {
    for (const { object } of subscriptions) {
      const { uid, generation = 0, name } = object.metadata
      const known = this.sighted.get(uid)
      if (known?.generation === generation) continue
      const declared = this.cluster.subscriptions.get(name)
      assert.ok(declared)
      this.sighted.set(uid, this.sight(object, known, declared.written))
    }
  }

  private sight(object: EventSubscription, known: Sighted | undefined, written: number): Sighted {
    const { spec, metadata } = object
    const present = tuplesOf(object)
    const selector = JSON.stringify(spec.events?.map((one) => one.selector))
    const bounds = new Map(known?.bounds)
    const suspended = spec.suspend ?? false
    const created = Date.parse(metadata.creationTimestamp)
    const isEarliest = spec.startFrom === 'Earliest'
    for (const tuple of present) {
      const before = bounds.get(tuple)
      const at = (required: number, least = required) => bounds.set(tuple, { required, least: least - 1000 })
      if (suspended) at(never, Math.min(before?.least ?? never, never))
      else if (before && before.required === never) at(written, Math.min(written, before.least))
      else if (!before) at(isEarliest ? 0 : known ? written : created)
      else if (!known?.present.has(tuple) || known.selector !== selector) at(this.cluster.now, before.least)
    }
    const generation = metadata.generation ?? 0
    return { generation, suspended, selector, changed: known !== undefined, present, bounds }
  }

  /** A batch was taken in: what goes with it can't be told from later states. */
  passed({ phase, changes }: Batch, kind: string, subscriptions: Iterable<SubscriptionState>): void {
    if (phase !== 'watch') return
    for (const { type, object } of changes) {
      if (type !== 'delete') continue
      for (const { object: subscription } of subscriptions)
        for (const { key } of this.dueOf(subscription, kind as Kind, object)) this.must.add(key)
    }
  }

  /** What a subscription has to be told of a run in its present state: milestones and their keys. */
  private dueOf(
    subscription: EventSubscription,
    kind: Kind,
    object: KubeObject,
  ): { key: string; milestone: Milestone }[] {
    const { uid } = subscription.metadata
    const sighted = this.sighted.get(uid)
    const selection = subscription.spec.events?.find((one) => one.kind === kind)
    if (!sighted || sighted.suspended || !selection || subscription.spec.suspend) return []
    if (selection.selector && !this.wasLabelledInTime(kind, object)) return []
    return sourceOf(kind)
      .milestones(object)
      .flatMap((milestone) =>
        [...sighted.present]
          .filter((tuple) => tuple.endsWith(` ${kind} ${milestone.name}`))
          .filter((tuple) => milestone.time >= (sighted.bounds.get(tuple)?.required ?? never))
          .map((tuple) => ({
            key: keyOf(uid, tuple.split(' ')[0] ?? '', object.metadata.uid, milestone.name),
            milestone,
          })),
      )
  }

  private wasLabelledInTime(kind: Kind, object: KubeObject): boolean {
    if (!object.metadata.labels) return false
    const ended = sourceOf(kind).endedAt(object) ?? 0
    const first = this.cluster.log[kind].find(
      (write) => write.object.metadata.uid === object.metadata.uid && write.object.metadata.labels,
    )
    return first !== undefined && first.time - ended < settleMs
  }

  /** What could be told of runs that are gone was dropped, and counted; or nothing was ever seen of it. */
  excuse(uids?: readonly string[]): void {
    if (!uids) this.must.clear()
    else for (const key of this.must) if (uids.includes(key.split(' ')[2] ?? '')) this.must.delete(key)
  }

  diskLost(): void {
    this.lost = true
    this.excuse()
    this.once = new Map()
    this.lanes = new Map()
    this.delivered = new Map()
  }

  /** A row came to its end: it was delivered, or became a dead letter. */
  settled(row: Row, kind: 'delivered' | 'dead'): void {
    const { name, as } = readType(row.event.type)
    const key = keyOf(row.subscriptionUid, row.sink, row.objectUid, name)
    this.isTrue(row, name, as)
    const told = this.once.get(key) ?? new Set()
    assert.ok(!told.has(as), `told twice: ${key} ${as}`)
    this.once.set(key, told.add(as))
    this.told.add(key)
    const pair = `${row.subscriptionUid} ${row.sink}`
    if (kind === 'delivered') this.delivered.set(pair, (this.delivered.get(pair) ?? 0) + 1)
    this.isInOrder(row, name)
  }

  private isTrue(row: Row, name: string, as: As): void {
    const { event, objectUid, sink, subscriptionUid } = row
    const kind = this.runOf(objectUid).kind as Kind
    const known = this.ids.get(`${objectUid} ${name} ${as}`) ?? event.id
    this.ids.set(`${objectUid} ${name} ${as}`, event.id)
    assert.equal(event.id, known, `another id: ${objectUid} ${name}`)
    const bounds = this.sighted.get(subscriptionUid)?.bounds.get(`${sink} ${kind} ${name}`)
    assert.ok(bounds, `nobody asked: ${subscriptionUid} ${sink} ${kind} ${name}`)
    const states = this.cluster.states.get(objectUid) ?? []
    const source = sourceOf(kind)
    const happened = states.flatMap((state) => [...source.milestones(state), ...source.transitions(undefined, state)])
    const isGone = this.cluster.log[kind].some(
      (write) => write.type === 'delete' && write.object.metadata.uid === objectUid,
    )
    const times = happened.filter((one) => one.name === name).map(({ time }) => time)
    assert.ok(times.length > 0 || (name === 'deleted' && isGone), `a phantom: ${objectUid} ${name}`)
    if (times.length > 0)
      assert.ok(Math.max(...times) >= bounds.least - marginMs, `older than asked for: ${objectUid} ${name}`)
  }

  private isInOrder(row: Row, name: string): void {
    if (this.sighted.get(row.subscriptionUid)?.changed) return
    const lane = `${row.subscriptionUid} ${row.sink} ${row.objectUid}`
    const { sequence } = JSON.parse(row.event.attributes) as { sequence: string }
    const last = this.lanes.get(lane)
    const isInPlace = !last || last.sequence < sequence || (last.sequence === sequence && last.name === name)
    assert.ok(isInPlace, `out of order: ${lane}: ${name} after ${last?.name}`)
    this.lanes.set(lane, { sequence, name })
  }

  /** To be asked when all is quiet: has everything been told, and is it counted as it was? */
  check(counts: ReadonlyMap<string, Partial<Counts>>): void {
    for (const { object } of this.cluster.subscriptions.values()) {
      const { uid } = object.metadata
      for (const kind of kinds)
        for (const run of this.cluster.live(kind))
          for (const { key } of this.dueOf(object, kind, run)) assert.ok(this.told.has(key), `lost: ${key}`)
      for (const key of this.must)
        if (key.startsWith(`${uid} `)) assert.ok(this.told.has(key), `lost with its run: ${key}`)
      for (const [pair, delivered] of this.delivered)
        if (pair.startsWith(`${uid} `))
          assert.equal(counts.get(pair)?.delivered, delivered, `counted as delivered: ${pair}`)
      if (!this.sighted.get(uid)?.changed) this.isWhole(object, counts.get(`${uid} `)?.invalid ?? 0)
    }
  }

  private runOf(uid: string): KubeObject {
    return this.cluster.states.get(uid)?.[0] ?? assert.fail(`no run ${uid}`)
  }

  /** Each milestone was told in all its forms, and what was declared wrongly is counted, once however many sinks. */
  private isWhole({ metadata: { uid }, spec }: EventSubscription, invalid: number): void {
    const wrong = new Set<string>()
    for (const [key, told] of this.once) {
      const [of, , run = '', name = ''] = key.split(' ')
      if (of !== uid) continue
      const object = this.runOf(run)
      const expected: As[] = ['cloudevents']
      if (spec.formats?.includes('cdevents') && name !== 'deleted') expected.push('cdevents')
      if (spec.userEvents && declaresEvents(object)) {
        if (name === 'finished') expected.push('declared')
        if (name === 'started') wrong.add(run)
      }
      const forms = [...told].filter((as) => as !== 'cdevents' || name !== 'deleted')
      assert.deepEqual(forms.sort(), expected.sort(), `told in part: ${key}`)
    }
    if (!this.lost) assert.equal(invalid, wrong.size, `counted as invalid: ${uid}`)
  }
}

const keyOf = (subscriptionUid: string, sink: string, objectUid: string, milestone: string): string =>
  `${subscriptionUid} ${sink} ${objectUid} ${milestone}`

/** `<sink> <kind> <milestone>` of all that is asked for. */
function tuplesOf({ spec }: EventSubscription): Set<string> {
  const tuples = new Set<string>()
  for (const { name } of spec.sinks ?? [])
    for (const { kind, milestones = [] } of spec.events ?? [])
      for (const milestone of milestones) tuples.add(`team-a/${name} ${kind} ${milestone}`)
  return tuples
}
