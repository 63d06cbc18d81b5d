// What goes while nobody watches, kinds that go, and namespaces that go with all that is in them.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { KubeObject } from '../../src/api/object.ts'
import { deleteNamespace } from '../controlplane/namespaces.ts'
import type { Received } from '../controlplane/sink.ts'
import { installTekton } from '../controlplane/tekton.ts'
import { metric, type OperatorProcess } from '../operator/process.ts'
import {
  createRun,
  momentOf,
  patienceMs,
  run,
  running,
  type Stage,
  startStage,
  toLoopback,
  writeStatus,
} from './fixture.ts'

const milestones = ['queued', 'started', 'finished', 'deleted']
const taskRuns = [{ kind: 'TaskRun', milestones }]
const customRuns = [{ kind: 'CustomRun', milestones }]

/** `deleted`, or `deleted (missed)`, with whose it is: `<name> <milestone>`. */
const told = (one: Received): string => {
  const { milestone } = JSON.parse(one.body) as { milestone: { details?: { missed?: boolean } } }
  return `${momentOf(one).split('/')[1]}${milestone.details?.missed ? ' (missed)' : ''}`
}

describe('deletes', () => {
  const resources = new AsyncDisposableStack()
  const dataDir = mkdtempSync(join(tmpdir(), 'carillon-deletes-'))
  let stage: Stage
  let operator: OperatorProcess

  const start = async () => {
    operator = await stage.operator({ args: [...toLoopback, '--admin-namespace', 'platform'], dataDir })
  }

  before(async () => {
    resources.defer(() => rmSync(dataDir, { recursive: true, force: true }))
    stage = resources.use(await startStage())
    await installTekton(stage.admin)
    await start()
  })
  after(() => resources.disposeAsync())

  it('of a stopped operator are told when it goes on: by the watch, or by what a list no longer holds', async () => {
    const { admin } = stage
    const team = await stage.team('away')
    await team.subscribe({ events: taskRuns })
    const remove = (name: string) => admin.delete('tekton.dev/v1', 'TaskRun', team.namespace, name)
    for (const name of ['watched', 'again', 'listed', 'unseen-end']) {
      await createRun(admin, team.namespace, name, { labels: { 'tekton.dev/pipeline': 'release' } })
      await writeStatus(admin, team.namespace, name, running())
    }
    await run(admin, team.namespace, 'ended')
    await team.received(11)
    assert.equal(await operator.stop(), 'exited with 0')

    await remove('watched')
    await remove('again')
    await createRun(admin, team.namespace, 'again')
    await createRun(admin, team.namespace, 'unseen')
    await remove('unseen')
    await start()
    const resumed = (await team.received(16)).slice(11).map(told)
    assert.deepEqual(resumed.sort(), [
      'again deleted',
      'again queued',
      'unseen deleted',
      'unseen queued',
      'watched deleted',
    ])
    assert.equal(await operator.stop(), 'exited with 0')

    // An API server that was started anew has no history to go on from: all is listed.
    await run(admin, team.namespace, 'ended-unseen')
    for (const name of ['listed', 'unseen-end', 'ended', 'ended-unseen', 'again']) await remove(name)
    await createRun(admin, team.namespace, 'again')
    await stage.cp.apiserver.restart()
    await start()
    const listed = (await team.received(20)).slice(16)
    assert.deepEqual(listed.map(told).sort(), [
      'again deleted (missed)',
      'again queued',
      'listed deleted (missed)',
      'unseen-end deleted (missed)',
    ])
    const missed = listed.find((one) => told(one).startsWith('listed'))
    const { labels, milestone } = JSON.parse(missed?.body ?? '')
    assert.deepEqual([labels, milestone.reason], [{ 'tekton.dev/pipeline': 'release' }, 'Running'])
    const again = team.server.received.filter((one) => told(one).startsWith('again'))
    assert.equal(new Set(again.map((one) => one.headers['ce-uid'])).size, 3)
    await run(admin, team.namespace, 'last')
    await team.received(23)
    assert.equal(team.server.received.length, 23)
  })

  it('of a kind that goes are told, also by an operator that was away, once the kind is back', async () => {
    const { admin } = stage
    const team = await stage.team('kinds')
    await team.subscribe({ events: customRuns })
    const crd = async () => {
      const crds = 'apiextensions.k8s.io/v1'
      const found = await admin.get(crds, 'CustomResourceDefinition', undefined, 'customruns.tekton.dev')
      const path = await admin.path(crds, 'CustomResourceDefinition', undefined, 'customruns.tekton.dev')
      await admin.delete(crds, 'CustomResourceDefinition', undefined, 'customruns.tekton.dev')
      await admin.waitGone(path, { what: 'the CRD to be gone' })
      const { name } = (found as KubeObject).metadata
      return { apiVersion: crds, kind: 'CustomResourceDefinition', metadata: { name }, spec: found?.spec }
    }
    const going = async (name: string) => {
      await createRun(admin, team.namespace, name, { kind: 'CustomRun' })
      await writeStatus(admin, team.namespace, name, running(), 'CustomRun')
    }
    const absent = { status: 'False', reason: 'KindNotServed' } as const
    await going('one')
    await team.received(2)
    const first = await crd()
    await team.condition('EventSubscription', 'subscription', 'Ready', absent)
    await admin.apply(first)
    await team.ready()
    await going('two')
    const before = (await team.received(5)).map(told).map((moment) => moment.replace(' (missed)', ''))
    assert.deepEqual(
      before.filter((moment) => moment.startsWith('one')),
      ['one queued', 'one started', 'one deleted'],
    )

    assert.equal(await operator.stop(), 'exited with 0')
    const second = await crd()
    await start()
    await team.condition('EventSubscription', 'subscription', 'Ready', absent)
    assert.equal(team.server.received.length, 5)
    await admin.apply(second)
    const after = await team.received(6)
    assert.equal(told(after[5] as Received), 'two deleted (missed)')
  })

  it('of a namespace leave nothing behind, whatever goes first; what waited is dropped, and counted', async () => {
    const { admin } = stage
    const platform = await stage.team('platform')
    const namespaceSelector = { matchLabels: { audited: 'true' } }
    await platform.subscribe({ events: taskRuns, namespaceSelector })
    const orders = [
      ['taskruns', 'eventsubscriptions', 'eventsinks'],
      ['eventsinks', 'taskruns', 'eventsubscriptions'],
      ['eventsubscriptions', 'eventsinks', 'taskruns'],
    ]
    let dropped = await metric(operator, 'carillon_dropped_total')
    for (const [index, order] of orders.entries()) {
      const labels = { audited: 'true' }
      const team = await stage.team(`going-${index}`, { labels, sink: { behaviour: { kind: 'answer', status: 503 } } })
      await team.subscribe({ events: taskRuns })
      await createRun(admin, team.namespace, `run-${index}`)
      await writeStatus(admin, team.namespace, `run-${index}`, running())
      await team.counts('EventSubscription', 'subscription', ({ pending }) => pending === 2)
      await deleteNamespace(admin, team.namespace, order)
      await platform.received((received) => received.some((one) => told(one) === `run-${index} deleted`))
      // The delete of the run may have been seen before that of the subscription, and then is dropped with it.
      const after = await settled(async () => (await metric(operator, 'carillon_dropped_total')) - dropped, [2, 3])
      dropped += after
      await settled(() => metric(operator, `carillon_pending`), [0])
    }
    const moments = platform.server.received.map(told).sort()
    assert.deepEqual(
      moments,
      [0, 1, 2].flatMap((index) => ['deleted', 'queued', 'started'].map((name) => `run-${index} ${name}`)),
    )

    const again = await stage.team('going-0')
    await again.subscribe({ events: taskRuns })
    await run(admin, again.namespace, 'run-0')
    assert.deepEqual((await again.received(3)).map(told), ['run-0 queued', 'run-0 started', 'run-0 finished'])
  })
})

/** Looks until it is one of these. */
async function settled(look: () => Promise<number>, wanted: readonly number[]): Promise<number> {
  for (const end = Date.now() + patienceMs; ; ) {
    const found = await look()
    if (wanted.includes(found)) return found
    await delay(50)
    if (Date.now() > end) throw new Error(`waited in vain for one of ${wanted}; it is ${found}`)
  }
}
