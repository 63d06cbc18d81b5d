import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EncodedEvent } from '../../src/formats/format.ts'
import { forgetSinks, forgetSubscriptions, goneSubscriptions } from '../../src/operator/forget.ts'
import { goneUid } from '../../src/outbox/counts.ts'
import { StatusBook } from '../../src/status/book.ts'
import { batchOf, commitRows, recordOf, rowOf } from '../outbox/batches.ts'
import { MemoryOutbox } from '../outbox/memory/memory.ts'

const event: EncodedEvent = { id: 'e', type: 't', subject: 's', attributes: '{}', data: undefined }

/** An outbox with rows of subscriptions (by name, uid `uid-<name>`), so many each. */
async function stage(rows: Record<string, number>) {
  const outbox = new MemoryOutbox({ now: () => 0 })
  const told: [rows: number, key: string][] = []
  for (const [name, count] of Object.entries(rows)) {
    const of = { subscription: `team-a/${name}`, subscriptionUid: `uid-${name}` }
    const row = { ...of, sink: 'team-a/qe', objectUid: 'o', namespace: 'team-a', written: 0, event }
    await outbox.commit({
      watch: '',
      records: [],
      forget: [],
      rows: Array.from({ length: count }, () => row),
      dead: [],
      counts: [{ ...of, sink: '', counts: { matched: count } }],
    })
  }
  const state = { activations: new Map(Object.keys(rows).map((name) => [`uid-${name} team-a/qe TaskRun started`, 0])) }
  const deps = {
    outbox,
    state,
    book: new StatusBook(),
    dropped: (count: number, { key }: { key: string }) => told.push([count, key]),
    left(uid: string) {
      for (const key of state.activations.keys()) if (key.startsWith(`${uid} `)) state.activations.delete(key)
    },
  }
  return { outbox, state, told, deps }
}

test('what is kept of subscriptions that are gone is found by counts and activations', async () => {
  const { outbox, state, deps } = await stage({ here: 1, gone: 2 })
  state.activations.set('uid-quiet team-a/qe TaskRun started', 0)
  const found = goneSubscriptions(new Set(['uid-here']), deps)
  assert.deepEqual(found, new Map([...[['uid-gone', 'team-a/gone'] as const], ['uid-quiet', '']]))
  await forgetSubscriptions(found, deps)
  assert.deepEqual(goneSubscriptions(new Set(['uid-here']), deps), new Map())
  assert.deepEqual([...state.activations.keys()], ['uid-here team-a/qe TaskRun started'])
  const kept = outbox.counts().find(({ subscriptionUid }) => subscriptionUid === goneUid)
  assert.deepEqual([kept?.sink, kept?.counts.dropped], ['team-a/qe', 2])
})

test('rows that are dropped are told, with whose they were; where there were none nothing is', async () => {
  const { outbox, told, deps } = await stage({ a: 3, b: 0, c: 1 })
  await forgetSubscriptions(new Map(['a', 'b', 'c'].map((name) => [`uid-${name}`, `team-a/${name}`])), deps)
  assert.deepEqual(told, [
    [3, 'team-a/a'],
    [1, 'team-a/c'],
  ])
  assert.equal(outbox.size('team-a/qe'), 0)
})

test('what a subscription was owed is dropped with it, and counted', async () => {
  const { outbox, told, deps } = await stage({ a: 1, b: 1 })
  const owed = {
    'uid-a team-a/qe': ['started', 'finished'],
    'uid-a team-a/audit': ['finished'],
    'uid-b team-a/qe': ['finished'],
  }
  const record = recordOf('o1', { namespace: 'team-a', owed })
  await outbox.commit(batchOf({ records: [record, recordOf('o2')] }))
  await forgetSubscriptions(new Map([['uid-a', 'team-a/a']]), deps)
  assert.deepEqual(told, [[4, 'team-a/a']])
  assert.deepEqual(outbox.records(['o1']).get('o1')?.owed, { 'uid-b team-a/qe': ['finished'] })
  const dropped = (sink: string) =>
    outbox.counts().find((one) => one.subscriptionUid === goneUid && one.sink === sink)?.counts.dropped
  assert.deepEqual([dropped('team-a/qe'), dropped('team-a/audit')], [3, 1])
})

test('a sink that rows come for while its delivery comes to an end is not forgotten before these are gone', async () => {
  const { outbox, deps } = await stage({ a: 0 })
  const ended: string[] = []
  const started: string[] = []
  const gone = new Set(['team-a/qe'])
  await outbox.keepGate('team-a/qe', 'missing')
  const sinkDeps = {
    outbox,
    state: { sinks: new Map(), referrers: () => [] },
    book: deps.book,
    startDelivery: (sink: string) => started.push(sink),
    stopDelivery: () => commitRows(outbox, rowOf('o1', 'e1', { sink: 'team-a/qe' })),
    ended: (sink: string) => ended.push(sink),
  }
  await forgetSinks(gone, sinkDeps)
  assert.deepEqual([[...gone], [...outbox.gates().keys()], ended], [['team-a/qe'], ['team-a/qe'], []])
  assert.deepEqual(started, ['team-a/qe'], 'and they are not left lying')
  await outbox.purge({ sink: 'team-a/qe', deadLetters: false })
  await forgetSinks(gone, { ...sinkDeps, stopDelivery: async () => undefined })
  assert.deepEqual([[...gone], [...outbox.gates().keys()], ended], [[], [], ['team-a/qe']])
  assert.deepEqual(started, ['team-a/qe'])
})

test('a sink that could not be forgotten is forgotten when it is tried again', async () => {
  const { outbox, deps } = await stage({ a: 0 })
  const gone = new Set(['team-a/qe'])
  await outbox.keepGate('team-a/qe', 'missing')
  const none = () => undefined
  const state = { sinks: new Map(), referrers: () => [] }
  const sinkDeps = {
    outbox,
    state,
    book: deps.book,
    startDelivery: none,
    stopDelivery: async () => undefined,
    ended: none,
  }
  const forget = outbox.forgetSink.bind(outbox)
  outbox.forgetSink = () => Promise.reject(new Error('the disk is full'))
  await assert.rejects(forgetSinks(gone, sinkDeps), /the disk is full/)
  outbox.forgetSink = forget
  await forgetSinks(gone, sinkDeps)
  assert.deepEqual([[...gone], [...outbox.gates().keys()]], [[], []])
})

test('what could not be forgotten is forgotten when it is tried again', async () => {
  const { outbox, told, deps } = await stage({ a: 3, b: 1 })
  const leaving = new Map(['a', 'b'].map((name) => [`uid-${name}`, `team-a/${name}`]))
  const forget = outbox.forgetSubscription.bind(outbox)
  outbox.forgetSubscription = (uid) => (uid === 'uid-b' ? Promise.reject(new Error('the disk is full')) : forget(uid))
  await assert.rejects(forgetSubscriptions(leaving, deps), /the disk is full/)
  assert.deepEqual([...leaving.keys()], ['uid-b'])
  outbox.forgetSubscription = forget
  await forgetSubscriptions(leaving, deps)
  assert.deepEqual(told, [
    [3, 'team-a/a'],
    [1, 'team-a/b'],
  ])
  assert.equal(leaving.size, 0)
})
