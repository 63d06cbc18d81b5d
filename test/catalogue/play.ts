import assert from 'node:assert/strict'
import type { Condition, EventSubscription } from '../../src/api/generated.ts'
import { knows, type Variant, variantsOf } from '../../src/catalogue/variants.ts'
import { formats } from '../../src/formats/index.ts'
import type { Batch, RelistReason } from '../../src/kube/reflector.ts'
import { activationKey } from '../../src/operator/activation.ts'
import { type Emitter, indexEmitters } from '../../src/operator/emitter.ts'
import { unlimited } from '../../src/operator/overflow/admit.ts'
import { watchGaps } from '../../src/operator/recovery/continuity.ts'
import { floorFrom } from '../../src/operator/recovery/floors.ts'
import { Recovery } from '../../src/operator/recovery/recovery.ts'
import type { SubscriptionState } from '../../src/operator/state.ts'
import { openSqliteOutbox, type SqliteOutbox } from '../../src/outbox/sqlite.ts'
import { type ObserveDeps, observe } from '../../src/pipeline.ts'
import { continuity } from '../../src/status/continuity.ts'
import { cluster, emitter, subscription } from '../operator/scene.ts'
import type { Life } from './lives.ts'

/** What came of it for one subscription: events in the order in which they were handed out, and what its Continuity says. */
export type Told = {
  events: { id: string; type: string; subject: string }[]
  continuity: Pick<Condition, 'status' | 'reason' | 'message'>
}

const namespace = 'exp'
const sink = `${namespace}/qe`
const marginMs = 300_000

export const variants = variantsOf(formats)

/** The name of the subscription that takes one milestone in one form. */
export const nameOf = (milestone: string, variant: Variant): string =>
  `${milestone} ${variant.name}`.replaceAll(' ', '-')

/** A subscription for each milestone of the kind and each variant that knows it. */
function statesFor({ source }: Life, status: EventSubscription['status']): SubscriptionState[] {
  return source.catalogue.flatMap(({ name: milestone }) =>
    variants
      .filter((variant) => knows(variant, source, milestone))
      .map((variant) => {
        const { format, options } = variant
        const name = nameOf(milestone, variant)
        const { specVersion, profile } = options.cdevents
        const spec = {
          sinks: [{ name: 'qe' }],
          formats: [format.name],
          cdevents: { specVersion, profile },
          tekton: options.tekton,
          flux: options.flux,
          events: [{ kind: source.kind, group: source.group, milestones: [milestone] }],
        } as Parameters<typeof emitter>[1]
        const object = subscription(spec, { name, namespace, uid: `uid-${name}` })
        return {
          object: { ...object, ...(status && { status }) },
          stalled: undefined,
          emitter: emitter(name, spec, { namespace }),
        }
      }),
  )
}

/** One process of the operator after the other, over one data directory: their own parts, but for the API server and the deliveries. */
export class Process {
  readonly told = new Map<string, Told>()
  now: number
  private readonly life: Life
  private readonly directory: string
  private readonly states: SubscriptionState[]
  private outbox: SqliteOutbox
  private version = 0

  private constructor(life: Life, directory: string, states: SubscriptionState[]) {
    this.life = life
    this.directory = directory
    this.states = states
    this.now = Date.parse(life.states[0]?.metadata.creationTimestamp ?? '')
    this.outbox = this.open()
    for (const { object } of states)
      this.told.set(object.metadata.name, { events: [], continuity: { status: 'True', reason: '', message: '' } })
  }

  /** `hadAnother`: an operator has served these subscriptions before, from a disk that is lost, up to when the life began. */
  static async start(life: Life, directory: string, hadAnother = false): Promise<Process> {
    const began = life.states[0]?.metadata.creationTimestamp ?? ''
    const status = {
      sinks: [{ namespace, name: 'qe', since: began, checkpoint: began }],
    } as EventSubscription['status']
    const process = new Process(life, directory, statesFor(life, hadAnother ? status : undefined))
    await process.begin()
    return process
  }

  private open(): SqliteOutbox {
    const opened = openSqliteOutbox({ directory: this.directory, now: () => this.now, groupMs: 0, settleMs: 0 })
    assert.ok(opened.ok, opened.ok ? '' : opened.message)
    return opened.value
  }

  private get emitters(): Emitter[] {
    return this.states.flatMap((state) => state.emitter ?? [])
  }

  private async begin(): Promise<void> {
    const recovery = new Recovery({
      outbox: this.outbox,
      since: { read: async () => new Map() },
      lookingBack: { restore: () => undefined },
      kinds: () => [this.life.source.name],
      loss: () => 'lost',
      marginMs,
      serverNow: () => this.now,
    })
    await recovery.restore(this.states.map(({ object }) => object))
    const active = this.emitters.flatMap(({ uid, selection }) =>
      [...selection.kinds].flatMap(([kind, names]) => [...names].map((name) => activationKey(uid, sink, kind, name))),
    )
    await this.outbox.activate(new Map(active.map((key) => [key, 0])))
    await recovery.begin(this.states, [])
  }

  /** A restart with the disk. */
  async restart(): Promise<void> {
    await this.outbox[Symbol.asyncDispose]()
    this.outbox = this.open()
  }

  async list(objects: Life['states'], reason: RelistReason): Promise<void> {
    const changes = objects.map((object) => ({ type: 'upsert' as const, object }))
    await this.take([
      { phase: 'list', changes, cursor: undefined },
      {
        phase: 'listed',
        changes: [],
        cursor: this.cursor(),
        uids: new Set(objects.map(({ metadata }) => metadata.uid)),
        began: this.now,
        reason,
      },
    ])
  }

  async watch(type: 'upsert' | 'delete', object: Life['states'][number]): Promise<void> {
    await this.take([
      { phase: 'watch', changes: [{ type, object: structuredClone(object) }], cursor: this.cursor(), waited: 0 },
    ])
  }

  private cursor(): string {
    this.version += 1
    return String(this.version)
  }

  private async take(batches: Batch[]): Promise<void> {
    const { source } = this.life
    const watch = {
      name: source.name,
      source,
      async *batches() {
        yield* batches
      },
    }
    await observe(watch, this.deps(), new AbortController().signal)
    await this.deliver()
  }

  private deps(): ObserveDeps {
    const { emitters, outbox } = this
    const index = indexEmitters(emitters, () => ({}))
    const fail = (what: unknown) => assert.fail(String(what))
    return {
      outbox,
      emitters: () => index,
      since: () => 0,
      cluster,
      floor: (watch) => floorFrom(outbox.floors(watch), () => false, marginMs),
      missed: ({ source }, reason) => watchGaps(source, reason, emitters),
      now: () => this.now,
      room: () => ({ ...unlimited, [Symbol.dispose]: () => undefined }),
      fence: async () => true,
      exists: () => true,
      matched: () => undefined,
      filterFailed: ([failure]) => fail(failure?.message),
      formatFailed: ([failure]) => fail(failure?.problems[0]?.message),
      poisoned: (_source, _change, error) => {
        throw error
      },
      observed: () => undefined,
      passed: () => undefined,
    }
  }

  private async deliver(): Promise<void> {
    for (;;) {
      const rows = this.outbox.claim(sink, 100, this.now)
      if (rows.length === 0) return
      for (const { subscription: key, event } of rows)
        this.told
          .get(key.slice(namespace.length + 1))
          ?.events.push({ id: event.id, type: event.type, subject: event.subject })
      const settlements = rows.map((row) => ({ kind: 'delivered' as const, row }))
      await this.outbox.settle(settlements, this.now)
    }
  }

  /** Reads what the statuses would say, and ends it. */
  async end(): Promise<Map<string, Told>> {
    const gaps = this.outbox.gaps()
    for (const { object } of this.states) {
      const { name, uid } = object.metadata
      const told = this.told.get(name) ?? assert.fail(name)
      const facts = { gaps: gaps.get(uid), previous: undefined, acknowledged: undefined, now: this.now }
      told.continuity = continuity(facts)
    }
    await this.outbox[Symbol.asyncDispose]()
    return this.told
  }
}
