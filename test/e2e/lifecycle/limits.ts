import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Received } from '../../controlplane/sink.ts'
import { createRun, ended, momentOf, run, typeOf, writeStatus } from '../fixture.ts'
import type { Scene } from './scene.ts'

/** Too large, and odd. */
export function limits(scene: Scene): void {
  it('sends a summary where the whole object is too large, and gives up where even that is', async () => {
    const { stage, admin } = scene
    const team = await stage.team('large')
    await team.subscribe({ data: { content: 'full' } }, {}, { limits: { maxEventBytes: 4096 } })
    const long = (letter: string, length: number) => letter.repeat(length)
    await runWith('long-param', { params: [{ name: 'p', value: long('x', 8_000) }] })
    const received = await team.received(2)
    for (const { body } of received) {
      const data = JSON.parse(body) as { object?: object; name: string }
      assert.deepEqual([data.object, data.name], [undefined, 'long-param'])
    }
    const labels = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`label-${n}`, long('y', 60)]))
    await run(admin, team.namespace, 'many-labels', { labels })
    await run(admin, team.namespace, 'small')
    await team.received(4)
    const counts = await team.counts('EventSubscription', 'subscription', ({ delivered }) => delivered === 4)
    assert.deepEqual([counts.matched, counts.deadLettered, counts.pending], [6, 2, 0])
    const { status } = await team.ask('EventSubscription', 'subscription')
    const { lastFailure } = status as { lastFailure?: { reason: string; message: string } }
    assert.equal(lastFailure?.reason, 'TooLarge')
    assert.match(lastFailure?.message ?? '', /^event of \d+ bytes, limit 4096$/)

    async function runWith(name: string, spec: object): Promise<void> {
      await createRun(admin, team.namespace, name, { spec })
      await writeStatus(admin, team.namespace, name, ended())
    }
  })

  it('takes runs of 1 MiB and runs with odd statuses, and nothing stops', async () => {
    const { stage, admin } = scene
    const team = await stage.team('odd')
    await team.subscribe({ formats: ['cloudevents', 'tektonv1', 'tektonv2', 'cdevents'], data: { content: 'full' } })
    await createRun(admin, team.namespace, 'huge', { spec: { params: [{ name: 'p', value: 'x'.repeat(1_040_000) }] } })
    await writeStatus(admin, team.namespace, 'huge', ended())
    const odd: Record<string, object> = {
      'unknown-reason': ended({ status: 'False', reason: 'SomethingNew' }),
      'no-times': { conditions: [{ type: 'Succeeded', status: 'True' }] },
      'strange-times': { ...ended(), startTime: '0001-01-01T00:00:00Z' },
      'odd-time': { conditions: [{ type: 'Succeeded', status: 'True', lastTransitionTime: 'never' }] },
      // Of the earlier attempts Tekton's schema says nothing.
      'odd-retries': { ...ended(), retriesStatus: [null, 5, 'x', { conditions: 7 }] },
      'no-conditions': { conditions: [], startTime: '2026-01-01T00:00:00Z' },
      'odd-condition': { conditions: [{ type: 'Succeeded', status: 'Perhaps' }] },
      'other-condition': { conditions: [{ type: 'Ready', status: 'True', reason: '' }] },
    }
    for (const [name, status] of Object.entries(odd)) {
      await createRun(admin, team.namespace, name)
      await writeStatus(admin, team.namespace, name, status)
    }
    await run(admin, team.namespace, 'ordinary')
    const isLast = (one: { headers: object }) => momentOf(one as never) === 'taskrun/ordinary finished'
    // Objects keep no order among each other.
    const isOurs = (one: Received) => typeOf(one).startsWith('dev.carillon')
    const received = await team.received((all) => all.some(isLast) && all.filter(isOurs).length >= 11)
    const moments = received.filter(isOurs).map(momentOf)
    assert.deepEqual(moments.filter((moment) => !moment.includes('ordinary')).sort(), [
      'taskrun/huge finished',
      'taskrun/huge started',
      'taskrun/no-times finished',
      'taskrun/odd-retries finished',
      'taskrun/odd-retries started',
      'taskrun/odd-time finished',
      'taskrun/strange-times finished',
      'taskrun/unknown-reason finished',
      'taskrun/unknown-reason started',
    ])
    const outcome = received.find((one) => momentOf(one) === 'taskrun/unknown-reason finished')?.headers['ce-outcome']
    assert.equal(outcome, 'failure')
  })
}
