import assert from 'node:assert/strict'
import { it } from 'node:test'
import { momentOf, run, secondOver } from '../fixture.ts'
import type { Scene } from './scene.ts'

export function suspending(scene: Scene): void {
  it('keeps what is for a suspended sink, and sends it in order once it is resumed', async () => {
    const { stage, admin } = scene
    const team = await stage.team('suspended-sink')
    await team.subscribe({}, {}, { suspend: true })
    await team.condition('EventSink', 'sink', 'Ready', { status: 'True', reason: 'Suspended' })
    await run(admin, team.namespace, 'one')
    await run(admin, team.namespace, 'two')
    await team.counts('EventSubscription', 'subscription', ({ pending }) => pending === 4)
    assert.equal(team.server.received.length, 0)
    await team.sink()
    const moments = (await team.received(4)).map(momentOf)
    for (const name of ['one', 'two']) {
      assert.deepEqual(
        moments.filter((moment) => moment.includes(name)),
        [`taskrun/${name} started`, `taskrun/${name} finished`],
      )
    }
  })

  it('matches nothing while a subscription is suspended, and goes on at now', async () => {
    const { stage, admin } = scene
    const team = await stage.team('suspended-subscription')
    await team.subscribe({ startFrom: 'Earliest' })
    await run(admin, team.namespace, 'before')
    await team.received(2)
    await team.subscription('subscription', { startFrom: 'Earliest', suspend: true })
    await team.condition('EventSubscription', 'subscription', 'Ready', { status: 'True', reason: 'Suspended' })
    await run(admin, team.namespace, 'meanwhile')
    await secondOver()
    await team.subscription('subscription', { startFrom: 'Earliest' })
    await team.condition('EventSubscription', 'subscription', 'Ready', { status: 'True', reason: 'Watching' })
    await run(admin, team.namespace, 'after')
    const received = await team.received(4)
    assert.deepEqual(received.map(momentOf), [
      'taskrun/before started',
      'taskrun/before finished',
      'taskrun/after started',
      'taskrun/after finished',
    ])
    const counts = await team.counts('EventSubscription', 'subscription', ({ delivered }) => delivered === 4)
    assert.equal(counts.matched, 4)
  })
}
