import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { createRun, ended, momentOf, run, running, toLoopback, writeStatus } from '../fixture.ts'
import type { Scene } from './scene.ts'

/** An operator that ends, in order or not, and another that goes on. */
export function restarts(scene: Scene): void {
  it('goes on where it ended: after a stop, after a kill, and without its disk', async () => {
    const { stage, admin } = scene
    const dataDir = mkdtempSync(join(tmpdir(), 'carillon-restarts-'))
    const args = [...toLoopback, '--class', 'restarted', '--watch-namespace', 'restarts']
    const team = await stage.team('restarts', { class: 'restarted' })
    const events = [{ kind: 'TaskRun', milestones: ['queued', 'started', 'finished'] }]
    try {
      const first = await stage.operator({ args, dataDir })
      await team.subscribe({ events }, {}, { retry: { maxDelay: '1s' } })
      await run(admin, team.namespace, 'one')
      await createRun(admin, team.namespace, 'two')
      await writeStatus(admin, team.namespace, 'two', running())
      await team.received(5)
      assert.equal(await first.stop(), 'exited with 0')

      await writeStatus(admin, team.namespace, 'two', ended())
      await run(admin, team.namespace, 'three')
      const second = await stage.operator({ args, dataDir })
      const afterStop = (await team.received(9)).map(momentOf)
      assert.deepEqual(afterStop.filter(of('one')), moments('one'))
      assert.deepEqual(afterStop.filter(of('two')), moments('two'))
      assert.deepEqual(afterStop.filter(of('three')), moments('three'))
      await team.counts('EventSubscription', 'subscription', ({ delivered }) => delivered === 9)

      team.server.behave({ kind: 'answer', status: 503 })
      await run(admin, team.namespace, 'four')
      await team.received(12)
      await second.kill()
      await run(admin, team.namespace, 'five')
      team.server.behave({ kind: 'answer', status: 204 })
      const third = await stage.operator({ args, dataDir })
      await team.counts('EventSubscription', 'subscription', ({ delivered }) => delivered === 15)
      const all = team.server.received
      assert.deepEqual(
        [...new Set(all.map(momentOf))].sort(),
        ['one', 'two', 'three', 'four', 'five'].flatMap(moments).sort(),
      )
      assert.equal(new Set(all.map(({ id }) => id)).size, 15)
      assert.deepEqual(
        all.filter((one) => one.attempt > 1 && !of('four')(momentOf(one))),
        [],
      )

      // A subscription that was changed meanwhile still begins where its status says that it began.
      await team.subscription('subscription', { events, extensions: { team: 'payments' } })
      await team.ready()
      await third.kill()
      const known = new Set(all.map(({ id }) => id))
      const before = all.length
      await stage.operator({ args })
      const again = await team.received((received) => new Set(received.slice(before).map(({ id }) => id)).size === 15)
      assert.deepEqual(new Set(again.map(({ id }) => id)), known)
    } finally {
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
}

const moments = (name: string) => ['queued', 'started', 'finished'].map((milestone) => `taskrun/${name} ${milestone}`)

const of = (name: string) => (moment: string) => moment.startsWith(`taskrun/${name} `)
