import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Received } from '../../controlplane/sink.ts'
import { createRun, run, running, secondOver, writeStatus } from '../fixture.ts'
import { Lives, moments, oneIdEach, type Scene } from './scene.ts'

/** What becomes part of a subscription while nobody is there to see it. */
export function away(scene: Scene): void {
  it('begins with what was added while it was away when that was written, and with what was never seen when it was created', async () => {
    const { stage, admin } = scene
    await using lives = new Lives(stage)
    const team = await stage.team('away')
    const ns = team.namespace
    await lives.begin()
    await team.subscribe({ events: [{ kind: 'TaskRun', milestones: ['finished'] }] })
    await createRun(admin, ns, 'going')
    await writeStatus(admin, ns, 'going', running())
    await run(admin, ns, 'pipeline-before', { kind: 'PipelineRun' })
    await run(admin, ns, 'seen')
    await team.received(1)
    await lives.kill()

    await secondOver()
    const events = [{ kind: 'TaskRun', milestones: ['queued', 'finished'] }, { kind: 'PipelineRun' }]
    await team.subscription('subscription', { events })
    await team.subscription('fresh', { events: [{ kind: 'TaskRun', milestones: ['finished'] }] })
    await run(admin, ns, 'between')
    await run(admin, ns, 'pipeline-between', { kind: 'PipelineRun' })
    await delay(1500)
    // Changed before anybody has seen it: it still begins when it was created. And the other is written once more.
    await team.subscription('fresh', { events: [{ kind: 'TaskRun', milestones: ['finished', 'queued'] }] })
    await run(admin, ns, 'after')

    await lives.begin()
    await run(admin, ns, 'end')
    const of = (name: string, all = team.server.received) =>
      moments(all.filter(({ subscription }) => subscription === `${ns}/${name}`))
    const isOver = (all: Received[]) => of('fresh', all).length >= 6 && of('subscription', all).length >= 9
    const received = await team.received(isOver, 'what was missed')
    const both = ['after finished', 'after queued', 'between finished', 'between queued', 'end finished', 'end queued']
    assert.deepEqual(of('fresh'), both)
    assert.deepEqual(
      of('subscription'),
      [...both, 'pipeline-between finished', 'pipeline-between started', 'seen finished'].sort(),
    )
    oneIdEach(received)
  })

  it('looks through namespaces whose labels were changed while it was away', async () => {
    const { stage, admin } = scene
    await using lives = new Lives(stage, ['--admin-namespace', 'platform'])
    const team = await stage.team('labelled', { labels: { audited: 'no' } })
    const other = await stage.team('unlabelled', { labels: { unaudited: 'yes', own: 'yes' } })
    const metadata = { name: 'audit', namespace: 'platform' }
    const apiVersion = 'carillon.dev/v1alpha1'
    await admin.apply([
      { apiVersion, kind: 'EventSink', metadata, spec: { http: { url: team.server.url } } },
      ...[
        { name: 'audit', namespaceSelector: { matchLabels: { audited: 'yes' } } },
        {
          name: 'rest',
          namespaceSelector: {
            matchLabels: { own: 'yes' },
            matchExpressions: [{ key: 'unaudited', operator: 'DoesNotExist' }],
          },
        },
      ].map(({ name, namespaceSelector }) => ({
        apiVersion,
        kind: 'EventSubscription',
        metadata: { ...metadata, name },
        spec: {
          sinks: [{ name: 'audit' }],
          namespaceSelector,
          events: [{ kind: 'TaskRun', milestones: ['finished'] }],
        },
      })),
    ])
    await lives.begin()
    await secondOver()
    await run(admin, team.namespace, 'before')
    await run(admin, other.namespace, 'other-before')
    // Its end shows that those before were passed over, and its delivery that the labels were noted.
    await admin.mergePatch('v1', 'Namespace', undefined, 'default', { metadata: { labels: { audited: 'yes' } } })
    await run(admin, 'default', 'seen')
    await team.received(1)
    await delay(1500)
    await lives.kill()

    await admin.mergePatch('v1', 'Namespace', undefined, team.namespace, { metadata: { labels: { audited: 'yes' } } })
    await admin.mergePatch('v1', 'Namespace', undefined, other.namespace, { metadata: { labels: { unaudited: null } } })
    await lives.begin()
    const received = await team.received((all) => moments(all).length >= 3, 'what came into reach')
    assert.deepEqual(moments(received), ['before finished', 'other-before finished', 'seen finished'])
    oneIdEach(received)
    for (const kind of ['EventSubscription', 'EventSink'])
      for (const name of ['audit', 'rest'])
        if (kind !== 'EventSink' || name === 'audit') await admin.delete(apiVersion, kind, 'platform', name)
  })
}
