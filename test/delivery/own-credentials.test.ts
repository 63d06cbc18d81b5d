import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { accept, refuse, type Verdict } from '../../src/api/verdict.ts'
import { readOwnCredentials } from '../../src/delivery/own-credentials.ts'
import type { Secret } from '../../src/delivery/read-key.ts'
import { startSink } from '../controlplane/sink.ts'
import type { MemoryOutbox } from '../outbox/memory/memory.ts'
import { answer } from './answers.ts'
import { batching } from './batching.ts'
import { Running, rowsOf, sinkKey } from './running.ts'

const [teamA, teamB] = ['team-a/builds', 'team-b/builds']
const common = { authorization: 'Bearer of-the-sink', 'x-team': 'platform' }
const headers = async () => accept(common)

/** Who sent what, with whose credentials. */
const sent = ({ received }: Awaited<ReturnType<typeof startSink>>) =>
  received.map((one) => [one.id, one.headers.authorization]).sort()

describe('credentials that a subscription has of its own', () => {
  const own = (tokens: Record<string, string>) => (subscription: string) => {
    const token = tokens[subscription]
    return token === undefined ? undefined : accept(`Bearer ${token}`)
  }

  it('take the place of the sink’s Authorization for its events alone', async () => {
    await using sink = await startSink()
    await using running = new Running(sink.url, { headers, own: own({ [teamA]: 'a-token', [teamB]: 'b-token' }) })
    await running.enqueue(...rowsOf('a', ['1'], teamA), ...rowsOf('b', ['2'], teamB), ...rowsOf('c', ['3'], 'team-c/x'))
    await running.emptied()
    assert.deepEqual(sent(sink), [
      ['1', 'Bearer a-token'],
      ['2', 'Bearer b-token'],
      ['3', 'Bearer of-the-sink'],
    ])
    for (const one of sink.received) assert.equal(one.headers['x-team'], 'platform')
    assert.deepEqual(sink.received.map((one) => one.subscription).sort(), [teamA, teamB, 'team-c/x'])
  })

  it('go with each request of a batch sink, which holds the events of one subscription', async () => {
    await using sink = await startSink()
    const options = { headers, own: own({ [teamA]: 'a-token', [teamB]: 'b-token' }), sink: batching(10) }
    await using running = new Running(sink.url, options)
    await running.enqueue(...rowsOf('a', ['1', '2'], teamA), ...rowsOf('b', ['3'], teamB))
    await running.emptied()
    assert.deepEqual(sink.received.map((one) => [one.ids.join(), one.headers.authorization]).sort(), [
      ['1,2', 'Bearer a-token'],
      ['3', 'Bearer b-token'],
    ])
  })

  it('do not go with its dead letters that are parked: those are the sink owner’s', async () => {
    await using sink = await startSink()
    await using running = new Running(sink.url, { headers, own: own({ [teamA]: 'a-token' }) })
    const outbox = running.outbox as MemoryOutbox
    await running.enqueue(...rowsOf('a', ['1'], teamA, 'team-a/x'))
    const rows = outbox.claim('team-a/x', 1, running.clock.now())
    await outbox.settle(
      rows.map((row) => ({ kind: 'dead', row, reason: 'HTTP400', message: 'no', park: sinkKey })),
      running.clock.now(),
    )
    await running.recorded(1)
    assert.deepEqual(sent(sink), [['1', 'Bearer of-the-sink']])
  })

  it('are not in what is kept of a sink’s answer that repeats them', async () => {
    const repeats = { kind: 'answer', status: 400, headers: { 'content-type': 'text/plain' } } as const
    await using sink = await startSink({
      behaviour: (one) => ({ ...repeats, body: `no: ${one.headers.authorization} ${one.headers['x-team']}` }),
    })
    await using running = new Running(sink.url, { headers, own: own({ [teamA]: 'a-token' }) })
    await running.enqueue(...rowsOf('a', ['1'], teamA))
    await running.emptied()
    const [letter] = running.outbox.deadLetters()
    assert.equal(running.outbox.deadLetter(letter?.seq ?? 0)?.answer, 'no: *** ***')
  })

  for (const status of [401, 403, 407]) {
    it(`that the sink refuses with ${status} let that subscription rest, and nobody else`, async () => {
      let token = 'wrong'
      const asked: boolean[] = []
      await using sink = await startSink({
        behaviour: (one) => answer(one.headers.authorization === 'Bearer wrong' ? status : 204),
      })
      await using running = new Running(sink.url, {
        headers,
        own(subscription, fresh) {
          if (subscription !== teamA) return undefined
          asked.push(fresh)
          return accept(`Bearer ${token}`)
        },
        sink: { concurrency: 1 },
      })
      const a = ['a1', 'a2', 'a3', 'a4', 'a5']
      const b = ['b1', 'b2', 'b3', 'b4', 'b5']
      await running.enqueue(
        ...a.flatMap((id) => rowsOf(id, [id], teamA)),
        ...b.flatMap((id) => rowsOf(id, [id], teamB)),
      )
      await running.recorded(6)
      const of = (which: string) => running.records.filter((one) => one.subscription === which)
      assert.deepEqual(
        of(teamB).map(({ outcome }) => outcome),
        b.map(() => 'delivered'),
      )
      assert.deepEqual(
        of(teamA).map(({ outcome, httpStatus, isOwn }) => [outcome, httpStatus, isOwn]),
        [['hold', status, true]],
      )
      // By a Secret that is read anew.
      token = 'right'
      await running.pass(60_000)
      await running.emptied()
      assert.equal(running.outbox.size(sinkKey), 0)
      assert.deepEqual(asked.slice(0, 2), [false, true])
      assert.deepEqual(running.errors, [])
    })
  }

  it('that can’t be had hold its own events, by the reason of the Secret, and no other’s; nothing is sent without them', async () => {
    let secret: Verdict<string> = refuse('SecretNotFound', 'Secret mine was not found in namespace team-a.')
    await using sink = await startSink()
    await using running = new Running(sink.url, { headers, own: (one) => (one === teamA ? secret : undefined) })
    await running.enqueue(...rowsOf('a', ['1'], teamA), ...rowsOf('b', ['2'], teamB))
    await running.recorded(2)
    const [held] = running.records.filter((one) => one.subscription === teamA)
    assert.deepEqual(
      [held?.outcome, held?.reason, held?.message, held?.isOwn],
      ['hold', 'SecretNotFound', 'Secret mine was not found in namespace team-a.', true],
    )
    assert.deepEqual(sent(sink), [['2', 'Bearer of-the-sink']])
    secret = accept('Basic abc')
    await running.pass(60_000)
    await running.emptied()
    assert.deepEqual(sent(sink), [
      ['1', 'Basic abc'],
      ['2', 'Bearer of-the-sink'],
    ])
  })

  it('are no excuse: a sink that is down rests for all', async () => {
    await using sink = await startSink({ behaviour: answer(404) })
    await using running = new Running(sink.url, { headers, own: own({ [teamA]: 'a-token' }), sink: { concurrency: 1 } })
    await running.enqueue(...rowsOf('a', ['1'], teamA), ...rowsOf('b', ['2'], teamB))
    const [first] = await running.recorded(1)
    assert.deepEqual([first?.rests, first?.isOwn], [true, undefined])
    assert.equal(sink.received.length, 1)
  })
})

describe('the Secret of a subscription’s own credentials', () => {
  const encode = (data: Record<string, string>) =>
    Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]))
  const read = (data: Record<string, string> | undefined, labels = { 'carillon.dev/credential': 'true' }) =>
    readOwnCredentials(
      'team-a',
      'mine',
      async (): Promise<Secret | undefined> => data && { metadata: { name: 'mine', labels }, data: encode(data) },
      { fresh: false, requireLabel: true },
    )

  it('has a token, or a user name and a password', async () => {
    assert.deepEqual(await read({ token: 'x\n' }), accept('Bearer x'))
    assert.deepEqual(await read({ username: 'u', password: 'p' }), accept(`Basic ${btoa('u:p')}`))
    assert.deepEqual(await read({ token: 'x', username: 'u', password: 'p' }), accept('Bearer x'))
  })

  it('is named, with the key that is wrong, and never its value', async () => {
    const rows: [Awaited<ReturnType<typeof read>>, reason: string, message: RegExp][] = [
      [await read(undefined), 'SecretNotFound', /Secret mine was not found in namespace team-a; .* key token/],
      [await read({ token: 'hidden' }, {} as never), 'SecretNotLabelled', /kubectl -n team-a label secret mine/],
      [await read({ other: 'hidden' }), 'SecretInvalid', /Secret mine has no key token, nor username and password/],
      [await read({ token: 'hidden hidden' }), 'SecretInvalid', /Key token of Secret mine is not usable/],
      [await read({ token: '' }), 'SecretInvalid', /Key token of Secret mine/],
      [await read({ username: 'hidden' }), 'SecretInvalid', /Secret mine has no key password/],
    ]
    for (const [verdict, reason, message] of rows) {
      assert.ok(!verdict.ok)
      assert.equal(verdict.reason, reason)
      assert.match(verdict.message, message)
      assert.doesNotMatch(verdict.message, /hidden/)
    }
  })

  it('that the API server does not give is tried again', async () => {
    const failing = async () => {
      throw Object.assign(new Error('no'), { status: 403 })
    }
    const verdict = await readOwnCredentials('team-a', 'mine', failing, { fresh: false, requireLabel: true })
    assert.deepEqual([verdict.ok, !verdict.ok && verdict.reason], [false, 'SecretUnreadable'])
  })
})
