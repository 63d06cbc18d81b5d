import type { Batch, Change } from '../../../src/kube/reflector.ts'
import type { Cluster, Kind } from './cluster.ts'

/** What the stream of a kind tells next: `events` at most so many at once; or its place turns out to be too old. */
export type Turn = { expired: boolean; events: number }

type Asked = { done: PromiseWithResolvers<void> }

/** A page of a list that is being read, as of one version. */
type Reading = { changes: Change[]; version: number; place: number; began: number; asked: Asked[] }

const pageSize = 2

/**
 * The stream of batches of one kind, as `Reflector` makes it, a batch at each turn that the test gives: a list in pages, then watch events, and
 * in between the pages of lists that were asked for, as of the watch's place.
 */
export class Feed {
  readonly kind: Kind
  cursor: number | undefined
  /** Runs that a list left out, or that went while nobody watched: what passed of them unseen can't be told. */
  readonly unseen: (uids: string[]) => void
  private readonly cluster: Cluster
  private reason: 'start' | 'expired' = 'start'
  private asked: Asked[] = []
  private reading: { phase: 'list' | 'refresh'; of: Reading } | undefined
  private permit = Promise.withResolvers<Turn>()
  private taken: PromiseWithResolvers<void> | undefined
  private started = false
  private refreshed = false

  constructor(cluster: Cluster, kind: Kind, resumeFrom: string | undefined, unseen: (uids: string[]) => void) {
    this.cluster = cluster
    this.kind = kind
    this.cursor = resumeFrom === undefined ? undefined : Number(resumeFrom)
    this.unseen = unseen
  }

  /** Lets one batch through. Resolves when the consumer comes back for more. */
  async step(turn: Turn): Promise<void> {
    if (!this.started) return
    // The one before is still being dealt with.
    if (!this.taken) {
      this.taken = Promise.withResolvers()
      this.permit.resolve(turn)
    }
    await this.taken.promise
  }

  /** When what was let through has been dealt with. */
  async settled(): Promise<void> {
    await this.taken?.promise
  }

  get isIdle(): boolean {
    return (
      this.cursor !== undefined &&
      !this.reading &&
      !this.taken &&
      this.asked.length === 0 &&
      this.cluster.after(this.kind, this.cursor).length === 0
    )
  }

  refresh(): Promise<void> {
    const done = Promise.withResolvers<void>()
    done.promise.catch(() => undefined)
    this.asked.push({ done })
    return done.promise
  }

  state() {
    return { state: this.cursor === undefined ? ('listing' as const) : ('watching' as const), since: 0, at: 0 }
  }

  async *batches(signal: AbortSignal): AsyncGenerator<Batch> {
    this.started = true
    const aborted = new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined)))
    try {
      while (!signal.aborted) {
        const turn = await Promise.race([this.permit.promise, aborted])
        if (!turn) return
        yield* this.batch(turn)
        this.permit = Promise.withResolvers()
        const { taken } = this
        this.taken = undefined
        taken?.resolve()
      }
    } finally {
      this.taken?.resolve()
      for (const { done } of this.asked) done.reject(new Error('the reflector was stopped'))
    }
  }

  private *batch({ expired, events }: Turn): Generator<Batch> {
    if (expired && this.cursor !== undefined && this.reading?.phase !== 'list') {
      this.asked.unshift(...(this.reading?.of.asked ?? []))
      this.reading = undefined
      this.cursor = undefined
      this.reason = 'expired'
    }
    if (!this.reading && this.cursor === undefined) this.read('list', this.cluster.version)
    else if (!this.reading && this.asked.length > 0 && !this.refreshed) this.read('refresh', this.cursor ?? 0)
    // The watch is not kept from going on by lists that are asked for again and again.
    this.refreshed = this.reading?.phase === 'refresh'
    if (this.reading) yield* this.page(this.reading)
    else yield* this.watch(events)
  }

  private read(phase: 'list' | 'refresh', version: number): void {
    const changes = this.cluster.live(this.kind, version).map((object): Change => ({ type: 'upsert', object }))
    this.reading = { phase, of: { changes, version, place: 0, began: this.cluster.now, asked: this.asked.splice(0) } }
  }

  private *page({ phase, of }: NonNullable<Feed['reading']>): Generator<Batch> {
    const { changes, version, began, asked } = of
    if (of.place < changes.length || (of.place === 0 && phase === 'refresh')) {
      const page = changes.slice(of.place, of.place + pageSize)
      of.place += pageSize
      yield { phase, changes: structuredClone(page), cursor: undefined }
    } else if (phase === 'list') {
      const uids = new Set(changes.map(({ object }) => object.metadata.uid))
      this.unseen(this.cluster.uidsOf(this.kind).filter((uid) => !uids.has(uid)))
      yield { phase: 'listed', changes: [], cursor: String(version), uids, began, reason: this.reason }
      this.cursor = version
    }
    if (phase === 'list' ? this.cursor === undefined : of.place < changes.length) return
    this.reading = undefined
    for (const { done } of asked) done.resolve()
  }

  private *watch(events: number): Generator<Batch> {
    const writes = this.cluster.after(this.kind, this.cursor ?? 0).slice(0, events)
    const version = writes.at(-1)?.version ?? this.cluster.version
    const changes = writes.map(({ type, object }): Change => ({ type, object: structuredClone(object) }))
    yield { phase: 'watch', changes, cursor: String(version), waited: writes.length === 0 ? 2000 : 0 }
    this.cursor = version
  }
}
