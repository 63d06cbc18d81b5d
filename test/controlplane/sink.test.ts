import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Agent, request } from 'undici'
import { startSink } from './sink.ts'

describe('the test sink', () => {
  let agent: Agent
  before(() => {
    agent = new Agent({ connections: 8 })
  })
  after(() => agent.destroy())

  const post = async (url: string, headers: Record<string, string>, body = '{}') => {
    const answer = await request(url, { method: 'POST', dispatcher: agent, headers, body })
    await answer.body.dump()
    return answer
  }

  it('records requests whole, and counts attempts by subscription and event id', async () => {
    await using sink = await startSink()
    const headers = { 'ce-id': 'a', 'carillon-subscription': 'ns/one' }
    await post(`${sink.url}/hook`, headers, '{"x":1}')
    await post(sink.url, headers)
    await post(sink.url, { ...headers, 'carillon-subscription': 'ns/two' })
    await post(sink.url, { 'content-type': 'application/cloudevents+json; charset=utf-8' }, '{"id":"b"}')
    await post(sink.url, { 'content-type': 'application/cloudevents+json', 'webhook-id': 'c' }, 'not json')
    assert.deepEqual(
      sink.received.map((one) => [one.id, one.subscription, one.attempt]),
      [
        ['a', 'ns/one', 1],
        ['a', 'ns/one', 2],
        ['a', 'ns/two', 1],
        ['b', '', 1],
        ['c', '', 1],
      ],
    )
    const [first] = sink.received
    assert.deepEqual([first?.method, first?.path, first?.body], ['POST', '/hook', '{"x":1}'])
  })

  it('answers, hangs and resets as it is told', async () => {
    await using sink = await startSink({
      behaviour: ({ attempt }) => ({ kind: 'answer', status: attempt < 2 ? 503 : 202 }),
    })
    const headers = { 'ce-id': 'a' }
    assert.equal((await post(sink.url, headers)).statusCode, 503)
    assert.equal((await post(sink.url, headers)).statusCode, 202)
    sink.behave({ kind: 'answer', status: 429, headers: { 'retry-after': '7' }, delayMs: 5 })
    assert.equal((await post(sink.url, headers)).headers['retry-after'], '7')
    sink.behave({ kind: 'reset' })
    await assert.rejects(post(sink.url, headers), { code: 'ECONNRESET' })
    sink.behave({ kind: 'hang' })
    const hanging = post(sink.url, { 'ce-id': 'late' })
    await sink.waitFor((received) => received.at(-1)?.id === 'late', { what: 'the late one' })
    await sink[Symbol.asyncDispose]()
    await assert.rejects(hanging)
  })

  it('keeps little of each request when there are many', async () => {
    await using sink = await startSink({ record: 'ids' })
    await Promise.all(Array.from({ length: 500 }, (_, index) => post(sink.url, { 'ce-id': String(index) })))
    assert.equal(new Set(sink.received.map((one) => one.id)).size, 500)
    assert.equal(sink.received[0]?.body, '')
    await assert.rejects(
      sink.waitFor((received) => received.length > 500, { what: 'one more', timeoutMs: 20 }),
      /waited 20 ms in vain for one more; 500 received/,
    )
  })
})
