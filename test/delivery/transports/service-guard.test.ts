import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EgressPolicy } from '../../../src/api/policy.ts'
import { accept } from '../../../src/api/verdict.ts'
import { compileEgress } from '../../../src/delivery/egress.ts'
import type { Inside } from '../../../src/delivery/inside.ts'
import type { Endpoint } from '../../../src/delivery/service-endpoints.ts'
import { listen } from '../sockets.ts'
import { reply, sendTo, summary } from './sending.ts'

const resolvesNothing = () => assert.fail('a name is resolved')

/** What comes of a request to a Service's URL, whose endpoints these are. */
async function send(endpoints: Endpoint[], policy: Partial<EgressPolicy>, inside?: Inside, port = '') {
  const egress = compileEgress({ allowCidrs: ['127.0.0.0/8'], ...policy }, resolvesNothing, inside)
  assert.ok(egress.ok)
  const answer = await sendTo(`http://hook.team-a.svc${port}/`, {
    endpoints: async () => accept(endpoints),
    egress: egress.value,
  })
  return String(summary(answer))
}

describe('the guard before the Pods of a Service', () => {
  it('refuses ports of other protocols, by the port of the Pod, not of the Service', async () => {
    await using pod = await listen(reply(204))
    const forged = [10250, 22, 6443, 2379].map((port) => ({ address: '127.0.0.1', port }))
    for (const endpoint of forged) assert.match(await send([endpoint], {}), /^PortRefused: Connections to port \d+ are/)
    assert.equal(await send([...forged, { address: '127.0.0.1', port: pod.port }], {}), '204')
    assert.equal(await send([{ address: '127.0.0.1', port: pod.port }], {}, undefined, ':22'), '204')
    assert.equal(pod.connections, 2)
  })

  it("refuses what is the API server's or the operator's own, though an admin allows the range", async () => {
    await using server = await listen(reply(204))
    const inside: Inside = (address, port) => address === '127.0.0.1' && port === server.port
    const answer = await send([{ address: '127.0.0.1', port: server.port }], {}, inside)
    assert.match(answer, /^AddressRefused: Connections to the Service's Pods are refused/)
    assert.equal(server.connections, 0)
  })

  it('is the same where nothing is allowed: a name of the cluster is no reason to refuse a Service', async () => {
    const answer = await send([{ address: '127.0.0.1', port: 8080 }], { allowCidrs: [] })
    assert.match(answer, /^AddressRefused: Connections to the Service's Pods are refused/)
  })

  it("connects past the admin's proxy", async () => {
    await using proxy = await listen(reply(502))
    await using pod = await listen(reply(204))
    const through = { proxy: { url: `http://127.0.0.1:${proxy.port}`, noProxy: [] } }
    assert.equal(await send([{ address: '127.0.0.1', port: pod.port }], through), '204')
    assert.equal(proxy.connections, 0)
  })
})
