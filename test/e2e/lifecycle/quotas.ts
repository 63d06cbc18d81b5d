import assert from 'node:assert/strict'
import { it } from 'node:test'
import { metric } from '../../operator/process.ts'
import { conditionsOf, momentOf, run, toLoopback } from '../fixture.ts'
import type { Scene } from './scene.ts'

const label = 'quotas'
const rate = 5

const refused = { status: 'False', reason: 'QuotaExceeded' } as const

/** What a namespace may have. */
export function quotas(scene: Scene): void {
  it('serves of a namespace as many sinks and subscriptions as it may have, slows what is too fast, and says so', async () => {
    const { stage, admin } = scene
    const args = [
      '--max-sinks-per-namespace=2',
      '--max-subscriptions-per-namespace=2',
      '--max-connections-per-namespace=4',
    ]
    const pace = `--max-events-per-second-per-namespace=${rate}`
    const operator = await stage.operator({ args: [...toLoopback, '--class', label, ...args, pace] })
    const many = await stage.team('quota-many', { class: label })
    for (const name of ['sink', 'sink-2', 'sink-3']) await many.sink(name)
    await many.condition('EventSink', 'sink-2', 'Ready', { status: 'True' })
    const asked = { ...refused, message: /^namespace quota-many may have 2 EventSinks, and has 2 .*: delete one/ }
    await many.condition('EventSink', 'sink-3', 'Ready', asked)
    await many.condition('EventSink', 'sink-3', 'Stalled', { status: 'True' })
    for (const name of ['sub-1', 'sub-2', 'sub-3']) await many.subscription(name)
    await many.ready('sub-1')
    await many.ready('sub-2')
    await many.condition('EventSubscription', 'sub-3', 'Ready', refused)
    assert.equal(await metric(operator, 'carillon_quota_refused', 'EventSink'), 1)
    await many.delete('EventSink', 'sink-2')
    await many.condition('EventSink', 'sink-3', 'Ready', { status: 'True' })
    await many.delete('EventSubscription', 'sub-2')
    await many.ready('sub-3')

    const names = Array.from({ length: 10 }, (_, n) => `run-${n}`)
    for (const name of names) await run(admin, many.namespace, name)
    await many.condition('EventSubscription', 'sub-1', 'Throttled', {
      status: 'True',
      reason: 'QuotaExceeded',
      message: /5 attempts a second, the quota of all subscriptions of namespace quota-many/,
    })
    const received = await many.received(40)
    const [first, last] = [received[0], received.at(-1)]
    assert.ok(first && last && last.time - first.time > 6000, 'forty at five a second take some eight seconds')
    for (const subscription of ['sub-1', 'sub-3'])
      assert.equal(
        new Set(received.filter((one) => one.subscription === `quota-many/${subscription}`).map(momentOf)).size,
        20,
      )
    const after = await many.get('EventSink', 'sink')
    assert.ok(!conditionsOf(after).some(({ type }) => type === 'Throttled'))

    const hung = await stage.team('quota-hung', {
      class: label,
      sink: { behaviour: ({ path }) => (path === '/hung' ? { kind: 'hang' } : { kind: 'answer', status: 204 }) },
    })
    await hung.sink('hung', { url: `${hung.server.url}/hung` }, { limits: { concurrency: 64 } })
    await hung.sink('well', { url: `${hung.server.url}/well` })
    await hung.subscription('to-hung', { sinks: [{ name: 'hung' }] })
    await hung.subscription('to-well', { sinks: [{ name: 'well' }] })
    await hung.ready('to-hung')
    await hung.ready('to-well')
    for (const name of names.slice(0, 6)) await run(admin, hung.namespace, name)
    const at = (path: string) => hung.server.received.filter((one) => one.path === path).length
    await hung.received(() => at('/well') === 12)
    assert.ok(at('/hung') <= 6, 'three at a time, and those again that were not answered in time')
    await hung.condition('EventSink', 'hung', 'Throttled', {
      status: 'True',
      reason: 'QuotaExceeded',
      message: /^4 requests/,
    })
  })
}
