import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import type { Received } from '../../controlplane/sink.ts'
import { metric } from '../../operator/process.ts'
import {
  conditionsOf,
  createRun,
  ended,
  momentOf,
  run,
  running,
  type Team,
  toLoopback,
  writeStatus,
} from '../fixture.ts'
import type { Scene } from './scene.ts'

const events = [{ kind: 'TaskRun', milestones: ['started', 'running', 'finished'] }]
const startAndEnd = [{ kind: 'TaskRun', milestones: ['started', 'finished'] }]

const isRelieved = (object: KubeObject) => !conditionsOf(object).some(({ type }) => type === 'Overflow')

const taken = (all: readonly Received[], since = 0) => all.slice(since).map(momentOf)

/** Sinks and namespaces that have more waiting than they may. */
export function overflow(scene: Scene): void {
  it('does not let a full sink slow another, takes up later what had no room, and counts what it has to drop', async () => {
    const { stage, admin, operator } = scene
    const full = await stage.team('overflow-full', { sink: { behaviour: { kind: 'answer', status: 503 } } })
    const well = await stage.team('overflow-well')
    const retry = { initialDelay: '10ms', maxDelay: '50ms' }
    await full.subscribe({ events }, {}, { retry, limits: { maxPending: 4 } })
    await well.subscribe({ events: startAndEnd })
    const names = Array.from({ length: 8 }, (_, n) => `run-${n}`)
    for (const name of names) for (const { namespace } of [full, well]) await run(admin, namespace, name)
    await full.condition('EventSink', 'sink', 'Overflow', {
      status: 'True',
      reason: 'MaxPendingReached',
      message: /limit 4/,
    })
    const ofSink = { status: 'True', reason: 'MaxPendingReached', message: /^sink overflow-full\/sink: / } as const
    await full.condition('EventSubscription', 'subscription', 'Overflow', ofSink)
    const both = names.flatMap((name) => [`taskrun/${name} started`, `taskrun/${name} finished`])
    assert.deepEqual(taken(await well.received(both.length)).sort(), both.toSorted())
    assert.ok(isRelieved(await well.ask('EventSink', 'sink')))

    // One that is owed goes; of its milestones nothing can tell any more.
    await admin.delete('tekton.dev/v1', 'TaskRun', full.namespace, 'run-7')
    await full.counts('EventSubscription', 'subscription', ({ matched, dropped }) => matched === 24 && dropped >= 3)
    await full.condition('EventSink', 'sink', 'Overflow', {
      status: 'True',
      message: /to be taken up$/,
    })
    const refused = full.server.received.length
    full.server.behave({ kind: 'answer', status: 204 })
    // It rests after so many failures: this ends that.
    await full.ask('EventSink', 'sink')
    const told = await settled(full, 24)
    const moments = taken(full.server.received, refused)
    for (const name of names.slice(0, 7)) {
      const own = moments
        .filter((moment) => moment.startsWith(`taskrun/${name} `))
        .map((moment) => moment.split(' ')[1])
      assert.deepEqual(
        own.filter((moment) => moment !== 'running'),
        ['started', 'finished'],
        name,
      )
    }
    assert.ok(!moments.some((moment) => moment.startsWith('taskrun/run-7 ')))
    const ids = full.server.received.slice(refused).map(({ id }) => id)
    assert.equal(new Set(ids).size, ids.length)
    assert.deepEqual([told.delivered, told.pending, told.deadLettered], [ids.length, 0, 0])
    for (const kind of ['EventSink', 'EventSubscription'] as const)
      await full.until(kind, kind === 'EventSink' ? 'sink' : 'subscription', 'Overflow to be gone', isRelieved)
    const gap = await full.condition('EventSubscription', 'subscription', 'Ready', { status: 'True' })
    assert.equal((gap.status?.counts as { dropped: number }).dropped, told.dropped)
    assert.ok((await metric(operator, 'carillon_dropped_total', 'reason="Overflow"')) === told.dropped)
    assert.equal(await metric(operator, 'carillon_owed_objects', 'sink="overflow-full/sink"'), 0)
  })

  it('lets one tenant fill a shared sink, and takes what others have for it all the same', async () => {
    const { stage, admin, operator } = scene
    const owner = await stage.team('pot-owner', { sink: { behaviour: { kind: 'answer', status: 503 } } })
    const retry = { initialDelay: '10ms', maxDelay: '50ms' }
    await owner.sink('sink', {}, { retry, limits: { maxPending: 4 }, allowedNamespaces: { from: 'All' } })
    const [loud, quiet] = [await stage.team('pot-loud'), await stage.team('pot-quiet')]
    const spec = { sinks: [{ name: 'sink', namespace: 'pot-owner' }], events: startAndEnd }
    for (const tenant of [loud, quiet]) await tenant.subscription('subscription', spec)
    for (const tenant of [loud, quiet]) await tenant.ready()
    for (const name of ['a', 'b', 'c']) await run(admin, loud.namespace, name)
    const ofPart = {
      status: 'True',
      reason: 'MaxPendingReached',
      message: /4 deliveries wait from namespace pot-loud, its part is 2: .*; 1 object waits/,
    } as const
    await loud.condition('EventSubscription', 'subscription', 'Overflow', ofPart)
    await run(admin, quiet.namespace, 'x')
    await quiet.counts('EventSubscription', 'subscription', ({ pending }) => pending === 2)
    assert.ok(isRelieved(await quiet.ask('EventSubscription', 'subscription')))
    assert.equal(await metric(operator, 'carillon_owed_objects', 'sink="pot-owner/sink"'), 1)
    const refused = owner.server.received.length
    owner.server.behave({ kind: 'answer', status: 204 })
    await owner.ask('EventSink', 'sink')
    const told = taken(await owner.received(refused + 8), refused)
    const both = ['a', 'b', 'c', 'x'].flatMap((name) => [`taskrun/${name} started`, `taskrun/${name} finished`])
    assert.deepEqual(told.toSorted(), both.toSorted())
    const ofLast = told.filter((moment) => moment.startsWith('taskrun/c '))
    assert.deepEqual(ofLast, ['taskrun/c started', 'taskrun/c finished'])
    await loud.until('EventSubscription', 'subscription', 'Overflow to be gone', isRelieved)
  })

  it('takes a burst up in the end that is ten times what may wait, also after a kill, and at once when the cap is raised', async () => {
    const { stage, admin } = scene
    const dataDir = mkdtempSync(join(tmpdir(), 'carillon-overflow-'))
    const args = [...toLoopback, '--leader-elect', 'false', '--class', 'narrow', '--watch-namespace', 'overflow']
    const first = await stage.operator({ args, dataDir })
    const team = await stage.team('overflow', { class: 'narrow' })
    const runs = [{ kind: 'TaskRun', milestones: ['finished'] }]
    await team.subscribe({ events: runs }, {}, { limits: { maxPending: 25 }, suspend: true })
    const names = Array.from({ length: 250 }, (_, n) => `run-${n}`)
    await Promise.all(
      Array.from({ length: 8 }, async (_, worker) => {
        for (const name of names.filter((_name, at) => at % 8 === worker)) {
          await createRun(admin, team.namespace, name)
          await writeStatus(admin, team.namespace, name, ended())
        }
      }),
    )
    await team.counts('EventSubscription', 'subscription', ({ matched }) => matched === 250)
    const message = /^25 deliveries wait, limit 25: no more are written down until half is free; .* to be taken up$/
    await team.condition('EventSink', 'sink', 'Overflow', { status: 'True', message })
    await first.kill()

    await stage.operator({ args, dataDir })
    await team.sink('sink', {}, { limits: { maxPending: 40 }, suspend: true })
    await team.counts('EventSink', 'sink', ({ pending }) => pending === 40)
    await team.sink('sink', {}, { limits: { maxPending: 40 } })
    const received = await team.received(names.length)
    assert.deepEqual(taken(received).sort(), names.map((name) => `taskrun/${name} finished`).sort())
    const counts = await settled(team, 250)
    assert.deepEqual([counts.delivered, counts.dropped], [250, 0])
    await team.until('EventSink', 'sink', 'Overflow to be gone', isRelieved)
    assert.equal(team.server.received.length, 250)
    rmSync(dataDir, { recursive: true, force: true })
  })

  it('keeps a namespace within its quota, over all its sinks, and no other', async () => {
    const { stage, admin } = scene
    const args = [...toLoopback, '--class', 'quota', '--max-pending-per-namespace', '3']
    await stage.operator({ args })
    const team = await stage.team('quota', { class: 'quota' })
    const other = await stage.team('quota-other', { class: 'quota' })
    for (const name of ['one', 'two']) await team.sink(name, {}, { suspend: true })
    await team.subscription('subscription', { sinks: [{ name: 'one' }, { name: 'two' }], events: startAndEnd })
    await team.ready()
    await other.subscribe({ events: startAndEnd })
    await createRun(admin, team.namespace, 'a')
    await writeStatus(admin, team.namespace, 'a', running())
    await team.counts('EventSubscription', 'subscription', ({ pending }) => pending === 2)
    await writeStatus(admin, team.namespace, 'a', ended())
    const full = {
      status: 'True',
      reason: 'NamespaceQuotaReached',
      message: /for all sinks of namespace quota, limit 3/,
    } as const
    await team.condition('EventSubscription', 'subscription', 'Overflow', full)
    await team.condition('EventSink', 'two', 'Overflow', full)
    await run(admin, other.namespace, 'b')
    await other.received(2)
    for (const name of ['one', 'two']) await team.sink(name)
    const isAll = (all: Received[]) => all.length === 4
    assert.deepEqual(taken(await team.received(isAll)).sort(), [
      'taskrun/a finished',
      'taskrun/a finished',
      'taskrun/a started',
      'taskrun/a started',
    ])
    await team.until('EventSubscription', 'subscription', 'Overflow to be gone', isRelieved)
  })
}

/** Resolves once each of so many that matched is delivered, given up or dropped. */
const settled = (team: Team, matched: number) =>
  team.counts(
    'EventSubscription',
    'subscription',
    (counts) => counts.matched === matched && counts.delivered + counts.deadLettered + counts.dropped === matched,
  )
