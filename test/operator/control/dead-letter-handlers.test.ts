import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Verdict } from '../../../src/api/verdict.ts'
import type { DeadLetterPage, DeadLetterViews, RetryAnswer } from '../../../src/operator/control/api.ts'
import { deadLetterHandlers } from '../../../src/operator/control/dead-letter-handlers.ts'
import { commitRows, ids, rowOf } from '../../outbox/batches.ts'
import { MemoryOutbox } from '../../outbox/memory/memory.ts'

const now = () => 1_000_000

/** Dead letters that a sink has answered. */
async function stage(events: string[], answer?: string) {
  const outbox = new MemoryOutbox({ now })
  await commitRows(outbox, ...events.map((event, n) => rowOf(`o${n}`, event)))
  const rows = outbox.claim('ns/sink', 99, now())
  const dead = { kind: 'dead', reason: 'HTTP422', message: 'refused', ...(answer !== undefined && { answer }) } as const
  await outbox.settle(
    rows.map((row) => ({ ...dead, row })),
    now(),
  )
  const revived: string[] = []
  const handlers = deadLetterHandlers({
    outbox,
    reviving: { outbox, exists: () => true, maxEventBytes: () => 1_000, now },
    revived: (sinks) => void revived.push(...sinks),
    now,
  })
  const signal = new AbortController().signal
  const tell = () => undefined
  const call = async <T>(route: string, given: { name?: string; query?: string; body?: unknown }) => {
    const { name = '', query = '', body } = given
    const handler = handlers[route] ?? assert.fail(route)
    return (await handler({ name, query: new URLSearchParams(query), body, signal, tell })) as Verdict<T>
  }
  const seqs = outbox.deadLetters().map(({ seq }) => seq)
  return {
    outbox,
    revived,
    seqs,
    list: (query: string) => call<DeadLetterPage>('GET /v1/deadletters', { query }),
    show: (name: string) => call<DeadLetterViews>('GET /v1/deadletters/*', { name }),
    retry: (body: unknown) => call<RetryAnswer>('POST /v1/deadletters/retry', { body }),
  }
}

const value = <T>(verdict: Verdict<T>): T => (verdict.ok ? verdict.value : assert.fail(verdict.message))

test('a list says whether there are more, and goes on after any of them', async () => {
  const { list, seqs } = await stage(['a', 'b', 'c'])
  const first = value(await list('limit=2'))
  assert.deepEqual([first.items.map(({ id }) => id), first.more], [['a', 'b'], true])
  const second = value(await list(`limit=2&after=${seqs[1]}`))
  assert.deepEqual([second.items.map(({ id }) => id), second.more], [['c'], false])
})

test('one is shown by seq, all of an id by the id, with the event in structured mode', async () => {
  const { show, seqs } = await stage(['a', 'b', 'a'])
  const [one] = value(await show(String(seqs[1]))).items
  assert.deepEqual(one?.event, { specversion: '1.0', id: 'b', data: { id: 'b', text: 'größer ✓ 𝄞 \u0000 "quoted"' } })
  assert.deepEqual([one?.reason, one?.attempts, one?.time, one?.answer], ['HTTP422', 1, 1_000_000, undefined])
  const both = value(await show('a')).items
  assert.deepEqual(
    both.map(({ seq }) => seq),
    [seqs[0], seqs[2]],
  )
  for (const missing of ['999', 'nothing']) {
    const found = await show(missing)
    assert.match(
      found.ok ? '' : found.message,
      new RegExp(`there is no dead letter ${missing}: 'carillon deadletters list'`),
    )
  }
})

test('of what the sink answered never more than 256 characters are shown', async () => {
  const { show, seqs } = await stage(['a'], 'x'.repeat(1_000))
  assert.equal(value(await show(String(seqs[0]))).items[0]?.answer, 'x'.repeat(256))
})

test('some are sent again by seq, each once, and those that there are not are told', async () => {
  const { outbox, retry, revived, seqs } = await stage(['a', 'b', 'c'])
  const answer = value(await retry({ seqs: [seqs[2], 999, seqs[0], seqs[0]] }))
  assert.deepEqual(answer, { revived: 2, orphaned: 0, tooLarge: 0, missing: [999] })
  assert.deepEqual(ids(outbox.claim('ns/sink', 9, now())), ['a', 'c'])
  assert.deepEqual(revived, ['ns/sink'])
  assert.equal(value(await retry({ all: true })).revived, 1)
  assert.equal(outbox.deadLetters().length, 0)
})
