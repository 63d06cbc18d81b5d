import assert from 'node:assert/strict'
import { it } from 'node:test'
import { conditionsOf, momentOf, run, secondOver } from '../fixture.ts'
import type { Scene } from './scene.ts'

/** Filters that can't be used, and filters that fail on some objects. */
export function filters(scene: Scene): void {
  it('says where a filter does not compile, and serves the subscriptions beside it', async () => {
    const { stage, admin } = scene
    const team = await stage.team('bad-filters')
    await team.sink()
    await team.subscription('broken', { filter: 'milestone.name ==\n  && true' })
    await team.subscription('unknown', { filter: 'milestone.name == "finished" && run.name == "x"' })
    await team.subscription()
    await team.ready()
    const broken = await team.condition('EventSubscription', 'broken', 'Stalled', {
      status: 'True',
      reason: 'FilterInvalid',
    })
    const unknown = await team.condition('EventSubscription', 'unknown', 'Stalled', {
      status: 'True',
      reason: 'FilterInvalid',
    })
    const [ready, , stalled] = conditionsOf(broken)
    assert.deepEqual([ready?.type, ready?.status, ready?.reason], ['Ready', 'False', 'FilterInvalid'])
    assert.match(stalled?.message ?? '', /line 2, column 3/)
    assert.match(conditionsOf(unknown)[0]?.message ?? '', /line 1, column 33.*run/)

    await run(admin, team.namespace, 'one')
    assert.deepEqual((await team.received(2)).map(momentOf), ['taskrun/one started', 'taskrun/one finished'])

    await secondOver()
    await team.subscription('broken', { filter: 'milestone.name == "finished"' })
    await team.ready('broken')
    await run(admin, team.namespace, 'two')
    const received = await team.received(5)
    assert.deepEqual(received.filter(({ subscription }) => subscription === 'bad-filters/broken').map(momentOf), [
      'taskrun/two finished',
    ])
  })

  it('counts and names what a filter misses in an object, and goes on', async () => {
    const { stage, admin } = scene
    const team = await stage.team('filter-errors')
    await team.subscribe({ filter: 'object.metadata.labels.team == "a" && milestone.outcome == "success"' })
    await run(admin, team.namespace, 'unlabelled', { labels: { other: 'a' } })
    await team.condition('EventSubscription', 'subscription', 'FilterErrors', { status: 'True', message: /team/ })
    await run(admin, team.namespace, 'labelled', { labels: { team: 'a' } })
    await run(admin, team.namespace, 'other', { labels: { team: 'b' } })
    assert.deepEqual((await team.received(1)).map(momentOf), ['taskrun/labelled finished'])
    const counts = await team.counts('EventSubscription', 'subscription', ({ filtered }) => filtered === 5)
    assert.equal(counts.matched, 1)
    const metrics = await (await fetch(`${scene.operator.health}/metrics`)).text()
    assert.match(metrics, /^carillon_filter_errors_total\{kind="TaskRun"\} [1-9]/m)

    await team.subscription('subscription', { filter: 'milestone.outcome == "success"' })
    const mended = await team.ready()
    assert.equal(
      conditionsOf(mended).find(({ type }) => type === 'FilterErrors'),
      undefined,
    )
  })
}
