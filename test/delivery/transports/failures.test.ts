import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import type { FailureClass } from '../../../src/delivery/attempt.ts'
import type { Resolve } from '../../../src/delivery/resolver.ts'
import { startBlackhole } from '../blackhole.ts'
import { eventOf } from '../events.ts'
import { type Act, listen } from '../sockets.ts'
import { never, open, reply, sendTo, summary } from './sending.ts'

const failingWith =
  (code: string): Resolve =>
  (_host, callback) =>
    setImmediate(() => callback(Object.assign(new Error(code), { code }), [] as LookupAddress[]))

describe('no answer', () => {
  const acts: [name: string, act: Act, FailureClass][] = [
    ['a sink that hangs', () => undefined, 'Timeout'],
    ['slow headers', (socket) => drip(socket, 'HTTP/1.1 200 OK\r\nx-slow: '), 'Timeout'],
    ['a reset before the answer', (socket) => socket.resetAndDestroy(), 'ConnectionReset'],
    ['a close before the answer', (socket) => socket.end(), 'ConnectionReset'],
    ['half a head', (socket) => socket.end('HTTP/1.1 200 OK\r\nx-a'), 'ConnectionReset'],
    [
      'something that is no HTTP',
      (socket) => socket.end('\u0016\u0003\u0001 SSH-2.0 secret-bytes\r\n\r\n'),
      'InvalidAnswer',
    ],
    [
      'headers beyond measure',
      (socket) => socket.write(`HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(100_000)}\r\n\r\n`),
      'InvalidAnswer',
    ],
    [
      'a switch of protocols',
      (socket) => socket.write('HTTP/1.1 101 X\r\nupgrade: a\r\nconnection: upgrade\r\n\r\n'),
      'ConnectionReset',
    ],
  ]
  for (const [name, act, kind] of acts) {
    it(`${name}: ${kind}`, async () => {
      await using listener = await listen(act)
      const answer = await sendTo(`http://127.0.0.1:${listener.port}/`, {
        timeoutMs: kind === 'Timeout' ? 100 : 10_000,
      })
      assert.ok(answer.kind === 'failure', summary(answer).toString())
      assert.equal(answer.class, kind, answer.message)
      assert.ok(!answer.message.includes('secret-bytes'))
      if (kind === 'Timeout') assert.equal(answer.message, 'No answer within 100ms.')
    })
  }

  /** A byte now and then: an idle timeout would never fire. */
  function drip(socket: Socket, text: string): void {
    socket.write(text)
    const timer = setInterval(() => socket.write('a'), 5)
    socket.on('close', () => clearInterval(timer))
  }

  it('a reset while our body is on its way', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.once('data', () => socket.resetAndDestroy())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    await using transport = open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    const answer = await transport.send(eventOf('1', 'x'.repeat(5_000_000)), { headers: {}, signal: never })
    assert.equal(answer.kind === 'failure' && answer.class, 'ConnectionReset')
    await new Promise((resolve) => server.close(resolve))
  })

  it('nothing listens', async () => {
    const listener = await listen(reply(204))
    await listener[Symbol.asyncDispose]()
    const answer = await sendTo(`http://127.0.0.1:${listener.port}/`)
    assert.equal(answer.kind === 'failure' && answer.class, 'ConnectionRefused')
  })

  it('packets that vanish: the connection is given up before the attempt is', async () => {
    await using hole = await startBlackhole()
    await using transport = open(`http://127.0.0.1:${hole.port}/`, { timeoutMs: 60_000, connectTimeoutMs: 300 })
    const answer = await transport.send(eventOf('1'), { headers: {}, signal: never })
    assert.equal(summary(answer), 'Timeout: No connection could be made in time.')
  })

  it('packets that vanish, and a deadline before that', async () => {
    await using hole = await startBlackhole()
    const answer = await sendTo(`http://127.0.0.1:${hole.port}/`, { timeoutMs: 200 })
    assert.equal(summary(answer), 'Timeout: No connection within 200ms.')
  })

  it('all addresses of a name refuse', async () => {
    const listener = await listen(reply(204))
    await listener[Symbol.asyncDispose]()
    const both: Resolve = (_host, callback) =>
      callback(
        null,
        ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 })),
      )
    const answer = await sendTo(`http://sink.example:${listener.port}/`, {}, both)
    assert.equal(answer.kind === 'failure' && answer.class, 'ConnectionRefused')
  })

  const dns: [code: string, FailureClass][] = [
    ['ENOTFOUND', 'HostNotFound'],
    ['EAI_NODATA', 'HostNotFound'],
    ['EAI_AGAIN', 'DNSFailed'],
    ['ESERVFAIL', 'DNSFailed'],
    ['ESOMETHING', 'NetworkFailed'],
  ]
  for (const [code, kind] of dns) {
    it(`the resolver says ${code}: ${kind}`, async () => {
      const answer = await sendTo('http://sink.example/', {}, failingWith(code))
      assert.equal(answer.kind === 'failure' && answer.class, kind)
    })
  }

  it('a resolver that hangs', async () => {
    const answer = await sendTo('http://sink.example/', { timeoutMs: 50 }, () => undefined)
    assert.equal(answer.kind === 'failure' && answer.class, 'Timeout')
  })

  it('an attempt that is over before it is connected is not sent afterwards', async () => {
    await using listener = await listen(reply(204))
    let connect: (() => void) | undefined
    const asked = new Promise<void>((resolve) => {
      connect = resolve
    })
    let answerLookup: (() => void) | undefined
    const late: Resolve = (_host, callback) => {
      answerLookup = () => callback(null, [{ address: '127.0.0.1', family: 4 }])
      connect?.()
    }
    await using transport = open(`http://sink.example:${listener.port}/`, { timeoutMs: 5000, connections: 1 }, late)
    const calledOff = new AbortController()
    const first = transport.send(eventOf('1'), { headers: {}, signal: calledOff.signal })
    await asked
    const second = transport.send(eventOf('2'), { headers: {}, signal: never })
    calledOff.abort()
    assert.equal(summary(await first), 'Aborted: The attempt was called off.')
    answerLookup?.()
    assert.equal(summary(await second), 204)
    assert.equal(listener.requests.length, 1)
    assert.match(listener.requests[0] ?? '', /ce-id: 2/)
  })

  it('called off while it is under way, or before', async () => {
    const calledOff = new AbortController()
    await using listener = await listen(() => calledOff.abort())
    await using transport = open(`http://127.0.0.1:${listener.port}/`)
    for (let n = 0; n < 2; n += 1) {
      const answer = await transport.send(eventOf('1'), { headers: {}, signal: calledOff.signal })
      assert.equal(answer.kind === 'failure' && answer.class, 'Aborted')
    }
    assert.equal(listener.requests.length, 1)
  })

  it('disposed with an attempt under way', async () => {
    let arrived: (() => void) | undefined
    const asked = new Promise<void>((resolve) => {
      arrived = resolve
    })
    await using listener = await listen(() => arrived?.())
    const transport = open(`http://127.0.0.1:${listener.port}/`)
    const sent = transport.send(eventOf('1'), { headers: {}, signal: never })
    await asked
    await transport[Symbol.asyncDispose]()
    assert.equal(summary(await sent), 'Aborted: The attempt was called off.')
    assert.equal(
      summary(await transport.send(eventOf('1'), { headers: {}, signal: never })),
      'Aborted: The attempt was called off.',
    )
  })

  for (const [url, kind] of [
    ['not a url', 'InvalidURL'],
    ['http://user:pw@127.0.0.1/', 'InvalidURL'],
    ['http://169.254.169.254/', 'AddressRefused'],
  ] as const) {
    it(`${url}: ${kind}`, async () => {
      const answer = await sendTo(url)
      assert.equal(answer.kind === 'failure' && answer.class, kind)
    })
  }
})
