// What nobody subscribed to costs nothing: the API server's own count of watches tells.
import assert from 'node:assert/strict'
import { after, before as beforeAll, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { installTekton } from '../controlplane/tekton.ts'
import { momentOf, patienceMs, run, type Stage, startStage, type Team, toLoopback } from './fixture.ts'

describe('a kind', () => {
  const resources = new AsyncDisposableStack()
  let stage: Stage
  let team: Team
  /** Before the operator was there. */
  let before: Map<string, number>

  beforeAll(async () => {
    stage = resources.use(await startStage())
    await installTekton(stage.admin)
    before = await allWatches()
    await stage.operator({ args: toLoopback })
    team = await stage.team('cost')
  })
  after(() => resources.disposeAsync())

  /** Open watches by resource, from the API server's metrics. */
  async function allWatches(): Promise<Map<string, number>> {
    const { body } = await stage.admin.request('GET', '/metrics')
    const open = new Map<string, number>()
    for (const line of String(body).split('\n')) {
      const resource = /^apiserver_longrunning_requests\{.*[{,]resource="([^"]+)"/.exec(line)?.[1]
      if (resource === undefined) continue
      open.set(resource, (open.get(resource) ?? 0) + Number(line.slice(line.lastIndexOf(' '))))
    }
    return open
  }

  const watches = async (resource: string) => (await allWatches()).get(resource) ?? 0

  async function becomes(resource: string, count: number): Promise<void> {
    const end = Date.now() + patienceMs
    while ((await watches(resource)) !== count) {
      assert.ok(Date.now() < end, `${resource} are watched ${await watches(resource)} times, not ${count}`)
      await delay(50)
    }
  }

  it('is not watched before somebody needs it: the operator follows what is declared for it, and no more', async () => {
    for (const resource of ['eventsinks', 'eventsubscriptions']) await becomes(resource, 1)
    await becomes('configmaps', (before.get('configmaps') ?? 0) + 1)
    const more = [...(await allWatches())].filter(([resource, count]) => count > (before.get(resource) ?? 0))
    assert.deepEqual(more.map(([resource]) => resource).sort(), ['configmaps', 'eventsinks', 'eventsubscriptions'])
  })

  it('is watched once, while some subscription needs it, and not before or after', async () => {
    await becomes('eventsubscriptions', 1)
    assert.equal(await watches('taskruns'), 0)
    await team.subscribe({ events: [{ kind: 'TaskRun' }] })
    await team.subscription('second', { events: [{ kind: 'TaskRun' }] })
    await team.ready('second')
    await becomes('taskruns', 1)
    assert.equal(await watches('pipelineruns'), 0)
    await run(stage.admin, team.namespace, 'one')
    const moments = (await team.received(4)).map(momentOf)
    assert.deepEqual([...new Set(moments)].sort(), ['taskrun/one finished', 'taskrun/one started'])

    await team.delete('EventSubscription', 'subscription')
    await team.subscription('second', { events: [{ kind: 'PipelineRun' }] })
    await becomes('taskruns', 0)
    await becomes('pipelineruns', 1)
    await team.delete('EventSubscription', 'second')
    await becomes('pipelineruns', 0)
  })
})
