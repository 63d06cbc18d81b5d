import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { createServer, type Server } from 'node:http'
import { createServer as createSecure } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import type { Answer } from '../../src/delivery/attempt.ts'
import { compileEgress } from '../../src/delivery/egress.ts'
import type { Resolve } from '../../src/delivery/resolver.ts'
import { httpTransport } from '../../src/delivery/transports/http.ts'
import { certificate } from './certificates.ts'
import { eventOf } from './events.ts'
import { trusting } from './trusting.ts'

const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))

/** A proxy that takes every name for this machine's, as one in front of a network of its own would. */
function startProxy(asked: { path: string; credentials: string | undefined }[], status = 200): Server {
  const server = createServer((_, response) => response.writeHead(405).end())
  server.on('connect', (request, socket) => {
    asked.push({ path: request.url ?? '', credentials: request.headers['proxy-authorization'] })
    if (status !== 200) return socket.end(`HTTP/1.1 ${status} No\r\n\r\n`)
    const port = Number(/:(\d+)$/.exec(request.url ?? '')?.[1])
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.pipe(onward).pipe(socket)
    })
    // A server forgets the connections that have become tunnels: they end with the client's end.
    for (const one of [onward, socket]) one.on('error', () => undefined)
    socket.on('close', () => onward.destroy())
    onward.on('close', () => socket.destroy())
  })
  return server
}

describe("the administrator's proxy", () => {
  const authority = { name: 'ca', ...certificate({ name: 'ca', ca: true }) }
  const identity = certificate({ name: 'sink', hosts: ['sink.example.com'] }, authority)
  const asked: { path: string; credentials: string | undefined }[] = []
  let hosts: (string | undefined)[] = []
  const plain = createServer((request, response) => {
    hosts.push(request.headers.host)
    request.resume()
    response.writeHead(204).end()
  })
  const secure = createSecure(identity, (request, response) => {
    hosts.push(request.headers.host)
    request.resume()
    response.writeHead(204).end()
  })
  const proxy = startProxy(asked)
  const forbidding = startProxy(asked, 403)
  let ports = { plain: 0, secure: 0, proxy: 0, forbidding: 0 }
  before(async () => {
    const [one = 0, two = 0, three = 0, four = 0] = await Promise.all([plain, secure, proxy, forbidding].map(listening))
    ports = { plain: one, secure: two, proxy: three, forbidding: four }
  })
  after(() => {
    for (const server of [plain, secure, proxy, forbidding]) {
      server.close()
      server.closeAllConnections()
    }
  })

  const unknown: Resolve = (_, callback) => callback(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), [])
  const resolvesTo =
    (...addresses: string[]): Resolve =>
    (_, callback) =>
      callback(
        null,
        addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
      )

  async function send(url: string, resolve: Resolve, more: { noProxy?: string[]; by?: string; allow?: string[] } = {}) {
    const { noProxy = [], by = `http://user:pass%20word@127.0.0.1:${ports.proxy}`, allow = [] } = more
    hosts = []
    asked.length = 0
    const egress = compileEgress({ allowCidrs: allow, proxy: { url: by, noProxy } }, resolve)
    assert.ok(egress.ok)
    const options = { url, mode: 'binary' as const, timeoutMs: 5000, connections: 2, egress: egress.value }
    await using transport = httpTransport(options)
    return await transport.send(eventOf('1'), {
      headers: {},
      ...trusting(authority.cert),
      signal: new AbortController().signal,
    })
  }
  const summary = (answer: Answer) =>
    answer.kind === 'response' ? answer.status : `${answer.class}: ${answer.message}`

  it('is asked for a way to a name that nobody here can resolve, and gets its credentials', async () => {
    assert.equal(summary(await send(`http://sink.example.com:${ports.plain}/`, unknown)), 204)
    const credentials = `Basic ${Buffer.from('user:pass word').toString('base64')}`
    assert.deepEqual(asked, [{ path: `sink.example.com:${ports.plain}`, credentials }])
    assert.deepEqual(hosts, [`sink.example.com:${ports.plain}`])
  })

  it('carries TLS that ends at the sink, whose certificate is checked', async () => {
    assert.equal(summary(await send(`https://sink.example.com:${ports.secure}/`, unknown)), 204)
    assert.match(String(summary(await send(`https://other.example.com:${ports.secure}/`, unknown))), /^TLSFailed/)
  })

  it('is not asked for what resolves here to what is refused, nor for such a literal or port', async () => {
    for (const url of [`http://sink.example.com:${ports.plain}/`, `https://sink.example.com:${ports.plain}/`]) {
      assert.match(String(summary(await send(url, resolvesTo('10.0.0.1')))), /^AddressRefused/)
      assert.match(String(summary(await send(url, resolvesTo('93.184.215.14', '169.254.169.254')))), /^AddressRefused/)
    }
    const many = Array.from({ length: 64 }, (_, n) => `93.184.215.${n + 1}`)
    assert.match(
      String(summary(await send(`http://sink.example.com:${ports.plain}/`, resolvesTo(...many)))),
      /^AddressRefused/,
    )
    assert.match(String(summary(await send('http://169.254.169.254/', unknown))), /^AddressRefused/)
    assert.match(String(summary(await send('http://metadata.google.internal/', unknown))), /^AddressRefused/)
    assert.match(String(summary(await send('http://sink.example.com:22/', unknown))), /^PortRefused/)
    assert.deepEqual(asked, [])
  })

  it('is passed by for what noProxy names, which is then judged as ever', async () => {
    const past = { noProxy: ['example.com'], allow: ['127.0.0.0/8'] }
    assert.equal(summary(await send(`http://sink.example.com:${ports.plain}/`, resolvesTo('127.0.0.1'), past)), 204)
    assert.deepEqual(asked, [])
    const refused = await send(`http://sink.example.com:${ports.plain}/`, resolvesTo('127.0.0.1'), { noProxy: ['*'] })
    assert.match(String(summary(refused)), /^AddressRefused/)
  })

  it('may refuse: that is told, without its address and credentials', async () => {
    const by = `http://user:pass%20word@127.0.0.1:${ports.forbidding}`
    const answer = String(summary(await send(`http://sink.example.com:${ports.plain}/`, unknown, { by })))
    assert.match(answer, /^ProxyFailed: The administrator's proxy did not let the connection through\.$/)
  })

  it('may be away: that is told of the proxy, not of the sink', async () => {
    const answer = await send(`http://sink.example.com:${ports.plain}/`, unknown, { by: 'http://127.0.0.1:1' })
    assert.match(String(summary(answer)), /^ProxyFailed: The administrator's proxy can't be used/)
  })
})
