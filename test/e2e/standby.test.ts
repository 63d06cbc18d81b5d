// Several instances: one works, the others wait, whatever becomes of it.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { installTekton } from '../controlplane/tekton.ts'
import { momentOf, run, type Stage, startStage, type Team, toLoopback } from './fixture.ts'

const lease = ['--leader-elect-lease-duration', '10s']

describe('of several operators', { timeout: 240_000 }, () => {
  const resources = new AsyncDisposableStack()
  let stage: Stage
  let team: Team
  let root: string
  const operator = (name: string, standby = false) =>
    stage.operator({ args: [...toLoopback, ...lease], dataDir: join(root, name), standby })
  const moments = () => [...new Set(team.server.received.map(momentOf))].sort()
  const runs = (...names: string[]) =>
    names.flatMap((name) => [`taskrun/${name} finished`, `taskrun/${name} started`]).sort()

  before(async () => {
    stage = resources.use(await startStage())
    await installTekton(stage.admin)
    root = mkdtempSync(join(tmpdir(), 'carillon-standby-'))
    resources.defer(() => rmSync(root, { recursive: true, force: true }))
    team = await stage.team('standby')
  })
  after(() => resources.disposeAsync())

  it('one works and tells so; the next goes on when it stops, is killed, or comes to a halt', async () => {
    const first = await operator('a')
    await team.subscribe()
    await run(stage.admin, team.namespace, 'one')
    await team.received(2)

    const second = await operator('b', true)
    const waiting = await fetch(`${second.health}/readyz`)
    assert.equal(waiting.status, 503)
    assert.match(await waiting.text(), /^waiting for Lease carillon-system\/carillon, which .+_[0-9a-f-]{36} holds\n$/)
    assert.equal((await fetch(`${second.health}/healthz`)).status, 200)
    await run(stage.admin, team.namespace, 'two')
    await team.received(4)
    assert.ok(team.server.received.every(({ attempt }) => attempt === 1))
    assert.equal(await first.stop(), 'exited with 0')
    await second.ready()
    await run(stage.admin, team.namespace, 'three')
    await team.received(() => moments().length === 6)

    // Killed, with its disk: the very directory that worked last goes on at once, before the one that waits for the Lease.
    const third = await operator('c', true)
    await second.kill()
    await run(stage.admin, team.namespace, 'four')
    const again = await operator('b')
    await team.received(() => moments().length === 8)
    assert.ok(!again.log.some(({ msg }) => /holds the Lease/.test(msg)))
    assert.equal((await fetch(`${third.health}/readyz`)).status, 503)

    // Halted: another takes its place, and it ends when it finds that out.
    process.kill(again.pid, 'SIGSTOP')
    await third.ready()
    await run(stage.admin, team.namespace, 'five')
    await team.received(() => moments().length === 10)
    process.kill(again.pid, 'SIGCONT')
    const { how, errors } = await again.exited
    assert.equal(how, 'exited with 1')
    assert.match(errors.join('\n'), /^carillon: another instance has taken the Lease/)

    assert.deepEqual(moments(), runs('one', 'two', 'three', 'four', 'five'))
    assert.equal(new Set(team.server.received.map(({ id }) => id)).size, 10)
  })
})
