import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { apiVersion, momentOf, patienceMs, run, toLoopback } from '../fixture.ts'
import type { Scene } from './scene.ts'

/** Several operators in one cluster, and operators that are told to look at a part of it. */
export function classes(scene: Scene): void {
  it('serves the sinks and subscriptions of its class, and no others', async () => {
    const { stage, admin } = scene
    const other = await stage.operator({ args: [...toLoopback, '--class', 'blue'] })
    const blue = await stage.team('blue', { class: 'blue' })
    const plain = await stage.team('plain')
    const nobody = await stage.team('nobodys', { class: 'green' })
    await nobody.sink()
    await nobody.subscription()
    await blue.subscribe()
    await plain.subscribe()
    for (const { namespace } of [blue, plain, nobody]) await run(admin, namespace, 'one')
    await blue.received(2)
    await plain.received(2)
    await blue.counts('EventSubscription', 'subscription', ({ delivered }) => delivered === 2)
    await plain.counts('EventSubscription', 'subscription', ({ delivered }) => delivered === 2)
    for (const { server } of [blue, plain]) assert.equal(server.received.length, 2)
    assert.equal(nobody.server.received.length, 0)
    assert.equal((await nobody.get('EventSubscription', 'subscription')).status?.observedGeneration, -1)
    const text = await (await fetch(`${other.health}/metrics`)).text()
    assert.match(text, /^carillon_delivered_total\{sink="blue\/sink"\} 2$/m)
    assert.doesNotMatch(text, /plain|nobodys/)
  })

  it('says when another install serves the same objects', async () => {
    const { stage, admin } = scene
    const args = [...toLoopback, '--class', 'twin', '--leader-elect=false']
    const twin = (namespace: string) => stage.operator({ args: [...args, '--namespace', namespace], user: 'admin' })
    const one = await twin('twin-one')
    const team = await stage.team('twin', { class: 'twin' })
    await team.subscribe()
    await run(admin, team.namespace, 'one')
    await team.received(2)
    const servedBy = (of: string) =>
      team.until('EventSubscription', 'subscription', of, ({ status }) => status?.servedBy === of)
    await servedBy('twin-one/carillon-twin')
    await twin('twin-two')
    await servedBy('twin-two/carillon-twin')
    const warned = () => one.log.find(({ msg }) => /another install serves the same objects/.test(msg))
    // The sink's status may be the first that it meets.
    const counted = async () =>
      /^carillon_contested_statuses_total\{kind="EventSubscription"\} [1-9]/m.test(
        await (await fetch(`${one.health}/metrics`)).text(),
      )
    const end = Date.now() + patienceMs
    while (!(warned() && (await counted())) && Date.now() < end) await setTimeout(50)
    assert.deepEqual([warned()?.install, warned()?.other], ['twin-one/carillon-twin', 'twin-two/carillon-twin'])
    assert.ok(await counted(), 'the metric counts it')
  })

  it('takes as defaults the sinks of its class only', async () => {
    const { stage, admin } = scene
    await stage.operator({ args: [...toLoopback, '--class', 'teal', '--admin-namespace', 'teal-admin'] })
    const admins = await stage.team('teal-admin', { class: 'teal' })
    const apply = (name: string, labels: Record<string, string>) =>
      admin.apply({
        apiVersion,
        kind: 'EventSink',
        metadata: { name, namespace: admins.namespace, labels: { 'carillon.dev/default': 'true', ...labels } },
        spec: { http: { url: admins.server.url }, allowedNamespaces: { from: 'All' } },
      })
    // The operator without a class knows nothing of that admin namespace, and the one of the class nothing of the other sink.
    await apply('anybodys', {})
    await apply('teal', { 'carillon.dev/class': 'teal' })
    const team = await stage.team('teal', { class: 'teal' })
    const plain = await stage.team('teal-less')
    for (const { namespace, labels } of [
      { namespace: team.namespace, labels: { 'carillon.dev/class': 'teal' } },
      { namespace: plain.namespace, labels: {} },
    ])
      await admin.apply({
        apiVersion,
        kind: 'EventSubscription',
        metadata: { name: 'subscription', namespace, labels },
        spec: {},
      })
    await team.ready()
    await plain.condition('EventSubscription', 'subscription', 'Ready', { status: 'False', reason: 'SinkNotFound' })
    await run(admin, team.namespace, 'one')
    assert.deepEqual((await admins.received(2)).map(momentOf), ['taskrun/one started', 'taskrun/one finished'])
  })

  it('looks at nothing beyond the namespaces that it is told to watch', async () => {
    const { stage, admin } = scene
    const inside = await stage.team('inside', { class: 'part' })
    const outside = await stage.team('outside', { class: 'part' })
    await outside.sink()
    await outside.subscription()
    const watched = ['--watch-namespace', 'inside', '--watch-namespace', 'elsewhere']
    const operator = await stage.operator({ args: [...toLoopback, '--class', 'part', ...watched] })
    await inside.subscribe()
    await run(admin, 'outside', 'unseen')
    await run(admin, 'inside', 'seen')
    assert.deepEqual((await inside.received(2)).map(momentOf), ['taskrun/seen started', 'taskrun/seen finished'])
    assert.equal(outside.server.received.length, 0)
    assert.equal((await outside.get('EventSubscription', 'subscription')).status?.observedGeneration, -1)
    const watches = operator.log.filter(({ msg, resource }) => /changed state/.test(msg) && resource === 'TaskRun')
    assert.deepEqual([...new Set(watches.map(({ namespace }) => namespace))].sort(), ['elsewhere', 'inside'])
  })
}
