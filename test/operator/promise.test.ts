import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import type { Outbox, Settlement } from '../../src/outbox/outbox.ts'
import { openSqliteOutbox } from '../../src/outbox/sqlite.ts'
import { MemoryOutbox } from '../outbox/memory/memory.ts'
import { artifactPublished, Cluster, type Kind, kinds } from './promise/cluster.ts'
import { Life, sinkNames } from './promise/life.ts'
import { Oracle } from './promise/oracle.ts'
import type { SubscriptionSpec } from './scene.ts'

const root = mkdtempSync(join(tmpdir(), 'carillon-promise-'))
after(() => rmSync(root, { recursive: true }))

type Milestones = NonNullable<NonNullable<SubscriptionSpec['events']>[number]['milestones']>
const asks = (kind: Kind, milestones: Milestones, labelled = false) => ({
  kind,
  milestones,
  ...(labelled && { selector: { matchLabels: { type: 'build' } } }),
})
const all: Milestones = ['queued', 'started', 'running', 'finished', 'deleted']
const [qe, audit] = [{ name: 'qe' }, { name: 'audit' }]
const both = { formats: ['cloudevents', 'cdevents'] } satisfies Partial<SubscriptionSpec>
const declared = { ...both, userEvents: { types: [artifactPublished] } }

/** What subscriptions ask for. */
const specs: Partial<SubscriptionSpec>[] = [
  { sinks: [qe], events: kinds.map((kind) => asks(kind, ['started', 'finished'])) },
  { sinks: [qe, audit], events: [asks('TaskRun', all)], startFrom: 'Earliest', ...declared },
  { sinks: [audit], events: kinds.map((kind) => asks(kind, ['finished'], true)) },
  {
    sinks: [qe],
    events: [asks('TaskRun', ['started', 'finished', 'deleted']), asks('CustomRun', ['finished'])],
    ...both,
  },
  { sinks: [qe], events: kinds.map((kind) => asks(kind, ['started', 'finished'])), suspend: true },
  { sinks: [qe, audit], events: [asks('TaskRun', all)], startFrom: 'Earliest', suspend: true },
  { sinks: [qe, audit], events: kinds.map((kind) => asks(kind, all)), ...declared },
  {
    sinks: [qe],
    events: kinds.map((kind) => asks(kind, ['started', 'finished', 'deleted'], true)),
    startFrom: 'Earliest',
  },
]

/** Where the outbox is; `lose` begins an empty one. */
type Disk = AsyncDisposable & { outbox: Outbox; reopen(): Promise<void>; lose(): Promise<void> }

function inMemory(now: () => number): Disk {
  let outbox = new MemoryOutbox({ now })
  return {
    get outbox() {
      return outbox
    },
    reopen: async () => outbox.restart(),
    async lose() {
      await outbox[Symbol.asyncDispose]()
      outbox = new MemoryOutbox({ now })
    },
    [Symbol.asyncDispose]: () => outbox[Symbol.asyncDispose](),
  }
}

function inFile(now: () => number): Disk {
  let directory = mkdtempSync(join(root, 'disk-'))
  const open = () => {
    const opened = openSqliteOutbox({ directory, now, groupMs: 0, settleMs: 0, sliceRows: 3 })
    if (!opened.ok) throw new Error(opened.message)
    return opened.value
  }
  let outbox = open()
  const reopen = async () => {
    await outbox[Symbol.asyncDispose]()
    outbox = open()
  }
  return {
    get outbox() {
      return outbox
    },
    reopen,
    lose() {
      directory = mkdtempSync(join(root, 'disk-'))
      return reopen()
    },
    [Symbol.asyncDispose]: () => outbox[Symbol.asyncDispose](),
  }
}

/** All that there is: a cluster, the disk, the process that runs, and who knows what has to come of it. */
class World {
  readonly cluster = new Cluster()
  readonly oracle = new Oracle(this.cluster)
  readonly errors: unknown[] = []
  private readonly disk: Disk
  private life: Life
  /** What was judged before the gate was shut may be of other subscriptions. */
  private wasShut = false
  /** A batch that is under way drops something. */
  private hasDropped = false

  constructor(disk: (now: () => number) => Disk) {
    this.disk = disk(() => this.cluster.now)
    this.life = this.born()
  }

  private get outbox(): Outbox {
    return this.disk.outbox
  }

  private born(): Life {
    const life: Life = new Life(this.cluster, this.outbox, {
      unseen: (uids) => this.oracle.excuse(uids),
      passed: (batch, kind) => {
        if (!this.wasShut && !this.hasDropped) this.oracle.passed(batch, kind, life.state.subscriptions.values())
        this.hasDropped = false
      },
      dropped: () => {
        this.hasDropped = true
        this.oracle.excuse()
      },
      poisoned: (error) => this.errors.push(error),
    })
    return life
  }

  async feed(kind: Kind, events: number, expired = false): Promise<void> {
    const taken = this.life.feeds.get(kind)?.step({ expired, events })
    if (!taken) return
    if (!this.life.gate) await taken
    else for (let waited = 0; waited < 3; waited += 1) await turn()
  }

  async reconcile(): Promise<void> {
    await this.life.reconcile()
    this.oracle.sees(this.life.state.subscriptions.values())
  }

  tell = () => this.life.tell()
  takeUp = () => this.life.takeUp()

  async gate(): Promise<void> {
    if (!this.life.gate) {
      this.life.gate = Promise.withResolvers()
      this.wasShut = true
      return
    }
    this.life.gate.resolve()
    this.life.gate = undefined
    for (const feed of this.life.feeds.values()) await feed.settled()
    this.wasShut = false
  }

  async restart(keepDisk: boolean): Promise<void> {
    await this.life.end()
    this.wasShut = false
    if (keepDisk) await this.disk.reopen()
    else {
      await this.disk.lose()
      this.oracle.diskLost()
    }
    this.life = this.born()
    await this.reconcile()
  }

  async deliver(sink: string, n: number, fails: number): Promise<void> {
    const now = this.cluster.now
    const rows = this.outbox.claim(`team-a/${sink}`, n, now)
    const settlements = rows.map((row, at): Settlement => {
      const why = { reason: 'HTTP500', message: 'it failed' }
      if (at !== fails) return { kind: 'delivered', row }
      return at % 2 === 0 ? { kind: 'retry', row, at: now + 3000, ...why } : { kind: 'dead', row, ...why }
    })
    await this.outbox.settle(settlements, now)
    for (const { kind, row } of settlements) if (kind === 'delivered' || kind === 'dead') this.oracle.settled(row, kind)
  }

  /** Lets everything come to its end, then looks whether it is as promised. */
  async quiet(): Promise<void> {
    if (this.life.gate) await this.gate()
    for (let still = 0, round = 0; still < 3; round += 1) {
      if (round > 300) throw new Error(`it never comes to its end: ${JSON.stringify(this.outbox.owing())}`)
      this.cluster.now += 1000
      await this.reconcile()
      this.takeUp()
      for (const kind of kinds) await this.feed(kind, 8)
      for (const sink of sinkNames) await this.deliver(sink, 8, -1)
      const isEmpty = sinkNames.every((sink) => this.outbox.size(`team-a/${sink}`) === 0)
      const isIdle = [...this.life.feeds.values()].every((feed) => feed.isIdle) && this.outbox.owing().length === 0
      still = isEmpty && isIdle ? still + 1 : 0
    }
    this.oracle.check(new Map(this.outbox.counts().map((one) => [`${one.subscriptionUid} ${one.sink}`, one.counts])))
    if (this.errors.length > 0) throw this.errors[0]
  }

  async end(): Promise<void> {
    await this.life.end()
    await this.disk[Symbol.asyncDispose]()
  }
}

type Step = { do: number; a: number; b: number }

const steps: readonly [weight: number, step: (world: World, a: number, b: number) => unknown][] = [
  [12, ({ cluster }, a) => cluster.create(kinds[a % 2] as Kind)],
  [25, ({ cluster }, a, b) => cluster.advance(kinds[a % 2] as Kind, b, 1 + (a >> 1))],
  [5, ({ cluster }, a, b) => cluster.remove(kinds[a % 2] as Kind, b)],
  [25, (world, a, b) => world.feed(kinds[a % 2] as Kind, 1 + b)],
  [2, (world, a, b) => world.feed(kinds[a % 2] as Kind, 1 + b, true)],
  [7, ({ cluster }, a, b) => cluster.declare(`s${a % 3}`, specs[b] ?? {})],
  [2, ({ cluster }, a) => cluster.subscriptions.delete(`s${a % 3}`)],
  [8, (world) => world.reconcile()],
  [6, (world) => world.tell()],
  [6, (world, a, b) => world.deliver(sinkNames[a % 2] ?? 'qe', 1 + b, a)],
  [3, (world) => world.takeUp()],
  [2, (world) => world.gate()],
  [2, (world) => world.restart(true)],
  [3, (world) => world.restart(false)],
]
const dice = steps.flatMap(([weight], at) => Array<number>(weight).fill(at))

const story: fc.Arbitrary<Step[]> = fc.array(fc.record({ do: fc.constantFrom(...dice), a: fc.nat(7), b: fc.nat(7) }), {
  minLength: 20,
  maxLength: 120,
})

const seed = Number(process.env.PROMISE_SEED ?? Math.floor(Math.random() * 2 ** 31))
const runs = Number(process.env.PROMISE_RUNS ?? 300)

for (const [where, disk, numRuns] of [
  ['memory', inMemory, runs],
  ['a file', inFile, Math.ceil(runs / 4)],
] as const)
  test(`whatever happens, and in whatever order, the promise is kept: an outbox in ${where}, seed ${seed}`, async () => {
    const property = fc.asyncProperty(story, async (taken) => {
      const world = new World(disk)
      try {
        for (const { do: at, a, b } of taken) {
          world.cluster.now += 250 * (a + b)
          await steps[at]?.[1](world, a, b)
        }
        await world.quiet()
      } finally {
        await world.end()
      }
    })
    await fc.assert(property, { seed, numRuns })
  })
