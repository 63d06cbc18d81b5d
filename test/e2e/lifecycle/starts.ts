import assert from 'node:assert/strict'
import { it } from 'node:test'
import { at, createRun, ended, momentOf, run, secondOver, writeStatus } from '../fixture.ts'
import type { Scene } from './scene.ts'

const hour = 3_600_000

/** From when on milestones count. */
export function starts(scene: Scene): void {
  it('takes all that can be read of runs that ended before, once, while others watch already', async () => {
    const { stage, admin } = scene
    const team = await stage.team('earliest')
    await team.subscribe({ events: [{ kind: 'TaskRun', milestones: ['queued', 'started', 'finished'] }] })
    const started = Date.now() - 3 * hour
    const done = started + hour
    const annotations = { 'chains.tekton.dev/signed': 'true' }
    const created = await createRun(admin, team.namespace, 'old', { annotations })
    await writeStatus(admin, team.namespace, 'old', ended({ started, done }))
    await team.received(1)

    const milestones = ['queued', 'started', 'finished', 'signed']
    await team.subscription('late', { startFrom: 'Earliest', events: [{ kind: 'TaskRun', milestones }] })
    await team.ready('late')
    const counts = await team.counts('EventSubscription', 'late', ({ delivered }) => delivered === 4)
    assert.deepEqual([counts.matched, counts.pending], [4, 0])
    await run(admin, team.namespace, 'new')
    const received = await team.received(1 + 4 + 2 * 3)
    const of = (name: string) => received.filter(({ subscription }) => subscription === `earliest/${name}`)
    const moments = (name: string) =>
      of(name).map((one) => `${momentOf(one)} ${String(one.headers['ce-time']).slice(0, 19)}Z`)
    assert.deepEqual(moments('late').slice(0, 4).sort(), [
      `taskrun/old finished ${at(done)}`,
      `taskrun/old queued ${created.metadata.creationTimestamp}`,
      `taskrun/old signed ${of('late').find((one) => momentOf(one).endsWith('signed'))?.headers['ce-time']}`.replace(
        '.000Z',
        'Z',
      ),
      `taskrun/old started ${at(started)}`,
    ])
    // For the other subscription its start and end were too early, and they still are.
    assert.deepEqual(of('subscription').map(momentOf), [
      'taskrun/old queued',
      'taskrun/new queued',
      'taskrun/new started',
      'taskrun/new finished',
    ])
    assert.equal(received.length, 11)
  })

  it('takes what happened since a time, and with Now nothing that is older than the subscription', async () => {
    const { stage, admin } = scene
    const team = await stage.team('since')
    const now = Date.now()
    for (const [name, done] of [
      ['ancient', now - 48 * hour],
      ['recent', now - hour],
    ] as const) {
      await createRun(admin, team.namespace, name)
      await writeStatus(admin, team.namespace, name, ended({ done }))
    }
    await team.subscribe()
    await team.subscription('since', { startFrom: at(now - 24 * hour) })
    await team.ready('since')
    await run(admin, team.namespace, 'new')
    const received = await team.received(6)
    const of = (name: string) => received.filter(({ subscription }) => subscription === `since/${name}`).map(momentOf)
    const fresh = ['taskrun/new started', 'taskrun/new finished']
    assert.deepEqual(of('subscription'), fresh)
    // There is an order within each run, none between them.
    const { recent, others } = Object.groupBy(of('since'), (one) => (one.includes('/recent ') ? 'recent' : 'others'))
    assert.deepEqual(recent, ['taskrun/recent started', 'taskrun/recent finished'])
    assert.deepEqual(others, fresh)
  })

  it('starts at now with a kind and with a sink that are added later', async () => {
    const { stage, admin } = scene
    const team = await stage.team('added')
    await team.sink('second')
    await team.subscribe({ events: [{ kind: 'TaskRun' }] })
    await run(admin, team.namespace, 'first')
    await run(admin, team.namespace, 'before', { kind: 'PipelineRun' })
    await team.received(2)
    await secondOver()
    await team.subscription('subscription', {
      sinks: [{ name: 'sink' }, { name: 'second' }],
      events: [{ kind: 'TaskRun' }, { kind: 'PipelineRun' }],
    })
    const ready = await team.ready()
    const [first, second] = (ready.status?.sinks ?? []) as { name: string; since: string }[]
    assert.deepEqual([first?.name, second?.name], ['sink', 'second'])
    assert.ok(Date.parse(first?.since ?? '') < Date.parse(second?.since ?? ''))
    await run(admin, team.namespace, 'after', { kind: 'PipelineRun' })
    const received = await team.received(6)
    assert.deepEqual(received.map(momentOf), [
      'taskrun/first started',
      'taskrun/first finished',
      ...received.slice(2).map(momentOf),
    ])
    assert.deepEqual(received.slice(2).map(momentOf).sort(), [
      ...['pipelinerun/after finished', 'pipelinerun/after finished'],
      ...['pipelinerun/after started', 'pipelinerun/after started'],
    ])
  })
}
