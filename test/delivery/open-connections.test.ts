import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { compileEgress } from '../../src/delivery/egress.ts'
import { httpTransport } from '../../src/delivery/transports/http.ts'
import { eventOf } from './events.ts'

const never = new AbortController().signal

it('connections of a namespace that has very many are not kept open, those of others are', async () => {
  let open = 0
  const server = createServer((_request, response) => setTimeout(() => response.writeHead(204).end(), 50))
  server.on('connection', (socket) => {
    open += 1
    socket.on('close', () => {
      open -= 1
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', 1024, resolve))
  const { port } = server.address() as AddressInfo
  const egress = compileEgress({ allowCidrs: ['127.0.0.0/8'] })
  assert.ok(egress.ok)
  const transports = new AsyncDisposableStack()
  const sinkOf = (namespace: string) =>
    transports.use(
      httpTransport({
        namespace,
        url: `http://127.0.0.1:${port}/`,
        mode: 'binary',
        timeoutMs: 10_000,
        connections: 128,
        egress: egress.value,
      }),
    )
  const send = async (sink: ReturnType<typeof sinkOf>, events: number) => {
    const answers = Array.from({ length: events }, (_, n) => sink.send(eventOf(`${n}`), { headers: {}, signal: never }))
    for (const answer of await Promise.all(answers)) assert.equal(answer.kind === 'response' && answer.status, 204)
  }
  try {
    const other = sinkOf('other')
    await send(other, 3)
    const sinks = Array.from({ length: 6 }, () => sinkOf('team-a'))
    for (const sink of sinks) await send(sink, 128)
    for (let turn = 0; turn < 100 && open > 3 + 256; turn += 1) await delay(10)
    assert.equal(open, 3 + 256, 'the first two of the six, and the other')
    for (const sink of sinks) await send(sink, 1)
    await send(other, 1)
    for (let turn = 0; turn < 100 && open > 3 + 256; turn += 1) await delay(10)
    assert.equal(open, 3 + 256)
  } finally {
    await transports.disposeAsync()
    server.closeAllConnections()
    server.close()
  }
})
