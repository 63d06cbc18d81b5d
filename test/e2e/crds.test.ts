// A cluster that changes under the operator: kinds that come later, rights that are missing.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { installTekton } from '../controlplane/tekton.ts'
import type { OperatorProcess } from '../operator/process.ts'
import { conditionsOf, momentOf, run, type Stage, startStage, type Team, toLoopback } from './fixture.ts'
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
    const forbidden = { status: 'False', reason: 'Forbidden', message: /may not list and watch CustomRun;/ } as const
    const refused = await other.condition('EventSubscription', 'subscription', 'Ready', forbidden)
    assert.equal(conditionsOf(refused).find(({ type }) => type === 'Reconciling')?.status, 'True')
    await other.ready('tasks')
    await run(admin, other.namespace, 'approve', { kind: 'CustomRun' })
    await run(admin, other.namespace, 'one')
    assert.deepEqual((await other.received(4)).map(momentOf).sort(), [
      ...['taskrun/one finished', 'taskrun/one finished'],
      ...['taskrun/one started', 'taskrun/one started'],
    ])

    await allow()
    const all = await other.received(6)
    assert.deepEqual(all.slice(4).map(momentOf), ['customrun/approve started', 'customrun/approve finished'])
    await other.ready()
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
