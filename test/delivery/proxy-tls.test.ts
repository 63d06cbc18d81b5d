import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { type AddressInfo, connect, type Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { compileEgress } from '../../src/delivery/egress.ts'
import { httpTransport } from '../../src/delivery/transports/http.ts'
import { certificate } from './certificates.ts'
import { eventOf } from './events.ts'

const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))

describe('a proxy that is asked over TLS', () => {
  const authority = { name: 'ca', ...certificate({ name: 'ca', ca: true }) }
  const sockets = new Set<Duplex>()
  const sink = createServer((request, response) => {
    request.resume()
    response.writeHead(204, { connection: 'close' }).end()
  })
  const identity = certificate({ name: 'proxy', hosts: ['localhost'] }, authority)
  // It would rather speak HTTP/2, as proxies do that also serve browsers.
  const proxy = createSecureServer({ ...identity, allowHTTP1: true })
  const versions: string[] = []
  proxy.on('connect', (request, answer: Duplex) => {
    versions.push(request.httpVersion)
    const onward = connect((sink.address() as AddressInfo).port, '127.0.0.1', () => {
      if (request.httpVersion === '1.1') answer.write('HTTP/1.1 200 Connection established\r\n\r\n')
      answer.pipe(onward).pipe(answer)
    })
    for (const one of [onward, answer]) {
      sockets.add(one)
      one.on?.('error', () => undefined)
    }
  })
  const known = getCACertificates('default')
  let by = ''
  before(async () => {
    setDefaultCACertificates([...known, authority.cert])
    await listening(sink)
    by = `https://localhost:${await listening(proxy)}`
  })
  after(() => {
    setDefaultCACertificates(known)
    for (const one of sockets) one.destroy?.()
    sink.close()
    sink.closeAllConnections()
    proxy.close()
  })

  it('is spoken to in HTTP/1.1, though it offers HTTP/2: a tunnel is a connection of its own', async () => {
    const egress = compileEgress({ allowCidrs: [], proxy: { url: by, noProxy: [] } }, (_, callback) =>
      callback(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []),
    )
    assert.ok(egress.ok)
    const options = { url: 'http://sink.example.com/', mode: 'binary' as const, timeoutMs: 5000, connections: 2 }
    await using transport = httpTransport({ ...options, egress: egress.value })
    const answer = await transport.send(eventOf('1'), { headers: {}, signal: new AbortController().signal })
    assert.deepEqual([answer.kind === 'response' ? answer.status : answer.message, versions], [204, ['1.1']])
  })
})
