import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import type { NewRow, Outbox, Row, Settlement } from '../../src/outbox/outbox.ts'
import { openSqliteOutbox } from '../../src/outbox/sqlite.ts'
import type { Pair, Rest } from '../../src/outbox/withholding.ts'
import { batchOf, eventOf, recordOf, rowOf } from './batches.ts'
import { MemoryOutbox } from './memory/memory.ts'

const root = mkdtempSync(join(tmpdir(), 'carillon-model-'))
after(() => rmSync(root, { recursive: true }))

const sinks = ['ns/x', 'ns/y', 'ns/park']
const subscriptions = ['a', 'b', 'c']
const kinds = ['delivered', 'delivered', 'delivered', 'retry', 'hold', 'release', 'dead', 'park', 'shrink'] as const

/** One step. Numbers are taken modulo what there is to choose from, so that steps still make sense when others are shrunk away. */
type Step =
  | {
      do: 'commit'
      rows: { object: number; subscription: number; sinks: number }[]
      dead: boolean
      cursor: number | undefined
    }
  | { do: 'claim'; sink: number; n: number }
  | { do: 'claimBatch'; sink: number; rows: number; bytes: number; delayMs: number }
  | { do: 'settle'; picks: { row: number; kind: number; wait: number }[] }
  | { do: 'retryNow'; sink: number }
  | { do: 'withhold'; pairs: number }
  | { do: 'rest'; sink: number; subscription: number; rest: Rest }
  | { do: 'claimWithheld'; sink: number }
  | { do: 'revive'; letters: number[]; limit: number | undefined }
  | { do: 'prune'; sink: number; age: number; max: number }
  | { do: 'purge'; sink: number | undefined; subscription: number; letters: boolean }
  | { do: 'forget'; subscription: number }
  | { do: 'pass'; ms: number }
  | { do: 'life'; what: number; of: number }
  | { do: 'together'; steps: Step[] }
  | { do: 'reopen' }

const small = fc.nat(5)
const commit = fc.record({
  do: fc.constant('commit' as const),
  rows: fc.array(fc.record({ object: small, subscription: small, sinks: fc.integer({ min: 1, max: 3 }) }), {
    maxLength: 6,
  }),
  dead: fc.boolean(),
  cursor: fc.option(fc.nat(99), { nil: undefined }),
})
const pick = fc.record({ row: fc.nat(20), kind: fc.nat(kinds.length - 1), wait: fc.integer({ min: 1, max: 60 }) })
const settle = fc.record({ do: fc.constant('settle' as const), picks: fc.array(pick, { minLength: 1, maxLength: 8 }) })
const claimBatch = fc.record({
  do: fc.constant('claimBatch' as const),
  sink: small,
  rows: fc.nat(5),
  bytes: fc.integer({ min: 1, max: 700 }),
  delayMs: fc.nat(60),
})
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: commit },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('claim' as const), sink: small, n: fc.nat(6) }) },
  { weight: 8, arbitrary: claimBatch },
  { weight: 8, arbitrary: settle },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retryNow' as const), sink: small }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('withhold' as const), pairs: fc.nat(0x1ff) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('rest' as const),
      sink: small,
      subscription: small,
      rest: fc.constantFrom<Rest>('rests', 'tried', 'well'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('claimWithheld' as const), sink: small }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('revive' as const),
      letters: fc.array(small, { maxLength: 3 }),
      limit: fc.option(small, { nil: undefined }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('prune' as const), sink: small, age: fc.nat(60), max: small }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('purge' as const),
      sink: fc.option(small, { nil: undefined }),
      subscription: small,
      letters: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), subscription: small }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('life' as const), what: small, of: small }) },
  // The clock may go back.
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: -20, max: 80 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('together' as const),
      steps: fc.array(fc.oneof(commit, settle), { maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
)

type World = {
  real: Outbox
  model: MemoryOutbox
  clock: { ms: number }
  flying: Row[]
  events: number
  reopen: () => Promise<Outbox>
}

const rowsOf = (step: Step & { do: 'commit' }, world: World): NewRow[] =>
  step.rows.flatMap(({ object, subscription, sinks: to }) => {
    const name = subscriptions[subscription % subscriptions.length] ?? ''
    const plain = eventOf(`e${world.events++}`)
    const event = world.events % 3 ? plain : { ...plain, summary: { attributes: '{}', data: undefined } }
    const from = { subscription: `ns/${name}`, subscriptionUid: `uid-${name}` }
    const place = { namespace: `team-${object % 3}`, written: world.clock.ms - object }
    return sinks
      .filter((_, at) => to & (1 << at))
      .map((sink) => rowOf(`o${object}`, event, { ...from, ...place, sink }))
  })

function settlementsOf(step: Step & { do: 'settle' }, world: World): Settlement[] {
  return step.picks.flatMap(({ row: at, kind, wait }): Settlement[] => {
    const tries = 1 + (wait % 3)
    const row = world.flying[at % Math.max(1, world.flying.length)]
    const why = { reason: 'Because', message: 'of that' }
    const word = kinds[kind] ?? 'release'
    if (!row) return []
    if (word === 'retry' || word === 'hold') return [{ kind: word, row, at: world.clock.ms + wait, tries, ...why }]
    if (word === 'shrink') return [row.event.summary ? { kind: word, row, ...why } : { kind: 'release', row }]
    if (word === 'park' && !row.parked) return [{ kind: 'dead', row, tries, ...why, park: 'ns/park', answer: 'so' }]
    return word === 'dead' || word === 'park' ? [{ kind: 'dead', row, ...why }] : [{ kind: word, row }]
  })
}

/** What is remembered besides rows and objects. */
async function live({ what, of }: { what: number; of: number }, outbox: Outbox): Promise<void> {
  const subscriptionUid = `uid-${subscriptions[of % subscriptions.length]}`
  const [kind = '', watch = ''] = [['TaskRun', 'TaskRun/team-0', 'PipelineRun'][of % 3], 'TaskRun']
  const floors = new Map(sinks.map((sink, at) => [`${subscriptionUid} ${sink} ${at % 2 ? kind : watch}`, of]))
  if (what === 0) return outbox.begin(floors)
  if (what === 1) return outbox.commit(batchOf({ watch: kind, listed: true }))
  if (what === 2) return outbox.commit(batchOf({ gaps: [{ subscriptionUid, reason: `R${of}`, message: '' }] }))
  return outbox.keepGate(nameOf(of), what === 3 ? undefined : `${of}`)
}

const nameOf = (sink: number): string => sinks[sink % sinks.length] ?? ''

async function take(step: Step, world: World): Promise<void> {
  const { real, model, clock } = world
  const both = async <T>(act: (outbox: Outbox) => Promise<T>) => {
    const [a, b] = await Promise.all([act(real), act(model)])
    assert.deepEqual(a, b)
  }
  switch (step.do) {
    case 'commit': {
      const rows = rowsOf(step, world)
      const [first] = rows
      const dead = step.dead && first ? [{ ...first, reason: 'TooLarge', message: '' }] : []
      const records = rows.map((row) =>
        recordOf(row.objectUid, {
          ledger: { [`${row.subscriptionUid} ${row.sink}`]: [row.event.id] },
          owed: world.events % 2 ? { [`${row.subscriptionUid} ${row.sink}`]: [row.event.id] } : {},
        }),
      )
      const counts = rows.map(({ subscription, subscriptionUid }) => ({
        subscription,
        subscriptionUid,
        sink: '',
        counts: { matched: 1 },
      }))
      return both((outbox) => outbox.commit(batchOf({ rows, dead, records, counts, cursor: step.cursor?.toString() })))
    }
    case 'claim': {
      const sink = nameOf(step.sink)
      const rows = real.claim(sink, step.n, clock.ms)
      assert.deepEqual(rows, model.claim(sink, step.n, clock.ms))
      world.flying.push(...rows)
      return
    }
    case 'claimBatch': {
      const sink = nameOf(step.sink)
      const rows = real.claimBatch(sink, step, clock.ms)
      assert.deepEqual(rows, model.claimBatch(sink, step, clock.ms))
      world.flying.push(...rows)
      return
    }
    case 'settle': {
      const settlements = settlementsOf(step, world)
      const settled = new Set(settlements.map(({ row }) => row.seq))
      world.flying = world.flying.filter((row) => !settled.has(row.seq))
      return both((outbox) => outbox.settle(settlements, clock.ms))
    }
    case 'retryNow':
      return both((outbox) => outbox.retryNow(nameOf(step.sink)))
    case 'withhold': {
      const bit = ({ sink, subscription }: Pair) =>
        sinks.indexOf(sink) * 3 + subscriptions.indexOf(subscription.slice(3))
      return both(async ({ withholding }) => withholding.by((pair) => (step.pairs & (1 << bit(pair))) !== 0))
    }
    case 'rest': {
      const uid = `uid-${subscriptions[step.subscription % subscriptions.length]}`
      const sink = nameOf(step.sink)
      // One that nothing was ever written for has no rows that could rest.
      if (!real.pending().some((one) => one.sink === sink && `uid-${one.subscription.slice(3)}` === uid)) return
      return both(async ({ withholding }) => withholding.rest(sink, uid, step.rest))
    }
    case 'claimWithheld': {
      const sink = nameOf(step.sink)
      // Of one subscription after the other; in which order is nobody's concern.
      const rows = real.withholding.claim(sink, 100, clock.ms)
      assert.deepEqual(sorted(rows), sorted(model.withholding.claim(sink, 100, clock.ms)))
      world.flying.push(...rows)
      return
    }
    case 'revive': {
      const letters = model.deadLetters()
      const seqs = step.letters.flatMap((at) => letters[at % Math.max(1, letters.length)]?.seq ?? [])
      const query = { ...(seqs.length > 0 && { seqs }), ...(step.limit !== undefined && { limit: step.limit }) }
      return both((outbox) => outbox.revive(query))
    }
    case 'prune': {
      const keep = { before: clock.ms - step.age, max: step.max }
      return both((outbox) => outbox.pruneDeadLetters(nameOf(step.sink), keep))
    }
    case 'purge': {
      const subscriptionUid = `uid-${subscriptions[step.subscription % subscriptions.length]}`
      const sink = step.sink === undefined ? {} : { sink: nameOf(step.sink) }
      return both((outbox) => outbox.purge({ ...sink, subscriptionUid, deadLetters: step.letters }))
    }
    case 'forget':
      return both((outbox) =>
        outbox.forgetSubscription(`uid-${subscriptions[step.subscription % subscriptions.length]}`),
      )
    case 'life':
      return both((outbox) => live(step, outbox))
    case 'pass':
      clock.ms += step.ms
      return
    case 'together':
      await Promise.all(step.steps.map((one) => take(one, world)))
      return
    case 'reopen':
      // After a restart nothing is in flight.
      model.restart()
      world.flying = []
      world.real = await world.reopen()
  }
}

const sorted = <T>(entries: Iterable<T>): T[] =>
  [...entries].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

/** All that can be read without changing anything. */
const viewOf = (outbox: Outbox) => ({
  cursors: sorted(outbox.cursors()),
  records: sorted(outbox.records(['o0', 'o1', 'o2', 'o3', 'o4', 'o5'])),
  known: sorted(outbox.known('TaskRun')),
  counts: sorted(outbox.counts()),
  pending: sorted(outbox.pending()),
  deadLetters: outbox.deadLetters().map(({ seq }) => outbox.deadLetter(seq)),
  letters: sorted(outbox.deadLetterSizes()),
  owing: sorted(outbox.owing()),
  loads: [...sinks.map((sink) => outbox.load({ sink })), outbox.load({ namespace: 'ns' })],
  floors: ['TaskRun', 'TaskRun/team-0', undefined].map((watch) => sorted(outbox.floors(watch))),
  gaps: sorted(outbox.gaps()),
  gates: sorted(outbox.gates()),
  begun: outbox.begun,
  marked: sorted(outbox.lowWater().keys()),
  sizes: sinks.map((sink) => outbox.size(sink)),
  withheld: sinks.map((sink) => sorted(outbox.withholding.of(sink))),
  next: sinks.map((sink) => [outbox.nextAttempt(sink), outbox.nextAttempt(sink, 30)]),
})

/** While rows are withheld, one may look for a time at which nothing can be claimed after all: once, and never at one that has passed. */
function compare(real: Outbox, model: MemoryOutbox, now: number): void {
  const [{ next: found, ...one }, { next: wanted, ...other }] = [viewOf(real), viewOf(model)]
  assert.deepEqual(one, other)
  for (const [at, sink] of sinks.entries()) {
    const isExact = model.pending().every((some) => some.sink !== sink || !model.holds(some))
    for (const [which, time] of (found[at] ?? []).entries()) {
      const right = wanted[at]?.[which]
      if (time !== right) assert.ok(!isExact && time !== undefined && time > now && time < (right ?? Infinity), sink)
    }
  }
}

test('the outbox on disk does what the one in memory does, whatever is asked of it', async (t) => {
  const seed = Number(process.env.CARILLON_TEST_SEED ?? Date.now() & 0x7fffffff)
  t.diagnostic(`seed ${seed} (CARILLON_TEST_SEED=${seed} repeats it)`)
  const property = fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 60 }), async (run) => {
    const directory = mkdtempSync(join(root, 'data-'))
    const clock = { ms: 1_000_000 }
    const open = async () => {
      const opened = openSqliteOutbox({ directory, now: () => clock.ms, groupMs: 0, settleMs: 0, sliceRows: 3 })
      if (!opened.ok) throw new Error(opened.message)
      return opened.value
    }
    const reopen = async () => {
      await world.real[Symbol.asyncDispose]()
      return open()
    }
    const world: World = {
      real: await open(),
      model: new MemoryOutbox({ now: () => clock.ms }),
      clock,
      flying: [],
      events: 0,
      reopen,
    }
    try {
      for (const step of run) {
        await take(step, world)
        compare(world.real, world.model, clock.ms)
        const marks = world.real.lowWater()
        for (const [key, written] of world.model.lowWater()) assert.ok((marks.get(key) ?? 0) <= written, key)
      }
    } finally {
      await world.real[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true })
    }
  })
  await fc.assert(property, { seed, numRuns: 60 })
})
