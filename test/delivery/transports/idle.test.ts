import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { it } from 'node:test'
import { compileEgress } from '../../../src/delivery/egress.ts'

it('a connection with nothing to send is closed in time, though the server offers to keep it for longer', async () => {
  const server = createServer((request, response) => {
    request.resume()
    response.setHeader('keep-alive', 'timeout=600')
    response.end()
  })
  server.keepAliveTimeout = 600_000
  const closed = Promise.withResolvers<void>()
  server.on('connection', (socket: Socket) => socket.once('close', closed.resolve))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const egress = compileEgress({ allowCidrs: ['127.0.0.0/8'] })
  assert.ok(egress.ok)
  const agent = egress.value.agent({ connections: 1, connectTimeoutMs: 5000, idleMs: 1100 })
  try {
    const { statusCode, body } = await agent.request({ origin: `http://127.0.0.1:${port}`, path: '/', method: 'POST' })
    await body.dump()
    assert.equal(statusCode, 200)
    await closed.promise
  } finally {
    await agent.close()
    server.close()
  }
})
