// A cluster that changes under the operator: kinds that come later, rights that are missing.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { AdminClient } from '../controlplane/admin.ts'
import type { Received } from '../controlplane/sink.ts'
import { installTekton } from '../controlplane/tekton.ts'
import type { OperatorProcess } from '../operator/process.ts'
import { conditionsOf, momentOf, patienceMs, run, type Stage, startStage, type Team, toLoopback } from './fixture.ts'
import { allowed, Certificates, moved, refused, told, withTenantKinds } from './kinds/any.ts'

describe('kinds', () => {
  const resources = new AsyncDisposableStack()
  let stage: Stage
  let team: Team
  let operator: OperatorProcess

  before(async () => {
    stage = resources.use(await startStage())
    operator = await stage.operator({ args: toLoopback })
    team = await stage.team('kinds')
  })
  after(() => resources.disposeAsync())

  it('that the cluster does not serve yet are named, and watched once they are there', async () => {
    await team.sink()
    await team.subscription()
    const waiting = { status: 'False', reason: 'KindNotServed', message: /serves none of the \d+ kinds/ } as const
    await team.condition('EventSubscription', 'subscription', 'Ready', waiting)
    await installTekton(stage.admin)
    await run(stage.admin, team.namespace, 'early')
    await run(stage.admin, team.namespace, 'early', { kind: 'PipelineRun' })
    const moments = (await team.received(4)).map(momentOf).sort()
    assert.deepEqual(moments, [
      ...['pipelinerun/early finished', 'pipelinerun/early started'],
      ...['taskrun/early finished', 'taskrun/early started'],
    ])
    await team.condition('EventSubscription', 'subscription', 'Ready', { status: 'True', reason: 'Watching' })
  })

  it('that the operator may not watch are named, while others go on, and watched once it may', async () => {
    const { admin } = stage
    await operator.kill()
    const allow = await restrict('customruns')
    operator = await stage.operator({ args: toLoopback })
    const other = await stage.team('forbidden')
    await other.sink()
    await other.subscription()
    await other.subscription('tasks', { events: [{ kind: 'TaskRun' }] })
    await other.subscription('approvals', { events: [{ kind: 'CustomRun' }] })
    const forbidden = { status: 'False', reason: 'Forbidden', message: /may not list and watch CustomRun;/ } as const
    const refused = await other.condition('EventSubscription', 'approvals', 'Ready', forbidden)
    assert.equal(conditionsOf(refused).find(({ type }) => type === 'Reconciling')?.status, 'True')
    const partly = { status: 'True', reason: 'Watching', message: /may not list and watch CustomRun;/ } as const
    await other.condition('EventSubscription', 'subscription', 'Ready', partly)
    await other.ready('tasks')
    await run(admin, other.namespace, 'approve', { kind: 'CustomRun' })
    await run(admin, other.namespace, 'one')
    assert.deepEqual((await other.received(4)).map(momentOf).sort(), [
      ...['taskrun/one finished', 'taskrun/one finished'],
      ...['taskrun/one started', 'taskrun/one started'],
    ])

    await allow()
    const all = await other.received(8)
    assert.deepEqual(all.slice(4).map(momentOf).sort(), [
      ...['customrun/approve finished', 'customrun/approve finished'],
      ...['customrun/approve started', 'customrun/approve started'],
    ])
    await other.ready()
    await other.ready('approvals')
  })

  it('are followed on after the API server was away, and what was pending goes meanwhile', async () => {
    const { admin, cp } = stage
    const away = await stage.team('away', { sink: { behaviour: { kind: 'answer', status: 503 } } })
    await away.sink('sink', {}, { retry: { initialDelay: '10ms', maxDelay: '100ms' } })
    await away.subscription()
    await away.ready()
    await run(admin, away.namespace, 'one')
    await away.received(1)
    await cp.apiserver.kill()
    away.server.behave({ kind: 'answer', status: 204 })
    await away.received((all) => all.some((one) => momentOf(one) === 'taskrun/one finished'))
    await cp.apiserver.restart()
    await run(admin, away.namespace, 'two')
    await away.received((all) => all.some((one) => momentOf(one) === 'taskrun/two finished'))
    const counts = await away.counts('EventSubscription', 'subscription', ({ delivered }) => delivered === 4)
    assert.deepEqual([counts.matched, counts.pending], [4, 0])
  })

  it('of any sort are watched where the administrator lists them, by what is served of them', async () => {
    const any = await stage.team('any')
    await refused(any)
    await operator.stop()
    operator = await stage.operator({ args: withTenantKinds })
    await allowed(stage, any)
    const certificates = new Certificates(stage.admin, any.namespace)
    await told(any, certificates)
    await moved(stage, any, certificates)
  })

  it('are read in every group that has them, where the subscription names none', async () => {
    const { admin } = stage
    await serve(components('appstudio.redhat.com'))
    const both = await stage.team('both')
    await both.subscribe({ events: [{ kind: 'Component', milestones: ['created'] }] })
    const ready = await both.condition('EventSubscription', 'subscription', 'Ready', {
      message: /^watching Component$/,
    })
    assert.ok(ready)
    await create(admin, both, 'appstudio.redhat.com/v1alpha1', 'Component', 'old')
    await both.received(1)
    await serve(components('konflux-ci.dev'))
    await create(admin, both, 'konflux-ci.dev/v1alpha1', 'Component', 'new')
    const received = await both.received(2)
    assert.deepEqual(received.map(momentOf), ['component/old created', 'component/new created'])
    assert.deepEqual(received.map(placeOf), [
      'appstudio.redhat.com/v1alpha1 /apis/appstudio.redhat.com/v1alpha1/namespaces/both/components/old',
      'konflux-ci.dev/v1alpha1 /apis/konflux-ci.dev/v1alpha1/namespaces/both/components/new',
    ])
    const one = { kind: 'Component', group: 'konflux-ci.dev', milestones: ['created'] }
    await both.subscription('subscription', { events: [one] })
    const named = /^watching Component\.konflux-ci\.dev$/
    await both.condition('EventSubscription', 'subscription', 'Ready', { message: named })
  })

  it('are followed from one version to another, and told as they are served', async () => {
    const { admin } = stage
    const group = 'appstudio.redhat.com'
    const scenarios = (...served: string[]) =>
      crd(group, 'IntegrationTestScenario', 'integrationtestscenarios', ['v1beta1', 'v1beta2'], served)
    await serve(scenarios('v1beta1'))
    const moved = await stage.team('moved')
    await moved.subscribe({ events: [{ kind: 'IntegrationTestScenario', milestones: ['created', 'deleted'] }] })
    await create(admin, moved, `${group}/v1beta1`, 'IntegrationTestScenario', 'one')
    await moved.received(1)
    await serve(scenarios('v1beta2'))
    await create(admin, moved, `${group}/v1beta2`, 'IntegrationTestScenario', 'two')
    await moved.received(2)
    // A watch of the former version may still be served; of the next none is.
    await stage.cp.apiserver.kill()
    await stage.cp.apiserver.restart()
    await admin.delete(`${group}/v1beta2`, 'IntegrationTestScenario', moved.namespace, 'one')
    await create(admin, moved, `${group}/v1beta2`, 'IntegrationTestScenario', 'three')
    const received = await moved.received(4)
    assert.deepEqual(received.slice(0, 2).map(momentOf), [
      'integrationtestscenario/one created',
      'integrationtestscenario/two created',
    ])
    assert.deepEqual(received.slice(2).map(momentOf).sort(), [
      'integrationtestscenario/one deleted',
      'integrationtestscenario/three created',
    ])
    const path = (version: string, name: string) =>
      `${group}/${version} /apis/${group}/${version}/namespaces/moved/integrationtestscenarios/${name}`
    const three = received.find((request) => momentOf(request).includes('three'))
    assert.ok(received[0] && three)
    assert.deepEqual([placeOf(received[0]), placeOf(three)], [path('v1beta1', 'one'), path('v1beta2', 'three')])
    assert.equal(new Set(received.map(({ id }) => id)).size, 4)
  })

  /** Applies a CRD, and resolves once the API server serves it as it says. */
  async function serve(manifest: ReturnType<typeof crd>): Promise<void> {
    await stage.admin.apply(manifest)
    const { group, names, versions } = manifest.spec
    for (const end = Date.now() + patienceMs; ; await delay(50)) {
      const answers = await Promise.all(
        versions.map(({ name }) => stage.admin.request('GET', `/apis/${group}/${name}/${names.plural}`)),
      )
      if (answers.every(({ status }, at) => (status === 200) === versions[at]?.served)) return
      assert.ok(Date.now() < end, `${names.plural}.${group} are not served as they should be`)
    }
  }

  /** Takes the right to a resource from the operator; gives what gives it back. */
  async function restrict(resource: string): Promise<() => Promise<unknown>> {
    const [version, kind] = ['rbac.authorization.k8s.io/v1', 'ClusterRole'] as const
    const { rules } = (await stage.admin.get(version, kind, undefined, 'carillon')) as unknown as { rules: Rule[] }
    const without = ({ resources: of, ...rule }: Rule) => ({ ...rule, resources: of.filter((one) => one !== resource) })
    const put = (what: Rule[]) => stage.admin.mergePatch(version, kind, undefined, 'carillon', { rules: what })
    await put(rules.map(without))
    return () => put(rules)
  }
})

type Rule = { apiGroups: string[]; resources: string[]; verbs: string[] }

/** A CRD that takes any content; of its versions the last is stored. */
function crd(group: string, kind: string, plural: string, versions: readonly string[], served: readonly string[]) {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: versions.map((name) => ({
        name,
        served: served.includes(name),
        storage: name === versions.at(-1),
        schema,
      })),
    },
  }
}

const components = (group: string) => crd(group, 'Component', 'components', ['v1alpha1'], ['v1alpha1'])

const create = (admin: AdminClient, { namespace }: Team, apiVersion: string, kind: string, name: string) =>
  admin.create({ apiVersion, kind, metadata: { name, namespace }, spec: {} })

/** `<apiVersion> <path>` of an event's object. */
function placeOf({ body }: Received): string {
  const { apiVersion, url } = JSON.parse(body) as { apiVersion: string; url: string }
  return `${apiVersion} ${new URL(url).pathname}`
}
