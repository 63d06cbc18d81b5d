import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { accept, refuse, type Verdict } from '../../../src/api/verdict.ts'
import { compileEgress } from '../../../src/delivery/egress.ts'
import { podAddressPolicy } from '../../../src/delivery/pod-addresses.ts'
import type { ReadEndpoints } from '../../../src/delivery/service-connector.ts'
import type { Endpoint } from '../../../src/delivery/service-endpoints.ts'
import { startBlackhole } from '../blackhole.ts'
import { certificate } from '../certificates.ts'
import { eventOf } from '../events.ts'
import { listen } from '../sockets.ts'
import { trusting } from '../trusting.ts'
import { never, open, reply, sendTo, summary } from './sending.ts'

const resolvesNothing = () => assert.fail('a name is resolved')
const at = (...ports: number[]): Endpoint[] => ports.map((port) => ({ address: '127.0.0.1', port }))
const to =
  (...ports: number[]): ReadEndpoints =>
  async () =>
    accept(at(...ports))

/** A port at which nobody listens. */
async function deadPort(): Promise<number> {
  await using listener = await listen(() => undefined)
  return listener.port
}

describe('connections to the Pods of a Service', () => {
  it('go to an endpoint and its port, and name the Service and its port', async () => {
    await using pod = await listen(reply(204))
    const answer = await sendTo('http://hook.team-a.svc:8080/in?a=b', { endpoints: to(pod.port) }, resolvesNothing)
    assert.equal(summary(answer), 204)
    const [request = ''] = pod.requests
    assert.match(request, /^POST \/in\?a=b HTTP\/1\.1\r\n/)
    assert.match(request, /\r\nhost: hook\.team-a\.svc:8080\r\n/i)
  })

  it('go to one at random', async () => {
    await using one = await listen(reply(204))
    await using two = await listen(reply(204))
    for (let sent = 0; sent < 100 && (one.connections === 0 || two.connections === 0); sent += 1)
      await sendTo('http://hook.team-a.svc/', { endpoints: to(one.port, two.port) }, resolvesNothing)
    assert.ok(one.connections > 0 && two.connections > 0)
  })

  it('go to the next one where connecting fails', async () => {
    await using pod = await listen(reply(204))
    const [dead, gone] = [await deadPort(), await deadPort()]
    for (let sent = 0; sent < 10; sent += 1) {
      const endpoints = to(dead, gone, pod.port)
      assert.equal(summary(await sendTo('http://hook.team-a.svc/', { endpoints }, resolvesNothing)), 204)
    }
  })

  it('go to the next one where one drops what it is sent, well before the attempt is over', async () => {
    await using hole = await startBlackhole()
    await using pod = await listen(reply(204))
    const endpoints = to(hole.port, hole.port, pod.port)
    const answer = await sendTo('http://hook.team-a.svc/', { endpoints, connectTimeoutMs: 600 }, resolvesNothing)
    assert.equal(summary(answer), 204)
  })

  it('go to the other family where one leads nowhere', async () => {
    await using pod = await listen(reply(204))
    const dead = await deadPort()
    const [first, ...others] = at(dead, dead, dead, dead, dead, dead)
    const six = (one: Endpoint): Endpoint => ({ ...one, address: '::1' })
    const egress = compileEgress({ allowCidrs: ['127.0.0.0/8', '::1/128'] })
    assert.ok(egress.ok && first)
    const endpoints = async () => accept([six(first), ...others.map(six), ...at(pod.port)])
    assert.equal(summary(await sendTo('http://hook.team-a.svc/', { endpoints, egress: egress.value })), 204)
  })

  it('fail as the last one did, and ask for fresh endpoints the next time', async () => {
    await using pod = await listen(reply(204))
    const asked: boolean[] = []
    const dead = await deadPort()
    const endpoints: ReadEndpoints = async (fresh) => {
      asked.push(fresh)
      return accept(at(fresh ? pod.port : dead))
    }
    await using transport = open('http://hook.team-a.svc/', { endpoints, connections: 1 }, resolvesNothing)
    const send = () => transport.send(eventOf('1'), { headers: {}, signal: never })
    assert.match(String(summary(await send())), /^ConnectionRefused: /)
    assert.equal(summary(await send()), 204)
    assert.equal(summary(await send()), 204)
    assert.deepEqual(asked, [false, true])
  })

  it('are verified by the name of the Service', async () => {
    const root = { name: 'Test CA', ...certificate({ name: 'Test CA', ca: true }) }
    const tls = trusting(root.cert)
    const send = async (host: string) => {
      await using pod = await listen(reply(204), certificate({ name: 'pod', hosts: [host] }, root))
      return summary(await sendTo('https://hook.team-a.svc:8443/', { endpoints: to(pod.port) }, resolvesNothing, tls))
    }
    assert.equal(await send('hook.team-a.svc'), 204)
    assert.match(String(await send('hook.team-b.svc')), /^TLSFailed: .*for another host\.$/)
  })

  const refusals = ['ServiceNotFound', 'ServiceNotAllowed', 'ServiceNotReady', 'ServiceUnreadable']
  for (const reason of refusals) {
    it(`are not made where there is none: ${reason}`, async () => {
      const endpoints = async () => refuse(reason, 'The Service says why.')
      const answer = await sendTo('http://hook.team-a.svc/', { endpoints }, resolvesNothing)
      assert.equal(summary(answer), `${reason}: The Service says why.`)
    })
  }

  it('fail where reading fails unexpectedly', async () => {
    const endpoints = async (): Promise<Verdict<Endpoint[]>> => {
      throw new TypeError('something private')
    }
    const answer = await sendTo('http://hook.team-a.svc/', { endpoints }, resolvesNothing)
    assert.equal(summary(answer), 'NetworkFailed: The connection failed.')
  })
})

describe('addresses of Pods', () => {
  const guarded = compileEgress({ allowCidrs: [] })
  assert.ok(guarded.ok)
  const egress = guarded.value

  it('are refused where they are loopback, link-local or of metadata, whatever a Pod says', async () => {
    await using listener = await listen(reply(204))
    for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '169.254.169.254', 'fe80::1', '0.0.0.0', '::']) {
      const endpoints = async () => accept([{ address, port: listener.port }])
      const answer = await sendTo('http://hook.team-a.svc/', { endpoints, egress })
      assert.match(String(summary(answer)), /^AddressRefused: Connections to the Service's Pods are refused/)
    }
    assert.equal(listener.connections, 0)
  })

  const [permits, allowing] = [[], ['127.0.0.0/8']].map((allowCidrs) => {
    const verdict = compileEgress({ allowCidrs })
    assert.ok(verdict.ok)
    const { check } = verdict.value
    return podAddressPolicy((address) => check(`http://${address.includes(':') ? `[${address}]` : address}/`).ok)
  })

  it('pass though private', () => {
    for (const address of ['10.0.0.1', '172.16.5.4', '192.168.1.1', '100.64.3.2', 'fd00::5', 'fc12::1', '8.8.8.8'])
      assert.equal(permits?.(address), true, address)
  })

  it('do not pass where no Pod is', () => {
    const metadata = ['100.100.100.200', '168.63.129.16', 'fd00:ec2::254', 'fd00:ec2::23', 'fd00:42::42']
    const table = [...metadata, 'fd20:ce::254', '169.254.0.1', '224.0.0.1', '198.18.0.1']
    for (const address of [...table, '255.255.255.255', '192.0.0.192', '64:ff9b::a00:1', 'ff02::1'])
      assert.equal(permits?.(address), false, address)
  })

  it('pass where an admin allows them', () => {
    assert.equal(allowing?.('127.0.0.1'), true)
    assert.equal(permits?.('127.0.0.1'), false)
  })
})
