import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startSink } from '../../controlplane/sink.ts'
import { createRun, ended, run, running, secondOver, type Team, writeStatus } from '../fixture.ts'
import { Lives, moments, oneIdEach, type Scene } from './scene.ts'

type Told = { name: string; since?: string; checkpoint?: string }

/** Asks until the checkpoint of a sink is as wanted; ms. */
async function checkpoint(team: Team, sink: string, isReached: (ms: number) => boolean): Promise<number> {
  for (let attempt = 0; ; attempt += 1) {
    const { status } = await team.ask('EventSubscription', 'subscription')
    const told = (status?.sinks as Told[]).find(({ name }) => name === sink)?.checkpoint
    if (told !== undefined && isReached(Date.parse(told))) return Date.parse(told)
    if (attempt === 300) throw new Error(`the checkpoint of ${sink} stays at ${told}`)
    await delay(100)
  }
}

/** The disk is lost: what is sent again, and what is not. */
export function loss(scene: Scene): void {
  it('takes up where each sink stood: late signatures and statuses go, what was settled or is older than its activation does not', async () => {
    const { stage, admin } = scene
    await using lives = new Lives(stage)
    const team = await stage.team('loss')
    const ns = team.namespace
    await using down = await startSink({ behaviour: { kind: 'answer', status: 503 } })
    const taskRuns = { kind: 'TaskRun', milestones: ['started', 'finished', 'signed'] }
    const sinks = [{ name: 'sink' }, { name: 'down' }]
    const touch = (kind: string, name: string, annotation = 'touched', version = 'v1') =>
      admin.mergePatch(`tekton.dev/${version}`, kind, ns, name, { metadata: { annotations: { [annotation]: 'true' } } })

    await lives.begin()
    await run(admin, ns, 'before')
    await delay(2000)
    await team.sink('down', { url: down.url }, { retry: { maxDelay: '1s' } })
    await team.sink()
    await team.subscription('subscription', { sinks, events: [taskRuns] })
    await team.ready()
    for (const name of ['quiet', 'signed']) await run(admin, ns, name)
    await createRun(admin, ns, 'late')
    await run(admin, ns, 'kind-before', { kind: 'PipelineRun' })
    const longAgo = Date.now()
    await writeStatus(admin, ns, 'late', running(longAgo))
    await team.received(5)

    await delay(2000)
    await team.subscription('subscription', { sinks, events: [taskRuns, { kind: 'PipelineRun' }] })
    await team.ready()
    await run(admin, ns, 'kind-since', { kind: 'PipelineRun' })
    await team.received(7)
    await delay(2000)
    // The last that each watch tells: up to then, all is settled at the sink that works.
    const last = await run(admin, ns, 'last')
    await run(admin, ns, 'kind-last', { kind: 'PipelineRun' })
    await team.received(11)
    const reached = Date.parse(String((last.status as { completionTime: string }).completionTime))
    await checkpoint(team, 'sink', (ms) => ms >= reached)
    await checkpoint(team, 'down', (ms) => ms < reached - 2000)
    const known = new Map(team.server.received.map(({ id, subscription }) => [id, subscription]))
    await lives.kill()
    lives.loseDisk()

    // What happens while there is no operator.
    await touch('TaskRun', 'signed', 'chains.tekton.dev/signed')
    await writeStatus(admin, ns, 'late', ended({ done: longAgo }))
    await touch('TaskRun', 'before')
    await touch('PipelineRun', 'kind-before')
    await run(admin, ns, 'custom-before', { kind: 'CustomRun' })
    await secondOver()
    await delay(1000)
    await team.subscription('subscription', {
      sinks,
      events: [taskRuns, { kind: 'PipelineRun' }, { kind: 'CustomRun' }],
    })
    await run(admin, ns, 'custom-since', { kind: 'CustomRun' })
    const before = team.server.received.length
    const beforeDown = down.received.length
    down.behave({ kind: 'answer', status: 204 })
    await lives.begin()

    const told = await team.condition('EventSubscription', 'subscription', 'Continuity', {
      status: 'False',
      reason: 'LedgerLost',
      message: /^1 gap so far/,
    })
    assert.ok(told)
    await run(admin, ns, 'end')
    const again = (await team.received((received) => moments(received.slice(before)).length >= 13)).slice(before)
    // `last` ended within the margin; all that comes of `late` and `signed` comes again with what is new.
    assert.deepEqual(moments(again), [
      'custom-since finished',
      'custom-since started',
      'end finished',
      'end started',
      'kind-last finished',
      'kind-last started',
      'last finished',
      'last started',
      'late finished',
      'late started',
      'signed finished',
      'signed signed',
      'signed started',
    ])
    oneIdEach(team.server.received)
    assert.equal(again.filter(({ id }) => known.has(id)).length, 7)
    const all = moments(team.server.received)
    const isOver = () => moments(down.received.slice(beforeDown)).length >= all.length
    await down.waitFor(isOver, { what: 'all of it at the sink that was down' })
    assert.deepEqual(moments(down.received.slice(beforeDown)), all)
    oneIdEach([...down.received, ...team.server.received])

    // Once more, with the disk: the number stays, until somebody takes note.
    await lives.kill()
    await lives.begin()
    await team.condition('EventSubscription', 'subscription', 'Continuity', {
      status: 'False',
      message: /^1 gap so far/,
    })
    await team.ask('EventSubscription', 'subscription')
    await team.condition('EventSubscription', 'subscription', 'Continuity', {
      status: 'True',
      message: /^1 gap so far/,
    })
  })

  it('goes on with the list that it was killed in the middle of, and what was settled before stays settled', async () => {
    const { stage, admin } = scene
    await using lives = new Lives(stage, ['--watch-namespace', 'middle'])
    const team = await stage.team('middle')
    const ns = team.namespace
    await lives.begin()
    await team.subscribe({ events: [{ kind: 'TaskRun' }] })
    await run(admin, ns, 'settled')
    await team.received(2)
    await delay(2500)
    const last = await run(admin, ns, 'last')
    await team.received(4)
    const reached = Date.parse(String((last.status as { completionTime: string }).completionTime))
    await checkpoint(team, 'sink', (ms) => ms >= reached)
    await lives.kill()
    lives.loseDisk()

    // A first page of a list is of twenty.
    const names = Array.from({ length: 120 }, (_, n) => `run-${n}`)
    for (let n = 0; n < names.length; n += 20)
      await Promise.all(names.slice(n, n + 20).map((name) => run(admin, ns, name)))
    await lives.begin()
    await team.received(6)
    await lives.kill()
    await lives.begin()
    const all = names.flatMap((name) => [`${name} finished`, `${name} started`])
    await team.received((received) => moments(received.slice(4)).length >= all.length + 2)
    await run(admin, ns, 'end')
    await team.received((received) => moments(received).includes('end finished'))
    const again = team.server.received.slice(4)
    assert.deepEqual(moments(again), [...all, 'end finished', 'end started', 'last finished', 'last started'].sort())
    oneIdEach(team.server.received)
    // Killed twice or not, it was one loss.
    await team.condition('EventSubscription', 'subscription', 'Continuity', {
      status: 'False',
      message: /^1 gap so far/,
    })
  })
}
