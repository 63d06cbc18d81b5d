import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import type { Answer } from '../../src/delivery/attempt.ts'
import { compileEgress, type Egress } from '../../src/delivery/egress.ts'
import type { Resolve } from '../../src/delivery/resolver.ts'
import { httpTransport } from '../../src/delivery/transports/http.ts'
import { refusedAddresses } from './addresses.ts'
import { eventOf } from './events.ts'

const egress = (allowCidrs: string[] = [], resolve?: Resolve): Egress => {
  const verdict = compileEgress({ allowCidrs }, resolve)
  assert.ok(verdict.ok)
  return verdict.value
}

describe('addresses that a name resolves to', () => {
  let hits = 0
  const server = createServer((_request, response) => {
    hits += 1
    response.writeHead(204).end()
  })
  let port = 0
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  })
  after(() => server.close())

  const family = (address: string) => (address.includes(':') ? 6 : 4)
  const answering = (...answers: string[][]): Resolve & { asked: number } => {
    const resolve = (_host: string, callback: (error: Error | null, addresses: LookupAddress[]) => void) => {
      const answer = answers[Math.min(resolve.asked, answers.length - 1)] ?? []
      resolve.asked += 1
      setImmediate(() =>
        callback(
          null,
          answer.map((address) => ({ address, family: family(address) })),
        ),
      )
    }
    resolve.asked = 0
    return resolve
  }

  async function send(allow: string[], resolve: Resolve, times = 1): Promise<Answer[]> {
    const url = `http://sink.example:${port}/hook`
    const answers: Answer[] = []
    await using transport = httpTransport({
      url,
      mode: 'binary',
      timeoutMs: 5000,
      connections: 1,
      egress: egress(allow, resolve),
    })
    for (let n = 0; n < times; n += 1)
      answers.push(await transport.send(eventOf('1'), { headers: {}, signal: new AbortController().signal }))
    return answers
  }

  for (const address of refusedAddresses) {
    it(`${address} is not dialled`, async () => {
      const [answer] = await send([], answering([address]))
      assert.ok(answer?.kind === 'failure')
      assert.equal(answer.class, 'AddressRefused')
      assert.match(answer.message, /sink\.example .*--allow-cidr/)
      assert.ok(!answer.message.includes(address), 'the address would be an oracle')
    })
  }

  it('eight of a family are dialled, however many there are', async () => {
    const away = (count: number) => Array.from({ length: count }, (_, n) => `127.0.1.${n + 1}`)
    const [eighth] = await send(['127.0.0.0/8'], answering([...away(7), '127.0.0.1', ...away(200)]))
    assert.equal(eighth?.kind === 'response' && eighth.status, 204)
    const [ninth] = await send(['127.0.0.0/8'], answering([...away(8), '127.0.0.1', ...away(200)]))
    assert.equal(ninth?.kind === 'failure' && ninth.class, 'ConnectionRefused')
    const [judged] = await send(['127.0.0.0/8'], answering([...Array(60).fill('10.0.0.1'), '127.0.0.1']))
    assert.equal(judged?.kind === 'response' && judged.status, 204)
    hits = 0
  })

  it('all of them are refused when none is left, and nothing was reached', async () => {
    const [answer] = await send([], answering(refusedAddresses.filter((one) => !one.includes('%'))))
    assert.equal(answer?.kind === 'failure' && answer.class, 'AddressRefused')
    assert.equal(hits, 0)
  })

  it('the allowed one among them is dialled', async () => {
    const [answer] = await send(['127.0.0.1/32'], answering(['169.254.169.254', '10.0.0.1', '127.0.0.1']))
    assert.equal(answer?.kind === 'response' && answer.status, 204)
    assert.equal(hits, 1)
  })

  it('a name is resolved once for a connection: what was judged is what is dialled', async () => {
    const flip = answering(['127.0.0.1'], ['127.0.0.2'])
    const before = hits
    const [first] = await send(['127.0.0.1/32'], flip)
    assert.equal(first?.kind === 'response' && first.status, 204)
    assert.equal(flip.asked, 1)
    assert.equal(hits, before + 1)
  })

  it('a name that flips between two connections is judged again', async () => {
    const flip = answering(['127.0.0.2'], ['127.0.0.1'])
    const before = hits
    const answers = await send(['127.0.0.2/32'], flip, 2)
    assert.deepEqual(
      answers.map((answer) => (answer.kind === 'failure' ? answer.class : answer.status)),
      ['ConnectionRefused', 'AddressRefused'],
    )
    assert.equal(hits, before)
  })

  it('the system resolver is guarded too: localhost', async () => {
    await using transport = httpTransport({
      url: `http://localhost:${port}/`,
      mode: 'binary',
      timeoutMs: 5000,
      connections: 1,
      egress: egress(),
    })
    const answer = await transport.send(eventOf('1'), { headers: {}, signal: new AbortController().signal })
    assert.equal(answer.kind === 'failure' && answer.class, 'AddressRefused')
  })
})
