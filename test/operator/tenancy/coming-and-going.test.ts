// What becomes of a subscription's activations, checkpoints and debts while it may not use a sink, and when it may (again).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { defaultPolicy } from '../../../src/api/policy.ts'
import { accept } from '../../../src/api/verdict.ts'
import { formats } from '../../../src/formats/index.ts'
import {
  type ActivationSpec,
  activate,
  activationKey,
  pendingOf,
  suspendedSince,
} from '../../../src/operator/activation.ts'
import type { Emitter } from '../../../src/operator/emitter.ts'
import { Ledger } from '../../../src/operator/judging/ledger.ts'
import { unlimited } from '../../../src/operator/overflow/admit.ts'
import { Checkpoints } from '../../../src/operator/recovery/checkpoints.ts'
import { LookingBack } from '../../../src/operator/recovery/looking-back.ts'
import type { SubscriptionState } from '../../../src/operator/state.ts'
import { closedSinks, openedSinks, understanding } from '../../../src/operator/understand.ts'
import { knownSources } from '../../../src/sources/index.ts'
import { emitter, ms, type SubscriptionSpec, sourceOf, subscription } from '../scene.ts'

const shared = 'platform/shared'
const events: SubscriptionSpec['events'] = [{ kind: 'TaskRun', milestones: ['finished'] }]
const key = activationKey('uid-builds', shared, 'TaskRun', 'finished')
const own = activationKey('uid-builds', 'team-a/qe', 'TaskRun', 'finished')
const why = { reason: 'SinkNotFound', message: '' }

/** With its own sink and, where that is open, the shared one. */
const builds = (isOpen: boolean): Emitter =>
  emitter(
    'builds',
    { events },
    {
      uses: isOpen
        ? { open: ['team-a/qe', shared], closed: [] }
        : { open: ['team-a/qe'], closed: [{ key: shared, ...why }] },
    },
  )

const spec = (over: Partial<ActivationSpec> = {}): ActivationSpec => ({
  startFrom: 'Now',
  created: ms(0),
  seen: false,
  changed: undefined,
  suspend: false,
  told: new Map(),
  ...over,
})

const stateOf = (isOpen: boolean, generation = 1): SubscriptionState => ({
  object: subscription({ events, sinks: [{ name: 'qe' }, { name: 'shared', namespace: 'platform' }] }, { generation }),
  stalled: undefined,
  emitter: builds(isOpen),
})

test('a sink that lets the subscription in later counts from then on, as one that is added later', () => {
  const standing = new Map(activate(builds(false), spec(), new Map(), ms(10)))
  assert.deepEqual([...standing], [[own, ms(0)]])
  const opened = openedSinks(stateOf(false), stateOf(true))
  assert.deepEqual([...opened], [shared])
  // Whatever was written when: before that, nobody consented.
  for (const given of [spec(), spec({ changed: ms(5) }), spec({ seen: true, told: new Map([[shared, ms(3)]]) })])
    assert.deepEqual([...activate(builds(true), given, standing, ms(100), opened)], [[key, ms(100)]])
  for (const given of [spec({ startFrom: 'Earliest' })])
    assert.deepEqual([...activate(builds(true), given, standing, ms(100), opened)], [[key, 0]])
  // What was there from the start is none that came later, nor what nobody knew before.
  assert.deepEqual([...openedSinks(stateOf(true), stateOf(true))], [])
  assert.deepEqual([...openedSinks(undefined, stateOf(true))], [])
})

test('while a sink is closed its activations stand; they are suspended and resumed like others, and none begins', () => {
  const standing = new Map([
    [own, ms(1)],
    [key, ms(2)],
  ])
  assert.deepEqual([...activate(builds(false), spec(), standing, ms(100))], [])
  const suspended = new Map(activate(builds(false), spec({ suspend: true }), standing, ms(100)))
  assert.deepEqual(
    [...suspended],
    [
      [own, suspendedSince],
      [key, suspendedSince],
    ],
  )
  assert.deepEqual(
    [...activate(builds(false), spec(), suspended, ms(200))],
    [
      [own, ms(200)],
      [key, ms(200)],
    ],
  )
  assert.deepEqual([...activate(builds(false), spec({ suspend: true }), new Map([[own, suspendedSince]]), ms(100))], [])
})

test('of one that names no sink, each other default is one that comes later, and the last one is remembered while there is none', () => {
  const { sinks: _none, ...rest } = subscription({ events }).spec
  const of = (open: string[], generation = 1): SubscriptionState => ({
    object: { ...subscription({}, { generation }), spec: rest },
    stalled: undefined,
    emitter: emitter('builds', { events }, { uses: { open, closed: [] } }),
  })
  assert.deepEqual([...openedSinks(of([]), of([shared]))], [shared])
  assert.deepEqual([...openedSinks(of(['platform/a']), of([shared]))], [shared])
  assert.deepEqual([...openedSinks(of([shared]), of([shared]))], [])
  assert.deepEqual([...openedSinks(of([]), of([shared], 2))], [])
  assert.deepEqual(closedSinks(of([shared]), of([])), [shared])
  assert.deepEqual(closedSinks(of([shared]), of(['platform/a'])), [])
})

/** A look back whose lists end when the test says so. */
function look() {
  const kept = new Map<string, number>()
  let listed = Promise.withResolvers<void>()
  const lists: (string | undefined)[] = []
  const ignore = () => undefined
  const lookingBack = new LookingBack({
    state: { activations: new Map() },
    outbox: {
      async activate(entries) {
        for (const [one, since] of entries) kept.set(one, since)
      },
    },
    watches: {
      refresh(kind, namespace) {
        lists.push(`${kind} in ${namespace}`)
        return listed.promise
      },
    },
    kept: ignore,
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  })
  const round = async (...end: 'end'[]) => {
    await lookingBack.keep()
    lookingBack.begin()
    if (end.length === 0) return
    listed.resolve()
    await turn()
    listed = Promise.withResolvers<void>()
  }
  return { kept, lists, lookingBack, round }
}

test('what happens while a sink is closed is looked through when it is open again: durably, and only for it', async () => {
  const { kept, lists, lookingBack, round } = look()
  lookingBack.add(
    builds(true),
    new Map([
      [own, ms(1)],
      [key, ms(2)],
    ]),
  )
  await round('end')
  assert.deepEqual(
    [lists.length, [...kept]],
    [
      1,
      [
        [own, ms(1)],
        [key, ms(2)],
      ],
    ],
  )
  lookingBack.add(builds(false), new Map())
  lookingBack.setAside(builds(false), [shared])
  await round('end')
  // Nothing is listed for what may not be told; a process that is killed now knows that something is to be looked through.
  assert.deepEqual([lists.length, kept.get(own), kept.get(key)], [1, ms(1), pendingOf(ms(2))])
  assert.deepEqual([lookingBack.isUnderWay(builds(false)), lookingBack.isUnseen(key)], [false, false])
  lookingBack.add(builds(true), new Map())
  await round('end')
  assert.deepEqual([lists.length, kept.get(key)], [2, ms(2)])
  assert.equal(lookingBack.isUnderWay(builds(true)), false)
})

test('a look that was under way when the sink was closed does not count for what happened while it was', async () => {
  const { kept, lists, lookingBack, round } = look()
  lookingBack.add(builds(true), new Map([[key, ms(2)]]))
  await round()
  lookingBack.setAside(builds(false), [shared])
  lookingBack.add(builds(true), new Map())
  await round()
  assert.equal(lists.length, 2)
  lookingBack.setAside(builds(false), [shared])
  await round('end')
  assert.equal(kept.get(key), pendingOf(ms(2)))
  lookingBack.add(builds(true), new Map())
  await round('end')
  assert.deepEqual([lists.length, kept.get(key)], [3, ms(2)])
})

test('what an earlier life left closed is looked through when it is open at the start', async () => {
  const { kept, lists, lookingBack, round } = look()
  lookingBack.restore([
    [own, ms(1)],
    [key, pendingOf(ms(2))],
  ])
  lookingBack.add(builds(true), new Map())
  await round('end')
  assert.deepEqual([lists.length, kept.get(key)], [1, ms(2)])
})

test('the checkpoint of a closed sink stands; those of the others go on', () => {
  let observed = ms(500)
  const checkpoints = new Checkpoints({
    observed: { at: () => observed, onServer: (time) => time },
    outbox: { lowWater: () => new Map() },
    owed: () => new Map(),
    lookingBack: { isUnderWay: () => false },
    watchesOf: (name) => [{ name, namespace: undefined, absentAt: undefined }],
    serverNow: () => ms(1000),
  })
  const of = (isOpen: boolean) => {
    checkpoints.look(['TaskRun'])
    return [shared, 'team-a/qe'].map((sink) => checkpoints.of(stateOf(isOpen), sink))
  }
  assert.deepEqual(of(true), [ms(500), ms(500)])
  observed = ms(600)
  assert.deepEqual(of(false), [ms(500), ms(600)])
  observed = ms(700)
  assert.deepEqual(of(true), [ms(700), ms(700)])
})

test('what a closed sink is owed stays owed, until the object is gone', () => {
  const pair = `uid-builds ${shared}`
  const ledgerOf = (isOpen: boolean) => {
    const room = { ...unlimited, owner: () => ({ key: 'team-a/builds', emitter: builds(isOpen) }) }
    const record = {
      uid: 'u',
      source: 'TaskRun',
      namespace: 'team-a',
      name: 'b',
      resourceVersion: '1',
      projection: {},
      seen: [],
      ledger: {},
      owed: { [pair]: ['finished'] },
    }
    return new Ledger({ record, source: sourceOf('TaskRun') }, room, [])
  }
  const kept = ledgerOf(false)
  kept.settle(ms(1), false)
  assert.deepEqual([kept.owed, kept.dropped], [{ [pair]: ['finished'] }, []])
  const gone = ledgerOf(false)
  gone.settle(ms(1), true)
  assert.deepEqual([gone.owed, gone.dropped.length], [{}, 1])
  const open = ledgerOf(true)
  open.settle(ms(1), false)
  assert.deepEqual([open.owed, open.dropped.length], [{}, 1])
})

test('what was compiled is kept while only sinks change, and made anew with another spec or policy', async () => {
  let policy = defaultPolicy
  const understand = understanding({
    sources: knownSources,
    formats,
    state: { sinks: new Map(), maxEventBytes: () => 1 },
    policy: () => policy,
    ownCredentials: async () => accept(undefined),
  })
  const object = subscription({ events })
  const { state } = await understand(object, { open: ['team-a/qe'], closed: [] }, false, undefined)
  const closed = [{ key: 'team-a/qe', ...why }]
  const again = async (one = object) => (await understand(one, { open: [], closed }, false, state)).state.emitter
  assert.equal((await again())?.selection, state.emitter?.selection)
  assert.deepEqual([(await again())?.sinks, (await again())?.closed], [[], closed])
  assert.equal(
    (await again({ ...object, metadata: { ...object.metadata, resourceVersion: '2' } }))?.selection,
    state.emitter?.selection,
  )
  assert.notEqual((await again(subscription({ events, filter: 'true' })))?.selection, state.emitter?.selection)
  policy = { ...defaultPolicy }
  assert.notEqual((await again())?.selection, state.emitter?.selection)
})
