import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ServiceRef } from '../../src/api/sink-url.ts'
import type { Service } from '../../src/delivery/service.ts'
import type { EndpointSlice, Pod } from '../../src/delivery/service-endpoints.ts'
import { openServices, type ServiceReads } from '../../src/delivery/services.ts'
import { KubeError } from '../../src/kube/errors.ts'

const ref = (name = 'hook'): ServiceRef => ({ namespace: 'team-a', name, port: undefined, scheme: 'http' })

/** A cluster with as many ready Pods as it is told, and what was read of it. */
class Cluster {
  readonly read: string[] = []
  now = 0
  pods: string[] = ['one']
  ready = (_pod: string): boolean => true
  failure: Error | undefined
  atOnce = 0
  mostAtOnce = 0
  readonly services = openServices(
    this.reads(),
    () => this.now,
    () => 0,
  )

  private reads(): ServiceReads {
    return {
      service: (_namespace, name) => this.answer(`service ${name}`, (): Service => service),
      slices: (_namespace, name) => this.pages(name),
      pod: (_namespace, name) => this.answer(`pod ${name}`, (): Pod => podOf(name, this.ready(name))),
    }
  }

  /** Ten endpoints to a slice, a slice to a page. */
  private async *pages(name: string): AsyncGenerator<EndpointSlice[]> {
    for (let at = 0; at === 0 || at < this.pods.length; at += 10)
      yield await this.answer(`slices ${name}`, () => [sliceOf(this.pods.slice(at, at + 10))])
  }

  private async answer<T>(what: string, make: () => T): Promise<T> {
    this.read.push(what)
    if (what.startsWith('service')) this.atOnce += 1
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce)
    await Promise.resolve()
    if (what.startsWith('pod') || this.failure) this.atOnce -= 1
    if (this.failure) throw this.failure
    return make()
  }

  async ports(fresh = false): Promise<string> {
    const verdict = await this.services.endpoints(ref(), fresh)
    return verdict.ok ? verdict.value.map(({ address }) => address).join(' ') : verdict.reason
  }
}

const service: Service = { spec: { selector: { app: 'hook' }, ports: [{ port: 80 }] } }
const addressOf = (pod: string): string => `10.0.0.${pod.length}`
const sliceOf = (pods: string[]): EndpointSlice => ({
  endpoints: pods.map((name) => ({
    addresses: [addressOf(name)],
    targetRef: { kind: 'Pod', namespace: 'team-a', name },
  })),
})
const podOf = (name: string, ready: boolean): Pod => ({
  metadata: { namespace: 'team-a', labels: { app: 'hook' } },
  status: { podIPs: [{ ip: addressOf(name) }], conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
})
const once = ['service hook', 'slices hook', 'pod one']

describe('reading a Service and its Pods', () => {
  it('is done once in ten seconds, and once where many ask at the same time', async () => {
    const cluster = new Cluster()
    assert.deepEqual(
      await Promise.all([cluster.ports(), cluster.ports(), cluster.ports(true)]),
      Array(3).fill('10.0.0.3'),
    )
    assert.deepEqual(cluster.read, once)
    cluster.now = 9_999
    cluster.pods = ['three']
    assert.equal(await cluster.ports(), '10.0.0.3')
    cluster.now = 10_000
    assert.equal(await cluster.ports(), '10.0.0.5')
  })

  it('is done anew where what was known led nowhere, once a second at most', async () => {
    const cluster = new Cluster()
    await cluster.ports()
    cluster.pods = ['three']
    cluster.now = 999
    assert.equal(await cluster.ports(true), '10.0.0.3')
    cluster.now = 1_000
    assert.equal(await cluster.ports(true), '10.0.0.5')
  })

  it('is done anew after two seconds where no Pod was ready', async () => {
    const cluster = new Cluster()
    cluster.ready = () => false
    assert.equal(await cluster.ports(), 'ServiceNotReady')
    cluster.ready = () => true
    cluster.now = 1_999
    assert.equal(await cluster.ports(), 'ServiceNotReady')
    cluster.now = 2_000
    assert.equal(await cluster.ports(), '10.0.0.3')
  })

  it('is done anew where the clock was set back', async () => {
    const cluster = new Cluster()
    cluster.now = 50_000
    await cluster.ports()
    cluster.now = 0
    await cluster.ports()
    assert.deepEqual(cluster.read, [...once, ...once])
  })

  it('is not done before somebody connects, but for a look at the Service', async () => {
    const cluster = new Cluster()
    assert.equal((await cluster.services.check(ref())).ok, true)
    assert.deepEqual(cluster.read, ['service hook'])
  })

  it('looks at a few Pods of many, and at more only where those are no good', async () => {
    const cluster = new Cluster()
    cluster.pods = Array.from({ length: 200 }, (_, at) => 'p'.repeat(at + 1))
    await cluster.ports()
    assert.equal(cluster.read.filter((what) => what.startsWith('pod')).length, 4)
    cluster.now = 20_000
    cluster.ready = () => false
    assert.equal(await cluster.ports(), 'ServiceNotReady')
    assert.equal(cluster.read.filter((what) => what.startsWith('pod')).length, 4 + 32)
  })

  it('reads no more slices than it takes to have a thousand endpoints', async () => {
    const cluster = new Cluster()
    cluster.pods = Array.from({ length: 2_000 }, (_, at) => `pod-${at}`)
    await cluster.ports()
    assert.equal(cluster.read.filter((what) => what.startsWith('slices')).length, 100)
  })

  it('is done for a few Services at a time', async () => {
    const cluster = new Cluster()
    const names = Array.from({ length: 20 }, (_, at) => `hook-${at}`)
    const verdicts = await Promise.all(names.map((name) => cluster.services.endpoints(ref(name), false)))
    assert.ok(verdicts.every(({ ok }) => ok))
    assert.equal(cluster.mostAtOnce, 4)
  })

  const failures: [what: string, error: Error, message: RegExp][] = [
    [
      'a right that is missing',
      new KubeError('Forbidden', 'no', { status: 403 }),
      /^The operator may not get Services of namespace team-a; .* rbac\.serviceRefs of the chart\.$/,
    ],
    [
      'an API server in trouble',
      new KubeError('InternalError', 'no', { status: 500 }),
      /\(HTTP 500\); it is tried again\.$/,
    ],
    ['an API server that is away', new KubeError('NetworkFailed', 'no'), /from the API server; it is tried again\.$/],
  ]
  for (const [what, error, message] of failures) {
    it(`is refused with ${what}, and tried again`, async () => {
      const cluster = new Cluster()
      cluster.failure = error
      const verdict = await cluster.services.endpoints(ref(), false)
      assert.equal(verdict.ok ? '' : verdict.reason, 'ServiceUnreadable')
      assert.match(verdict.ok ? '' : verdict.message, message)
      assert.equal((await cluster.services.check(ref())).ok, false)
      cluster.failure = undefined
      cluster.now = 2_000
      assert.equal(await cluster.ports(), '10.0.0.3')
    })
  }

  it('remembers no unexpected error', async () => {
    const cluster = new Cluster()
    cluster.failure = new TypeError('a mistake')
    await assert.rejects(cluster.services.endpoints(ref(), false), TypeError)
    cluster.failure = undefined
    assert.equal(await cluster.ports(), '10.0.0.3')
  })
})
