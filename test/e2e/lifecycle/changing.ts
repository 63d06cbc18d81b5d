import assert from 'node:assert/strict'
import { it } from 'node:test'
import { startSink } from '../../controlplane/sink.ts'
import { momentOf, run } from '../fixture.ts'
import type { Scene } from './scene.ts'

/** A spec that is changed while deliveries wait. */
export function changing(scene: Scene): void {
  it('sends what waits as it was encoded, to the sink’s present address', async () => {
    const { stage, admin } = scene
    const team = await stage.team('changed', { sink: { behaviour: { kind: 'answer', status: 503 } } })
    await using other = await startSink()
    await team.subscribe({ extensions: { tier: 'before' } })
    await run(admin, team.namespace, 'one')
    await team.counts('EventSubscription', 'subscription', ({ pending }) => pending === 2)
    await team.subscription('subscription', {
      formats: ['cdevents'],
      extensions: { tier: 'after' },
      filter: 'milestone.name == "finished"',
    })
    await team.ready()
    await team.sink('sink', { url: other.url, mode: 'structured' })
    const events = (await other.waitFor((received) => received.length >= 2, { what: 'what waited' })).map(
      ({ body }) => JSON.parse(body) as { subject: string; type: string; tier: string },
    )
    assert.deepEqual(
      events.map(({ type, tier }) => [type, tier]),
      ['started', 'finished'].map((name) => [`dev.carillon.tekton.taskrun.${name}.v1`, 'before']),
    )

    await run(admin, team.namespace, 'two')
    const [last] = (await other.waitFor((received) => received.length >= 3, { what: 'what came after' })).slice(2)
    const { type, tier } = JSON.parse(last?.body ?? '') as { type: string; tier: string }
    assert.deepEqual([type, tier], ['dev.cdevents.taskrun.finished.0.2.0', 'after'])
    await team.counts('EventSubscription', 'subscription', ({ delivered, pending }) => delivered === 3 && pending === 0)
    assert.deepEqual(
      team.server.received.map(momentOf).filter((moment) => !moment.startsWith('taskrun/one')),
      [],
    )
  })
}
