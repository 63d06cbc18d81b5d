import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import type { KubeObject } from '../../../src/api/object.ts'
import { accept } from '../../../src/api/verdict.ts'
import { connect, type KubeClient, type KubeRequest } from '../../../src/kube/client.ts'
import { certificateKeeper } from '../../../src/operator/admission/keeper.ts'
import { lives } from '../../../src/operator/admission/renewal.ts'
import { type AdmissionServer, serveAdmission } from '../../../src/operator/admission/server.ts'
import { freePorts } from '../../controlplane/scratch.ts'
import type { Scene } from './scene.ts'
import { bundleOf, configurationKind, install, namespace, registration } from './webhook.ts'

const minuteMs = 60_000
const dayMs = 1440 * minuteMs
const log = { info: () => undefined, error: () => undefined }

/** One of several instances of the operator, as far as its webhook's certificate goes. */
type Instance = { check(): Promise<boolean>; server: AdmissionServer; cert(): string; puts: number[] }

/** Two instances that answer for the same webhook, both awake. */
export function renewers(scene: Scene): void {
  it('makes and renews one certificate where two instances would at once, and what either serves is always trusted', async () => {
    const { admin, stage } = scene
    const name = 'renewers'
    const [port = 0] = await freePorts(1)
    await install(admin, name, port, 'Ignore')
    await using resources = new AsyncDisposableStack()
    const begun = Date.now()
    let clock = begun - 250 * dayMs
    const meeting = meetingOf(2)
    const start = async (): Promise<Instance> => {
      const connected = await connect({ kubeconfig: stage.cp.kubeconfig('admin') })
      assert.ok(connected.ok)
      const client = resources.use(connected.value)
      const puts: number[] = []
      meetBeforePut(client, meeting, puts)
      const options = { host: '127.0.0.1', port: 0, monotonic: () => 0, answered: () => undefined, log }
      const server = resources.use(
        await serveAdmission({ ...options, review: () => accept({ uid: '', refusal: undefined, warnings: [] }) }),
      )
      let cert = ''
      const own = { namespace, secret: name, configuration: name, hosts: ['127.0.0.1'], lives, now: () => clock, log }
      const serve = (identity: { cert: string; key: string }) => {
        cert = identity.cert
        server.serve(identity)
      }
      return { check: certificateKeeper({ ...own, client, serve }), server, cert: () => cert, puts }
    }
    const [one, two] = [await start(), await start()]
    const both = [one, two]
    const configuration = await admin.path(registration, configurationKind, undefined, name)
    const bundle = async () => bundleOf((await admin.request('GET', configuration)).body as KubeObject)
    /** Whoever trusts what the configuration says gets in at each of them. */
    const trusted = async (when: string) => {
      const ca = await bundle()
      const authorities = (ca.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []).map(
        (pem) => new X509Certificate(pem),
      )
      for (const { cert, server } of both) {
        const served = new X509Certificate(cert())
        assert.ok(
          authorities.some((authority) => served.verify(authority.publicKey)),
          when,
        )
        // What the test's clock had made in spring is over today.
        if (served.validToDate.getTime() > begun) await knock(server.port, ca, when)
      }
      return authorities.length
    }
    const settled = async () => {
      while ((await Promise.all(both.map(({ check }) => check()))).includes(true));
    }

    // Both find it empty, and both find it to be due: two thirds of 90 days, and the authority at two thirds of a year.
    const since = begun - 6 * dayMs
    const made = new Set<string>()
    for (const [at, meets] of [
      [begun - 250 * dayMs, true],
      [begun - 189 * dayMs, true],
      [begun - 128 * dayMs, true],
      [begun - 67 * dayMs, true],
      [since, true],
      [since + 11 * minuteMs, true],
      [since + 30 * minuteMs, true],
      [since + 31 * minuteMs, false],
    ] as const) {
      clock = at
      const before = both.map(({ puts }) => puts.length)
      if (meets) meeting.begin()
      await settled()
      const met = both.flatMap(({ puts }, index) => puts.slice(before[index]))
      assert.deepEqual(met.sort(), meets ? [200, 409] : [], new Date(at).toISOString())
      await trusted(new Date(at).toISOString())
      assert.equal(one.cert(), two.cert())
      made.add(one.cert())
    }
    assert.equal(await trusted('at the end'), 1)
    assert.equal(made.size, 5)

    // One sees at once that the Secret was emptied, the other when the first is done with it.
    const secret = await admin.path('v1', 'Secret', namespace, name)
    const merge = { 'content-type': 'application/merge-patch+json' }
    assert.equal((await admin.request('PATCH', secret, { data: null }, merge)).status, 200)
    for (let round = 0; round < 4; round += 1) {
      await one.check()
      clock += 2_000
      await trusted(`round ${round} of the first alone`)
    }
    assert.notEqual(one.cert(), two.cert())
    await settled()
    assert.equal(one.cert(), two.cert())
    clock += 30_000
    await settled()
    assert.equal(await trusted('after a while'), 1)
    assert.ok(new X509Certificate(one.cert()).verify(new X509Certificate(await bundle()).publicKey))
    await admin.delete(registration, configurationKind, undefined, name)
  })
}

type Meeting = { begin(): void; arrive(): Promise<void> }

/** From `begin` on, the first ones to arrive wait for each other, so many; nobody waits after. */
function meetingOf(size: number): Meeting {
  let missing = 0
  let met = Promise.withResolvers<void>()
  return {
    begin() {
      missing = size
      met = Promise.withResolvers()
    },
    async arrive() {
      if (missing === 0) return
      missing -= 1
      if (missing === 0) met.resolve()
      await met.promise
    },
  }
}

/** Both have read the Secret when either writes it. */
function meetBeforePut(client: KubeClient, meeting: Meeting, puts: number[]): void {
  const send = client.request.bind(client)
  client.request = async (request: KubeRequest) => {
    if (request.method !== 'PUT') return send(request)
    await meeting.arrive()
    const response = await send(request)
    puts.push(response.status)
    return response
  }
}

/** A new connection is taken, by whoever trusts `ca` alone. */
async function knock(port: number, ca: string, when: string): Promise<void> {
  const socket = connectTls({ host: '127.0.0.1', port, ca })
  try {
    await once(socket, 'secureConnect')
  } catch (cause) {
    throw new Error(`not trusted: ${when}`, { cause })
  } finally {
    socket.destroy()
  }
}
