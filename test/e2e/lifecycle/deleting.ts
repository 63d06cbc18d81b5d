import assert from 'node:assert/strict'
import { it } from 'node:test'
import { metric } from '../../operator/process.ts'
import { createRun, ended, momentOf, run, running, secondOver, writeStatus } from '../fixture.ts'
import type { Scene } from './scene.ts'

export function deleting(scene: Scene): void {
  it('drops and counts what waits for a deleted subscription; one of the same name starts over', async () => {
    const { stage, admin, operator } = scene
    const team = await stage.team('deleted')
    await team.subscribe({}, {}, { suspend: true })
    await team.subscription('beside')
    await team.ready('beside')
    await run(admin, team.namespace, 'one')
    await team.counts('EventSink', 'sink', ({ pending }) => pending === 4)
    await team.delete('EventSubscription', 'subscription')
    const counts = await team.counts('EventSink', 'sink', ({ pending }) => pending === 2)
    assert.equal(counts.dropped, 2)
    assert.equal(await metric(operator, 'carillon_dropped_total', 'SubscriptionDeleted'), 2)
    const events = await admin.path('v1', 'Event', team.namespace)
    const told = await admin.waitFor(events, ({ reason }) => reason === 'SubscriptionDeleted', { what: 'a core Event' })
    assert.match(String(told.message), /^2 deliveries /)
    assert.equal((told.involvedObject as { name: string }).name, 'subscription')

    await secondOver()
    await team.subscription('subscription', { events: [{ kind: 'TaskRun', milestones: ['finished'] }] })
    const ready = await team.ready()
    assert.deepEqual(ready.status?.counts, {
      matched: 0,
      filtered: 0,
      delivered: 0,
      retried: 0,
      deadLettered: 0,
      dropped: 0,
      invalid: 0,
      pending: 0,
    })
    await run(admin, team.namespace, 'two')
    await team.sink()
    const received = await team.received(5)
    const mine = received.filter(({ subscription }) => subscription === 'deleted/subscription')
    assert.deepEqual(mine.map(momentOf), ['taskrun/two finished'])
  })

  it('tells of runs that are deleted before their end, whole lives of them, and of no other deletion', async () => {
    const { stage, admin } = scene
    const team = await stage.team('going')
    const ns = team.namespace
    const all = { kind: 'TaskRun', milestones: ['queued', 'started', 'finished', 'deleted'] }
    await createRun(admin, ns, 'here-before')
    await team.subscribe({ startFrom: 'Earliest', events: [{ ...all, milestones: ['queued'] }] })
    await team.received(1)
    // A milestone that comes to an old subscription tells of nothing that has been.
    await team.subscription('subscription', { startFrom: 'Earliest', events: [all] })
    await team.ready()

    const remove = (name: string) => admin.delete('tekton.dev/v1', 'TaskRun', ns, name)
    const mark = (name: string, metadata: object) =>
      admin.mergePatch('tekton.dev/v1', 'TaskRun', ns, name, { metadata })
    await remove('here-before')
    for (const name of ['stopped', 'kept', 'kept-to-its-end', 'ended']) await createRun(admin, ns, name)
    for (const name of ['kept', 'kept-to-its-end']) await mark(name, { finalizers: ['chains.tekton.dev/finalizer'] })
    for (const name of ['stopped', 'kept', 'kept-to-its-end', 'ended']) await writeStatus(admin, ns, name, running())
    await writeStatus(admin, ns, 'ended', ended())
    for (const name of ['stopped', 'kept', 'kept-to-its-end', 'ended']) await remove(name)
    const { deletionTimestamp } = (await mark('kept', { annotations: { touched: 'yes' } })).metadata
    await writeStatus(admin, ns, 'kept-to-its-end', ended())
    await secondOver()
    for (const name of ['kept', 'kept-to-its-end']) await mark(name, { finalizers: null })
    for (const _ of [1, 2]) {
      await createRun(admin, ns, 'again')
      await remove('again')
    }
    await run(admin, ns, 'last')

    const received = await team.received(21)
    const byUid = Map.groupBy(received, (one) => `${one.headers['ce-uid']}`)
    const lives = [...byUid.values()].map((events) => {
      const sequences = events.map((one) => String(one.headers['ce-sequence']))
      assert.deepEqual(sequences, sequences.toSorted())
      return [momentOf(events[0] as never).split(' ')[0], ...events.map((one) => momentOf(one).split(' ')[1])].join(' ')
    })
    assert.deepEqual(lives.sort(), [
      'taskrun/again queued deleted',
      'taskrun/again queued deleted',
      'taskrun/ended queued started finished',
      'taskrun/here-before queued deleted',
      'taskrun/kept queued started deleted',
      'taskrun/kept-to-its-end queued started finished',
      'taskrun/last queued started finished',
      'taskrun/stopped queued started deleted',
    ])
    const kept = received.find((one) => momentOf(one) === 'taskrun/kept deleted')
    assert.equal(kept?.headers['ce-time'], deletionTimestamp?.replace('Z', '.000Z'))
  })

  it('keeps what waits for a deleted sink for one of the same name', async () => {
    const { stage, admin } = scene
    const team = await stage.team('sink-again', { sink: { behaviour: { kind: 'answer', status: 503 } } })
    await team.subscribe()
    await run(admin, team.namespace, 'one')
    await team.counts('EventSubscription', 'subscription', ({ matched, pending }) => matched === 2 && pending === 2)
    await team.delete('EventSink', 'sink')
    await team.condition('EventSubscription', 'subscription', 'Ready', { status: 'False', reason: 'SinkNotFound' })
    await run(admin, team.namespace, 'two')
    await team.counts('EventSubscription', 'subscription', ({ matched, pending }) => matched === 4 && pending === 4)
    const before = team.server.received.length
    team.server.behave({ kind: 'answer', status: 204 })
    await team.sink()
    await team.counts('EventSubscription', 'subscription', ({ delivered, pending }) => delivered === 4 && pending === 0)
    assert.deepEqual(team.server.received.slice(before).map(momentOf).sort(), [
      'taskrun/one finished',
      'taskrun/one started',
      'taskrun/two finished',
      'taskrun/two started',
    ])
  })
}
