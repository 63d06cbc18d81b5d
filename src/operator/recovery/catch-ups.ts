import type { KubeObject } from '../../api/object.ts'
import { kubeTime } from '../../api/time.ts'
import type { Archive } from '../../kube/archive.ts'
import { delayAfter } from '../../kube/backoff.ts'
import type { Failure } from '../../kube/failure.ts'
import type { KubeLog } from '../../kube/log.ts'
import { firstLimit, nextLimit, type Page, smallerLimit } from '../../kube/pages.ts'
import type { NewGap, Outbox } from '../../outbox/outbox.ts'
import type { ArchiveFacts } from '../../status/continuity.ts'
import type { Emitter } from '../emitter.ts'
import { judgeArchived, judgeLeft } from '../judging/gone.ts'
import type { JudgeDeps, Judged, Judgement, Listed } from '../judging/judge-deps.ts'
import type { Room } from '../overflow/admit.ts'
import { Pulse } from '../pulse.ts'
import { type Away, type CatchUp, catchUpOf, isNews, isPast } from './catch-up.ts'
import type { Observed } from './checkpoint.ts'
import { isBreak } from './continuity.ts'

export type CatchUpDeps = {
  archive: Pick<Archive, 'page'>
  outbox: Pick<Outbox, 'cursors' | 'floors' | 'reached'>
  observed: Pick<Observed, 'at' | 'onServer'>
  isWatched(watch: string): boolean
  /** Those whose objects a watch brings. */
  reached(watch: Judged): readonly Emitter[]
  /** Makes durable what is judged; false where that is over. */
  write(
    watch: Judged,
    judged: (deps: JudgeDeps, room: Room, from: number) => Judgement | undefined,
    signal: AbortSignal,
  ): Promise<boolean>
  /** What is told of a source has changed. */
  turned(source: string): void
  /** So long (ms) the operator may be away before the archive is asked. */
  afterMs: number
  /** So long before that an object may have been created. */
  reachMs: number
  marginMs: number
  metrics: { told(source: string, objects: number): void; failed(source: string, reason: string): void }
  /** Of a clock that is never set. */
  monotonic(): number
  serverNow(): number
  random(): number
  wait(ms: number, signal: AbortSignal): Promise<void>
  log: KubeLog
}

/** An archive that can't be read for so long is done without. */
const giveUpMs = 3_600_000
/** So many objects are judged in one go; and so long is waited for room for them, in all. */
const atOnce = 16
const roomMs = 30_000

/**
 * Looks in an archive for what came and went while nobody watched, one page after the other, beside the watches. Until a catch-up is over nothing
 * is told to be settled: cursor, floors and checkpoint stand, and a process that is killed begins with list and archive once more.
 */
export class CatchUps {
  private readonly deps: CatchUpDeps
  /** By the watch's name. */
  private readonly underWay = new Map<string, CatchUp>()
  /** By source: what the last one came to. */
  private readonly over = new Map<string, { at: number; objects: number }>()
  private readonly pulse = new Pulse()

  constructor(deps: CatchUpDeps) {
    this.deps = deps
  }

  holds(watch: string): boolean {
    return this.underWay.has(watch)
  }

  /** As in JudgeDeps. One that is under way begins anew, with the list as it is now. */
  open(watch: Judged, listed: Listed, missing: readonly string[]): boolean {
    const away = this.awayFor(watch, listed)
    if (!away) return false
    const { name, source } = watch
    this.underWay.set(name, catchUpOf(watch, away, listed.uids, missing))
    const told = { source: source.name, from: kubeTime(away.from), to: kubeTime(away.to), missing: missing.length }
    this.deps.log.info(told, 'what came and went unseen is looked for in the archive')
    this.pulse.fire()
    return true
  }

  /** From when on the watch does not know what happened; undefined where it does, or knew again soon enough. */
  private awayFor(watch: Judged, { reason, began, cursor: version }: Listed): Away | undefined {
    const { afterMs, marginMs, observed, outbox } = this.deps
    const to = observed.onServer(began)
    const before = this.underWay.get(watch.name)
    if (before) return { from: before.from, to, cursor: before.cursor, version }
    const seen = isBreak(reason) ? (observed.at(watch.name) ?? outbox.reached().get(watch.name)) : undefined
    // A floor has the margin taken off already.
    const floors = isBreak(reason) ? [] : [...outbox.floors(watch.name).values()]
    const last = seen ?? (floors.length > 0 ? Math.min(...floors) + marginMs : undefined)
    if (last === undefined || to - last < afterMs) return undefined
    const cursor = seen === undefined ? undefined : outbox.cursors().get(watch.name)
    return { from: Math.max(last - marginMs, to - farthestMs), to, cursor, version }
  }

  /** What the condition Continuity tells of kinds. */
  of(sources: Iterable<string>): ArchiveFacts | undefined {
    const wanted = new Set(sources)
    const all = [...this.underWay.values()].filter(({ watch }) => wanted.has(watch.source.name))
    const failing = all.find((one) => one.failing && one.attempts >= toldAttempts)
    if (failing?.failing) return { kind: 'failing', from: failing.from, message: failing.failing.message }
    const over = [...this.over].flatMap(([source, one]) => (wanted.has(source) && one.objects > 0 ? [one] : []))
    if (over.length === 0) return undefined
    const objects = over.reduce((sum, one) => sum + one.objects, 0)
    return { kind: 'over', at: Math.max(...over.map(({ at }) => at)), objects }
  }

  /** Takes a page of each in turn, for as long as there are any. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const [name] of this.underWay) if (!this.deps.isWatched(name)) this.underWay.delete(name)
      const [first] = [...this.underWay.values()].sort((one, other) => one.retryAt - other.retryAt)
      const wait = first ? first.retryAt - this.deps.monotonic() : 0
      if (first && wait <= 0) await this.step(first, signal)
      else if (first) await this.sleep(wait, signal)
      else await this.pulse.next(signal)
    }
  }

  private async sleep(ms: number, signal: AbortSignal): Promise<void> {
    const over = new AbortController()
    const either = AbortSignal.any([signal, over.signal])
    await Promise.race([this.pulse.next(either), this.deps.wait(ms, either)])
    over.abort()
  }

  private isCurrent(catchUp: CatchUp, signal: AbortSignal): boolean {
    return !signal.aborted && this.underWay.get(catchUp.watch.name) === catchUp
  }

  private async step(catchUp: CatchUp, signal: AbortSignal): Promise<void> {
    const [version] = catchUp.versions
    if (version === undefined) return await this.end(catchUp, undefined, signal)
    const { source, namespace } = catchUp.watch
    const { group, plural } = source
    const createdAfter = Math.max(catchUp.from - this.deps.reachMs, 0)
    const { next, limit } = catchUp
    const of = { resource: { group, version, plural }, namespace, createdAfter, continue: next, limit }
    const got = await this.deps.archive.page(of, signal)
    if (!this.isCurrent(catchUp, signal)) return
    switch (got.kind) {
      case 'page':
        return await this.take(catchUp, got.page, createdAfter, signal)
      case 'tooLarge':
        catchUp.limit = smallerLimit(limit)
        return
      case 'absent':
        this.deps.log.info({ source: source.name, version }, 'the archive knows no such resource')
        return this.nextVersion(catchUp)
      default:
        return await this.fail(catchUp, got, signal)
    }
  }

  private async take(catchUp: CatchUp, page: Page, createdAfter: number, signal: AbortSignal): Promise<void> {
    const { source } = catchUp.watch
    if (catchUp.failing) this.deps.turned(source.name)
    catchUp.failing = undefined
    catchUp.attempts = 0
    catchUp.limit = nextLimit(catchUp.limit, { bytes: page.bytes, items: page.changes.length })
    const objects = page.changes.map(({ object }) => object)
    const news = objects.filter((object) => isNews(catchUp, object))
    for (let first = 0; first < news.length; first += atOnce) {
      if (!(await this.tell(catchUp, news.slice(first, first + atOnce), signal))) return
    }
    catchUp.read += objects.length
    catchUp.next = page.next
    // Each gets its turn: a page of the next.
    catchUp.retryAt = this.deps.monotonic()
    if (page.next === undefined || isPast(catchUp, objects, createdAfter)) this.nextVersion(catchUp)
  }

  private async tell(catchUp: CatchUp, objects: readonly KubeObject[], signal: AbortSignal): Promise<boolean> {
    const { watch, missing, found } = catchUp
    // Those before it are durable, and forgotten: told again they would be news.
    let first = 0
    for (let waited = 0; ; waited += 1000) {
      let isFull = false
      const written = await this.deps.write(
        watch,
        (deps, room, from) => {
          first = Math.max(first, from)
          isFull = waited < roomMs && lacksRoom(watch, objects, deps, room)
          return isFull ? undefined : judgeArchived(watch, objects, missing, deps, room, first)
        },
        signal,
      )
      if (!written || !this.isCurrent(catchUp, signal)) return false
      if (!isFull) break
      await this.deps.wait(1000, signal)
    }
    for (const { metadata } of objects) {
      missing.delete(metadata.uid)
      found.add(metadata.uid)
    }
    catchUp.told += objects.length
    this.deps.metrics.told(watch.source.name, objects.length)
    return true
  }

  private nextVersion(catchUp: CatchUp): void {
    catchUp.versions.shift()
    catchUp.next = undefined
    catchUp.oldest = Number.POSITIVE_INFINITY
    catchUp.limit = firstLimit()
  }

  private async fail(catchUp: CatchUp, failure: Failure, signal: AbortSignal): Promise<void> {
    const { log, metrics, monotonic, random, turned } = this.deps
    const source = catchUp.watch.source.name
    const reason = failure.kind === 'failing' ? failure.reason : failure.kind
    const message = failure.kind === 'expired' ? 'the list was too long under way' : failure.message
    metrics.failed(source, reason)
    // What was found is remembered, so that it may begin anew: a token may be refused when it is too old, or after an update.
    if (failure.kind === 'expired' || reason === 'refused') catchUp.next = undefined
    if (reason === 'timeout') catchUp.limit = smallerLimit(catchUp.limit)
    if (!catchUp.failing) log.warn({ source, reason, message }, 'the archive can not be read, and is tried again')
    catchUp.failing ??= { since: monotonic(), message }
    catchUp.failing.message = message
    catchUp.retryAt = monotonic() + delayAfter(failure, catchUp.attempts, random)
    catchUp.attempts += 1
    if (catchUp.attempts === toldAttempts) turned(source)
    if (monotonic() - catchUp.failing.since >= giveUpMs) await this.end(catchUp, message, signal)
  }

  /** Whatever is missing still is not in the archive, or can't be read for this `failure`. */
  private async end(catchUp: CatchUp, failure: string | undefined, signal: AbortSignal): Promise<void> {
    const { deps } = this
    const { watch, missing, read, told, from } = catchUp
    const lost = failure === undefined ? [] : deps.reached(watch).map((emitter) => unreadGap(emitter, from, failure))
    const written = await deps.write(
      watch,
      (judging, room) => {
        const judged = judgeLeft(watch, [...missing], judging, room)
        return lost.length === 0 || judged.next !== undefined
          ? judged
          : { ...judged, gaps: [...(judged.gaps ?? []), ...lost] }
      },
      signal,
    )
    if (!written || !this.isCurrent(catchUp, signal)) return
    this.underWay.delete(watch.name)
    const source = watch.source.name
    this.over.set(source, { at: deps.serverNow(), objects: told })
    deps.turned(source)
    const fields = { source, read, told, missing: missing.size }
    if (failure === undefined) deps.log.info(fields, 'the archive was read: what came and went unseen is told')
    else deps.log.error({ ...fields, failure }, 'the archive could not be read for too long: it is done without')
  }
}

/** No gap that is looked into is longer: what would have to be read of an archive grows with it. */
const farthestMs = 7 * 24 * 3_600_000
/** One failure or two may be over before anybody has read of them. */
const toldAttempts = 3

function unreadGap({ uid: subscriptionUid }: Emitter, from: number, failure: string): NewGap {
  const message = `what came and went since ${kubeTime(from)} is not known: the archive could not be read: ${failure}`
  return { subscriptionUid, reason: 'ArchiveUnreachable', message }
}

/** Whether some sink takes nothing for now of those that may want an object. */
const lacksRoom = ({ source }: Judged, objects: readonly KubeObject[], deps: JudgeDeps, room: Room): boolean =>
  objects.some(({ metadata }) =>
    deps
      .emitters()
      .forObject(source.name, metadata.namespace ?? '', true)
      .some(({ namespace, sinks }) => sinks.some(({ key }) => room.isFull(key, namespace))),
  )
