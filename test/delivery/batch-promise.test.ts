import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as rest } from 'node:timers/promises'
import type { SinkRuntime } from '../../src/delivery/sink.ts'
import { plainEvent } from '../../src/formats/binding.ts'
import type { NewRow } from '../../src/outbox/outbox.ts'
import { openSqliteOutbox, type SqliteOutbox } from '../../src/outbox/sqlite.ts'
import { Clock } from './clock.ts'
import { eventOf } from './events.ts'
import { type Dice, diceOf, Receiver, type Sent } from './promise/receiver.ts'
import { Running, sinkKey } from './running.ts'

const root = mkdtempSync(join(tmpdir(), 'carillon-batches-'))
after(() => rmSync(root, { recursive: true, force: true }))

const subscriptions = ['team-a/builds', 'team-a/hooks', 'team-b/builds']
const retry = { maxAgeMs: 30 * 24 * 3_600_000, initialDelayMs: 1000, maxDelayMs: 60_000 }

/** A sink, what is sent to it, and who sends. */
class World {
  readonly clock = new Clock()
  readonly receiver: Receiver
  private readonly dice: Dice
  private readonly sent: Sent[] = []
  /** What need not come: it was purged. */
  private readonly excused = new Set<string>()
  private readonly numbers = new Map<string, number>()
  private outbox: SqliteOutbox
  private directory: string
  private running: Running
  private sink: Partial<SinkRuntime>
  private readonly url: string
  private epoch = 1
  private kills = 0
  private mostUnderWay = 0

  constructor(dice: Dice, url: string, receiver: Receiver) {
    this.dice = dice
    this.url = url
    this.receiver = receiver
    this.directory = mkdtempSync(join(root, 'disk-'))
    this.outbox = this.open()
    this.sink = this.spec()
    this.running = this.born()
  }

  private open(): SqliteOutbox {
    const opened = openSqliteOutbox({
      directory: this.directory,
      now: this.clock.now,
      groupMs: 0,
      settleMs: 0,
      sliceRows: 5,
    })
    assert.ok(opened.ok)
    return opened.value
  }

  private born(): Running {
    const { clock, outbox, sink, dice } = this
    return new Running(this.url, { clock, outbox, sink: { retry, ...sink }, random: () => dice.below(100) / 100 })
  }

  private spec(): Partial<SinkRuntime> {
    const { dice } = this
    const [maxEvents, concurrency] = [dice.oneOf([1, 2, 3, 7, 20, 100]), dice.oneOf([1, 1, 2, 5])]
    this.mostUnderWay = Math.max(this.mostUnderWay, (maxEvents + 1) * concurrency)
    const batch = { maxEvents, maxDelayMs: dice.oneOf([0, 0, 50, 5000, 60_000]) }
    return {
      mode: dice.oneOf(['batch', 'batch', 'batch', 'binary', 'structured'] as const),
      ...{ concurrency, eventsPerSecond: dice.oneOf([undefined, undefined, 1, 50]) },
      suspend: false,
      epoch: String(this.epoch),
      batch,
    }
  }

  async enqueue(): Promise<void> {
    const { dice } = this
    const rows = Array.from({ length: 1 + dice.below(12) }, () => this.row())
    await this.running.enqueue(...rows)
  }

  private row(): NewRow {
    const { dice } = this
    const subscription = dice.oneOf(subscriptions)
    const namespace = subscription === 'team-b/builds' ? dice.oneOf(['team-a', 'team-b', 'team-c']) : 'team-a'
    const objectUid = `${namespace}-run-${dice.below(5)}`
    const lane = `${subscription} ${objectUid}`
    const number = this.numbers.get(lane) ?? 0
    this.numbers.set(lane, number + 1)
    const id = `${lane.replaceAll(/[^a-z0-9]/g, '-')}-${number}`
    const bytes = dice.below(20) === 0 ? dice.oneOf([3000, 100_000, 300_000]) : dice.below(300)
    const shrinks = bytes >= 3000 && dice.below(2) === 0
    const small = eventOf(id, {})
    const isPlain = subscription === 'team-a/hooks' && dice.below(2) === 0
    const full = eventOf(id, { text: 'x'.repeat(bytes) })
    const event = isPlain ? plainEvent(full, '{"text":"x"}') : { ...full, ...(shrinks && { summary: small }) }
    const sent = { id, lane, subscription, number, bytes: isPlain ? 0 : bytes, shrinks }
    this.sent.push(sent)
    this.receiver.events.set(id, sent)
    if (dice.below(15) === 0) this.receiver.mood.poison.add(id)
    const parked = dice.below(12) === 0 ? { parked: { sink: 'team-a/other', reason: 'HTTP400' } } : {}
    const uid = `uid of ${subscription}`
    return { sink: sinkKey, subscription, subscriptionUid: uid, objectUid, namespace, written: 0, event, ...parked }
  }

  change(over: Partial<SinkRuntime> = {}): void {
    this.epoch += 1
    this.sink = { ...this.spec(), ...over, epoch: String(this.epoch) }
    this.running.change({ retry, ...this.sink })
  }

  suspend(): void {
    this.sink = { ...this.sink, suspend: this.sink.suspend !== true }
    this.running.change({ retry, ...this.sink })
  }

  vanish(): void {
    this.running.change(undefined)
    this.running.change({ retry, ...this.sink })
  }

  async purge(): Promise<void> {
    const subscription = this.dice.oneOf(subscriptions)
    const letters = new Set(this.outbox.deadLetters({ limit: 100_000 }).map(({ id }) => id))
    for (const one of this.sent) if (one.subscription === subscription && !letters.has(one.id)) this.excused.add(one.id)
    await this.outbox.purge({ subscriptionUid: `uid of ${subscription}`, deadLetters: false })
  }

  async revive(): Promise<void> {
    const letters = this.outbox.deadLetters({ limit: 3 })
    for (const { id } of letters) {
      this.receiver.revived.add(id)
      this.receiver.mood.poison.delete(id)
    }
    await this.outbox.revive({ seqs: letters.map(({ seq }) => seq) })
  }

  retryNow = (): Promise<void> => this.outbox.retryNow(sinkKey)

  async stop(): Promise<void> {
    await this.running.stop()
    await this.outbox[Symbol.asyncDispose]()
    this.outbox = this.open()
    this.running = this.born()
  }

  /** As the disk is, another process takes over, while what is under way here gets no further. */
  async kill(): Promise<void> {
    const [last, before] = [this.running, this.outbox]
    const directory = mkdtempSync(join(root, 'disk-'))
    cpSync(this.directory, directory, { recursive: true, filter: (path) => !path.endsWith('lock') })
    this.directory = directory
    this.kills += 1
    last.change(undefined)
    await last.stop()
    await before[Symbol.asyncDispose]()
    this.outbox = this.open()
    this.running = this.born()
  }

  async advance(): Promise<void> {
    this.clock.advance(this.dice.oneOf([1, 60, 1000, 1000, 5000, 60_000]))
    await rest(this.dice.below(4))
  }

  /** All is well, and gets to its end. */
  async quiet(): Promise<void> {
    this.receiver.mood.weather = 'fair'
    if (this.sink.suspend) this.suspend()
    for (let round = 0; this.outbox.size(sinkKey) > 0; round += 1) {
      assert.ok(round < 6000, `it never comes to its end: ${JSON.stringify([this.outbox.pending(), this.sink])}`)
      this.clock.advance(1000)
      await rest(round % 20 === 0 ? 1 : 0)
    }
  }

  check(): void {
    const { outbox, receiver, excused } = this
    assert.deepEqual(this.running.errors, [])
    const letters = new Set(outbox.deadLetters({ limit: 100_000 }).map(({ id }) => id))
    const first = new Map<string, number>()
    let repeats = 0
    for (const [at, id] of receiver.taken.entries()) {
      if (first.has(id)) repeats += 1
      else first.set(id, at)
    }
    assert.ok(repeats <= this.kills * this.mostUnderWay, `${repeats} repeats in ${this.kills} kills`)
    const isBad = (one: Sent) =>
      receiver.mood.poison.has(one.id) || (one.bytes > receiver.mood.mostBytes && !one.shrinks)
    for (const one of this.sent) {
      const [taken, dead] = [first.has(one.id), letters.has(one.id)]
      if (!excused.has(one.id)) assert.ok(taken || dead, `lost: ${one.id}`)
      if (dead && !taken) assert.ok(isBad(one), `given up for nothing: ${one.id}`)
      if (dead && this.kills === 0) assert.ok(!taken, `taken and given up: ${one.id}`)
    }
    const lanes = Map.groupBy(this.sent, (one) => one.lane)
    for (const [lane, sent] of lanes) {
      const order = sent
        .filter(({ id }) => first.has(id) && !receiver.revived.has(id))
        .map(({ id }) => first.get(id) as number)
      assert.deepEqual(
        order,
        order.toSorted((a, b) => a - b),
        `out of order: ${lane}`,
      )
    }
    const count = outbox.counts().reduce((sum, { counts }) => sum + (counts.delivered ?? 0), 0)
    // What is purged while it is under way counts as dropped.
    if (this.kills === 0 && excused.size === 0) assert.equal(count, receiver.taken.length, 'counted as delivered')
    assert.deepEqual([outbox.pending(), outbox.load({ sink: sinkKey })], [[], { rows: 0, bytes: 0 }])
  }

  async end(): Promise<void> {
    await this.running.stop()
    await this.outbox[Symbol.asyncDispose]()
  }
}

const weathers = ['fair', 'fair', 'rough', 'down', 'forbidden'] as const
const steps: readonly [weight: number, step: (world: World, dice: Dice) => unknown][] = [
  [30, (world) => world.enqueue()],
  [30, (world) => world.advance()],
  [6, ({ receiver }, dice) => (receiver.mood.weather = dice.oneOf(weathers))],
  [5, (world) => world.change()],
  [3, (world) => world.suspend()],
  [2, (world) => world.vanish()],
  [1, (world) => world.purge()],
  [2, (world) => world.revive()],
  [2, (world) => world.retryNow()],
  [2, (world) => world.stop()],
  [2, (world) => world.kill()],
]
const weighed = steps.flatMap(([weight], at) => Array<number>(weight).fill(at))

const seed = Number(process.env.BATCH_SEED ?? Math.floor(Math.random() * 2 ** 31))
const runs = Number(process.env.BATCH_RUNS ?? 12)

test(`whatever a sink says, nothing is lost, and each lane keeps its order: seeds from ${seed}, ${runs} of them`, async () => {
  for (let run = seed; run < seed + runs; run += 1) {
    const dice = diceOf(run)
    await using receiver = new Receiver(dice)
    const url = await receiver.start()
    if (dice.below(2) === 0) receiver.mood.mostBytes = dice.oneOf([2000, 20_000, 150_000])
    const world = new World(dice, url, receiver)
    try {
      for (let left = 20 + dice.below(60); left > 0; left -= 1) await steps[dice.oneOf(weighed)]?.[1](world, dice)
      await world.quiet()
      world.check()
    } catch (error) {
      throw new Error(`seed ${run}`, { cause: error })
    } finally {
      await world.end()
    }
  }
})
