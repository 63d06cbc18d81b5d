import { delayAfter, fullJitter, pause, settles } from './backoff.ts'
import type { Batch, Change, ReflectorStanding, ReflectorState, RelistReason } from './batch.ts'
import type { Query } from './client.ts'
import type { Failure } from './failure.ts'
import { aimBytes, fetchPage, firstLimit, nextLimit, type Page, smallerLimit } from './pages.ts'
import { type Located, pathOf, type Resource } from './path.ts'
import { byName, openWatch } from './read-on.ts'
import type { ReflectorOptions } from './reflector-options.ts'
import { type Ask, asBatches, Refresh } from './refresh.ts'
import { Refreshes, type Taken } from './refreshes.ts'
import type { WatchEnd, WatchStep } from './watch.ts'
import { Whereabouts } from './whereabouts.ts'

export type { Batch, Change, ReflectorStanding, ReflectorState, RelistReason } from './batch.ts'
export type { ReflectorMetrics, ReflectorOptions } from './reflector-options.ts'

type Step = 'find' | 'list' | 'watch'

const shortWatchMs = 5_000
/** A watch that tells nothing for so long has no more of the past to tell. */
const quietMs = 1_000

/**
 * Follows one resource: lists it, then watches on from there, whatever the API server or the network does, until it is stopped.
 * The cursor (an opaque resourceVersion) moves when a batch has been taken, so after a consumer's own error `batches` can be called
 * again and gives that batch once more. No object is kept when the batch after its own has come.
 */
export class Reflector implements AsyncDisposable {
  readonly #options: ReflectorOptions
  readonly #refreshes = new Refreshes()
  readonly #where: Whereabouts
  readonly #closed = new AbortController()
  #running = false
  #cursor: string | undefined
  #relist: RelistReason = 'start'
  /** Whether there ever was a place to watch from. */
  #placed: boolean
  #limit = firstLimit()
  /** Failures of lists since a page came, and of watches since one told anything: a list that works proves no watch. */
  readonly #failures = { find: 0, list: 0, watch: 0 }
  #emptyWatches = 0
  #state: ReflectorStanding

  constructor(options: ReflectorOptions) {
    this.#options = options
    this.#where = new Whereabouts(options.resource, options.namespace)
    this.#cursor = options.resumeFrom
    this.#placed = options.resumeFrom !== undefined
    const now = options.now()
    this.#state = { state: 'starting', since: now, at: now }
  }

  state(): ReflectorStanding {
    return this.#state
  }

  /** What is read, as it was found last; undefined until then. Of what was not looked for, whether it lives in namespaces is not known. */
  resource(): Resource | Located | undefined {
    return this.#where.last
  }

  /**
   * Lists once more, that namespace or all, through the stream of batches; a full list whose first page is yet to come does as well. Resolves
   * when the consumer comes back for more after the last page: so never await it in the consumer. A resource that is absent has
   * nothing to list. Rejects when the reflector is stopped before.
   */
  async refresh(namespace?: string): Promise<void> {
    this.#closed.signal.throwIfAborted()
    await this.#refreshes.ask(namespace)
  }

  /** Never ends before `signal` is aborted, and throws for nothing that the API server or the network does. One at a time. */
  async *batches(signal: AbortSignal): AsyncGenerator<Batch> {
    if (this.#running) throw new Error('the batches of this reflector are being read already')
    this.#running = true
    const stop = AbortSignal.any([signal, this.#closed.signal])
    try {
      while (!stop.aborted) {
        const found = await this.#where.find(stop)
        if (found.kind !== 'found') await this.#fail('find', found, stop)
        else if (this.#cursor === undefined) yield* this.#list(found.resource, stop)
        else yield* this.#watch(found.resource, this.#cursor, stop)
      }
    } finally {
      this.#running = false
      this.#refreshes.again()
      if (stop.aborted) this.#refreshes.stop()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort()
    this.#refreshes.stop()
  }

  async *#list(resource: Resource, signal: AbortSignal): AsyncGenerator<Batch> {
    let asked: Taken | undefined
    let answered = false
    try {
      const [began, uids] = [this.#options.now(), new Set<string>()]
      for (let next: string | undefined, first = true; first || next !== undefined; first = false) {
        const page = await this.#page(resource, { continue: next }, this.#options.namespace, signal)
        if ('kind' in page) return await this.#fail('list', page, signal)
        using _share = page.share
        asked ??= this.#refreshes.takeAll() // whoever asks before the first page is handed out gets it all
        if (first) this.#options.metrics.relisted(this.#relist)
        this.#enter('listing')
        for (const { object } of page.changes) uids.add(object.metadata.uid)
        next = page.next
        const { cursor } = page
        yield { phase: 'list', changes: page.changes, cursor: undefined }
        if (next !== undefined) continue
        // A first list that had to be begun again, its token having expired, is still the first.
        yield { phase: 'listed', changes: [], cursor, uids, began, reason: this.#placed ? this.#relist : 'start' }
        this.#placed = true
        this.#cursor = cursor
      }
      answered = true
    } finally {
      asked?.[answered ? 'resolve' : 'keep']()
    }
  }

  /**
   * A page of a list as of the cursor, so that what the watch has yet to tell comes after it. Where that is compacted away, the watch goes on first,
   * and moves the cursor; only when it has nothing more to tell (`reading` stays open) the list is as of now.
   */
  async *#refresh(refresh: Refresh, reading: Promise<unknown>, signal: AbortSignal): AsyncGenerator<Batch> {
    const { came } = refresh
    if (!came) return
    if ('kind' in came && came.kind === 'expired') {
      if (await settles(reading, quietMs, signal)) this.#refreshes.again()
      else refresh.asOfNow()
    } else if ('kind' in came) {
      this.#refreshes.again()
      await this.#fail('list', came, signal)
    } else {
      using _share = came.share
      this.#enter('watching')
      const changes = refresh.changesOf(came)
      const goesOn = refresh.next(came)
      yield { phase: 'refresh', changes, cursor: undefined }
      if (!goesOn) this.#refreshes.done()
    }
  }

  /** What the list under way holds of what the watch is about to tell of. Where that cannot be had, it begins once more later. */
  async *#before(changes: readonly Change[]): AsyncGenerator<Batch> {
    const before = this.#refreshes.current?.before(changes)
    if (!before) return
    if (yield* asBatches(before)) this.#refreshes.again(fullJitter(2, this.#options.random))
  }

  #refreshOf(resource: Resource, cursor: string, namespace: string | undefined, came: () => void): Refresh {
    const ask: Ask = (...of) => this.#page(resource, ...of)
    const { comparesStates = () => true } = this.#options
    const within = this.#options.namespace ?? namespace
    return new Refresh({ namespace: within, cursor, ask, ...byName(this.#options, resource), comparesStates, came })
  }

  async *#watch(resource: Resource, cursor: string, signal: AbortSignal): AsyncGenerator<Batch> {
    const cut = new AbortController()
    const stopped = () => {
      cut.abort()
      this.#refreshes.current?.stop()
    }
    signal.addEventListener('abort', stopped)
    let steps: AsyncGenerator<WatchStep, WatchEnd> | undefined
    let told = false
    try {
      const opened = this.#options.now()
      const opening = await openWatch(this.#options, resource, cursor, cut.signal)
      if ('kind' in opening) return await this.#fail('watch', opening, signal)
      steps = opening
      this.#enter('watching')
      for (let favoured = false; ; favoured = true) {
        const reading = steps.next()
        let isFresh = true
        for (; !signal.aborted && (await this.#refreshes.comeBefore(reading, favoured)); favoured = isFresh = false) {
          this.#refreshes.begin((...of) => this.#refreshOf(resource, cursor, ...of))
          if (this.#refreshes.current) yield* this.#refresh(this.#refreshes.current, reading, signal)
        }
        if (this.#cursor === undefined || !this.#where.known) return
        const step = await reading
        if (signal.aborted) return
        if (step.done) return await this.#ended(step.value, told, this.#options.now() - opened, signal)
        told = true
        this.#failures.watch = 0
        this.#emptyWatches = 0
        this.#options.metrics.watchEvents(step.value.changes.length)
        yield* this.#before(step.value.changes)
        if (signal.aborted) return
        cursor = step.value.cursor
        yield { phase: 'watch', changes: step.value.changes, cursor, waited: isFresh ? step.value.waited : 0 }
        this.#cursor = cursor
      }
    } finally {
      signal.removeEventListener('abort', stopped)
      cut.abort()
      await steps?.return({ kind: 'ended' })
    }
  }

  /** What follows the end of a watch that was open. */
  async #ended(end: WatchEnd, told: boolean, lasted: number, signal: AbortSignal): Promise<void> {
    // Reopening comes first: only if that fails too is the reflector failing.
    if (end.kind === 'failing') return await this.#again('watch', end, signal)
    if (end.kind !== 'ended') return await this.#fail('watch', end, signal)
    if (lasted >= shortWatchMs) {
      this.#failures.watch = 0
      return
    }
    // Some servers end a watch of a stale version at once instead of answering 410 (kubernetes/kubernetes#137089).
    if (!told) this.#emptyWatches += 1
    if (this.#emptyWatches >= 3) this.#restart('empty-watches')
    await pause(fullJitter(this.#failures.watch++, this.#options.random), signal)
  }

  /** Gets a page, however long that takes; what can't be got by waiting is the caller's. */
  async #page(
    resource: Resource,
    query: Query,
    namespace: string | undefined,
    signal: AbortSignal,
    aim = aimBytes,
  ): Promise<Page | Failure> {
    const { client, select, metrics } = this.#options
    const path = pathOf(resource, namespace)
    for (;;) {
      const got = await fetchPage(client, {
        resource,
        path,
        query: { ...query, ...select },
        limit: Math.max(1, Math.floor((this.#limit * aim) / aimBytes)),
        signal,
        room: client.room.pages,
      })
      if (got.kind === 'page') {
        this.#failures.list = 0
        this.#limit = nextLimit(this.#limit, { bytes: got.page.bytes, items: got.page.changes.length })
        metrics.listed(got.page.changes.length)
        return got.page
      }
      if (got.kind === 'tooLarge') this.#limit = smallerLimit(this.#limit)
      else if (got.kind === 'failing' && !signal.aborted) await this.#fail('list', got, signal)
      else return got
    }
  }

  #restart(reason: RelistReason): void {
    this.#cursor = undefined
    this.#relist = reason
    this.#refreshes.again()
    this.#emptyWatches = 0
  }

  /** Tells of a failure in the state, draws the consequences, and waits. */
  async #fail(of: Step, failure: Failure, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    // What is served in another version now goes on from the same cursor: it is the same in all.
    if (failure.kind === 'absent' && of !== 'find' && this.#where.leave()) return
    if (failure.kind === 'expired') this.#where.reconsider()
    if (failure.kind === 'expired' || failure.kind === 'absent') this.#restart(failure.kind)
    if (failure.kind === 'absent') this.#refreshes.takeAll().resolve()
    if (failure.kind !== 'expired') this.#enter(failure.kind, failure.message)
    await this.#again(of, failure, signal)
  }

  /** Counts a failure and waits. */
  async #again(of: Step, failure: Failure, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const { metrics, random, log, name } = this.#options
    const reason = failure.kind === 'failing' ? failure.reason : failure.kind
    const attempt = this.#failures[of]++
    // A page that has come keeps its share of the memory that all kinds have until the watch lets it be handed out.
    if (of !== 'list' && attempt >= 2) this.#refreshes.again()
    metrics.failed(reason)
    log.debug({ resource: name, of, reason, attempt }, 'a list or watch came to nothing')
    if (reason === 'broken' && of === 'watch' && attempt % 3 === 2) this.#restart('broken')
    await pause(delayAfter(failure, attempt, random), signal)
  }

  #enter(state: ReflectorState, message?: string): void {
    const { name, now, log, namespace } = this.#options
    if (state === 'listing' || state === 'watching') this.#failures.find = 0
    const changed = this.#state.state !== state
    const at = now()
    this.#state = { state, since: changed ? at : this.#state.since, at, ...(message !== undefined && { message }) }
    if (!changed) return
    const fields = {
      resource: name,
      ...(namespace !== undefined && { namespace }),
      state,
      ...(message && { message }),
    }
    if (state === 'failing' || state === 'forbidden') log.warn(fields, 'a watched resource can not be read')
    else log.info(fields, 'a watched resource changed state')
  }
}
