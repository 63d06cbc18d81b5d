import assert from 'node:assert/strict'
import {
  batchOf,
  buried,
  commitRows,
  countsOf,
  delivered,
  eventOf,
  ids,
  only,
  recordOf,
  released,
  retried,
  rowOf,
} from './batches.ts'
import type { It } from './contract.ts'

/** What is kept besides rows. */
export function rememberingContract(it: It): void {
  it('forgetSink drops its gate, and the counts of subscriptions that are gone; what waits stays', async ({
    outbox,
    clock,
    claim,
  }) => {
    const b = { subscription: 'ns/b', subscriptionUid: 'uid-b' }
    const other = { sink: 'ns/other' }
    await commitRows(outbox, rowOf('o1', 'e1'), rowOf('o1', 'e2', b), rowOf('o1', 'e3', other))
    await outbox.settle([...claim(), ...claim(9, 'ns/other')].map(delivered), clock.ms)
    await Promise.all([outbox.keepGate('ns/sink', 'one'), outbox.keepGate('ns/other', 'two')])
    await outbox.forgetSubscription('uid-a')
    const named = () => outbox.counts().map((delta) => `${delta.subscription} ${delta.sink}`)
    assert.deepEqual(named().sort(), [' ns/other', ' ns/sink', 'ns/b ns/sink'])
    await outbox.forgetSink('ns/sink')
    await outbox.forgetSink('ns/none')
    assert.deepEqual(named().sort(), [' ns/other', 'ns/b ns/sink'])
    assert.deepEqual(countsOf(outbox, 'uid-b', 'ns/sink'), { delivered: 1 })
    assert.deepEqual([...outbox.gates()], [['ns/other', 'two']])
    await commitRows(outbox, rowOf('o1', 'e4', b))
    await outbox.forgetSink('ns/sink')
    assert.deepEqual(ids(claim()), ['e4'])
    await outbox.forgetSubscription('uid-b')
    await outbox.forgetSink('ns/sink')
    assert.deepEqual(named(), [' ns/other'])
    // One of the name starts anew, and wakes who waits.
    const stop = new AbortController()
    const seen = outbox.version('ns/sink')
    const woken = outbox.changed('ns/sink', stop.signal, seen)
    await commitRows(outbox, rowOf('o1', 'e5', b))
    await woken
    assert.deepEqual(ids(claim()), ['e5'])
  })

  it('forgetSubscription drops its rows, ledger entries, activations and counts, and nothing else', async ({
    outbox,
    clock,
    claim,
  }) => {
    const b = { subscription: 'ns/b', subscriptionUid: 'uid-b' }
    const event = eventOf('shared')
    await outbox.commit(
      batchOf({
        records: [recordOf('u1')],
        rows: [rowOf('o1', event), rowOf('o1', 'e2'), rowOf('o1', event, b), rowOf('o2', 'e3')],
      }),
    )
    await outbox.activate(
      new Map([
        ['uid-a ns/sink TaskRun finished', 1],
        ['uid-b ns/sink TaskRun finished', 2],
      ]),
    )
    const rows = claim()
    await outbox.settle(rows.filter((row) => row.event.id === 'e3').map(buried), clock.ms)
    assert.equal(await outbox.forgetSubscription('uid-a'), 2)
    await outbox.settle(
      rows.filter((row) => row.subscription === 'ns/a').map((row) => retried(row, clock.ms + 1)),
      clock.ms,
    )
    clock.ms += 1
    assert.deepEqual([claim(), outbox.size('ns/sink')], [[], 1])
    assert.deepEqual(outbox.records(['u1']).get('u1')?.ledger, { 'uid-b ns/other': ['started'] })
    assert.deepEqual([...outbox.activations()], [['uid-b ns/sink TaskRun finished', 2]])
    const named = outbox.counts().map((delta) => `${delta.subscription} ${delta.subscriptionUid} ${delta.sink}`)
    assert.deepEqual(named.sort(), ['  ns/sink', 'ns/b uid-b ns/sink'])
    assert.deepEqual(
      outbox.deadLetters().map((letter) => letter.id),
      ['e3'],
    )
    assert.equal(await outbox.forgetSubscription('uid-a'), 0)
    await outbox.settle(rows.filter((row) => row.subscription === 'ns/b').map(released), clock.ms)
    assert.deepEqual(only(claim()).event, event)
    await commitRows(outbox, rowOf('o1', 'anew'))
    assert.deepEqual(ids(claim()), ['anew'])
  })

  it('what a subscription counted toward a sink goes on without it once it is forgotten', async ({
    outbox,
    clock,
    claim,
  }) => {
    const b = { subscription: 'ns/b', subscriptionUid: 'uid-b' }
    const whose = { subscription: 'ns/a', subscriptionUid: 'uid-a' }
    const matched = { ...whose, sink: '', counts: { matched: 9, filtered: 4 } }
    const refused = { ...whose, sink: 'ns/never', counts: { deadLettered: 2, matched: 2 } }
    const idle = { ...whose, sink: 'ns/idle', counts: {} }
    const rows = ['e1', 'e2', 'e3', 'e4', 'e5'].map((id) => rowOf(`o-${id}`, id))
    const others = [rowOf('o1', 'f1', b), rowOf('o1', 'g1', { sink: 'ns/other' })]
    await outbox.commit(batchOf({ rows: [...rows, ...others], counts: [matched, refused, idle] }))
    const [first, second, third] = claim(3)
    if (!(first && second && third)) assert.fail('three rows')
    await outbox.settle([delivered(first), buried(second), retried(third, clock.ms + 1)], clock.ms)
    assert.equal(await outbox.forgetSubscription('uid-a'), 4)
    const gone = (sink: string) => countsOf(outbox, '', sink)
    const counted = { delivered: 1, retried: 1, deadLettered: 1, dropped: 3 }
    assert.deepEqual([gone('ns/sink'), gone('ns/other')], [counted, { dropped: 1 }])
    assert.deepEqual(gone('ns/never'), { deadLettered: 2 })
    const sinks = outbox.counts().flatMap(({ subscriptionUid, sink }) => (subscriptionUid === '' ? [sink] : []))
    assert.deepEqual(sinks.sort(), ['ns/never', 'ns/other', 'ns/sink'])
    assert.equal(await outbox.forgetSubscription('uid-a'), 0)
    assert.deepEqual(gone('ns/sink'), counted)
    assert.equal(await outbox.forgetSubscription('uid-b'), 1)
    assert.deepEqual(gone('ns/sink'), { ...counted, dropped: 4 })
  })

  it('what a forgotten subscription was owed is dropped and counted', async ({ outbox }) => {
    const owed = { 'uid-a ns/sink': ['started', 'finished'], 'uid-a ns/other': ['finished'], 'uid-a ns/none': [] }
    const more = { 'uid-a ns/sink': ['finished'], 'uid-b ns/sink': ['started'] }
    const records = [recordOf('u1', { owed }), recordOf('u2', { owed: more }), recordOf('u3')]
    await outbox.commit(batchOf({ records, rows: [rowOf('o1', 'e1')] }))
    assert.equal(await outbox.forgetSubscription('uid-a'), 5)
    const told = outbox.counts().map(({ subscriptionUid, sink, counts }) => [subscriptionUid, sink, counts.dropped])
    assert.deepEqual(told.sort(), [
      ['', 'ns/other', 1],
      ['', 'ns/sink', 4],
    ])
    assert.deepEqual(outbox.records(['u2']).get('u2')?.owed, { 'uid-b ns/sink': ['started'] })
  })

  it('activations are set, replaced and kept', async ({ outbox }) => {
    await outbox.activate(
      new Map([
        ['u s TaskRun started', 5],
        ['u s TaskRun finished', 6],
      ]),
    )
    await outbox.activate(
      new Map([
        ['u s TaskRun finished', Number.MAX_SAFE_INTEGER],
        ['u s PipelineRun finished', 0],
      ]),
    )
    const expected = {
      'u s TaskRun started': 5,
      'u s TaskRun finished': Number.MAX_SAFE_INTEGER,
      'u s PipelineRun finished': 0,
    }
    assert.deepEqual(Object.fromEntries(outbox.activations()), expected)
  })

  it('records come back as they were, odd strings and keys too', async ({ outbox }) => {
    const odd = recordOf('u1', {
      endedAt: 1_700_000_000_123,
      projection: JSON.parse(
        '{"__proto__": "x", "lone": "\\ud800", "nul": "\\u0000", "quote": "\\"\\\\", "big": 1e300, "emoji": "🛎"}',
      ),
      seen: ['\ud83d', '__proto__', ''],
      ledger: JSON.parse('{"__proto__": ["toString"], "constructor": []}'),
    })
    await outbox.commit(batchOf({ records: [odd, recordOf('u2')] }))
    assert.deepEqual(
      outbox.records(['u1', 'u2', 'u3']),
      new Map([
        ['u1', odd],
        ['u2', recordOf('u2')],
      ]),
    )
    await outbox.commit(batchOf({ records: [recordOf('u1', { name: 'again' })], forget: ['u2', 'u3'] }))
    assert.deepEqual(outbox.records(['u1', 'u2']), new Map([['u1', recordOf('u1', { name: 'again' })]]))
  })

  it('known tells the objects of a source, and of a namespace', async ({ outbox }) => {
    const records = [recordOf('u1'), recordOf('u2', { namespace: 'team-b' }), recordOf('u3', { source: 'PipelineRun' })]
    await outbox.commit(batchOf({ records }))
    assert.deepEqual(outbox.known('TaskRun'), new Set(['u1', 'u2']))
    assert.deepEqual(outbox.known('TaskRun', 'team-b'), new Set(['u2']))
    assert.deepEqual(outbox.known('CustomRun'), new Set())
  })

  it('an object is found by its name: one that is there, else the last that had it, for a month', async ({
    outbox,
    clock,
  }) => {
    const named = () => outbox.named('Snapshot', 'team-a', 'app-1')
    const record = (uid: string, over = {}) => recordOf(uid, { source: 'Snapshot', name: 'app-1', ...over })
    await outbox.commit(batchOf({ records: [record('u1', { chain: 'c1' }), record('u9', { namespace: 'team-b' })] }))
    assert.deepEqual(named(), { uid: 'u1', chain: 'c1', keys: ['queued', 'started'] })
    assert.deepEqual(outbox.records(['u1']).get('u1'), record('u1', { chain: 'c1' }))
    const gone = { source: 'Snapshot', namespace: 'team-a', name: 'app-1' }
    const first = { ...gone, uid: 'u1', chain: 'c1', keys: ['queued', 'finished'] }
    await outbox.commit(batchOf({ forget: ['u1'], remember: [first] }))
    assert.deepEqual(named(), { uid: 'u1', chain: 'c1', keys: ['queued', 'finished'] })
    await outbox.commit(batchOf({ records: [record('u2')] }))
    assert.deepEqual(named(), { uid: 'u2', chain: undefined, keys: ['queued', 'started'] })
    clock.ms += 86_400_000
    await outbox.commit(batchOf({ forget: ['u2'], remember: [{ ...gone, uid: 'u2', chain: undefined, keys: [] }] }))
    assert.deepEqual(named(), { uid: 'u2', chain: undefined, keys: [] })
    clock.ms += 30 * 86_400_000
    assert.deepEqual(named()?.uid, 'u2')
    clock.ms += 1
    assert.equal(named(), undefined)
    assert.equal(outbox.named('Snapshot', 'team-a', 'app-2'), undefined)
  })

  it('cursors move with their batch, and stay where a batch has none', async ({ outbox }) => {
    await outbox.commit(batchOf({ cursor: '5' }))
    await outbox.commit(batchOf({ watch: 'PipelineRun/team-a', cursor: '6' }))
    await outbox.commit(batchOf({ records: [recordOf('u1')] }))
    assert.deepEqual(Object.fromEntries(outbox.cursors()), { TaskRun: '5', 'PipelineRun/team-a': '6' })
  })

  it('when a watch was at its cursor is known as it was told last', async ({ outbox }) => {
    await outbox.commit(batchOf({ cursor: '5', reached: 1000 }))
    await outbox.commit(batchOf({ cursor: '6' }))
    await outbox.commit(batchOf({ watch: 'PipelineRun', cursor: '7', reached: 2000 }))
    await outbox.commit(batchOf({ watch: 'PipelineRun', cursor: '8', reached: 3000 }))
    assert.deepEqual(Object.fromEntries(outbox.reached()), { TaskRun: 1000, PipelineRun: 3000 })
  })
}
