// What a Kustomization with `wait: true` thinks of our CRs, by the real kustomize-controller: a team's whole delivery hangs on it.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { stringify } from 'yaml'
import type { KubeObject } from '../../../src/api/object.ts'
import { startSink } from '../../controlplane/sink.ts'
import { apiVersion, conditionsOf, createRun, running, Team, writeStatus } from '../fixture.ts'
import { conditionOf, recordStates, type Scene } from './scene.ts'

const namespace = 'tenant'
const of = ['kustomize.toolkit.fluxcd.io/v1', 'Kustomization', namespace, 'events'] as const

/** Of a commit that is made up. */
const revision = (commit: string) => `main@sha1:${commit.repeat(40)}`

const manifests = (url: string, filter: string) => ({
  'kustomization.yaml': stringify({ resources: ['sink.yaml', 'subscription.yaml'] }),
  'sink.yaml': stringify({ apiVersion, kind: 'EventSink', metadata: { name: 'sink' }, spec: { http: { url } } }),
  'subscription.yaml': stringify({
    apiVersion,
    kind: 'EventSubscription',
    metadata: { name: 'subscription' },
    spec: { sinks: [{ name: 'sink' }], events: [{ kind: 'TaskRun' }], filter },
  }),
})

/** How often all of it was checked and found well. */
const reconciliations = (object: KubeObject): number => {
  const [last] = (object.status?.history ?? []) as { totalReconciliations: number; lastReconciledStatus: string }[]
  return last?.lastReconciledStatus === 'ReconciliationSucceeded' ? last.totalReconciliations : 0
}

const isGreen = (object: KubeObject) =>
  conditionOf(object, 'Ready')?.status === 'True' && conditionOf(object, 'Healthy')?.status === 'True'

/** At each interval both say Unknown while it looks, and then what it found. */
const verdicts = (object: KubeObject) => ['Healthy', 'Ready'].map((type) => conditionOf(object, type)?.status)

type Told = { name: string; details?: { revision?: string } }

export function kustomization(scene: Scene): void {
  it('that holds a sink and a subscription is green, stays so while the sink is down, and fails at once on a bad filter', async () => {
    const { admin, artifacts } = scene
    await admin.createNamespace(namespace)
    await using resources = new AsyncDisposableStack()
    const server = resources.use(await startSink())
    const team = new Team(admin, namespace, server, undefined)
    const watcher = new Team(admin, namespace, resources.use(await startSink()), undefined)
    await watcher.sink('watcher')
    await watcher.subscription('kustomizations', { sinks: [{ name: 'watcher' }], events: [{ kind: 'Kustomization' }] })
    await watcher.ready('kustomizations')
    await artifacts.publish('GitRepository', namespace, 'events', revision('a'), manifests(server.url, 'true'))
    await admin.apply({
      apiVersion: of[0],
      kind: of[1],
      metadata: { name: of[3], namespace },
      spec: {
        interval: '2s',
        timeout: '2m',
        wait: true,
        prune: true,
        targetNamespace: namespace,
        sourceRef: { kind: 'GitRepository', name: 'events' },
      },
    })
    const states = resources.use(recordStates(admin, await admin.path(...of)))
    const isApplied = (object: KubeObject) => object.status?.lastAppliedRevision === revision('a')
    const green = await states.until('to be green', (object) => isGreen(object) && isApplied(object))
    assert.equal(conditionsOf(await team.get('EventSubscription', 'subscription'))[0]?.status, 'True')

    await server[Symbol.asyncDispose]()
    await createRun(admin, namespace, 'one')
    await writeStatus(admin, namespace, 'one', running())
    await team.condition('EventSubscription', 'subscription', 'Delivering', { status: 'False' })
    const before = reconciliations(states.seen.at(-1) as KubeObject)
    await states.until('to be checked again', (object) => reconciliations(object) >= before + 2)
    // At each interval it says Unknown while it looks, and then what it found.
    const since = states.seen.slice(states.seen.indexOf(green))
    assert.deepEqual(
      since.filter((object) => verdicts(object).includes('False')),
      [],
    )
    const { status } = await team.ask('EventSubscription', 'subscription')
    assert.ok((status?.counts as { pending: number }).pending > 0)

    const back = resources.use(await startSink({ port: server.port }))
    await back.waitFor((received) => received.length > 0, { what: 'what was pending', timeoutMs: 60_000 })

    await artifacts.publish('GitRepository', namespace, 'events', revision('b'), manifests(server.url, 'no such thing'))
    const red = await states.until('to fail', (object) => conditionOf(object, 'Ready')?.status === 'False')
    const { reason, message } = conditionOf(red, 'Ready') ?? assert.fail('no Ready')
    assert.equal(reason, 'HealthCheckFailed')
    // Two minutes is what it would have waited otherwise.
    assert.match(
      message,
      /failed early due to stalled resources: \[EventSubscription\/tenant\/subscription status: 'Failed'/,
    )
    assert.equal(red.status?.lastAppliedRevision, revision('a'))

    await artifacts.publish('GitRepository', namespace, 'events', revision('c'), manifests(server.url, 'true'))
    await states.until(
      'to be green again',
      (object) => isGreen(object) && object.status?.lastAppliedRevision === revision('c'),
    )
    const told = (await watcher.received(4)).map((one) => (JSON.parse(one.body) as { milestone: Told }).milestone)
    // However often it was looked at meanwhile.
    assert.deepEqual(told.map(({ name, details }) => `${name} ${details?.revision ?? ''}`).sort(), [
      `applied ${revision('a')}`,
      `applied ${revision('c')}`,
      'health-failed ',
      'recovered ',
    ])
    assert.deepEqual([told[0]?.name, told[1]?.name], ['applied', 'health-failed'])
  })
}
