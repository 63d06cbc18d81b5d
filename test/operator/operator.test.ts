import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import type { EventSink, EventSubscription } from '../../src/api/generated.ts'
import type { KubeObject } from '../../src/api/object.ts'
import { defaultPolicy, type Policy } from '../../src/api/policy.ts'
import { sinkUrl } from '../../src/api/sink-url.ts'
import { accept, refuse, type Verdict } from '../../src/api/verdict.ts'
import { formats } from '../../src/formats/index.ts'
import { pause } from '../../src/kube/backoff.ts'
import { pendingOf } from '../../src/operator/activation.ts'
import { Operator } from '../../src/operator/operator.ts'
import { LookingBack } from '../../src/operator/recovery/looking-back.ts'
import { OperatorState } from '../../src/operator/state.ts'
import type { CommitBatch } from '../../src/outbox/outbox.ts'
import { knownSources } from '../../src/sources/index.ts'
import { isFailing, StatusBook } from '../../src/status/book.ts'
import { batchOf } from '../outbox/batches.ts'
import { MemoryOutbox } from '../outbox/memory/memory.ts'
import { failed, taken } from '../status/attempts.ts'
import { at, ms, sink, subscription } from './scene.ts'

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

const qe = sink()
const forced = { annotations: { 'reconcile.fluxcd.io/requestedAt': 'a', 'reconcile.fluxcd.io/forceAt': 'a' } }

/** An operator with one sink, whose looking back for TaskRuns ends when the test says so. */
function stage(options: { outbox?: MemoryOutbox; headersFail?: number; quickly?: number } = {}) {
  const { outbox = new MemoryOutbox({ now: () => ms(0) }), quickly = 0 } = options
  const state = new OperatorState(new Map(), () => undefined)
  const subscriptions = new Map<string, EventSubscription>()
  const asked: string[] = []
  const marked: string[] = []
  /** What had been marked when the life began. */
  const begins: string[][] = []
  const dropped: { rows: number; uid: string; key: string }[] = []
  const sentAgain: object[] = []
  const sinks = new Map([['team-a/qe', qe]])
  let lookedBack = Promise.withResolvers<void>()
  let failures = options.headersFail ?? 0
  const kept: string[] = []
  /** Of each look at what a sink refers to: whether that was known. */
  const checks: boolean[] = []
  let policy = defaultPolicy
  let passed = 0
  let found: Verdict<unknown> = accept({})
  const namespaces = { objects: new Map<string, KubeObject>(), synced: true }
  const book = new StatusBook()
  const waits: number[] = []
  const lookingBack = new LookingBack({
    state,
    outbox,
    watches: {
      refresh(kind, namespace) {
        asked.push(`${kind} in ${namespace}`)
        return lookedBack.promise
      },
    },
    kept: (uid) => kept.push(uid),
    log: silent,
  })
  lookingBack.restore(outbox.activations())
  const operator = new Operator({
    state,
    sinks: { objects: sinks, synced: true },
    subscriptions: { objects: subscriptions, synced: true },
    namespaces,
    watches: { want: async () => undefined },
    outbox,
    lookingBack,
    recovery: { restore: async () => undefined, begin: async () => void begins.push([...marked]) },
    namespacesSeen: { since: () => [], look: async () => undefined, keep: async () => undefined },
    book,
    writer: { mark: (key) => marked.push(key) },
    sources: knownSources,
    formats,
    policy: () => policy,
    async checkSink(sink, _, known) {
      checks.push(known)
      failures -= 1
      if (failures >= 0) throw new Error('the API server is away')
      return { url: accept(new URL(sinkUrl(sink))), credentials: known ? accept({}) : found }
    },
    ownCredentials: async () => accept(undefined),
    startDelivery: () => undefined,
    stopDelivery: async () => undefined,
    ended: () => undefined,
    sendAgain: async (chosen) => void sentAgain.push(chosen),
    asked: () => undefined,
    dropped: (rows, subscription) => dropped.push({ rows, ...subscription }),
    forgotten: () => undefined,
    left: (uid) => lookingBack.forget(uid),
    log: silent,
    now: () => ms(0) + passed,
    serverNow: () => ms(0),
    wait(ms, signal) {
      waits.push(ms)
      return pause(waits.length <= quickly ? 0 : ms, signal)
    },
  })
  /** Reconciles what was changed, once, as the loop does when it is started (again). */
  const turn = async () => {
    const stop = new AbortController()
    const running = operator.run(stop.signal)
    await Promise.race([running, new Promise((resolve) => setImmediate(resolve))])
    stop.abort()
    await running
  }
  const apply = (object: EventSubscription) => {
    const key = `${object.metadata.namespace}/${object.metadata.name}`
    subscriptions.set(key, object)
    operator.changed('subscription', key, undefined, object)
  }
  const remove = (key: string) => {
    const before = subscriptions.get(key)
    subscriptions.delete(key)
    operator.changed('subscription', key, before, undefined)
  }
  const lookBackEnds = async (error?: Error) => {
    if (error) lookedBack.reject(error)
    else lookedBack.resolve()
    await new Promise((resolve) => setImmediate(resolve))
    lookedBack = Promise.withResolvers<void>()
  }
  operator.changed('sink', 'team-a/qe', undefined, qe)
  const applySink = (object: EventSink) => {
    const before = sinks.get('team-a/qe')
    sinks.set('team-a/qe', object)
    operator.changed('sink', 'team-a/qe', before, object)
  }
  const decide = async (next: Partial<Policy>, references = false) => {
    policy = { ...policy, ...next }
    operator.policyChanged(references)
    await turn()
  }
  const find = (credentials: Verdict<unknown>) => {
    found = credentials
  }
  const pass = (by: number) => {
    passed += by
  }
  const told = {
    sinks,
    operator,
    namespaces,
    book,
    outbox,
    state,
    asked,
    begins,
    marked,
    dropped,
    sentAgain,
    checks,
    waits,
  }
  return { ...told, apply, applySink, remove, turn, lookBackEnds, decide, find, pass }
}

const started = subscription({ startFrom: 'Earliest', events: [{ kind: 'TaskRun', milestones: ['started'] }] })
const key = 'uid-builds team-a/qe TaskRun started'

test('an activation counts at once, and is kept as pending until the past was looked through: after a kill it goes on from the same time', async () => {
  const before = stage()
  before.apply(started)
  await before.turn()
  assert.deepEqual(before.asked, ['TaskRun in team-a'])
  assert.equal(before.state.activations.get(key), 0)
  assert.deepEqual([...before.outbox.activations()], [[key, pendingOf(0)]])
  const { outbox, state, asked, apply, turn, lookBackEnds } = stage({ outbox: before.outbox })
  apply(started)
  await turn()
  assert.deepEqual(asked, ['TaskRun in team-a'])
  assert.equal(state.activations.get(key), 0)
  await lookBackEnds()
  assert.deepEqual([...outbox.activations()], [[key, 0]])
  const after = stage({ outbox })
  after.apply(started)
  await after.turn()
  assert.deepEqual(after.asked, [])
})

test('an activation whose looking back was broken off stays pending, and is looked through when the subscription changes', async () => {
  const { asked, outbox, apply, turn, lookBackEnds } = stage()
  apply(started)
  await turn()
  await lookBackEnds(new Error('the watch was stopped'))
  assert.deepEqual([...outbox.activations()], [[key, pendingOf(0)]])
  apply({ ...started, metadata: { ...started.metadata, generation: 2 } })
  await turn()
  assert.equal(asked.length, 2)
  await lookBackEnds()
  assert.deepEqual([...outbox.activations()], [[key, 0]])
})

test('a subscription that is suspended while its past is looked through stays closed, and begins anew when it is resumed', async () => {
  const { outbox, asked, apply, turn, lookBackEnds } = stage()
  apply(started)
  await turn()
  apply({ ...started, spec: { ...started.spec, suspend: true } })
  await turn()
  apply(started)
  await turn()
  assert.deepEqual([...outbox.activations()], [[key, pendingOf(ms(0))]])
  assert.equal(asked.length, 2)
  await lookBackEnds()
  assert.deepEqual([...outbox.activations()], [[key, ms(0)]])
})

test('a suspended subscription looks nothing through, and that is kept at once', async () => {
  const { outbox, asked, apply, turn } = stage()
  apply({ ...started, spec: { ...started.spec, suspend: true } })
  await turn()
  assert.deepEqual(asked, [])
  assert.deepEqual([...outbox.activations()], [[key, Number.MAX_SAFE_INTEGER]])
})

test('forceAt sends the dead letters of a sink or a subscription again, once', async () => {
  const { sentAgain, apply, applySink, turn } = stage()
  apply(started)
  await turn()
  assert.deepEqual(sentAgain, [])
  applySink(sink({}, forced))
  await turn()
  apply(subscription(started.spec, forced))
  await turn()
  const both = [{ sink: 'team-a/qe' }, { subscriptionUid: 'uid-builds' }]
  assert.deepEqual(sentAgain, both)
  applySink(sink({ suspend: true }, { ...forced, generation: 2 }))
  await turn()
  assert.deepEqual(sentAgain, both)
})

test('a subscription that is understood again is looked through from where it began: for a while nothing was matched', async () => {
  const { outbox, asked, apply, turn, lookBackEnds } = stage()
  await outbox.begin(new Map())
  apply(started)
  await turn()
  await lookBackEnds()
  apply({ ...started, spec: { ...started.spec, filter: 'milestone.nme == 1' } })
  await turn()
  assert.equal(asked.length, 1)
  apply(started)
  await turn()
  assert.equal(asked.length, 2)
  await lookBackEnds()
  assert.deepEqual([...outbox.activations()], [[key, 0]])
})

test('nothing is kept of a subscription that went while its past was looked through', async () => {
  const { outbox, apply, turn, remove, lookBackEnds } = stage()
  apply(started)
  await turn()
  remove('team-a/builds')
  await turn()
  await lookBackEnds()
  assert.deepEqual([...outbox.activations()], [])
})

test('what was to be reconciled when something failed is reconciled when the loop is started again', async () => {
  const { state, marked, apply, turn } = stage({ headersFail: 1 })
  apply(started)
  await assert.rejects(turn(), /the API server is away/)
  assert.deepEqual([state.sinks.size, state.subscriptions.size], [0, 0])
  await turn()
  assert.deepEqual([...state.sinks.keys(), ...state.subscriptions.keys()], ['team-a/qe', 'team-a/builds'])
  assert.deepEqual([...new Set(marked)].sort(), ['sink team-a/qe', 'subscription team-a/builds'])
})

/** A delivery that waits for a subscription of this uid. */
const waiting = (subscriptionUid: string): CommitBatch => {
  const of = { subscription: 'team-a/builds', subscriptionUid }
  const event = { id: 'e', type: 't', subject: 's', attributes: '{}', data: undefined }
  const row = { ...of, sink: 'team-a/qe', objectUid: 'o', namespace: 'team-a', written: 0, event }
  return { watch: '', records: [], forget: [], rows: [row], dead: [], counts: [] }
}

test('what waits for a subscription that went, or was replaced under its name, is dropped and told, once', async () => {
  const { outbox, state, dropped, apply, remove, turn } = stage()
  const others = { ...started, metadata: { ...started.metadata, uid: 'uid-other' } }
  apply(started)
  await turn()
  await outbox.commit(waiting('uid-builds'))
  apply(others)
  await turn()
  assert.deepEqual(dropped, [{ rows: 1, uid: 'uid-builds', key: 'team-a/builds' }])
  assert.equal(state.hasSubscription('uid-builds'), false)
  assert.deepEqual(
    [...state.activations.keys()].map((entry) => entry.split(' ')[0]),
    ['uid-other'],
  )
  await outbox.commit(waiting('uid-other'))
  remove('team-a/builds')
  await turn()
  await turn()
  assert.deepEqual(dropped.slice(1), [{ rows: 1, uid: 'uid-other', key: 'team-a/builds' }])
  assert.deepEqual([state.activations.size, outbox.size('team-a/qe')], [0, 0])
})

test('nothing is counted for a sink and a subscription that are gone, whichever went first', async () => {
  for (const order of [
    ['sink', 'subscription'],
    ['subscription', 'sink'],
  ]) {
    const { operator, outbox, apply, remove, sinks, turn } = stage()
    apply(started)
    await turn()
    const of = { subscription: 'team-a/builds', subscriptionUid: 'uid-builds', sink: 'team-a/qe' }
    await outbox.commit(batchOf({ counts: [{ ...of, counts: { delivered: 3 } }] }))
    for (const kind of order) {
      if (kind === 'subscription') remove('team-a/builds')
      else {
        sinks.delete('team-a/qe')
        operator.changed('sink', 'team-a/qe', qe, undefined)
      }
      await turn()
    }
    assert.deepEqual(outbox.counts(), [])
  }
})

test('what waits for a subscription that went while the operator was away is dropped when it starts', async () => {
  const { outbox, dropped, turn } = stage()
  await outbox.commit(waiting('uid-builds'))
  await turn()
  assert.deepEqual(dropped, [{ rows: 1, uid: 'uid-builds', key: 'team-a/builds' }])
  assert.equal(outbox.size('team-a/qe'), 0)
})

test('no status is written before the life has begun: it would be without the counts and gaps that are taken over', async () => {
  const first = stage()
  first.apply(started)
  await first.turn()
  const both = ['sink team-a/qe', 'subscription team-a/builds']
  assert.deepEqual([first.begins, first.marked.toSorted()], [[[]], both])
  const outbox = new MemoryOutbox({ now: () => ms(0) })
  await outbox.begin(new Map())
  const later = stage({ outbox })
  later.apply(started)
  await later.turn()
  assert.deepEqual([later.begins.map((marked) => marked.toSorted()), later.marked.toSorted()], [[both], both])
})

test('when the policy changes all is judged again, and what a sink that is well refers to is not read again', async () => {
  const { apply, checks, decide, find, state, turn } = stage()
  apply(subscription({ namespaceSelector: {} }))
  await turn()
  const reasons = () => [
    state.subscriptions.get('team-a/builds')?.stalled?.reason,
    state.sinks.get('team-a/qe')?.readiness.reason,
    state.sinks.get('team-a/qe')?.runtime?.timeoutMs,
  ]
  assert.deepEqual(reasons(), ['NamespaceSelectorNotAllowed', 'Ready', 15_000])
  const defaults = { ...defaultPolicy.defaults, timeout: 5_000 }
  await decide({ adminNamespaces: new Set(['team-a']), defaults })
  assert.deepEqual(reasons(), [undefined, 'Ready', 5_000])
  assert.deepEqual(checks, [false, true])
  // The rule for Secrets is another, or one was found wrong: then they are looked at.
  find(refuse('SecretNotLabelled', 'no'))
  await decide({ requireCredentialLabel: false }, true)
  assert.deepEqual(reasons(), [undefined, 'SecretNotLabelled', 5_000])
  find(accept({}))
  await decide({ adminNamespaces: new Set() })
  assert.deepEqual(reasons(), ['NamespaceSelectorNotAllowed', 'Ready', 5_000])
  assert.deepEqual(checks, [false, true, false, false])
})

test('of several changes of the policy that come together one that concerns Secrets is enough to have them read', async () => {
  for (const references of [
    [false, true],
    [true, false],
  ]) {
    const { checks, find, operator, state, turn } = stage()
    await turn()
    find(refuse('SecretNotLabelled', 'no'))
    for (const one of references) operator.policyChanged(one)
    await turn()
    assert.deepEqual(checks, [false, false])
    assert.equal(state.sinks.get('team-a/qe')?.readiness.reason, 'SecretNotLabelled')
  }
})

test('a sink that was replaced under its name starts anew: nothing is told of what became of the one before', async () => {
  const { applySink, book, turn } = stage()
  await turn()
  for (const attempt of [taken(1), failed(2), failed(3), failed(4)]) book.attempted(attempt)
  assert.ok(isFailing(book.health('team-a/qe')) && book.health('team-a/qe').lastDelivered)
  applySink({ ...qe, metadata: { ...qe.metadata, generation: 2 } })
  await turn()
  assert.ok(book.health('team-a/qe').lastDelivered, 'it is the same still')
  applySink({ ...qe, metadata: { ...qe.metadata, uid: 'uid-other' } })
  await turn()
  assert.deepEqual(book.health('team-a/qe'), { failures: 0 })
})

test('rounds in which nothing happened leave nothing behind', async () => {
  const { operator, waits } = stage({ quickly: 50 })
  const stop = new AbortController()
  const running = operator.run(stop.signal)
  while (waits.length <= 50) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(getEventListeners(stop.signal, 'abort').length <= 1)
  stop.abort()
  await running
})

test('while what is declared is not known, nothing is looked for, however long that is due', async () => {
  const { find, namespaces, operator, pass, turn, waits } = stage()
  find(refuse('SecretNotFound', 'no'))
  await turn()
  namespaces.synced = false
  pass(60_000)
  waits.length = 0
  await turn()
  assert.ok(operator.ready)
  assert.deepEqual(waits, [60_000])
})

test('a subscription beyond the quota of its namespace is stalled, and served once an older one goes or the quota is raised', async () => {
  const { apply, decide, remove, state, turn } = stage()
  const named = (name: string, second: number) =>
    subscription({ startFrom: 'Earliest' }, { name, uid: `uid-${name}`, creationTimestamp: at(second) })
  const served = () => [...state.subscriptions].filter(([, { emitter }]) => emitter).map(([one]) => one)
  await decide({ quotas: { ...defaultPolicy.quotas, subscriptions: 2 } })
  for (const [name, second] of [
    ['a', 3],
    ['b', 2],
    ['c', 1],
  ] as const)
    apply(named(name, second))
  await turn()
  assert.deepEqual(served(), ['team-a/c', 'team-a/b'])
  assert.equal(state.subscriptions.get('team-a/a')?.stalled?.reason, 'QuotaExceeded')
  remove('team-a/c')
  await turn()
  await turn()
  assert.deepEqual(served(), ['team-a/b', 'team-a/a'])
  apply(named('d', 4))
  await turn()
  assert.equal(state.subscriptions.get('team-a/d')?.stalled?.reason, 'QuotaExceeded')
  await decide({ quotas: { ...defaultPolicy.quotas, subscriptions: 3 } })
  assert.equal(served().length, 3)
  await decide({ quotas: { ...defaultPolicy.quotas, subscriptions: 0 } })
  assert.deepEqual(served(), [])
  await decide({ adminNamespaces: new Set(['team-a']) })
  assert.equal(served().length, 3)
})

test('a sink beyond the quota of its namespace is not looked at: there is nothing to deliver to until it is served', async () => {
  const { checks, decide, state, turn } = stage()
  await decide({ quotas: { ...defaultPolicy.quotas, sinks: 0 } })
  await turn()
  const refused = state.sinks.get('team-a/qe')
  assert.deepEqual([refused?.readiness.kind, refused?.readiness.reason], ['stalled', 'QuotaExceeded'])
  assert.equal(refused?.runtime, undefined)
  const before = checks.length
  await decide({ quotas: { ...defaultPolicy.quotas, sinks: 1 } })
  assert.equal(state.sinks.get('team-a/qe')?.readiness.reason, 'Ready')
  assert.equal(checks.length, before + 1)
})

test('what a sink refers to is looked for every 30 seconds while it is missing, and never again once it was found', async () => {
  const { checks, find, pass, turn } = stage()
  find(refuse('SecretNotFound', 'no'))
  await turn()
  assert.equal(checks.length, 1)
  pass(29_999)
  await turn()
  assert.equal(checks.length, 1)
  pass(1)
  await turn()
  assert.equal(checks.length, 2)
  find(accept({}))
  pass(30_000)
  await turn()
  assert.equal(checks.length, 3)
  for (let n = 0; n < 3; n++) {
    pass(3_600_000)
    await turn()
  }
  assert.equal(checks.length, 3)
})
