import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import type { Received } from '../../controlplane/sink.ts'
import { conditionsOf, createRun, momentOf, run, type Team, toLoopback } from '../fixture.ts'
import type { Scene } from './scene.ts'

const events = [{ kind: 'TaskRun', milestones: ['queued'] }]

/** What answers lead to, over the ends of processes too. */
export function deliveries(scene: Scene): void {
  it('remembers through a kill whom it has to leave alone', async () => {
    const { stage, admin } = scene
    await using place = directory('carillon-recalled-')
    const args = [...toLoopback, '--class', 'recalled', '--watch-namespace', 'recalled']
    const team = await stage.team('recalled', { class: 'recalled' })
    const to = (path: string) => team.server.received.filter((one) => one.path === path).length
    team.server.behave(({ path }) => {
      if (path === '/gone') return { kind: 'answer', status: 410 }
      if (path === '/busy') return { kind: 'answer', status: 429, headers: { 'retry-after': '3000' } }
      return { kind: 'answer', status: 204 }
    })
    const first = await stage.operator({ args, dataDir: place.path })
    for (const name of ['gone', 'busy', 'well'])
      await team.sink(name, { url: `${team.server.url}/${name}` }, { limits: { concurrency: 1 } })
    await team.subscription('subscription', { sinks: ['gone', 'busy', 'well'].map((name) => ({ name })), events })
    await team.ready()
    await createRun(admin, team.namespace, 'one')
    await team.condition('EventSink', 'gone', 'Delivering', { status: 'False', reason: 'Gone' })
    const busy = await team.condition('EventSink', 'busy', 'Delivering', { status: 'False', reason: 'TooManyRequests' })
    // What the sinks said is on the disk by the time that a status asked for after it is there.
    await team.ask('EventSubscription', 'subscription')
    await first.kill()

    await createRun(admin, team.namespace, 'two')
    await stage.operator({ args, dataDir: place.path })
    await team.received((received) => received.filter(({ path }) => path === '/well').length === 2)
    await createRun(admin, team.namespace, 'three')
    await team.received((received) => received.filter(({ path }) => path === '/well').length === 3)
    assert.deepEqual([to('/gone'), to('/busy')], [1, 1])
    const delivering = (sink: KubeObject) => conditionsOf(sink).find(({ type }) => type === 'Delivering')
    assert.deepEqual(delivering(await team.get('EventSink', 'busy')), delivering(busy))

    team.server.behave({ kind: 'answer', status: 204 })
    await team.ask('EventSink', 'gone')
    await team.ask('EventSink', 'busy')
    await team.received((received) => received.filter(({ path }) => path !== '/well').length >= 8)
    for (const path of ['/gone', '/busy']) {
      const taken = team.server.received.filter((one) => one.path === path)
      assert.deepEqual(
        [...new Set(taken.map(momentOf))].sort(),
        ['one', 'three', 'two'].map((name) => `taskrun/${name} queued`),
      )
    }
  })

  it('parks dead letters, also at a sink that comes later', async () => {
    const { stage, admin } = scene
    const team = await stage.team('parking')
    team.server.behave(({ path }) => ({ kind: 'answer', status: path === '/parking' ? 204 : 422 }))
    const deadLetters = { sinkRef: { name: 'parking' } }
    await team.sink('sink', { url: `${team.server.url}/sink` }, { deadLetters, limits: { maxEventBytes: 4096 } })
    await team.subscription('subscription', { events })
    await team.ready()
    await createRun(admin, team.namespace, 'one')
    await createRun(admin, team.namespace, 'heavy', {
      labels: Object.fromEntries(Array.from({ length: 80 }, (_, n) => [`l${n}`, 'x'.repeat(60)])),
    })
    await team.counts('EventSink', 'sink', ({ deadLettered }) => deadLettered === 2)
    await team.sink('parking', { url: `${team.server.url}/parking` })
    const parked = (one: Received) => one.path === '/parking'
    const received = await team.received((all) => all.filter(parked).length === 2)
    const told = received
      .filter(parked)
      .map((one) => [
        one.headers['ce-subject'],
        one.headers['carillon-dead-letter-sink'],
        one.headers['carillon-dead-letter-reason'],
        one.headers['carillon-subscription'],
      ])
    assert.deepEqual(told.sort(), [
      ['taskrun/heavy', 'parking/sink', 'TooLarge', 'parking/subscription'],
      ['taskrun/one', 'parking/sink', 'HTTP422', 'parking/subscription'],
    ])
    const bodies = received
      .filter((one) => one.headers['ce-subject'] === 'taskrun/one')
      .map(({ id, body }) => id + body)
    assert.equal(new Set(bodies).size, 1)
  })

  it('sends a summary to a sink for which the whole object is too large', async () => {
    const { stage, admin } = scene
    const team = await stage.team('shrinking')
    const isWhole = ({ body }: Received) => (JSON.parse(body) as { object?: object }).object !== undefined
    team.server.behave((one) => ({ kind: 'answer', status: isWhole(one) ? 413 : 204 }))
    await team.subscribe({ data: { content: 'full' } })
    await run(admin, team.namespace, 'one')
    const received = await team.received(4)
    assert.deepEqual(
      received.map((one) => [momentOf(one), isWhole(one)]),
      ['started', 'finished'].flatMap((moment) => [true, false].map((whole) => [`taskrun/one ${moment}`, whole])),
    )
    assert.equal(new Set(received.map(({ id }) => id)).size, 2)
    const counts = await team.counts('EventSink', 'sink', ({ delivered }) => delivered === 2)
    assert.deepEqual([counts.deadLettered, counts.pending], [0, 0])
  })

  it('ends in order with 500 requests under way at a slow sink: none is repeated, and the statuses tell of them', async () => {
    const { stage, admin } = scene
    await using place = directory('carillon-stopping-')
    const args = [...toLoopback, '--class', 'stopping', '--watch-namespace', 'stopping']
    const team = await stage.team('stopping', { class: 'stopping' })
    const names = ['left', 'right']
    const suspend = (on: boolean) =>
      Promise.all(
        names.map((name) => {
          const limits = { limits: { concurrency: 256 }, suspend: on }
          return team.sink(name, { url: `${team.server.url}/${name}`, timeout: '60s' }, limits)
        }),
      )
    const first = await stage.operator({ args: [...args, '--grace-period=60s'], dataDir: place.path })
    await suspend(true)
    await team.subscription('subscription', { sinks: names.map((name) => ({ name })), events })
    await team.ready()
    for (let n = 0; n < 250; n += 25)
      await Promise.all(Array.from({ length: 25 }, (_, k) => createRun(admin, team.namespace, `run-${n + k}`)))
    for (const name of names) await team.counts('EventSink', name, (counts) => counts.pending === 250)

    team.server.behave({ kind: 'answer', status: 204, delayMs: 3000 })
    await suspend(false)
    await team.received(500)
    assert.equal(await first.stop(), 'exited with 0')
    assert.deepEqual(await delivered(team, names), [250, 250])

    team.server.behave({ kind: 'answer', status: 204 })
    await stage.operator({ args, dataDir: place.path })
    await createRun(admin, team.namespace, 'last')
    const received = await team.received(502)
    assert.equal(new Set(received.map(({ path, id }) => `${path} ${id}`)).size, 502)
    for (const name of names) await team.counts('EventSink', name, (counts) => counts.delivered === 251)
    assert.equal(team.server.received.length, 502)
  })

  async function delivered(team: Team, names: string[]): Promise<(number | undefined)[]> {
    const sinks = await Promise.all(names.map((name) => team.get('EventSink', name)))
    return sinks.map(({ status }) => status?.counts?.delivered)
  }
}

function directory(prefix: string): AsyncDisposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), prefix))
  return { path, [Symbol.asyncDispose]: async () => rmSync(path, { recursive: true, force: true }) }
}
