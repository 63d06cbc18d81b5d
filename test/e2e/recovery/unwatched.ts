import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { metric } from '../../operator/process.ts'
import { conditionsOf, run } from '../fixture.ts'
import { forgetThePast, Lives, moments, type Scene } from './scene.ts'

/** A kind that nobody wanted for a while. */
export function unwatched(scene: Scene): void {
  it('tells a subscription of no gap that was over before it was there', { timeout: 60_000 }, async () => {
    const { stage, admin } = scene
    await using lives = new Lives(stage)
    const team = await stage.team('unwatched')
    const events = [{ kind: 'CustomRun', milestones: ['unknown', 'finished'] }]
    const operator = await lives.begin()
    await team.subscribe({ events })
    await run(admin, team.namespace, 'before', { kind: 'CustomRun' })
    await team.received((all) => moments(all).includes('before finished'), 'the run before')
    await team.delete('EventSubscription', 'subscription')
    await delay(1500)
    await forgetThePast(scene)
    await team.subscription('later', { events })
    await team.ready('later')
    await run(admin, team.namespace, 'after', { kind: 'CustomRun' })
    await team.received((all) => moments(all).includes('after finished'), 'the run after')
    while ((await metric(operator, 'carillon_relists_total', 'kind="CustomRun",reason="expired"')) === 0)
      await delay(100)
    // What would be told of that list is told within a moment.
    await delay(2000)
    const later = await team.get('EventSubscription', 'later')
    assert.equal(conditionsOf(later).find(({ type }) => type === 'Continuity')?.reason, 'Continuous')
  })
}
