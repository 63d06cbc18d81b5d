/** A replay as it concerns one subscription. Times are ms, both ends included. */
export type ReplayWindow = {
  since: number
  until: number
  /** Keys of the sinks that are to get the events again. */
  sinks: ReadonlySet<string>
  /** Only counts. */
  dryRun: boolean
  /** Whether this event is on its way to that sink already: it was a dead letter. */
  isUnderWay(sink: string, eventId: string): boolean
}

/**
 * What a look at one object led to: events that go again (in a dry run, would), those that are too large, and milestones that
 * are owed, as there is no room for them.
 */
export type Replayed = { subscriptionUid: string; objectUid: string; events: number; tooLarge: number; owed: number }

/** Ids of revived dead letters that are kept in mind, so that none goes twice; beyond them one may, under the same id. */
const maxIds = 50_000

/** A replay under way. What it enqueued is counted when it is durable. */
export class Replay implements ReplayWindow {
  readonly since: number
  readonly until: number
  readonly sinks: ReadonlySet<string>
  readonly dryRun: boolean
  objects = 0
  events = 0
  tooLarge = 0
  owed = 0
  private readonly underWay = new Set<string>()
  private readonly looked = new Set<string>()
  private readonly progressed: () => void
  /** What is looked through now. */
  private kind: string | undefined

  constructor(window: Omit<ReplayWindow, 'isUnderWay'>, progressed: () => void) {
    this.since = window.since
    this.until = window.until
    this.sinks = window.sinks
    this.dryRun = window.dryRun
    this.progressed = progressed
  }

  isUnderWay(sink: string, eventId: string): boolean {
    return this.underWay.has(`${sink} ${eventId}`)
  }

  sent(sink: string, eventId: string): void {
    if (this.underWay.size < maxIds) this.underWay.add(`${sink} ${eventId}`)
  }

  /** Two lists may overlap, and one may be made anew: each object counts once. Other kinds may be listed for other reasons meanwhile. */
  wants(kind: string, objectUid: string): boolean {
    return kind === this.kind && !this.looked.has(objectUid)
  }

  take({ objectUid, events, tooLarge, owed }: Replayed): void {
    this.looked.add(objectUid)
    this.objects += 1
    this.events += events
    this.tooLarge += tooLarge
    this.owed += owed
    this.progressed()
  }

  /** Another kind has other objects. */
  nextKind(kind: string): void {
    this.kind = kind
    this.looked.clear()
  }
}

/** The replays under way, one a subscription; read where objects are judged. */
export class Replays {
  private readonly running = new Map<string, Replay>()

  get any(): boolean {
    return this.running.size > 0
  }

  /** Undefined where one is under way already. */
  begin(subscriptionUid: string, window: Omit<ReplayWindow, 'isUnderWay'>, progressed: () => void): Replay | undefined {
    if (this.running.has(subscriptionUid)) return undefined
    const replay = new Replay(window, progressed)
    this.running.set(subscriptionUid, replay)
    return replay
  }

  end(subscriptionUid: string): void {
    this.running.delete(subscriptionUid)
  }

  isRunning(subscriptionUid: string): boolean {
    return this.running.has(subscriptionUid)
  }

  windowOf(subscriptionUid: string, kind: string, objectUid: string): ReplayWindow | undefined {
    const replay = this.running.get(subscriptionUid)
    return replay?.wants(kind, objectUid) ? replay : undefined
  }

  /** What was looked at is durable. */
  committed(replayed: readonly Replayed[]): void {
    for (const one of replayed) this.running.get(one.subscriptionUid)?.take(one)
  }
}
