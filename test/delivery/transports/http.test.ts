import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import { HTTP } from 'cloudevents'
import type { Answer, FailureClass } from '../../../src/delivery/attempt.ts'
import { compileEgress, type Resolve } from '../../../src/delivery/egress.ts'
import { type HttpOptions, httpTransport } from '../../../src/delivery/transports/http.ts'
import { transports } from '../../../src/delivery/transports/index.ts'
import { certificate, type Identity } from '../certificates.ts'
import { eventOf } from '../events.ts'
import { type Act, type Listener, listen } from '../sockets.ts'

const never = new AbortController().signal
const toLoopback: Resolve = (_host, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }])
const failingWith =
  (code: string): Resolve =>
  (_host, callback) =>
    setImmediate(() => callback(Object.assign(new Error(code), { code }), [] as LookupAddress[]))

function open(url: string, options: Partial<HttpOptions> = {}, resolve?: Resolve) {
  const egress = compileEgress({ allowCidrs: ['127.0.0.0/8'] }, resolve)
  assert.ok(egress.ok)
  return httpTransport({ url, mode: 'binary', timeoutMs: 10_000, connections: 4, egress: egress.value, ...options })
}

async function sendTo(url: string, options: Partial<HttpOptions> = {}, resolve?: Resolve): Promise<Answer> {
  await using transport = open(url, options, resolve)
  return await transport.send(eventOf('1'), { headers: {}, signal: never })
}

const reply =
  (status: number, headers = '', body = ''): Act =>
  (socket) =>
    socket.write(`HTTP/1.1 ${status} X\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`)

const summary = (answer: Answer | undefined) =>
  answer?.kind === 'response' ? answer.status : `${answer?.class}: ${answer?.message}`

describe('what is sent', () => {
  const parse = (request: string) => {
    const [head = '', body = ''] = request.split('\r\n\r\n')
    const [line = '', ...fields] = head.split('\r\n')
    const headers = Object.fromEntries(
      fields.map((field) => [field.split(': ')[0]?.toLowerCase(), field.slice(field.indexOf(': ') + 2)]),
    )
    return { line, headers, body }
  }

  for (const mode of ['binary', 'structured'] as const) {
    it(`a CloudEvent in ${mode} mode, as the SDK reads it`, async () => {
      await using listener = await listen(reply(202))
      assert.equal(summary(await sendTo(`http://127.0.0.1:${listener.port}/a/hook?b=c`, { mode })), 202)
      const { line, headers, body } = parse(listener.requests[0] ?? '')
      assert.equal(line, 'POST /a/hook?b=c HTTP/1.1')
      assert.match(headers['user-agent'] ?? '', /^carillon\/\d+\.\d+\.\d+/)
      assert.equal(headers.host, `127.0.0.1:${listener.port}`)
      const event = HTTP.toEvent({ headers, body })
      assert.ok(!Array.isArray(event))
      assert.equal(event.id, '1')
      assert.deepEqual(event.data, { text: 'grüß dich' })
    })
  }

  it('the headers of the sink, which replace none of the event', async () => {
    await using listener = await listen(reply(204))
    await using transport = open(`http://127.0.0.1:${listener.port}/`)
    const headers = {
      'x-team': 'a',
      authorization: 'Bearer t',
      'ce-id': 'forged',
      'content-type': 'text/plain',
      'user-agent': 'forged',
    }
    await transport.send(eventOf('1'), { headers, signal: never })
    const sent = parse(listener.requests[0] ?? '').headers
    assert.equal(sent['x-team'], 'a')
    assert.equal(sent.authorization, 'Bearer t')
    assert.equal(sent['ce-id'], '1')
    assert.equal(sent['content-type'], 'application/json')
    assert.ok(!listener.requests[0]?.includes('forged'))
  })

  it('an event without data', async () => {
    await using listener = await listen(reply(204))
    await using transport = open(`http://127.0.0.1:${listener.port}/`)
    await transport.send({ ...eventOf('1'), data: undefined }, { headers: {}, signal: never })
    const { headers, body } = parse(listener.requests[0] ?? '')
    assert.equal(headers['content-length'], '0')
    assert.equal(headers['content-type'], undefined)
    assert.equal(body, '')
  })

  it('many over the same connections', async () => {
    await using listener = await listen(reply(204))
    await using transport = open(`http://127.0.0.1:${listener.port}/`, { connections: 2 })
    const ids = Array.from({ length: 40 }, (_, n) => String(n))
    const answers = await Promise.all(ids.map((id) => transport.send(eventOf(id), { headers: {}, signal: never })))
    assert.ok(answers.every((answer) => summary(answer) === 204))
    assert.equal(listener.requests.length, 40)
    assert.equal(listener.connections, 2)
  })

  const badHeaders: Record<string, string>[] = [
    { 'x-a': 'a\r\nx-b: b' },
    { 'x-a': 'a\nb' },
    { 'x-a': 'a\0' },
    { 'x-a': 'ü' },
    { 'x-a': '\u{1f600}' },
    { 'x a': 'a' },
    { '': 'a' },
    { 'x-a\r\nx-b': 'a' },
  ]
  for (const headers of badHeaders) {
    it(`but not the header ${JSON.stringify(headers)}`, async () => {
      await using listener = await listen(reply(204))
      await using transport = open(`http://127.0.0.1:${listener.port}/`)
      const answer = await transport.send(eventOf('1'), { headers, signal: never })
      assert.equal(answer.kind === 'failure' && answer.class, 'InvalidHeader')
      assert.equal(listener.connections, 0)
    })
  }

  it('nor an event that is none', async () => {
    await using transport = open('http://127.0.0.1:9/')
    for (const attributes of ['', 'no json', '{"id\\n":"1"}', '{"id":1}', '{"":"a b"}', 'null']) {
      const answer = await transport.send({ ...eventOf('1'), attributes }, { headers: {}, signal: never })
      if (attributes === 'null') continue
      assert.equal(answer.kind, 'failure', attributes)
    }
  })
})

describe('answers', () => {
  for (const status of [
    200, 201, 202, 204, 206, 300, 304, 400, 401, 403, 404, 407, 408, 410, 413, 415, 422, 425, 429, 451, 500, 502, 503,
    504, 599,
  ]) {
    it(`${status}`, async () => {
      await using listener = await listen(reply(status))
      assert.equal(summary(await sendTo(`http://127.0.0.1:${listener.port}/`)), status)
    })
  }

  it('carry Retry-After as it came', async () => {
    await using listener = await listen(reply(503, 'Retry-After: 30\r\nRetry-After: 60\r\n'))
    const answer = await sendTo(`http://127.0.0.1:${listener.port}/`)
    assert.ok(answer.kind === 'response')
    assert.match(answer.retryAfter ?? '', /^30/)
  })

  for (const status of [301, 302, 303, 307, 308]) {
    it(`${status}: the redirect is not followed`, async () => {
      await using target = await listen(reply(200))
      await using listener = await listen(reply(status, `Location: http://127.0.0.1:${target.port}/\r\n`))
      assert.equal(summary(await sendTo(`http://127.0.0.1:${listener.port}/`)), status)
      assert.equal(target.connections, 0)
    })
  }

  it('informational ones are passed over', async () => {
    await using listener = await listen((socket) =>
      socket.write('HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 204 X\r\n\r\n'),
    )
    assert.equal(summary(await sendTo(`http://127.0.0.1:${listener.port}/`)), 204)
  })

  it('a compressed or binary body changes nothing', async () => {
    await using listener = await listen(reply(200, 'content-encoding: gzip\r\n', '\u0000\u0001no gzip'))
    assert.equal(summary(await sendTo(`http://127.0.0.1:${listener.port}/`)), 200)
  })

  it('a body of any size is read up to 64 KiB, then the connection is cut', async () => {
    let written = 0
    await using listener = await listen((socket) => {
      socket.write('HTTP/1.1 200 X\r\ncontent-length: 1000000000\r\n\r\n')
      pour(socket, (bytes) => (written += bytes))
    })
    const cut = listener.disconnected()
    assert.equal(summary(await sendTo(`http://127.0.0.1:${listener.port}/`)), 200)
    await cut
    assert.ok(written < 20_000_000, `${written} bytes were taken`)
  })

  it('a body that breaks off changes nothing: the status line has come', async () => {
    await using listener = await listen((socket) => {
      socket.write('HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\npart', () => socket.resetAndDestroy())
    })
    assert.equal(summary(await sendTo(`http://127.0.0.1:${listener.port}/`)), 200)
  })

  it('a body that never ends is cut at the deadline: the status line has come', async () => {
    await using listener = await listen((socket) =>
      socket.write('HTTP/1.1 503 X\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n'),
    )
    const cut = listener.disconnected()
    const answer = await sendTo(`http://127.0.0.1:${listener.port}/`, { timeoutMs: 100 })
    assert.equal(summary(answer), 503)
    await cut
  })
})

/** Writes for as long as the other side reads. */
function pour(socket: Socket, took: (bytes: number) => void): void {
  const chunk = Buffer.alloc(65_536)
  const more = () => {
    if (socket.destroyed) return
    socket.write(chunk, (error) => {
      if (error) return
      took(chunk.length)
      setImmediate(more)
    })
  }
  more()
}

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

describe('TLS', () => {
  const root = { name: 'Test CA', ...certificate({ name: 'Test CA', ca: true }) }
  const good = certificate({ name: 'sink', hosts: ['sink.example'] }, root)
  const hours = (n: number) => new Date(Date.now() + n * 3_600_000)
  const table: [name: string, identity: Identity, expected: number | RegExp, trust?: string][] = [
    ['a certificate of the CA', good, 204],
    [
      'for another host',
      certificate({ name: 'sink', hosts: ['other-host.example'] }, root),
      /^TLSFailed: .*for another host\.$/,
    ],
    [
      'expired',
      certificate({ name: 'sink', hosts: ['sink.example'], from: hours(-2), to: hours(-1) }, root),
      /^TLSFailed: .*has expired\.$/,
    ],
    [
      'not valid yet',
      certificate({ name: 'sink', hosts: ['sink.example'], from: hours(1), to: hours(2) }, root),
      /^TLSFailed: .*not valid yet\.$/,
    ],
    ['self-signed', certificate({ name: 'sink', hosts: ['sink.example'] }), /^TLSFailed: .*self-signed/],
    [
      'of a CA that is not trusted',
      certificate(
        { name: 'sink', hosts: ['sink.example'] },
        { name: 'Other CA', ...certificate({ name: 'Other CA', ca: true }) },
      ),
      /^TLSFailed: .*not trusted\.$/,
    ],
  ]
  for (const [name, identity, expected] of table) {
    it(name, async () => {
      await using listener = await listen(reply(204), identity)
      const found = String(
        summary(await sendTo(`https://sink.example:${listener.port}/`, { ca: root.cert }, toLoopback)),
      )
      if (expected instanceof RegExp) assert.match(found, expected)
      else assert.equal(found, String(expected))
      assert.ok(!found.includes('other-host'))
      assert.equal(listener.requests.length, expected === 204 ? 1 : 0)
    })
  }

  it("by Node's own CAs, where none is given", async () => {
    await using listener = await listen(reply(204), good)
    assert.match(
      String(summary(await sendTo(`https://sink.example:${listener.port}/`, {}, toLoopback))),
      /^TLSFailed: /,
    )
  })

  it('spoken to a sink that does not speak it', async () => {
    await using listener = await listen(reply(204))
    // A TLS hello never ends as an HTTP request does: the sink closes by itself.
    const answer = sendTo(`https://sink.example:${listener.port}/`, { timeoutMs: 200 }, toLoopback)
    assert.ok(['Timeout', 'TLSFailed', 'ConnectionReset'].includes(String(summary(await answer)).split(':')[0] ?? ''))
  })

  it('spoken by a sink that is spoken to in plain HTTP', async () => {
    await using listener: Listener = await listen(reply(204), good)
    const answer = await sendTo(`http://sink.example:${listener.port}/`, {}, toLoopback)
    assert.ok(answer.kind === 'failure' && ['ConnectionReset', 'InvalidAnswer'].includes(answer.class))
  })
})

it('every transport is in the record by its name in the API', () => {
  assert.deepEqual(Object.keys(transports), ['http'])
})
