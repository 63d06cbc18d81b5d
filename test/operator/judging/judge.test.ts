import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../../src/api/object.ts'
import type { Batch, Change } from '../../../src/kube/reflector.ts'
import { type Emitter, indexEmitters } from '../../../src/operator/emitter.ts'
import { type JudgeDeps, type Judged, judge, withoutForgotten } from '../../../src/operator/judging/judge.ts'
import { sumCounts } from '../../../src/operator/judging/work.ts'
import type { Source } from '../../../src/sources/source.ts'
import { MemoryOutbox } from '../../outbox/memory/memory.ts'
import { at, cluster, emitter, ms, running, sinceOf, sourceOf, succeeded, taskRun } from '../scene.ts'

const upsert = (object: KubeObject): Change => ({ type: 'upsert', object })
const gone = (object: KubeObject): Change => ({ type: 'delete', object })
const watched = (cursor: string, ...changes: Change[]): Batch => ({ phase: 'watch', changes, cursor, waited: 0 })
const listed = (cursor: string, ...uids: string[]): Batch => ({
  phase: 'listed',
  changes: [],
  cursor,
  uids: new Set(uids),
  began: ms(0),
  reason: 'start',
})

/** A watch of TaskRuns into an outbox, with what it reported. */
function stage(emitters: Emitter[], over: Partial<JudgeDeps> & { source?: Source; namespace?: string } = {}) {
  const clock = { ms: ms(61) }
  const outbox = new MemoryOutbox({ now: () => clock.ms })
  const reports = { matched: [] as string[], filters: 0, poisoned: [] as string[] }
  const { source = sourceOf('TaskRun'), namespace, ...more } = over
  const deps: JudgeDeps = {
    outbox,
    emitters: () => indexEmitters(emitters, () => ({})),
    since: sinceOf(),
    cluster,
    now: () => clock.ms,
    matched: (matched) => reports.matched.push(...matched.map(({ milestone }) => milestone.name)),
    formatFailed: () => undefined,
    filterFailed: () => {
      reports.filters += 1
    },
    poisoned: (_source, { object }, error) => reports.poisoned.push(`${object.metadata.name}: ${error}`),
    ...more,
  }
  const watch: Judged & { lastCommit?: number } = {
    name: namespace ? `TaskRun/${namespace}` : 'TaskRun',
    source,
    ...(namespace && { namespace }),
  }
  return {
    outbox,
    clock,
    reports,
    judge: (batch: Batch) => judge(watch, batch, deps),
    /** Judges, commits, and gives the milestones of the rows. */
    async take(batch: Batch) {
      const commit = judge(watch, batch, deps)
      if (commit) await outbox.commit(commit)
      return commit?.rows.map(({ event }) => event.type.split('.').at(-2))
    },
  }
}

const named = (name: string, status?: Record<string, unknown>, namespace = 'team-a') =>
  taskRun(status, { name, namespace, uid: `uid-${name}` })

const wide = (name: string) => emitter(name, { namespaceSelector: {} }, { namespace: 'admin' })

test('a batch becomes one commit: cursor, records, rows and the sums of what is counted', () => {
  const { judge, reports } = stage([emitter('builds', { sinks: [{ name: 'qe' }, { name: 'audit' }] })])
  const commit = judge(watched('7', upsert(named('a', succeeded())), upsert(named('b', running()))))
  assert.deepEqual([commit?.watch, commit?.cursor], ['TaskRun', '7'])
  assert.deepEqual(
    commit?.records.map(({ uid, seen }) => [uid, seen.length]),
    [
      ['uid-a', 3],
      ['uid-b', 3],
    ],
  )
  assert.equal(commit?.rows.length, 6)
  assert.deepEqual(commit?.counts, [
    { subscription: 'team-a/builds', subscriptionUid: 'uid-builds', sink: '', counts: { matched: 3 } },
  ])
  assert.deepEqual(reports.matched, ['started', 'finished', 'started'])
})

test('two changes of one object in one batch see each other', async () => {
  const { take, outbox } = stage([emitter('builds')])
  const batch = watched('7', upsert(named('a')), upsert(named('a', running())), upsert(named('a', succeeded())))
  assert.deepEqual(await take(batch), ['started', 'finished'])
  assert.deepEqual(outbox.records(['uid-a']).get('uid-a')?.ledger, {
    'uid-builds team-a/qe': ['started', 'finished'],
  })
  assert.deepEqual(await take(watched('9', upsert(named('a', succeeded())))), undefined)
})

test('the same batch judged twice gives the same commit', () => {
  const { judge } = stage([emitter('builds')])
  const batch = watched('7', upsert(named('a', succeeded())))
  // When the cursor was reached is told now and then.
  const { reached, ...first } = judge(batch) ?? {}
  assert.deepEqual([typeof reached, first], ['number', judge(batch)])
})

test('an object that is deleted gives its last milestones, and is forgotten', async () => {
  const { take, judge, outbox } = stage([emitter('builds')])
  await take(watched('7', upsert(named('a', running()))))
  const commit = judge(watched('8', upsert(named('a', running())), gone(named('a', succeeded()))))
  assert.deepEqual(commit?.rows.length, 1)
  assert.deepEqual(commit?.records, [])
  assert.deepEqual(await take(watched('8', gone(named('a', succeeded())))), ['finished'])
  assert.equal(outbox.known('TaskRun').size, 0)
})

test('an object that nobody wants any more is still forgotten when it goes, and one never known costs no write', async () => {
  const emitters = [emitter('builds'), emitter('other', {}, { namespace: 'team-b' })]
  const { take, judge, outbox } = stage(emitters)
  await take(watched('7', upsert(named('a', running()))))
  emitters.shift()
  assert.equal(judge(watched('8', gone(named('never', running())))), undefined)
  await take(watched('9', gone(named('a', running()))))
  assert.equal(outbox.known('TaskRun').size, 0)
})

test('what a list no longer holds is forgotten, also where there is nothing else to say', async () => {
  const { take, judge, outbox } = stage([wide('all')])
  await take({ phase: 'list', changes: ['a', 'b', 'c'].map((name) => upsert(named(name))), cursor: undefined })
  assert.deepEqual(judge(listed('9', 'uid-b', 'uid-new'))?.forget.sort(), ['uid-a', 'uid-c'])
  await take(listed('9', 'uid-b'))
  assert.deepEqual(outbox.known('TaskRun'), new Set(['uid-b']))
  assert.deepEqual(outbox.cursors(), new Map([['TaskRun', '9']]))
})

test('a watch of one namespace forgets only what was there', async () => {
  const { take, judge } = stage([wide('all')], { namespace: 'team-a' })
  const changes = [upsert(named('a')), upsert(named('b', undefined, 'team-b'))]
  await take({ phase: 'list', changes, cursor: undefined })
  const commit = judge(listed('9'))
  assert.deepEqual(commit?.forget, ['uid-a'])
  assert.equal(commit?.watch, 'TaskRun/team-a')
})

test('pages of a list leave the cursor where it is, and are passed over when they hold nothing new', async () => {
  const { take, judge, outbox } = stage([emitter('builds')])
  const page = (phase: 'list' | 'refresh'): Batch => ({
    phase,
    changes: [upsert(named('a', running()))],
    cursor: undefined,
  })
  assert.deepEqual(await take(page('list')), ['started'])
  assert.equal(outbox.cursors().size, 0)
  assert.equal(judge(page('list')), undefined)
  assert.equal(judge(page('refresh')), undefined)
  assert.equal(judge({ phase: 'list', changes: [], cursor: undefined }), undefined)
})

test('a cursor that moves for nothing is written every five seconds at most', () => {
  const { judge, clock } = stage([emitter('builds')])
  const elsewhere = upsert(named('x', running(), 'team-z'))
  assert.equal(judge(watched('1'))?.cursor, '1')
  const written: (string | undefined)[] = []
  for (let n = 2; n <= 20; n += 1) {
    clock.ms += 1000
    written.push(judge(watched(String(n), elsewhere))?.cursor)
  }
  assert.deepEqual(
    written.filter((cursor) => cursor !== undefined),
    ['6', '11', '16'],
  )
  clock.ms += 1
  assert.equal(judge(watched('21', upsert(named('a', running()))))?.cursor, '21')
})

test('an object that no code of ours can read is reported, and those beside it go on', async () => {
  const real = sourceOf('TaskRun')
  const source: Source = {
    ...real,
    milestones(object) {
      if (object.metadata.name === 'bad') throw new TypeError('odd status')
      return real.milestones(object)
    },
  }
  const { take, reports, outbox } = stage([emitter('builds')], { source })
  const rows = await take(
    watched('7', upsert(named('a', running())), upsert(named('bad')), upsert(named('b', running()))),
  )
  assert.deepEqual(rows, ['started', 'started'])
  assert.deepEqual(reports.poisoned, ['bad: TypeError: odd status'])
  assert.deepEqual(outbox.known('TaskRun'), new Set(['uid-a', 'uid-b']))
  assert.deepEqual(outbox.cursors(), new Map([['TaskRun', '7']]))
  await take(watched('8', gone(named('bad'))))
  assert.equal(reports.poisoned.length, 2)
})

test('a filter that fails is reported, and stops nothing', async () => {
  const { take, reports } = stage([emitter('broken', { filter: 'object.spec.missing == 1' }), emitter('builds')])
  assert.deepEqual(await take(watched('7', upsert(named('a', running())))), ['started'])
  assert.equal(reports.filters, 1)
})

test('only those who may see a namespace are asked', async () => {
  const asked = stage([emitter('own'), emitter('other', {}, { namespace: 'team-b' }), wide('all')])
  const commit = asked.judge(watched('7', upsert(named('a', running()))))
  assert.deepEqual(commit?.rows.map(({ subscription }) => subscription).sort(), ['admin/all', 'team-a/own'])
})

test('sums are by subscription and sink', () => {
  const delta = (subscriptionUid: string, sink: string, counts: Record<string, number>) => ({
    subscription: 'team-a/builds',
    subscriptionUid,
    sink,
    counts,
  })
  const sums = sumCounts([
    delta('one', '', { matched: 1 }),
    delta('one', '', { matched: 1, filtered: 2 }),
    delta('one', 'team-a/qe', { deadLettered: 1 }),
    delta('two', '', { matched: 1 }),
  ])
  assert.deepEqual(sums, [
    delta('one', '', { matched: 2, filtered: 2 }),
    delta('one', 'team-a/qe', { deadLettered: 1 }),
    delta('two', '', { matched: 1 }),
  ])
})

test('a batch that had to wait is written without what it holds for subscriptions that went meanwhile', () => {
  const heavy = emitter('heavy', {}, { maxEventBytes: () => 10 })
  const { judge } = stage([emitter('builds'), emitter('gone'), heavy])
  const commit = judge(watched('7', upsert(named('a', running()))))
  assert.ok(commit)
  const owners = ({ rows, dead, counts }: typeof commit) => ({
    rows: rows.map(({ subscriptionUid }) => subscriptionUid),
    dead: dead.map(({ subscriptionUid }) => subscriptionUid),
    counts: [...new Set(counts.map(({ subscriptionUid }) => subscriptionUid))],
  })
  const kept = withoutForgotten(commit, (uid) => uid !== 'uid-gone' && uid !== 'uid-heavy')
  assert.deepEqual(owners(kept), { rows: ['uid-builds'], dead: [], counts: ['uid-builds'] })
  assert.deepEqual(kept.records, commit.records)
  assert.deepEqual(owners(withoutForgotten(commit, () => true)), owners(commit))
})

test('a whole list ends the floors of its kind, and tells of what it may have missed', async () => {
  const { judge } = stage([emitter('builds')])
  const commit = judge(listed('7'))
  assert.equal(commit?.listed, true)
  assert.equal(commit?.gaps, undefined)
  assert.equal(judge(watched('8', upsert(named('a', running()))))?.listed, undefined)
  const gap = { subscriptionUid: 'uid-builds', reason: 'WatchGap', message: 'missed' }
  const asked: string[] = []
  const missing = stage([emitter('builds')], {
    missed(watch, reason) {
      asked.push(`${watch.name} ${reason}`)
      return [gap]
    },
  })
  assert.deepEqual(missing.judge({ ...(listed('7') as Batch & { phase: 'listed' }), reason: 'expired' })?.gaps, [gap])
  assert.deepEqual(asked, ['TaskRun expired'])
})

test('only lists go by floors', () => {
  const floor = { of: () => ms(3600), marginMs: 0 }
  const { judge } = stage([emitter('builds')], { floor: () => floor })
  const object = { ...named('a', succeeded()), metadata: { ...named('a').metadata, managedFields: [{ time: at(60) }] } }
  const rows = (phase: 'list' | 'refresh') =>
    judge({ phase, changes: [upsert(object)], cursor: undefined })?.rows.length
  assert.equal(rows('list'), 0)
  assert.equal(rows('refresh'), 2)
  assert.equal(judge(watched('8', upsert(object)))?.rows.length, 2)
})
