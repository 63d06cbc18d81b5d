import assert from 'node:assert/strict'
import { it } from 'node:test'
import { metric } from '../../operator/process.ts'
import { momentOf, run, secondOver } from '../fixture.ts'
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
    assert.equal(await metric(operator, 'carillon_dropped_total'), 2)

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
      pending: 0,
    })
    await run(admin, team.namespace, 'two')
    await team.sink()
    const received = await team.received(5)
    const mine = received.filter(({ subscription }) => subscription === 'deleted/subscription')
    assert.deepEqual(mine.map(momentOf), ['taskrun/two finished'])
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
