import assert from 'node:assert/strict'
import { it } from 'node:test'
import { run } from '../fixture.ts'
import type { Scene } from './scene.ts'

/** What is told must be true; so these come last. */
export function reports(scene: Scene): void {
  it('counts what the sink saw, in both statuses and in the metrics, without names of runs', async () => {
    const { stage, admin, operator } = scene
    let requests = 0
    const team = await stage.team('reports')
    team.server.behave(() => ({ kind: 'answer', status: ++requests % 3 === 0 ? 500 : 204 }))
    await team.subscribe(
      { filter: 'milestone.outcome != "failure"' },
      {},
      { retry: { initialDelay: '10ms', maxDelay: '50ms' } },
    )
    const names = Array.from({ length: 10 }, (_, index) => `run-qzv-${index}`)
    await Promise.all(names.map((name) => run(admin, team.namespace, name)))
    const counts = await team.counts('EventSubscription', 'subscription', ({ delivered }) => delivered === 20)
    const { received } = team.server
    const expected = { delivered: 20, retried: received.length - 20, deadLettered: 0, dropped: 0 }
    assert.deepEqual(counts, { matched: 20, filtered: 0, ...expected, invalid: 0, pending: 0 })
    const { status } = await team.ask('EventSink', 'sink')
    assert.deepEqual([status?.counts, status?.pending], [expected, 0])
    const { lastDelivered } = (await team.get('EventSubscription', 'subscription')).status ?? {}
    assert.equal(lastDelivered?.id, received.findLast((_, index) => (index + 1) % 3 !== 0)?.id)
    assert.deepEqual([lastDelivered?.sink, lastDelivered?.httpStatus], ['reports/sink', 204])

    const metrics = await (await fetch(`${operator.health}/metrics`)).text()
    assert.match(metrics, /^carillon_delivered_total\{sink="reports\/sink"\} 20$/m)
    assert.match(
      metrics,
      new RegExp(
        `^carillon_failed_attempts_total\\{sink="reports/sink",reason="HTTP500"\\} ${received.length - 20}$`,
        'm',
      ),
    )
    assert.doesNotMatch(metrics, /qzv/)
    assert.doesNotMatch(metrics, /carillon_loop_failures_total\{/)
    for (const name of [
      'watch_events',
      'matched',
      'pending',
      'attempt_duration_seconds',
      'listed_objects',
      'status_writes',
    ])
      assert.match(metrics, new RegExp(`^# TYPE carillon_${name}`, 'm'))
  })

  it('met nothing that it had not expected', () => {
    assert.deepEqual(
      scene.operator.log.filter(({ level }) => level === 'error'),
      [],
    )
  })
}
