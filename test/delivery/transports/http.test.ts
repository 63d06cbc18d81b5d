import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { HTTP } from 'cloudevents'
import { parseRetryAfter } from '../../../src/delivery/retry-after.ts'
import { transports } from '../../../src/delivery/transports/index.ts'
import { eventOf } from '../events.ts'
import { listen } from '../sockets.ts'
import { never, open, reply, sendTo, summary } from './sending.ts'

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

  it('carry Retry-After as it came, all of them', async () => {
    await using listener = await listen(reply(503, 'Retry-After: 30\r\nRetry-After: 60\r\n'))
    const answer = await sendTo(`http://127.0.0.1:${listener.port}/`)
    assert.ok(answer.kind === 'response')
    assert.equal(parseRetryAfter(answer.retryAfter, 0), 60_000)
  })

  const texts: [status: number, head: string, body: string, text: string | undefined][] = [
    [422, 'content-type: text/plain\r\n', 'no field\r\nname', 'no field name'],
    [503, 'content-type: application/json\r\n', '{"a": 1}', '{"a": 1}'],
    [200, 'content-type: text/plain\r\n', 'thank you', undefined],
    [422, 'content-type: application/octet-stream\r\n', 'GIF', undefined],
    [422, '', 'no type', undefined],
    [422, 'content-type: text/plain\r\n', 'trash \u0000\u0001', undefined],
    [422, 'content-type: text/plain\r\n', 'long '.repeat(10_000), 'long '.repeat(820).slice(0, 4096)],
  ]
  for (const [status, head, body, text] of texts) {
    it(`${status} with ${head.trim() || 'no type'}, ${body.length} bytes: ${text?.slice(0, 20) ?? 'no text'}`, async () => {
      await using listener = await listen(reply(status, head, body))
      const answer = await sendTo(`http://127.0.0.1:${listener.port}/`)
      assert.ok(answer.kind === 'response')
      assert.equal(answer.text, text)
    })
  }

  it('are read for their text up to where they break off', async () => {
    await using listener = await listen((socket) => {
      const head = 'HTTP/1.1 422 X\r\ncontent-type: text/plain\r\ncontent-length: 100\r\n\r\n'
      socket.write(`${head}half`, () => socket.resetAndDestroy())
    })
    const answer = await sendTo(`http://127.0.0.1:${listener.port}/`)
    assert.ok(answer.kind === 'response')
    // A reset may overtake what was sent before it.
    assert.ok([undefined, 'half'].includes(answer.text))
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

  const floods: [what: string, head: string, endless: string, expected: number | RegExp][] = [
    ['informational ones', '', 'HTTP/1.1 103 X\r\n\r\n', /^InvalidAnswer: What came back are informational answers/],
    ['empty lines', '', '\r\n', /^InvalidAnswer: The answer goes on and on\.$/],
    ['a chunk extension', 'HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n1;', 'a', 200],
  ]
  for (const [what, head, endless, expected] of floods)
    it(`${what} without end: the connection is cut, long before the attempt is over`, async () => {
      let written = 0
      await using listener = await listen((socket) => {
        socket.write(head)
        pour(socket, (bytes) => (written += bytes), Buffer.from(endless.repeat(65_536 / endless.length)))
      })
      const cut = listener.disconnected()
      const said = String(summary(await sendTo(`http://127.0.0.1:${listener.port}/`, { timeoutMs: 60_000 })))
      assert.match(said, expected instanceof RegExp ? expected : new RegExp(`^${expected}$`))
      await cut
      assert.ok(written < 50_000_000, `${written} bytes`)
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

  for (const status of [200, 503]) {
    it(`${status} with a body that drips and never ends: it is cut at the deadline, the status line has come`, async () => {
      await using listener = await listen((socket) => {
        socket.write(`HTTP/1.1 ${status} X\r\ntransfer-encoding: chunked\r\n\r\n`)
        const timer = setInterval(() => socket.write('1\r\na\r\n'), 5)
        socket.on('close', () => clearInterval(timer))
      })
      const cut = listener.disconnected()
      const answer = await sendTo(`http://127.0.0.1:${listener.port}/`, { timeoutMs: 100 })
      assert.equal(summary(answer), status)
      await cut
    })
  }

  it('a body without end is read up to 64 KiB, then the connection is cut', async () => {
    await using listener = await listen((socket) => {
      socket.write('HTTP/1.1 422 X\r\ntransfer-encoding: chunked\r\ncontent-type: text/plain\r\n\r\n')
      pour(socket, () => undefined, Buffer.from(`10000\r\n${'a'.repeat(0x10000)}\r\n`))
    })
    const cut = listener.disconnected()
    const answer = await sendTo(`http://127.0.0.1:${listener.port}/`)
    assert.deepEqual([summary(answer), answer.kind === 'response' && answer.text?.length], [422, 4096])
    await cut
  })
})

/** Writes for as long as the other side reads. */
function pour(socket: Socket, took: (bytes: number) => void, chunk = Buffer.alloc(65_536)): void {
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

it('every transport is in the record by its name in the API', () => {
  assert.deepEqual(Object.keys(transports), ['http'])
})
