// What nobody subscribed to costs nothing: the API server's own counts of watches and requests tell.
import assert from 'node:assert/strict'
import { after, before as beforeAll, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { installTekton } from '../controlplane/tekton.ts'
import { momentOf, patienceMs, run, type Stage, startStage, type Team, toLoopback } from './fixture.ts'

describe('what it costs the API server', () => {
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

  /** Of one of the API server's metrics, the sums by resource; `having` is part of a line's labels. */
  async function byResource(metric: string, having = ''): Promise<Map<string, number>> {
    const { body } = await stage.admin.request('GET', '/metrics')
    const sums = new Map<string, number>()
    for (const line of String(body).split('\n')) {
      const resource = line.startsWith(`${metric}{`) && /[{,]resource="([^"]+)"/.exec(line)?.[1]
      if (!resource || !line.includes(having)) continue
      sums.set(resource, (sums.get(resource) ?? 0) + Number(line.slice(line.lastIndexOf(' '))))
    }
    return sums
  }

  const allWatches = () => byResource('apiserver_longrunning_requests')
  const secretReads = async () => (await byResource('apiserver_request_total', 'verb="GET"')).get('secrets') ?? 0

  const watches = async (resource: string) => (await allWatches()).get(resource) ?? 0

  async function becomes(resource: string, count: number): Promise<void> {
    const end = Date.now() + patienceMs
    while ((await watches(resource)) !== count) {
      assert.ok(Date.now() < end, `${resource} are watched ${await watches(resource)} times, not ${count}`)
      await delay(50)
    }
  }

  it('a kind is not watched before somebody needs it: the operator follows what is declared for it, and no more', async () => {
    for (const resource of ['eventsinks', 'eventsubscriptions']) await becomes(resource, 1)
    await becomes('configmaps', (before.get('configmaps') ?? 0) + 1)
    const more = [...(await allWatches())].filter(([resource, count]) => count > (before.get(resource) ?? 0))
    assert.deepEqual(more.map(([resource]) => resource).sort(), ['configmaps', 'eventsinks', 'eventsubscriptions'])
  })

  it('a kind is watched once, while some subscription needs it, and not before or after', async () => {
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

  it('a Secret is read when its sink has something to send, and by no sink that is idle', async () => {
    await team.secret('qe', { token: 'first' })
    const auth = { bearer: { secretRef: { name: 'qe' } } }
    await team.subscribe({ events: [{ kind: 'TaskRun', milestones: ['finished'] }] }, { auth })
    const tokens = async (name: string) => {
      const before = team.server.received.length
      await run(stage.admin, team.namespace, name)
      return (await team.received(before + 1)).slice(before).map(({ headers }) => headers.authorization)
    }
    assert.deepEqual(await tokens('two'), ['Bearer first'])
    const read = await secretReads()
    assert.ok(read > 0)
    await team.secret('qe', { token: 'second' })
    // As old as a Secret may be at the next attempt, and more.
    await delay(12_000)
    assert.equal(await secretReads(), read)
    assert.deepEqual(await tokens('three'), ['Bearer second'])
    assert.ok((await secretReads()) > read)
  })
})
