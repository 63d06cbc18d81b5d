import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Received } from '../../controlplane/sink.ts'
import { conditionsOf, momentOf, run } from '../fixture.ts'
import type { Scene } from './scene.ts'

const impatient = { retry: { initialDelay: '10ms', maxDelay: '50ms' } }

/** Sinks that answer with errors, for a while or for good. */
export function failures(scene: Scene): void {
  it('tries again with the same id, tells of it, and recovers', async () => {
    const { stage, admin } = scene
    const team = await stage.team('failing', { sink: { behaviour: { kind: 'answer', status: 500 } } })
    await team.subscribe({}, {}, impatient)
    await run(admin, team.namespace, 'one')
    const failing = { status: 'False', reason: 'HTTP500', message: /The sink answered 500.*since .*attempts/ } as const
    const sink = await team.condition('EventSink', 'sink', 'Delivering', failing)
    const subscription = await team.condition('EventSubscription', 'subscription', 'Delivering', failing)
    for (const object of [sink, subscription]) assert.equal(conditionsOf(object)[0]?.status, 'True')
    const { lastFailure, sinks } = subscription.status as Record<string, Record<string, unknown>> & { sinks: object[] }
    assert.equal(lastFailure?.reason, 'HTTP500')
    assert.deepEqual((sinks[0] as { delivering?: boolean }).delivering, false)

    team.server.behave({ kind: 'answer', status: 204 })
    const good = { status: 'True', reason: 'Delivered' } as const
    await team.condition('EventSink', 'sink', 'Delivering', good)
    await team.condition('EventSubscription', 'subscription', 'Delivering', good)
    const counts = await team.counts('EventSubscription', 'subscription', ({ delivered }) => delivered === 2)
    const received = team.server.received
    assert.deepEqual(new Set(received.map(momentOf)), new Set(['taskrun/one started', 'taskrun/one finished']))
    assert.equal(new Set(received.map(({ id }) => id)).size, 2)
    const firstEnd = received.findIndex((one) => momentOf(one).endsWith('finished'))
    assert.ok(
      received.slice(firstEnd).every((one) => momentOf(one).endsWith('finished')),
      'out of order',
    )
    assert.equal(counts.retried, received.length - 2)
    assert.ok(received.length > 4)

    const events = await notes(team.namespace, 'EventSink')
    const [delivered, failed, ...more] = events.filter((note) => note.includes('Delivering')).sort()
    assert.match(delivered ?? '', /^Normal Delivered Delivering: /)
    assert.match(failed ?? '', /^Warning HTTP500 Delivering: .*The sink answered 500/)
    assert.deepEqual(more, [])
    assert.ok(!events.some((note) => /^Warning .* Ready:/.test(note)))
  })

  it('gives up after maxAge and says so, and the sink stays ready', async () => {
    const { stage, admin } = scene
    const team = await stage.team('too-old', { sink: { behaviour: { kind: 'reset' } } })
    await team.subscribe({}, {}, { retry: { maxAge: '1s', initialDelay: '10ms', maxDelay: '200ms' } })
    await run(admin, team.namespace, 'one')
    const counts = await team.counts('EventSubscription', 'subscription', ({ deadLettered }) => deadLettered === 2)
    assert.deepEqual([counts.matched, counts.delivered, counts.pending], [2, 0, 0])
    const subscription = await team.ask('EventSubscription', 'subscription')
    const { lastFailure } = subscription.status as {
      lastFailure: { reason: string; message: string; nextAttempt?: string }
    }
    assert.equal(lastFailure.reason, 'ConnectionReset')
    assert.match(lastFailure.message, /^Not delivered within 1s\. /)
    assert.equal(lastFailure.nextAttempt, undefined)
    const sink = await team.ask('EventSink', 'sink')
    assert.deepEqual(
      conditionsOf(sink).map(({ type, status }) => `${type}=${status}`),
      ['Ready=True', 'Delivering=False'],
    )
    assert.equal((sink.status?.counts as { deadLettered: number }).deadLettered, 2)
  })

  it('holds everything in order while credentials are refused, and goes on when asked', async () => {
    const { stage, admin } = scene
    const team = await stage.team('unauthorized')
    team.server.behave(({ headers }) => ({
      kind: 'answer',
      status: headers.authorization === 'Bearer right' ? 204 : 401,
    }))
    await team.secret('qe', { token: 'wrong' })
    await team.subscribe(
      {},
      { auth: { bearer: { secretRef: { name: 'qe' } } } },
      { retry: { initialDelay: '1h', maxDelay: '1h' } },
    )
    await run(admin, team.namespace, 'one')
    await run(admin, team.namespace, 'two')
    await team.condition('EventSink', 'sink', 'Delivering', { status: 'False', reason: 'Unauthorized', message: /401/ })
    await team.condition('EventSubscription', 'subscription', 'Delivering', { status: 'False', reason: 'Unauthorized' })
    await team.counts('EventSink', 'sink', ({ pending }) => pending === 4)

    await team.secret('qe', { token: 'right' })
    await team.ask('EventSink', 'sink')
    const isTaken = ({ headers }: Received) => headers.authorization === 'Bearer right'
    const taken = (await team.received((all) => all.filter(isTaken).length === 4)).filter(isTaken).map(momentOf)
    for (const name of ['one', 'two']) {
      assert.deepEqual(
        taken.filter((moment) => moment.includes(name)),
        [`taskrun/${name} started`, `taskrun/${name} finished`],
      )
    }
    await team.condition('EventSink', 'sink', 'Delivering', { status: 'True' })
  })

  it('lets nothing out to addresses that were not allowed', async () => {
    const { stage, admin } = scene
    // With a range allowed, names of the inside are asked for.
    const args = ['--class', 'closed', '--allow-cidr', '10.0.0.0/8']
    await stage.operator({ args })
    const team = await stage.team('closed', { class: 'closed' })
    await team.sink('literal')
    await team.sink('named', { url: `http://localhost:${team.server.port}` })
    await team.subscription('subscription', { sinks: [{ name: 'named' }] })
    await team.condition('EventSink', 'literal', 'Stalled', {
      status: 'True',
      reason: 'AddressRefused',
      message: /--allow-cidr/,
    })
    await team.ready()
    await run(admin, team.namespace, 'one')
    await team.condition('EventSink', 'named', 'Delivering', {
      status: 'False',
      reason: 'AddressRefused',
      message: /localhost/,
    })
    assert.equal(team.server.received.length, 0)
  })

  /** `type reason message` of the core Events about objects of a kind. */
  async function notes(namespace: string, kind: string): Promise<string[]> {
    const events = (await scene.admin.list('v1', 'Event', namespace)) as unknown as Note[]
    const about = events.filter(({ involvedObject }) => involvedObject.kind === kind)
    return about.map(({ type, reason, message }) => `${type} ${reason} ${message}`)
  }
}

type Note = { type: string; reason: string; message: string; involvedObject: { kind: string } }
