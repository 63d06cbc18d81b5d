// A release's life under the real helm-controller, and what becomes of it at sinks.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import type { AdminClient } from '../../controlplane/admin.ts'
import type { Files } from '../../controlplane/artifacts.ts'
import type { Received } from '../../controlplane/sink.ts'
import { typeOf } from '../fixture.ts'
import { conditionOf, recordStates, type Scene, type States } from './scene.ts'

const namespace = 'releases'
const of = ['helm.toolkit.fluxcd.io/v2', 'HelmRelease', namespace, 'shop'] as const

/** A chart of one ConfigMap. */
const chart = (version: string, more: Files = {}): Files => ({
  'shop/Chart.yaml': `{apiVersion: v2, name: shop, version: ${version}, appVersion: "${version}"}`,
  'shop/templates/settings.yaml': `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {version: "${version}"}`,
  ...more,
})

/** No API server takes it. */
const broken = {
  'shop/templates/broken.yaml': '{apiVersion: v1, kind: ConfigMap, metadata: {name: Not_a_name}}',
}

/** What `helm test` runs; there is no node, so the test says how it ends. */
const tested = {
  'shop/templates/test.yaml': `
apiVersion: v1
kind: Pod
metadata:
  name: shop-test
  annotations: {helm.sh/hook: test, helm.sh/hook-delete-policy: before-hook-creation}
spec: {restartPolicy: Never, containers: [{name: test, image: none}]}`,
}

type Snapshot = { version: number; chartVersion: string; action?: string }

const newest = (object: KubeObject): Partial<Snapshot> => ((object.status?.history ?? []) as Snapshot[])[0] ?? {}

/** Nothing is left to do for what the release is now. */
const isDone = (object: KubeObject) =>
  conditionOf(object, 'Reconciling') === undefined && conditionOf(object, 'Ready')?.status === 'True'

/** Ends each pod of the tests as is said at that moment. */
async function playPods(admin: AdminClient, phase: () => string, signal: AbortSignal): Promise<void> {
  for await (const { type, object } of admin.watch(`/api/v1/namespaces/${namespace}/pods`, signal))
    if (type === 'ADDED') await admin.patchStatus('v1', 'Pod', namespace, object.metadata.name, { phase: phase() })
}

/** Resolves once the controller has looked at it twice more, and found nothing to do. */
async function twoIntervals(states: States): Promise<void> {
  const isLooking = (object: KubeObject) => conditionOf(object, 'Reconciling') !== undefined
  for (let count = 0; count < 2; count += 1) {
    await states.until('to be looked at', isLooking)
    await states.until('to be left alone', (object) => !isLooking(object))
  }
}

export function helmRelease(scene: Scene): void {
  it('is told of once each: install, upgrade, failed upgrade, rollback, tests, recovery, uninstall', async () => {
    const { admin, artifacts, stage } = scene
    const team = await stage.team(namespace)
    await using resources = new AsyncDisposableStack()
    const events = [{ kind: 'HelmRelease' }]
    await team.sink()
    await team.subscription('own', { events })
    await team.subscription('service', { events, formats: ['cdevents'] })
    await team.subscription('rfc', { events, formats: ['cdevents'], flux: { profile: 'rfc' } })
    for (const name of subscriptions) await team.ready(name)

    const stop = new AbortController()
    let phase = 'Succeeded'
    const playing = playPods(admin, () => phase, stop.signal)
    resources.defer(async () => {
      stop.abort()
      await playing
    })
    const publish = (version: string, more?: Files) =>
      artifacts.publish('HelmChart', namespace, 'shop', version, chart(version, more))
    const states = resources.use(recordStates(admin, await admin.path(...of)))
    const until = (version: string, predicate: (object: KubeObject) => boolean) =>
      states.until(`to be ${version}`, (object) => newest(object).chartVersion === version && predicate(object))

    await publish('1.0.0')
    await admin.apply({
      apiVersion: of[0],
      kind: of[1],
      metadata: { name: of[3], namespace },
      spec: {
        interval: '2s',
        chartRef: { kind: 'HelmChart', name: 'shop' },
        test: { enable: true },
        upgrade: { remediation: { retries: 0, remediateLastFailure: true } },
      },
    })
    await until('1.0.0', isDone)
    await twoIntervals(states)
    await publish('1.1.0', tested)
    await until('1.1.0', isDone)
    await publish('1.2.0', broken)
    await until('1.1.0', (object) => newest(object).action === 'rollback')
    await publish('1.3.0')
    await until('1.3.0', isDone)
    phase = 'Failed'
    await publish('1.4.0', tested)
    await until('1.3.0', (object) => newest(object).action === 'rollback')
    await admin.delete(...of)
    await states.gone()

    const isWhole = (all: Received[]) =>
      subscriptions.every(
        (name) => to(all, name).length >= life.length + 1 && typesOf(to(all, name)).at(-1) === last[name],
      )
    const received = await team.received(isWhole, 'a whole life')
    const own = to(received, 'own').map(milestoneOf)
    // When exactly it was ready again is of another clock than Helm's.
    assert.deepEqual(
      own.filter((one) => one !== 'recovered'),
      life,
    )
    const at = own.indexOf('recovered')
    assert.ok(own.indexOf('upgraded v5') < at && at < own.indexOf('upgraded v6'), own.join(', '))
    for (const profile of ['service', 'rfc'] as const)
      assert.deepEqual(
        typesOf(to(received, profile)),
        own.map((one) => types[profile][one.split(' ')[0] ?? '']),
      )
    for (const name of subscriptions) {
      const ids = to(received, name).map(({ id }) => id)
      assert.equal(new Set(ids).size, ids.length)
      const counts = await team.counts('EventSubscription', name, ({ pending }) => pending === 0)
      assert.deepEqual([counts.matched, counts.delivered, counts.invalid], [ids.length, ids.length, 0])
    }
    const [detected, resolved] = to(received, 'service').filter((one) => typeOf(one).includes('.incident.'))
    assert.equal(subjectOf(resolved), subjectOf(detected))
  })
}

/** Each release by its number: 3 is what failed to become 1.2.0, 4 and 7 are what was before once more. */
const life = [
  'installed v1',
  'tests-passed v1',
  'upgraded v2',
  'tests-passed v2',
  'upgrade-failed v3',
  'rolled-back v4',
  'upgraded v5',
  'tests-passed v5',
  'upgraded v6',
  'tests-failed v6',
  'rolled-back v7',
  'deleted',
]

const subscriptions = ['own', 'service', 'rfc'] as const

type Types = Record<string, string>

/** By the profile of `flux.profile`. */
const types: Record<'service' | 'rfc', Types> = {
  service: {
    installed: 'service.deployed',
    upgraded: 'service.upgraded',
    'upgrade-failed': 'incident.detected',
    'rolled-back': 'service.rolledback',
    'tests-passed': 'testcaserun.finished',
    'tests-failed': 'testcaserun.finished',
    recovered: 'incident.resolved',
    deleted: 'service.removed',
  },
  rfc: {
    installed: 'environment.modified',
    upgraded: 'taskrun.finished',
    'upgrade-failed': 'taskrun.finished',
    'rolled-back': 'taskrun.finished',
    'tests-passed': 'testcaserun.finished',
    'tests-failed': 'testcaserun.finished',
    recovered: 'environment.modified',
    deleted: 'environment.modified',
  },
}

const last = { own: 'deleted', service: 'service.removed', rfc: 'environment.modified' }

/** `<subject>.<predicate>` of CDEvents, the milestone's name of ours. */
const typesOf = (received: readonly Received[]): string[] =>
  received.map((one) => {
    const [, owner, ...rest] = typeOf(one).split('.')
    return owner === 'carillon' ? (rest[2] ?? '') : rest.slice(0, 2).join('.')
  })

function milestoneOf({ body }: Received): string {
  const { name, details } = (JSON.parse(body) as { milestone: { name: string; details?: { version?: number } } })
    .milestone
  return name === 'recovered' || details?.version === undefined ? name : `${name} v${details.version}`
}

const subjectOf = (event: Received | undefined): string | undefined =>
  event && (JSON.parse(event.body) as { subject: { id: string } }).subject.id

const to = (all: readonly Received[], name: string): Received[] =>
  all.filter(({ subscription }) => subscription === `${namespace}/${name}`)
