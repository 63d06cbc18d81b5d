import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { KubeObject } from '../../../src/api/object.ts'
import { type Archive, startArchive } from '../../controlplane/archive.ts'
import type { Received } from '../../controlplane/sink.ts'
import { createRun, ended, run, running, secondOver, type Team, writeStatus } from '../fixture.ts'
import { forgetThePast, Lives, moments, oneIdEach, type Scene } from './scene.ts'

const version = 'tekton.dev/v1'
const milestones = ['queued', 'started', 'finished', 'deleted']

/** What came and went while there was no operator, told by an archive. */
export function archive(scene: Scene): void {
  /** As KubeArchive has it: the last state, as the cluster had it. */
  async function keep(kept: Archive, namespace: string, name: string): Promise<void> {
    kept.put((await scene.admin.get(version, 'TaskRun', namespace, name)) as KubeObject)
  }

  async function prune(kept: Archive, namespace: string, name: string): Promise<void> {
    await keep(kept, namespace, name)
    await scene.admin.delete(version, 'TaskRun', namespace, name)
  }

  async function argsFor(kept: Archive, more: string[]): Promise<string[]> {
    const { directory } = scene.stage.cp
    const [token, ca] = [join(directory, 'archive-token'), join(directory, 'archive-ca.crt')]
    writeFileSync(token, `${kept.token}\n`)
    writeFileSync(ca, kept.ca)
    return [...['--archive-url', kept.url, '--archive-token-file', token, '--archive-ca-file', ca], ...more]
  }

  /** What happens while there is nobody to see it: the names tell it. */
  async function meanwhile(kept: Archive, ns: string): Promise<void> {
    const { admin } = scene
    await writeStatus(admin, ns, 'going', ended())
    await prune(kept, ns, 'going')
    for (let n = 0; n < 30; n += 1) {
      await run(admin, ns, `passing-${n}`)
      await prune(kept, ns, `passing-${n}`)
    }
    await createRun(admin, ns, 'cut-off')
    await writeStatus(admin, ns, 'cut-off', running())
    await prune(kept, ns, 'cut-off')
    await admin.delete(version, 'TaskRun', ns, 'unarchived')
    await run(admin, ns, 'stays')
    await keep(kept, ns, 'stays')
  }

  const passed = Array.from({ length: 30 }, (_, n) =>
    ['finished', 'queued', 'started'].map((milestone) => `passing-${n} ${milestone}`),
  ).flat()
  const news = [
    ...['cut-off deleted', 'cut-off queued', 'cut-off started', 'going finished'],
    ...['stays finished', 'stays queued', 'stays started', 'unarchived deleted'],
  ]
  const once = (received: readonly Received[]) => received.map(({ id }) => id).sort()

  /** Runs of before, of which all is told that there is. */
  async function before(kept: Archive, team: Team): Promise<void> {
    const { admin } = scene
    const ns = team.namespace
    await team.subscribe({ events: [{ kind: 'TaskRun', milestones }] })
    await run(admin, ns, 'early')
    for (const name of ['going', 'unarchived']) {
      await createRun(admin, ns, name)
      await writeStatus(admin, ns, name, running())
    }
    await team.received(7)
    await prune(kept, ns, 'early')
  }

  /** A delivery that is not settled when the operator is killed is made again. */
  const settled = (team: Team, count: number) =>
    team.counts('EventSubscription', 'subscription', ({ delivered }) => delivered === count)

  it('is asked for what came and went, once its place is too old: all is told, once', async () => {
    const { stage } = scene
    await using kept = await startArchive()
    const more = ['--archive-after', '1s', '--watch-namespace', 'archived']
    await using lives = new Lives(stage, await argsFor(kept, more))
    const team = await stage.team('archived')
    await lives.begin()
    await before(kept, team)
    // A bookmark, or another run: after that the cursor is past the deletion.
    await run(scene.admin, team.namespace, 'last')
    await settled(team, 10)
    await lives.kill()
    await secondOver()
    await meanwhile(kept, team.namespace)
    await forgetThePast(scene)

    const refusal = { status: 503, headers: { 'retry-after': '1' }, body: '{"message": "busy"}' }
    kept.refuse(refusal, { status: 200, body: '{"kind": "List", "items": [' }, { status: 200, body: '{}' })
    const operator = await lives.begin()
    const wanted = [...news, ...passed].sort()
    const received = await team.received((all) => all.length >= 10 + wanted.length, 'what came and went')
    await run(scene.admin, team.namespace, 'end')
    await team.received((all) => moments(all).includes('end finished'))
    assert.deepEqual(moments(received.slice(10)), [...wanted, 'end finished', 'end queued', 'end started'].sort())
    oneIdEach(team.server.received)
    assert.equal(new Set(once(team.server.received)).size, team.server.received.length, 'something came twice')
    await team.condition('EventSubscription', 'subscription', 'Continuity', {
      message: /of 32 objects that came and went/,
    })
    assert.deepEqual(new Set(kept.asked.map(({ token }) => token)), new Set([kept.token]))
    assert.ok(
      kept.asked.filter(({ status, query }) => status === 200 && query.has('continue')).length > 0,
      'no second page',
    )
    assert.deepEqual(
      kept.asked.slice(0, 3).map(({ status }) => status),
      [503, 200, 200],
    )
    const missed = team.server.received.filter((one) => one.body.includes('"missed":true'))
    assert.deepEqual(moments(missed), ['unarchived deleted'])
    assert.ok(operator.log.some(({ msg }) => msg === 'the archive was read: what came and went unseen is told'))

    // The place is kept again: another life begins with it.
    const count = team.server.received.length
    await settled(team, count)
    await lives.kill()
    const asked = kept.asked.length
    await lives.begin()
    await run(scene.admin, team.namespace, 'after')
    await team.received(count + 3)
    assert.equal(kept.asked.length, asked)
    assert.equal(team.server.received.length, count + 3)
  })

  it('is asked after the disk was lost; while it can not be read, live runs are told, and Continuity says so', async () => {
    const { stage, admin } = scene
    await using kept = await startArchive()
    const more = ['--archive-after', '1s', '--watch-namespace', 'unread']
    await using lives = new Lives(stage, await argsFor(kept, more))
    const team = await stage.team('unread')
    const ns = team.namespace
    await lives.begin()
    await before(kept, team)
    await run(admin, ns, 'last')
    await settled(team, 10)
    await delay(2500)
    await team.ask('EventSubscription', 'subscription')
    await lives.kill()
    lives.loseDisk()
    await secondOver()
    await meanwhile(kept, ns)

    kept.refuseAll({ status: 401, body: '{"message": "authentication failed"}' })
    const known = team.server.received.length
    await lives.begin()
    const unread = {
      status: 'False',
      reason: 'ArchiveUnreachable',
      message: /authentication failed; it is tried again/,
    } as const
    await team.condition('EventSubscription', 'subscription', 'Continuity', unread)
    await run(admin, ns, 'live')
    await team.received((all) => moments(all.slice(known)).includes('live finished'))
    // Killed while it looks, it begins once more.
    await lives.kill()
    kept.refuseAll(undefined)
    await lives.begin()
    // Nobody knows any more that there was one that the archive does not have.
    const wanted = [...news.filter((moment) => !moment.startsWith('unarchived')), ...passed]
    const isTold = (all: Received[]) => new Set(wanted).isSubsetOf(new Set(moments(all.slice(known))))
    await team.received(isTold, 'what came and went')
    oneIdEach(team.server.received)
    await team.condition('EventSubscription', 'subscription', 'Continuity', {
      reason: 'LedgerLost',
      message: /came and went/,
    })
  })
}
