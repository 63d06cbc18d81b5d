import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { metric, type OperatorProcess } from '../../operator/process.ts'
import { conditionsOf, createRun, ended, momentOf, run, toLoopback, writeStatus } from '../fixture.ts'
import type { Scene } from './scene.ts'

const events = [{ kind: 'TaskRun', milestones: ['finished'] }]

/** What an operator with a trouble of its data directory shows, and that it goes on by itself. */
export function storage(scene: Scene): void {
  it('waits while its disk is full, says so on every resource, and goes on without a restart', async (t) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'carillon-full-'))
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'carillon-test', dataDir]).status !== 0) {
      rmSync(dataDir, { recursive: true })
      return t.skip('no file system can be mounted here')
    }
    try {
      const { stage, admin } = scene
      const team = await stage.team('full-disk', { class: 'full-disk' })
      const args = [...toLoopback, '--class', 'full-disk', '--watch-namespace', 'full-disk']
      const operator = await stage.operator({ args, dataDir })
      await team.subscribe({ events })
      await run(admin, team.namespace, 'before')
      await team.received(1)
      const filler = join(dataDir, 'filler')
      assert.throws(() => writeFileSync(filler, Buffer.alloc(16 * 2 ** 20, 1)), /ENOSPC/)
      for (let n = 0; n < 20; n += 1) await run(admin, team.namespace, `full-${n}`)
      for (const [kind, name] of [
        ['EventSink', 'sink'],
        ['EventSubscription', 'subscription'],
      ] as const)
        await team.condition(kind, name, 'Overflow', {
          status: 'True',
          reason: 'StorageFull',
          message: /takes nothing since 20/,
        })
      assert.equal(await metric(operator, 'carillon_storage_state', 'state="full"'), 1)
      assert.equal((await fetch(`${operator.health}/readyz`)).status, 200)
      rmSync(filler)
      const received = await team.received(21)
      assert.deepEqual(received.filter(({ attempt }) => attempt > 1).map(momentOf), [])
      await team.until('EventSink', 'sink', 'Overflow to be gone', (object) =>
        conditionsOf(object).every(({ type }) => type !== 'Overflow'),
      )
      assert.equal(await metric(operator, 'carillon_storage_state', 'state="ok"'), 1)
      assert.deepEqual(
        operator.log.filter(({ msg }) => msg.startsWith('the data directory takes')).map(({ level }) => level),
        ['error', 'info'],
      )
      assert.equal(await operator.stop(), 'exited with 0')
    } finally {
      spawnSync('umount', ['--lazy', dataDir])
      rmSync(dataDir, { recursive: true, force: true })
    }
  })

  it('sets a damaged outbox aside, at a start and while it works, and tells again what the objects tell', async () => {
    const { stage, admin } = scene
    const dataDir = mkdtempSync(join(tmpdir(), 'carillon-damaged-'))
    try {
      const team = await stage.team('damaged', { class: 'damaged' })
      const args = [...toLoopback, '--class', 'damaged', '--watch-namespace', 'damaged']
      const first = await stage.operator({ args, dataDir })
      await team.subscribe({ events, data: { content: 'full' } }, {}, { retry: { maxDelay: '1s' } })
      for (const name of ['one', 'two', 'three']) await run(admin, team.namespace, name)
      const ids = new Set((await team.received(3)).map(({ id }) => id))
      await team.counts('EventSubscription', 'subscription', ({ delivered }) => delivered === 3)
      await first.stop()
      truncateSync(join(dataDir, 'carillon.db'), statSync(join(dataDir, 'carillon.db')).size / 2)

      const second = await stage.operator({ args, dataDir })
      const damaged = { status: 'False', reason: 'StorageDamaged' } as const
      await team.condition('EventSubscription', 'subscription', 'Continuity', damaged)
      assert.equal(damagedIn(dataDir).length, 1)
      await assertTold(second, 1)

      // More waits than is kept in memory, so that it is read from the file again.
      team.server.behave({ kind: 'answer', status: 503 })
      const names = Array.from({ length: 180 }, (_, n) => `large-${n}`)
      const spec = { params: [{ name: 'long', value: 'x'.repeat(60_000) }] }
      const large = async (name: string) => {
        await createRun(admin, team.namespace, name, { spec })
        await writeStatus(admin, team.namespace, name, ended())
      }
      for (let n = 0; n < names.length; n += 12) await Promise.all(names.slice(n, n + 12).map(large))
      await team.counts('EventSink', 'sink', ({ pending }) => pending >= names.length)
      // Halted meanwhile, so that it finds all of it at once: not one half, and the other in the file that it begins then.
      process.kill(second.pid, 'SIGSTOP')
      spoil(dataDir)
      process.kill(second.pid, 'SIGCONT')
      team.server.behave({ kind: 'answer', status: 204 })
      const before = team.server.received.length
      // Not to wait until it looks by itself whether the sink is back.
      await team.ask('EventSink', 'sink')
      await team.received((all) => {
        const taken = new Set(all.slice(before).map(momentOf))
        return names.every((name) => taken.has(`taskrun/${name} finished`))
      })
      await assertTold(second, 2)
      assert.equal(damagedIn(dataDir).length, 2)
      const all = team.server.received
      assert.equal(new Set(all.map(({ id }) => id)).size, ids.size + names.length, 'every event under one id')
      assert.equal(await second.stop(), 'exited with 0')
    } finally {
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
}

const damagedIn = (dataDir: string) => readdirSync(dataDir).filter((name) => /^carillon\.db\.damaged-[^-]+$/.test(name))

/** One loud line each time that says what, and where the file is now; a metric counts them. */
async function assertTold(operator: OperatorProcess, times: number): Promise<void> {
  const { log, dataDir } = operator
  const told = log.filter(({ msg }) => msg.startsWith('carillon.db is damaged'))
  assert.deepEqual(
    told.map(({ level }) => level),
    Array(times).fill('error'),
  )
  for (const { found, movedTo } of told)
    assert.ok(found && existsSync(String(movedTo)) && String(movedTo).startsWith(dataDir))
  assert.equal(await metric(operator, 'carillon_storage_damaged_total'), times)
}

/** Puts other bytes in the place of all pages but the first, and of those that are in the log yet. */
function spoil(dataDir: string): void {
  for (const name of ['carillon.db', 'carillon.db-wal']) {
    const path = join(dataDir, name)
    writeFileSync(path, readFileSync(path).fill(0xee, 4096))
  }
}
