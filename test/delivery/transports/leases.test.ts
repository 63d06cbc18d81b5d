import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { certificateBounds } from '../../../src/delivery/certificate-bounds.ts'
import { CertificateStore } from '../../../src/delivery/certificate-store.ts'
import { certificate } from '../certificates.ts'
import { eventOf } from '../events.ts'
import { listen } from '../sockets.ts'
import { never, open, reply, summary, toLoopback } from './sending.ts'

const root = { name: 'Test CA', ...certificate({ name: 'Test CA', ca: true }) }
const server = certificate({ name: 'sink', hosts: ['sink.example'] }, root)
/** What a form of one authority counts as. */
const weight = 7

/** A sink that is sent to by authorities, each revision of which is another form. */
function sending(port: number, certificates: CertificateStore) {
  const transport = open(`https://sink.example:${port}/`, { connections: 1 }, toLoopback)
  const read = (revision: number) => {
    const texts = { bundle: `# ${revision}\n${root.cert}` }
    const found = certificates.examine(texts, { namespace: 'team-a', sink: 'qe', asksOthers: false })
    assert.ok(found.ok)
    return found.material
  }
  const send = async (tls = read(0)) => summary(await transport.send(eventOf('1'), { headers: {}, signal: never, tls }))
  return { transport, read, send }
}

const fresh = () => new CertificateStore(() => 0, certificateBounds(0))

async function becomes(expected: number, certificates: CertificateStore): Promise<void> {
  for (let turn = 0; turn < 200 && certificates.held() !== expected; turn += 1) await sleep(10)
  assert.equal(certificates.held(), expected)
}

describe('connections that were made with certificates', () => {
  it('are closed though they are idle as soon as the sink brings others', { timeout: 5_000 }, async () => {
    await using listener = await listen(reply(204), server)
    const certificates = fresh()
    const { transport, read, send } = sending(listener.port, certificates)
    await using _ = transport
    for (let event = 0; event < 3; event += 1) assert.equal(await send(), 204)
    assert.equal(listener.connections, 1)
    const closed = listener.disconnected()
    read(1)
    await closed
    await becomes(weight, certificates)
    assert.equal(await send(read(1)), 204)
    assert.equal(listener.connections, 2)
  })

  it('count until the last answer is in', async () => {
    const waiting: Socket[] = []
    const { promise: arrived, resolve } = Promise.withResolvers<void>()
    await using listener = await listen((socket) => {
      waiting.push(socket)
      resolve()
    }, server)
    const certificates = fresh()
    const { transport, read, send } = sending(listener.port, certificates)
    await using _ = transport
    const answer = send()
    await arrived
    read(1)
    await sleep(50)
    assert.equal(certificates.held(), 2 * weight)
    for (const socket of waiting) reply(204)(socket, '')
    assert.equal(await answer, 204)
    await becomes(weight, certificates)
  })

  it('serve a request that had read them before, and it alone', { timeout: 5_000 }, async () => {
    await using listener = await listen(reply(204), server)
    const certificates = fresh()
    const { transport, read, send } = sending(listener.port, certificates)
    await using _ = transport
    const before = read(0)
    read(1)
    const closed = listener.disconnected()
    assert.equal(await send(before), 204)
    await closed
    await becomes(weight, certificates)
  })

  it('let go when the sink is sent to no more', async () => {
    await using listener = await listen(reply(204), server)
    const certificates = fresh()
    const { transport, read, send } = sending(listener.port, certificates)
    assert.equal(await send(), 204)
    const { lease } = read(0)
    const other = lease?.hold()
    await transport[Symbol.asyncDispose]()
    read(1)
    assert.equal(certificates.held(), 2 * weight, 'by the other')
    other?.()
    assert.equal(certificates.held(), weight)
  })
})
