// What nobody subscribed to costs nothing: the API server's own count of watches tells.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { installTekton } from '../controlplane/tekton.ts'
import { momentOf, patienceMs, run, type Stage, startStage, type Team, toLoopback } from './fixture.ts'

describe('a kind', () => {
  const resources = new AsyncDisposableStack()
  let stage: Stage
  let team: Team

  before(async () => {
    stage = resources.use(await startStage())
    await installTekton(stage.admin)
    await stage.operator({ args: toLoopback })
    team = await stage.team('cost')
  })
  after(() => resources.disposeAsync())

  /** Open watches of a resource, from the API server's metrics. */
  async function watches(resource: string): Promise<number> {
    const { body } = await stage.admin.request('GET', '/metrics')
    const lines = String(body)
      .split('\n')
      .filter((line) => line.startsWith('apiserver_longrunning_requests{') && line.includes(`resource="${resource}"`))
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
  }

  async function becomes(resource: string, count: number): Promise<void> {
    const end = Date.now() + patienceMs
    while ((await watches(resource)) !== count) {
      assert.ok(Date.now() < end, `${resource} are watched ${await watches(resource)} times, not ${count}`)
      await delay(50)
    }
  }

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
