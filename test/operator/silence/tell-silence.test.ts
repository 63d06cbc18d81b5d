import assert from 'node:assert/strict'
import { test } from 'node:test'
import { forgetSubscriptions } from '../../../src/operator/forget.ts'
import { type TellSilenceDeps, tellSilence } from '../../../src/operator/silence/tell-silence.ts'
import type { CommitBatch } from '../../../src/outbox/outbox.ts'
import { batchOf, delivered, rowOf } from '../../outbox/batches.ts'
import { cluster } from '../scene.ts'
import { silenceStage } from './scene.ts'

const never = new AbortController().signal
const two = { sinks: [{ name: 'qe' }, { name: 'audit' }] }

function telling(stage: ReturnType<typeof silenceStage>, over: Partial<TellSilenceDeps> = {}) {
  const deps: TellSilenceDeps = {
    outbox: stage.outbox,
    cluster,
    room: () => stage.overflow.room(),
    fence: async () => true,
    exists: () => true,
    committed: () => undefined,
    now: () => stage.clock.ms,
    ...over,
  }
  return async (second: number): Promise<boolean[]> => {
    const told: boolean[] = []
    for (const one of stage.look(second).silent) told.push(await tellSilence(one, deps, never))
    return told
  }
}

/** Takes what waits for a sink. */
async function taken({ outbox, clock }: ReturnType<typeof silenceStage>, sink: string) {
  const rows = outbox.claim(sink, 100, clock.ms)
  await outbox.settle(rows.map(delivered), clock.ms)
  return rows.map(({ event }) => event)
}

test('each sink gets one event of a silence, however often it is looked at, and one of the next', async () => {
  const stage = silenceStage(two)
  stage.state.sinks.forEach((one) => {
    one.maxPending = { rows: 100, bytes: 1_000_000 }
  })
  stage.respec(two)
  const tell = telling(stage)
  assert.deepEqual(await tell(599), [])
  for (const second of [600, 601, 9000]) assert.deepEqual(await tell(second), [true])
  const [event, ...more] = await taken(stage, 'team-a/qe')
  assert.deepEqual([more.length, (await taken(stage, 'team-a/audit')).map(({ id }) => id)], [0, [event?.id]])
  assert.deepEqual(JSON.parse(event?.attributes ?? ''), {
    specversion: '1.0',
    id: '89c9037f-5e83-5dab-855a-0484c1486d1c',
    source: '/clusters/test/namespaces/team-a/carillon',
    type: 'dev.carillon.subscription.silent.v1',
    subject: 'eventsubscription/builds',
    time: '2026-11-22T12:10:00.000Z',
    datacontenttype: 'application/json',
    sequence: '00179534940000000',
    namespace: 'team-a',
    uid: 'uid-builds',
  })
  assert.deepEqual(JSON.parse(event?.data ?? ''), {
    apiVersion: 'carillon.dev/v1alpha1',
    kind: 'EventSubscription',
    name: 'builds',
    namespace: 'team-a',
    uid: 'uid-builds',
    within: '10m',
    since: '2026-11-22T12:00:00.000Z',
  })

  stage.matches(9001)
  assert.deepEqual(await tell(9600), [])
  assert.deepEqual(await tell(9601), [true])
  const [second] = await taken(stage, 'team-a/qe')
  assert.notEqual(second?.id, event?.id)
  const { since, lastMatched } = JSON.parse(second?.data ?? '')
  assert.deepEqual(lastMatched, {
    kind: 'TaskRun',
    namespace: 'team-a',
    name: 'unit',
    milestone: 'finished',
    time: since,
  })
})

test('a sink that comes later is told, too, and without `event` nobody is', async () => {
  const stage = silenceStage({ expect: { within: '10m', event: false } })
  const tell = telling(stage)
  assert.deepEqual(await tell(600), [true])
  assert.deepEqual(stage.outbox.pending(), [])
  stage.respec({ expect: { within: '10m', event: true } })
  assert.deepEqual(await tell(601), [true])
  stage.respec({ ...two, expect: { within: '10m', event: true } })
  assert.deepEqual(await tell(602), [true])
  const waiting = stage.outbox.pending().map(({ sink, rows }) => `${sink} ${rows}`)
  assert.deepEqual(waiting.sort(), ['team-a/audit 1', 'team-a/qe 1'])
})

test('where there is no room it is told once there is', async () => {
  const stage = silenceStage()
  const sink = stage.state.sinks.get('team-a/qe') ?? assert.fail()
  sink.maxPending = { rows: 1, bytes: 1_000_000 }
  const row = { ...rowOf('o', 'e'), sink: 'team-a/qe', subscription: 'team-a/builds', subscriptionUid: 'uid-builds' }
  await stage.outbox.commit(batchOf({ rows: [row] }))
  const tell = telling(stage)
  assert.deepEqual(await tell(600), [false])
  assert.equal(stage.outbox.records(['uid-builds']).size, 0)
  await taken(stage, 'team-a/qe')
  stage.overflow.look(() => true)
  assert.deepEqual(await tell(601), [true])
  assert.equal((await taken(stage, 'team-a/qe')).length, 1)
})

test('one that is too large is a dead letter', async () => {
  const stage = silenceStage()
  const known = stage.state.subscriptions.get('team-a/builds')
  assert.ok(known?.emitter)
  const sinks = known.emitter.sinks.map((one) => ({ ...one, maxEventBytes: 100 }))
  stage.state.subscriptions.set('team-a/builds', { ...known, emitter: { ...known.emitter, sinks } })
  const told: CommitBatch[] = []
  assert.deepEqual(await telling(stage, { committed: (batch) => told.push(batch) })(600), [true])
  assert.deepEqual(
    stage.outbox.deadLetters().map(({ type, reason }) => [type, reason]),
    [['dev.carillon.subscription.silent.v1', 'TooLarge']],
  )
  assert.deepEqual([told.length, told[0]?.dead.length], [1, 1])
  const counts = stage.outbox.counts().find(({ sink }) => sink === 'team-a/qe')
  assert.equal(counts?.counts.deadLettered, 1)
})

test('a silence that was told is not told again where the last match is known only as of before', async () => {
  const stage = silenceStage()
  stage.matches(100)
  assert.deepEqual(await telling(stage)(700), [true])
  // A process that was killed had not written its last status.
  const again = silenceStage()
  again.matches(70)
  assert.deepEqual(await telling(again, { outbox: stage.outbox })(700), [true])
  assert.equal((await taken(stage, 'team-a/qe')).length, 1)
})

test('a subscription that went meanwhile, and an instance that leads no more, tell nothing', async () => {
  const stage = silenceStage()
  assert.deepEqual(await telling(stage, { exists: () => false })(600), [false])
  assert.deepEqual(await telling(stage, { fence: async () => false })(601), [false])
  assert.deepEqual(stage.outbox.pending(), [])
})

test('what was told of a subscription goes with it', async () => {
  const stage = silenceStage()
  await telling(stage)(600)
  assert.equal(stage.outbox.records(['uid-builds']).size, 1)
  const { book, outbox, state } = stage
  const deps = { outbox, state, book, dropped: () => undefined, left: () => undefined }
  await forgetSubscriptions(new Map([['uid-builds', 'team-a/builds']]), deps)
  assert.equal(outbox.records(['uid-builds']).size, 0)
  assert.equal(book.silence('uid-builds'), 'unknown')
})
