import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outbox } from '../../src/outbox/outbox.ts'
import { batchOf, commitRows, delivered, eventOf, ids, only, recordOf, rowOf } from './batches.ts'
import { lettersContract } from './letters.ts'
import { livesContract } from './lives.ts'
import { loadsContract } from './loads.ts'
import { orderContract } from './order.ts'
import { pacingContract } from './pacing.ts'
import { rememberingContract } from './remembering.ts'
import { requestsContract } from './requests.ts'
import { settlingContract } from './settling.ts'
import { turnsContract } from './turns.ts'
import { withholdingContract } from './withholding.ts'

export type Clock = { ms: number }

/** An empty outbox and its clock. `claim` claims 100 rows of `ns/sink` by that clock, where nothing else is said. */
export type Scene = { outbox: Outbox; clock: Clock; claim: (n?: number, sink?: string) => ReturnType<Outbox['claim']> }

export type It = (name: string, body: (scene: Scene) => Promise<void>) => void

/** What every outbox has to do. `open` gives an empty one whose clock is `clock.ms`. */
export function outboxContract(open: (clock: Clock) => Promise<Outbox>): void {
  const it: It = (name, body) => {
    test(name, async () => {
      const clock = { ms: 1_000_000 }
      await using outbox = await open(clock)
      await body({ outbox, clock, claim: (n = 100, sink = 'ns/sink') => outbox.claim(sink, n, clock.ms) })
    })
  }
  commitContract(it)
  orderContract(it)
  turnsContract(it)
  withholdingContract(it)
  pacingContract(it)
  requestsContract(it)
  settlingContract(it)
  rememberingContract(it)
  lettersContract(it)
  loadsContract(it)
  livesContract(it)
}

function commitContract(it: It): void {
  it('a row comes back as it was committed', async ({ outbox, claim }) => {
    const bare = { ...eventOf('e2'), data: undefined }
    await commitRows(outbox, rowOf('o1', 'e1'), rowOf('o2', bare))
    const [first, second] = claim()
    const { seq, ...rest } = first ?? assert.fail('no row')
    assert.equal(typeof seq, 'number')
    const { namespace: _, written: __, ...committed } = rowOf('o1', 'e1')
    assert.deepEqual(rest, { ...committed, attempts: 0, firstAttempt: undefined, enqueued: 1_000_000 })
    assert.deepEqual(second?.event, bare)
  })

  it('a batch that cannot be written leaves nothing of itself, and harms no other', async ({ outbox, claim }) => {
    const circular: Record<string, never> = {}
    Object.assign(circular, { circular })
    const bad = batchOf({
      cursor: '9',
      records: [recordOf('u1'), recordOf('u2', { projection: circular })],
      rows: [rowOf('o1', 'bad')],
    })
    const [good, failed, later] = await Promise.allSettled([
      commitRows(outbox, rowOf('o1', 'good')),
      outbox.commit(bad),
      outbox.commit(batchOf({ cursor: '10', rows: [rowOf('o2', 'later', { sink: 'ns/new' })] })),
    ])
    assert.deepEqual([good.status, failed.status, later.status], ['fulfilled', 'rejected', 'fulfilled'])
    assert.deepEqual(ids(claim()), ['good'])
    assert.deepEqual(ids(claim(9, 'ns/new')), ['later'])
    assert.deepEqual([...outbox.records(['u1', 'u2'])], [])
    assert.deepEqual([...outbox.cursors()], [['TaskRun', '10']])
    assert.equal(outbox.size('ns/sink') + outbox.size('ns/new'), 2)
  })

  it('what is written at the same time takes effect in the order of the calls', async ({ outbox, clock, claim }) => {
    await commitRows(outbox, rowOf('o1', 'e1'))
    const row = only(claim())
    await Promise.all([
      commitRows(outbox, rowOf('o1', 'e2'), rowOf('o2', 'f1')),
      outbox.settle([delivered(row)], clock.ms),
      commitRows(outbox, rowOf('o1', 'e3')),
      outbox.commit(batchOf({ cursor: '1' })),
      outbox.commit(batchOf({ cursor: '2' })),
    ])
    assert.deepEqual(ids(claim()), ['e2', 'f1'])
    assert.equal(outbox.cursors().get('TaskRun'), '2')
  })
}
