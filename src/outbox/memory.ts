import { bodyOf, readBody } from './body.ts'
import { Changes } from './changes.ts'
import type {
  CommitBatch,
  CountDelta,
  Counts,
  DeadLetter,
  NewRow,
  ObjectRecord,
  Outbox,
  Pending,
  Row,
  Settlement,
} from './outbox.ts'
import { countNames } from './routes.ts'
import { checkTimes } from './settle.ts'

type KeptRow = Omit<Row, 'seq'> & { seq: number; due: number; claimed: number | undefined }

type KeptRecord = Omit<ObjectRecord, 'projection' | 'seen' | 'ledger'> & { body: string }

/** An outbox for tests, which forgets all at its end. Written to be plainly right, not fast: the model of the one on disk. */
export class MemoryOutbox implements Outbox {
  private readonly now: () => number
  private readonly changes = new Changes()
  private readonly objects = new Map<string, KeptRecord>()
  private readonly watches = new Map<string, string>()
  private readonly since = new Map<string, number>()
  private readonly sums = new Map<string, CountDelta & { counts: Counts }>()
  private rows: KeptRow[] = []
  private readonly letters: DeadLetter[] = []
  private lastSeq = 0
  private closed = false

  constructor(options: { now: () => number }) {
    this.now = options.now
  }

  async commit(batch: CommitBatch): Promise<void> {
    this.refuseWhenClosed()
    const records = batch.records.map(({ projection, seen, ledger, ...rest }) => ({
      ...rest,
      body: bodyOf({ projection, seen, ledger }),
    }))
    const time = this.now()
    for (const record of records) this.objects.set(record.uid, record)
    for (const uid of batch.forget) this.objects.delete(uid)
    if (batch.cursor !== undefined) this.watches.set(batch.watch, batch.cursor)
    for (const row of batch.rows) this.rows.push(this.kept(row, time))
    for (const dead of batch.dead) this.bury(this.kept(dead, time), dead.reason, dead.message, time)
    for (const row of [...batch.rows, ...batch.counts]) this.countsOf(row)
    for (const delta of batch.counts)
      for (const name of countNames) this.countsOf(delta)[name] += delta.counts[name] ?? 0
    for (const { sink } of batch.rows) this.changes.bump(sink)
  }

  claim(sink: string, n: number, now: number): Row[] {
    const heads = this.heads(sink)
    const fresh = heads.filter((row) => row.due === 0)
    const waited = heads.filter((row) => row.due > 0 && row.due <= now).sort((a, b) => a.due - b.due || a.seq - b.seq)
    const claimed: Row[] = []
    while (claimed.length < n) {
      const queue =
        (waited[0]?.seq ?? Number.POSITIVE_INFINITY) < (fresh[0]?.seq ?? Number.POSITIVE_INFINITY) ? waited : fresh
      const row = queue.shift()
      if (!row) break
      row.claimed = now
      const { due: _due, claimed: _claimed, ...handed } = row
      claimed.push({ ...handed, event: { ...handed.event } })
    }
    return claimed
  }

  nextAttempt(sink: string): number | undefined {
    const heads = this.heads(sink)
    const fresh = heads.find((row) => row.due === 0)
    const times = heads.filter((row) => row.due > 0).map((row) => row.due)
    if (fresh) times.push(fresh.enqueued)
    return times.length > 0 ? Math.min(...times) : undefined
  }

  async settle(settlements: readonly Settlement[], now: number): Promise<void> {
    this.refuseWhenClosed()
    const known = settlements.filter(({ row }) => this.inFlight(row.seq))
    checkTimes(known)
    for (const settlement of known) {
      const row = this.inFlight(settlement.row.seq)
      if (row) this.settleOne(row, settlement, now)
    }
    for (const { row } of known) this.changes.bump(row.sink)
  }

  async retryNow(sink: string): Promise<void> {
    this.refuseWhenClosed()
    for (const row of this.rows) if (row.sink === sink) row.due = 0
    this.changes.bump(sink)
  }

  async forgetSubscription(subscriptionUid: string): Promise<number> {
    this.refuseWhenClosed()
    const kept = this.rows.filter((row) => row.subscriptionUid !== subscriptionUid)
    const dropped = this.rows.length - kept.length
    this.rows = kept
    const own = `${subscriptionUid} `
    for (const [key, sum] of this.sums) if (sum.subscriptionUid === subscriptionUid) this.sums.delete(key)
    for (const key of this.since.keys()) if (key.startsWith(own)) this.since.delete(key)
    for (const record of this.objects.values()) {
      const body = readBody(record.body)
      for (const key of Object.keys(body.ledger)) if (key.startsWith(own)) delete body.ledger[key]
      record.body = bodyOf(body)
    }
    this.changes.bumpAll()
    return dropped
  }

  async activate(entries: ReadonlyMap<string, number>): Promise<void> {
    this.refuseWhenClosed()
    for (const [key, since] of entries) this.since.set(key, since)
  }

  activations(): Map<string, number> {
    return new Map(this.since)
  }

  cursors(): Map<string, string> {
    return new Map(this.watches)
  }

  records(uids: readonly string[]): Map<string, ObjectRecord> {
    const found = uids.map((uid) => this.objects.get(uid)).filter((record) => record !== undefined)
    return new Map(found.map(({ body, ...rest }) => [rest.uid, { ...rest, ...readBody(body) }]))
  }

  known(source: string, namespace?: string): Set<string> {
    const known = new Set<string>()
    for (const record of this.objects.values()) {
      if (record.source === source && (namespace === undefined || record.namespace === namespace)) known.add(record.uid)
    }
    return known
  }

  pending(): Pending[] {
    const byRoute = Map.groupBy(this.rows, (row) => `${row.subscriptionUid} ${row.sink}`)
    return [...byRoute.values()].map((rows) => {
      const [oldest] = rows as [KeptRow, ...KeptRow[]]
      return { sink: oldest.sink, subscription: oldest.subscription, rows: rows.length, oldest: oldest.enqueued }
    })
  }

  size(sink: string): number {
    return this.rows.filter((row) => row.sink === sink).length
  }

  counts(): CountDelta[] {
    return [...this.sums.values()].map((sum) => ({ ...sum, counts: { ...sum.counts } }))
  }

  deadLetters(sink?: string): DeadLetter[] {
    return this.letters.filter((letter) => sink === undefined || letter.sink === sink).sort((a, b) => a.seq - b.seq)
  }

  version(sink: string): number {
    return this.changes.version(sink)
  }

  changed(sink: string, signal: AbortSignal, seen: number = this.changes.version(sink)): Promise<void> {
    return this.changes.after(sink, signal, seen)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closed = true
    this.changes[Symbol.dispose]()
  }

  private kept({ sink, subscription, subscriptionUid, objectUid, event }: NewRow, enqueued: number): KeptRow {
    this.lastSeq += 1
    const state = { attempts: 0, firstAttempt: undefined, enqueued, due: 0, claimed: undefined }
    return { seq: this.lastSeq, sink, subscription, subscriptionUid, objectUid, event, ...state }
  }

  /** The first row of each lane, in order, but for lanes in flight. */
  private heads(sink: string): KeptRow[] {
    const heads = new Map<string, KeptRow>()
    for (const row of this.rows) {
      const lane = `${row.subscriptionUid} ${row.objectUid}`
      if (row.sink === sink && !heads.has(lane)) heads.set(lane, row)
    }
    return [...heads.values()].filter((row) => row.claimed === undefined)
  }

  private inFlight(seq: number): KeptRow | undefined {
    return this.rows.find((row) => row.seq === seq && row.claimed !== undefined)
  }

  private settleOne(row: KeptRow, settlement: Settlement, now: number): void {
    const counts = this.countsOf(row)
    const { claimed } = row
    row.claimed = undefined
    if (settlement.kind === 'release') return
    row.attempts += 1
    if (settlement.kind === 'retry' || settlement.kind === 'hold') {
      counts.retried += 1
      row.due = settlement.at
      row.firstAttempt ??= claimed
      return
    }
    this.rows = this.rows.filter((other) => other !== row)
    if (settlement.kind === 'delivered') counts.delivered += 1
    else {
      counts.deadLettered += 1
      this.bury(row, settlement.reason, settlement.message, now)
    }
  }

  private bury(
    { seq, sink, subscription, event, attempts }: KeptRow,
    reason: string,
    message: string,
    time: number,
  ): void {
    this.letters.push({ seq, sink, subscription, id: event.id, type: event.type, reason, message, attempts, time })
  }

  private countsOf({ subscription, subscriptionUid, sink }: Omit<CountDelta, 'counts'>): Counts {
    const key = `${subscriptionUid} ${sink}`
    const known = this.sums.get(key)
    if (known) return known.counts
    const counts = { matched: 0, filtered: 0, delivered: 0, retried: 0, deadLettered: 0, dropped: 0 }
    this.sums.set(key, { subscription, subscriptionUid, sink, counts })
    return counts
  }

  private refuseWhenClosed(): void {
    if (this.closed) throw new Error('the outbox is closed')
  }
}
