import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Behaviour, Received } from '../../controlplane/sink.ts'
import { createRun, run, toLoopback } from '../fixture.ts'
import type { Scene } from './scene.ts'

type Told = { id: string; subject: string; type: string; sequence: string; data: object }

const eventsOf = ({ body }: Received): Told[] => JSON.parse(body) as Told[]

const momentsOf = (events: readonly Told[]) => events.map(({ subject, type }) => `${subject} ${type.split('.').at(-2)}`)

const milestones = ['queued', 'started', 'finished']

/** Sinks that take several events in a request. */
export function batches(scene: Scene): void {
  it('sends what waits in batches, in order, and gives up only what is refused alone', async () => {
    const { stage, admin } = scene
    const team = await stage.team('batches')
    const isBad = (one: Received) => eventsOf(one).some(({ subject }) => subject === 'taskrun/bad')
    const behave = (one: Received): Behaviour => ({ kind: 'answer', status: isBad(one) ? 422 : 204 })
    team.server.behave(behave)
    const http = { mode: 'batch', batch: { maxEvents: 20, maxDelay: '100ms' } }
    await team.subscribe({ events: [{ kind: 'TaskRun', milestones }] }, http, { suspend: true })
    const names = [...Array.from({ length: 11 }, (_, n) => `run-${n}`), 'bad']
    await Promise.all(names.map((name) => run(admin, team.namespace, name)))
    await team.counts('EventSink', 'sink', ({ pending }) => pending === 36)
    await team.sink('sink', http)
    const counts = await team.counts('EventSink', 'sink', ({ pending }) => pending === 0)
    assert.deepEqual([counts.delivered, counts.deadLettered], [33, 3])

    const { received } = team.server
    assert.ok(received.every((one) => one.headers['content-type']?.startsWith('application/cloudevents-batch+json')))
    assert.ok(received.every((one) => one.subscription === 'batches/subscription'))
    const taken = received.filter((one) => !isBad(one))
    assert.ok(taken.some((one) => one.ids.length > 5) && Math.max(...received.map((one) => one.ids.length)) === 20)
    const told = momentsOf(taken.flatMap(eventsOf))
    for (const name of names.slice(0, -1))
      assert.deepEqual(
        told.filter((moment) => moment.startsWith(`taskrun/${name} `)),
        milestones.map((milestone) => `taskrun/${name} ${milestone}`),
      )
    assert.equal(new Set(taken.flatMap(({ ids }) => ids)).size, 33)
    const { status } = await team.get('EventSink', 'sink')
    assert.equal(status?.lastFailure?.reason, 'HTTP422')

    team.server.behave({ kind: 'answer', status: 204 })
    await createRun(admin, team.namespace, 'late')
    await team.counts('EventSink', 'sink', ({ delivered }) => delivered === 34)
    assert.deepEqual(momentsOf(eventsOf(received.at(-1) ?? assert.fail())), ['taskrun/late queued'])
  })

  it('lets events wait for company, and sends them when it is stopped', async () => {
    const { stage, admin } = scene
    const args = [...toLoopback, '--class', 'company', '--watch-namespace', 'company']
    const team = await stage.team('company', { class: 'company' })
    const operator = await stage.operator({ args })
    await team.subscribe(
      { events: [{ kind: 'TaskRun', milestones: ['queued'] }] },
      { mode: 'batch', batch: { maxEvents: 3, maxDelay: '1m' } },
    )
    for (const name of ['one', 'two', 'three', 'four']) await createRun(admin, team.namespace, name)
    await team.received(1)
    const counts = await team.counts('EventSink', 'sink', ({ pending, delivered }) => pending + delivered === 4)
    assert.deepEqual([counts.delivered, counts.pending], [3, 1])
    assert.equal(await operator.stop(), 'exited with 0')
    assert.deepEqual(
      team.server.received.map((one) => momentsOf(eventsOf(one))),
      [['taskrun/one queued', 'taskrun/two queued', 'taskrun/three queued'], ['taskrun/four queued']],
    )
  })
}
