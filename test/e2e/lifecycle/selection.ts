import assert from 'node:assert/strict'
import { it } from 'node:test'
import { momentOf, run, Team } from '../fixture.ts'
import type { Scene } from './scene.ts'

/** Which objects a subscription sees, and in which form their events come. */
export function selection(scene: Scene): void {
  it('refuses a namespaceSelector outside of admin namespaces', async () => {
    const team = await scene.stage.team('no-admin')
    await team.sink()
    await team.subscription('subscription', { namespaceSelector: {} })
    const expected = {
      status: 'True',
      reason: 'NamespaceSelectorNotAllowed',
      message: /admin namespaces only/,
    } as const
    await team.condition('EventSubscription', 'subscription', 'Stalled', expected)
  })

  it('takes the objects of selected namespaces, also of one that is labelled later', async () => {
    const { stage, admin } = scene
    const labels = { audited: 'yes' }
    const inside = await stage.team('audited', { labels })
    const later = await stage.team('audited-later')
    await stage.team('not-audited')
    const team = new Team(admin, 'platform', inside.server, undefined)
    await team.subscribe({ namespaceSelector: { matchLabels: labels } })
    await run(admin, 'not-audited', 'unseen')
    await run(admin, 'audited-later', 'early')
    await run(admin, 'audited', 'seen')
    assert.deepEqual((await team.received(2)).map(momentOf), ['taskrun/seen started', 'taskrun/seen finished'])

    await admin.mergePatch('v1', 'Namespace', undefined, later.namespace, { metadata: { labels } })
    const received = await team.received(4)
    assert.deepEqual(received.slice(2).map(momentOf), ['taskrun/early started', 'taskrun/early finished'])
    await run(admin, 'audited-later', 'late')
    const all = await team.received(6)
    assert.deepEqual(all.slice(4).map(momentOf), ['taskrun/late started', 'taskrun/late finished'])
    assert.match(String(all[5]?.headers['ce-source']), /\/namespaces\/audited-later\/tekton$/)
  })

  it('takes only objects with the labels asked for, of the kinds and milestones asked for', async () => {
    const { stage, admin } = scene
    const team = await stage.team('labels')
    const build = { 'pipelines.appstudio.openshift.io/type': 'build' }
    await team.subscribe({
      events: [
        { kind: 'PipelineRun', milestones: ['finished'], selector: { matchLabels: build } },
        {
          kind: 'CustomRun',
          milestones: ['queued'],
          selector: { matchExpressions: [{ key: 'skip', operator: 'DoesNotExist' }] },
        },
      ],
    })
    await run(admin, team.namespace, 'other', { kind: 'PipelineRun' })
    await run(admin, team.namespace, 'task', { labels: build })
    await run(admin, team.namespace, 'skipped', { kind: 'CustomRun', labels: { skip: '' } })
    await run(admin, team.namespace, 'approve', { kind: 'CustomRun' })
    await run(admin, team.namespace, 'build', { kind: 'PipelineRun', labels: build })
    const received = await team.received(2)
    assert.deepEqual(received.map(momentOf).sort(), ['customrun/approve queued', 'pipelinerun/build finished'])
  })

  it('takes only objects that ask for it, where it is for those', async () => {
    const { stage, admin } = scene
    const team = await stage.team('asked')
    await team.subscribe({ onRequest: true, events: [{ kind: 'TaskRun', milestones: ['finished'] }] })
    await run(admin, team.namespace, 'silent')
    await run(admin, team.namespace, 'other', { annotations: { 'carillon.dev/subscriptions': 'subscriptions' } })
    const annotations = { 'carillon.dev/subscriptions': 'notes, asked/subscription' }
    await run(admin, team.namespace, 'asking', { annotations })
    assert.deepEqual((await team.received(1)).map(momentOf), ['taskrun/asking finished'])
    const counts = await team.counts('EventSubscription', 'subscription', ({ delivered }) => delivered === 1)
    assert.deepEqual([counts.matched, counts.filtered], [1, 0])
  })

  it('sends structured events, each in every format, with extensions', async () => {
    const { stage, admin } = scene
    const team = await stage.team('structured')
    const formats = ['cloudevents', 'cdevents', 'tektonv1', 'tektonv2']
    await team.subscribe(
      { formats, cdevents: { specVersion: '0.4.1' }, extensions: { team: 'payments' }, data: { content: 'full' } },
      { mode: 'structured' },
    )
    await run(admin, team.namespace, 'one')
    const received = await team.received(
      (all) => bodies(all).filter(({ type }) => /succ|finished/.test(type)).length >= 4,
    )
    const events = bodies(received)
    const last = events.filter(({ type }) => /successful|finished/.test(type)).map(({ type }) => type)
    assert.deepEqual(last, [
      'dev.carillon.tekton.taskrun.finished.v1',
      'dev.cdevents.taskrun.finished.0.2.0',
      'dev.tekton.event.taskrun.successful.v1',
      'dev.tekton.event.taskrun.successful.v2',
    ])
    assert.equal(new Set(events.map(({ id }) => id)).size, events.length)
    for (const event of events) {
      assert.equal(event.specversion, '1.0')
      assert.equal(event.team, 'payments')
      assert.equal(event.datacontenttype, 'application/json')
    }
    for (const { headers } of received) {
      assert.equal(headers['content-type'], 'application/cloudevents+json; charset=utf-8')
      assert.equal(headers['carillon-subscription'], 'structured/subscription')
      assert.equal(headers['ce-id'], undefined)
    }
    const own = events.find(({ type }) => type === 'dev.carillon.tekton.taskrun.finished.v1')
    const { object } = own?.data as { object: { metadata: { name: string } } }
    assert.equal(object.metadata.name, 'one')
  })
}

type Event = { id: string; type: string; specversion: string; datacontenttype: string; team?: string; data: unknown }

const bodies = (received: { body: string }[]): Event[] => received.map(({ body }) => JSON.parse(body) as Event)
