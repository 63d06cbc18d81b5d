import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import { type Archive as Opened, openArchive } from '../../../src/kube/archive.ts'
import { pause } from '../../../src/kube/backoff.ts'
import type { RelistReason } from '../../../src/kube/reflector.ts'
import { indexEmitters } from '../../../src/operator/emitter.ts'
import { type JudgeDeps, judge } from '../../../src/operator/judging/judge.ts'
import { unlimited } from '../../../src/operator/overflow/admit.ts'
import { CatchUps } from '../../../src/operator/recovery/catch-ups.ts'
import { Observed } from '../../../src/operator/recovery/checkpoint.ts'
import { type Archive, startArchive } from '../../controlplane/archive.ts'
import { MemoryOutbox } from '../../outbox/memory/memory.ts'
import { at, cluster, emitter, ms, running, sinceOf, sourceOf, succeeded, taskRun } from '../scene.ts'

const hour = 3_600_000
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

describe('catching up from an archive', { timeout: 60_000 }, () => {
  let archive: Archive
  let opened: Opened
  let directory: string
  before(async () => {
    archive = await startArchive()
    directory = mkdtempSync(join(tmpdir(), 'carillon-archive-'))
    const [tokenFile, caFile] = [join(directory, 'token'), join(directory, 'ca.crt')]
    writeFileSync(tokenFile, archive.token)
    writeFileSync(caFile, archive.ca)
    opened = openArchive({ url: `${archive.url}/`, tokenFile, caFile, log: silent })
  })
  beforeEach(() => {
    archive.objects.clear()
    archive.asked.length = 0
  })
  after(async () => {
    await opened[Symbol.asyncDispose]()
    await archive[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  })

  const named = (name: string, status?: Record<string, unknown>, version = '6', metadata: object = {}): KubeObject =>
    taskRun(status, { name, uid: `uid-${name}`, resourceVersion: version, ...metadata })

  /** A watch of TaskRuns that saw all until second 61, at place 5. */
  async function stage(
    over: { kind?: string; full?: () => boolean; watched?: () => boolean; jump?: () => number; whole?: boolean } = {},
  ) {
    const { kind = 'TaskRun', full = () => false, watched = () => true, jump = () => 0, whole = false } = over
    const clock = { ms: ms(61) }
    const outbox = new MemoryOutbox({ now: () => clock.ms })
    const events = [
      { kind, milestones: kind === 'TaskRun' ? ['started', 'finished', 'deleted'] : ['created', 'deleted'] },
    ]
    const data = { content: 'full' as const }
    const own = emitter('builds', { events, ...(whole && { data }) }, { maxEventBytes: () => 2 * 2 ** 20 })
    const emitters = indexEmitters([own], () => ({}))
    const watch = { name: kind, source: sourceOf(kind) }
    const judging: JudgeDeps = {
      outbox,
      emitters: () => emitters,
      since: sinceOf(),
      cluster,
      now: () => clock.ms,
      matched: () => undefined,
      filterFailed: () => undefined,
      formatFailed: () => undefined,
      poisoned: (_source, _change, error) => assert.fail(String(error)),
    }
    const failures: string[] = []
    const waits: number[] = []
    const told: string[] = []
    const isOver = Promise.withResolvers<void>()
    const catchUps: CatchUps = new CatchUps({
      archive: opened,
      outbox,
      observed: new Observed({ now: () => clock.ms, serverNow: () => clock.ms }),
      isWatched: watched,
      reached: () => [own],
      async write(_watch, judged) {
        const room = { ...unlimited, isFull: full }
        for (let from: number | undefined = 0; from !== undefined; ) {
          const judgement = judged(judging, room, from)
          if (!judgement) return true
          told.push(...judgement.rows.map(({ event }) => `${event.subject} ${event.type.split('.').at(-2)}`))
          await outbox.commit(judgement)
          from = judgement.next
        }
        return true
      },
      turned: () => !catchUps.holds(watch.name) && isOver.resolve(),
      afterMs: 300_000,
      reachMs: hour,
      marginMs: 60_000,
      metrics: { told: () => undefined, failed: (_kind, reason) => failures.push(reason) },
      monotonic: jump,
      serverNow: () => clock.ms,
      random: () => 0,
      wait: async (delay, signal) => {
        waits.push(delay)
        await pause(0, signal)
      },
      log: silent,
    })
    judging.catchUps = catchUps
    const activations = ['started', 'finished', 'deleted', 'created'].map(
      (name) => `${own.uid} team-a/qe ${kind} ${name}`,
    )
    await outbox.activate(new Map(activations.map((key) => [key, 0])))
    const take = async (batch: Parameters<typeof judge>[1]) => {
      const judgement = judge(watch, batch, judging)
      if (judgement) await outbox.commit(judgement)
      return judgement
    }
    const seen = (...objects: KubeObject[]) =>
      take({ phase: 'watch', changes: objects.map((object) => ({ type: 'upsert', object })), cursor: '5', waited: 0 })
    const list = (uids: string[], reason: RelistReason = 'expired', second = 1000) => {
      clock.ms = ms(second)
      return take({ phase: 'listed', changes: [], cursor: '9', uids: new Set(uids), began: clock.ms, reason })
    }
    const stop = new AbortController()
    /** Runs until it is over, or for good. */
    const run = async (end: Promise<unknown> = isOver.promise) => {
      const ended = catchUps.run(stop.signal)
      await Promise.race([end, ended])
      stop.abort()
      await ended
    }
    return { catchUps, clock, failures, list, outbox, run, seen, told, waits }
  }

  it('is for absences that are long enough, of a watch that had a place or a floor', async () => {
    const cases: [reason: RelistReason, second: number, floor: number | undefined, isOpen: boolean][] = [
      ['expired', 1000, undefined, true],
      ['broken', 1000, undefined, true],
      ['empty-watches', 362, undefined, true],
      ['expired', 360, undefined, false],
      ['absent', 1000, undefined, false],
      ['start', 1000, undefined, false],
      ['start', 1000, 1, true],
      ['start', 360, 1, false],
    ]
    for (const [reason, second, floor, isOpen] of cases) {
      const { catchUps, list, outbox, seen } = await stage()
      await seen(named('a', running()))
      if (floor !== undefined) await outbox.begin(new Map([['uid-builds team-a/qe TaskRun', ms(floor)]]))
      await list([], reason, second)
      assert.equal(catchUps.holds('TaskRun'), isOpen, `${reason} ${second}`)
      // Until it is over, the place stands, and what is missing is not known to be gone.
      assert.deepEqual([outbox.cursors().get('TaskRun'), outbox.known('TaskRun').size], isOpen ? ['5', 1] : ['9', 0])
      assert.equal(outbox.floors('TaskRun').size, floor !== undefined && isOpen ? 1 : 0)
    }
  })

  it('tells the end of what was known and of what was not, once, whatever the archive answers first', async () => {
    const { catchUps, failures, list, outbox, run, seen, told } = await stage()
    await seen(named('going', running()), named('lost', running()), named('live', running()))
    for (const name of ['going', 'passed']) archive.put(named(name, succeeded(700)))
    archive.put(named('cut', running(), '7', { deletionTimestamp: at(800) }))
    archive.put(named('live', succeeded(900), '8'))
    archive.put(named('later', succeeded(990), '10'))
    for (let n = 0; n < 60; n += 1) archive.put(named(`old-${n}`, succeeded(60), '4', { creationTimestamp: at(-n) }))
    const refuse = (status: number, body = '{}') => archive.refuse({ status, body })
    for (const status of [500, 503, 401, 403]) refuse(status)
    refuse(200, '{"items": 5}')
    refuse(200, 'no JSON')
    await list(['uid-live'])
    await run()
    const all = ['server', 'throttled', 'unauthorized', 'forbidden', 'broken', 'broken']
    assert.deepEqual(failures, all)
    assert.deepEqual(told.sort(), [
      ...['taskrun/cut deleted', 'taskrun/cut started', 'taskrun/going finished'],
      ...['taskrun/lost deleted', 'taskrun/passed finished', 'taskrun/passed started'],
    ])
    assert.equal(catchUps.holds('TaskRun'), false)
    assert.deepEqual([...outbox.known('TaskRun')], ['uid-live'])
    assert.deepEqual(catchUps.of(['TaskRun']), { kind: 'over', at: ms(1000), objects: 3 })
    assert.equal(catchUps.of(['PipelineRun']), undefined)
    assert.equal(outbox.gaps().size, 0)
    const [first] = archive.asked
    assert.equal(first?.query.get('creationTimestampAfter'), at(61 - 60 - 3600))
  })

  it('begins the list of an archive anew where it is told to, and tells nothing twice', async () => {
    const { failures, list, run, seen, told } = await stage()
    await seen(named('a', running()))
    for (let n = 0; n < 50; n += 1)
      archive.put(named(`passed-${n}`, succeeded(700), '7', { creationTimestamp: at(100 + n) }))
    await list([])
    const first = new Promise<void>((resolve) => {
      const look = () => (archive.asked.length > 0 ? resolve() : setImmediate(look))
      look()
    })
    const ended = run()
    await first
    archive.refuse({ status: 410, body: '{}' }, { status: 400, body: '{"message": "bad continue token"}' })
    await ended
    assert.deepEqual(failures, ['expired', 'refused'])
    assert.equal(told.length, new Set(told).size)
    assert.equal(told.filter((one) => one.endsWith('finished')).length, 50)
  })

  it('passes over a kind that the archive does not know', async () => {
    const { failures, list, run, seen, told } = await stage({ kind: 'Snapshot' })
    await seen({ ...named('a'), apiVersion: 'appstudio.redhat.com/v1alpha1', kind: 'Snapshot' })
    await list([])
    await run()
    assert.deepEqual([failures, told], [[], ['snapshot/a deleted']])
    assert.deepEqual(
      archive.asked.map(({ status }) => status),
      [404],
    )
  })

  it('does without an archive that can not be read for an hour, and says so', async () => {
    const elapsed = { ms: 0 }
    const { catchUps, failures, list, outbox, run, seen, told } = await stage({ jump: () => elapsed.ms })
    await seen(named('a', running()))
    await list([])
    archive.refuseAll({ status: 503, body: '{"message": "down for good"}' })
    const failing = new Promise<void>((resolve) => {
      const look = () => {
        if (failures.length < 5) return setImmediate(look)
        assert.deepEqual(catchUps.of(['TaskRun']), { kind: 'failing', from: ms(1), message: 'down for good' })
        elapsed.ms = hour
        resolve()
      }
      look()
    })
    const ended = run()
    await failing
    await ended
    archive.refuseAll(undefined)
    assert.deepEqual(told, ['taskrun/a deleted'])
    const gap = outbox.gaps().get('uid-builds')
    assert.equal(gap?.reason, 'ArchiveUnreachable')
    assert.match(
      gap?.message ?? '',
      /came and went since .* is not known: the archive could not be read: down for good$/,
    )
  })

  it('waits a while for room, and ends with a watch that nobody wants any more', async () => {
    let refusals = 2
    const full = await stage({ full: () => refusals-- > 0 })
    await full.seen(named('a', running()))
    archive.put(named('a', succeeded(700)))
    await full.list([])
    await full.run()
    assert.deepEqual(full.waits, [1000, 1000])
    assert.deepEqual(full.told, ['taskrun/a finished'])

    const gone = await stage({ watched: () => false })
    await gone.seen(named('a', running()))
    await gone.list([])
    const asked = archive.asked.length
    await gone.run(new Promise((resolve) => setImmediate(resolve)))
    assert.deepEqual([gone.catchUps.holds('TaskRun'), archive.asked.length], [false, asked])
  })

  it('goes on where its last part ended, once there is room for the next', async () => {
    let refused = false
    const { list, run, seen, told, waits } = await stage({
      full: () => {
        if (refused || told.length === 0) return false
        refused = true
        return true
      },
      whole: true,
    })
    await seen(named('a', running()))
    const annotations = { notes: 'x'.repeat(2 ** 20) }
    for (let n = 0; n < 9; n += 1)
      archive.put(named(`large-${n}`, succeeded(700), '7', { creationTimestamp: at(100 + n), annotations }))
    await list([])
    await run()
    assert.deepEqual([refused, waits.includes(1000)], [true, true])
    assert.equal(told.length, new Set(told).size)
    assert.equal(told.filter((one) => one.endsWith('finished')).length, 9)
  })
})
