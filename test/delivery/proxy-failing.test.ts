import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import type { Answer } from '../../src/delivery/attempt.ts'
import { compileEgress } from '../../src/delivery/egress.ts'
import type { Resolve } from '../../src/delivery/resolver.ts'
import { httpTransport } from '../../src/delivery/transports/http.ts'
import { eventOf } from './events.ts'

const unknown: Resolve = (_, callback) => callback(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), [])
const never = new AbortController().signal
const summary = (answer: Answer) => (answer.kind === 'response' ? answer.status : `${answer.class}: ${answer.message}`)

describe('a proxy that fails', () => {
  let asked = 0
  let failures: string[] = []
  let act: (socket: Duplex) => void = () => undefined
  const server: Server = createServer()
  server.on('connect', (_, socket) => {
    asked += 1
    socket.on('error', () => undefined)
    act(socket)
  })
  let url = ''
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => {
    server.close()
    server.closeAllConnections()
  })

  function transport(timeoutMs = 60_000) {
    asked = 0
    failures = []
    const egress = compileEgress({ allowCidrs: [], proxy: { url, noProxy: [] } }, unknown, undefined, [], (answer) =>
      failures.push(answer),
    )
    assert.ok(egress.ok)
    const sink = 'http://sink.example.com:8080/'
    const options = { url: sink, mode: 'binary', timeoutMs, connectTimeoutMs: 200, connections: 1 } as const
    return httpTransport({ ...options, egress: egress.value })
  }

  it('by closing the connection is asked once for an attempt', async () => {
    act = (socket) => socket.destroy()
    await using way = transport()
    for (const attempts of [1, 2]) {
      const answer = await way.send(eventOf('1'), { headers: {}, signal: never })
      assert.match(
        String(summary(answer)),
        /^ProxyFailed: The administrator's proxy did not let the connection through/,
      )
      assert.equal(asked, attempts)
    }
  })

  it('by its status tells the tenant nothing of the sink: 403, 502 and 504 read the same, and 407 is for the administrator', async () => {
    const answers = new Map<number, unknown>()
    for (const status of [403, 404, 407, 500, 502, 504]) {
      act = (socket) => socket.end(`HTTP/1.1 ${status} Secret banner\r\ncontent-length: 0\r\n\r\n`)
      await using way = transport()
      answers.set(status, summary(await way.send(eventOf('1'), { headers: {}, signal: never })))
    }
    assert.deepEqual(failures, ['504'])
    const unusable = "ProxyFailed: The administrator's proxy can't be used: an administrator has to look at it."
    for (const [status, answer] of answers)
      assert.equal(
        answer,
        status === 407 ? unusable : "ProxyFailed: The administrator's proxy did not let the connection through.",
      )
  })

  it('by being away is told of as such, and not as a sink that is away', async () => {
    const away = createServer()
    await new Promise<void>((resolve) => away.listen(0, '127.0.0.1', resolve))
    const { port } = away.address() as AddressInfo
    await new Promise((resolve) => away.close(resolve))
    const before = url
    url = `http://127.0.0.1:${port}`
    await using way = transport()
    url = before
    const answer = String(summary(await way.send(eventOf('1'), { headers: {}, signal: never })))
    assert.equal(answer, "ProxyFailed: The administrator's proxy can't be used: an administrator has to look at it.")
    assert.deepEqual(failures, ['ECONNREFUSED'])
  })

  it('by giving no way in time holds the sink up no longer than a connection may take', async () => {
    const ended = Promise.withResolvers<void>()
    act = (socket) => socket.on('end', () => ended.resolve()).resume()
    await using way = transport()
    const first = await way.send(eventOf('1'), { headers: {}, signal: never })
    assert.equal(summary(first), 'Timeout: No connection could be made in time.')
    await ended.promise
    act = (socket) => socket.end('HTTP/1.1 403 No\r\n\r\n')
    assert.match(String(summary(await way.send(eventOf('2'), { headers: {}, signal: never }))), /^ProxyFailed/)
    assert.equal(asked, 2)
  })
})
