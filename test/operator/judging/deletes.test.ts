import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject, ObjectMeta } from '../../../src/api/object.ts'
import type { Batch, Change } from '../../../src/kube/reflector.ts'
import { activationKey, suspendedSince } from '../../../src/operator/activation.ts'
import { type Emitter, indexEmitters } from '../../../src/operator/emitter.ts'
import { type JudgeDeps, judge } from '../../../src/operator/judging/judge.ts'
import type { Source } from '../../../src/sources/source.ts'
import { MemoryOutbox } from '../../outbox/memory/memory.ts'
import {
  at,
  cluster,
  condition,
  emitter,
  ms,
  running,
  type SubscriptionSpec,
  sinceOf,
  sourceOf,
  succeeded,
  taskRun,
} from '../scene.ts'

const upsert = (object: KubeObject): Change => ({ type: 'upsert', object })
const gone = (object: KubeObject): Change => ({ type: 'delete', object })
const watched = (...changes: Change[]): Batch => ({ phase: 'watch', changes, cursor: '7', waited: 0 })
const listed = (...uids: string[]): Batch => ({
  phase: 'listed',
  changes: [],
  cursor: '9',
  uids: new Set(uids),
  began: 0,
  reason: 'start',
})
const pageOf = (phase: 'list' | 'refresh', ...objects: KubeObject[]): Batch => ({
  phase,
  changes: objects.map(upsert),
  cursor: undefined,
})

const milestones = ['queued', 'started', 'running', 'finished', 'deleted'] as const
const asksFor = (name: string, more: Partial<NonNullable<SubscriptionSpec['events']>[number]> = {}, filter?: string) =>
  emitter(name, {
    events: [{ kind: 'TaskRun', milestones: [...milestones], ...more }],
    ...(filter !== undefined && { filter }),
  })

/** A watch of TaskRuns into an outbox, in which every emitter is active since long ago. */
async function stage(emitters: Emitter[], over: { source?: Source; namespace?: string } = {}) {
  const clock = { ms: ms(61) }
  const outbox = new MemoryOutbox({ now: () => clock.ms })
  const errors: string[] = []
  const deps: JudgeDeps = {
    outbox,
    emitters: () => indexEmitters(emitters, () => ({})),
    since: sinceOf(),
    cluster,
    now: () => clock.ms,
    matched: () => undefined,
    formatFailed: () => undefined,
    filterFailed: (failures) => errors.push(...failures.map(({ message }) => message)),
    poisoned: (_source, { object }, error) => errors.push(`${object.metadata.name}: ${error}`),
  }
  const keep = async (of: Emitter, since = 0) =>
    outbox.activate(
      new Map(
        of.sinks.flatMap(({ key }) => milestones.map((name) => [activationKey(of.uid, key, 'TaskRun', name), since])),
      ),
    )
  for (const one of emitters) await keep(one)
  const { source = sourceOf('TaskRun'), namespace } = over
  const watch = { name: 'TaskRun', source, ...(namespace && { namespace }) }
  return {
    outbox,
    clock,
    errors,
    emitters,
    keep,
    judge: (batch: Batch) => judge(watch, batch, deps),
    /** Judges, commits, and gives `<object> <milestone>` of the rows. */
    async take(batch: Batch): Promise<string[]> {
      const commit = judge(watch, batch, deps)
      if (commit) await outbox.commit(commit)
      return (commit?.rows ?? []).map(({ event }) => `${event.subject.split('/')[1]} ${event.type.split('.').at(-2)}`)
    },
  }
}

const named = (name: string, status?: Record<string, unknown>, metadata: Partial<ObjectMeta> = {}) =>
  taskRun(status, { name, uid: `uid-${name}`, ...metadata })

test('a run that is deleted before its end tells its last milestones, also those never seen, then deleted', async () => {
  const { take, outbox } = await stage([asksFor('all')])
  assert.deepEqual(await take(watched(gone(named('new', running())))), [
    'new queued',
    'new started',
    'new running',
    'new deleted',
  ])
  assert.deepEqual(await take(watched(upsert(named('a')))), ['a queued'])
  assert.deepEqual(await take(watched(gone(named('a', running())))), ['a started', 'a running', 'a deleted'])
  const still = { startTime: at(1), ...condition('False', 'Failed', 30) }
  assert.deepEqual(await take(watched(gone(named('retry', still)))), ['retry queued', 'retry started', 'retry deleted'])
  assert.equal(outbox.known('TaskRun').size, 0)
})

test('a run that has ended and is pruned tells nothing more', async () => {
  const { take } = await stage([asksFor('all')])
  await take(watched(upsert(named('a', succeeded()))))
  assert.deepEqual(await take(watched(gone(named('a', succeeded())))), [])
  await take(watched(upsert(named('b', running()))))
  assert.deepEqual(await take(watched(upsert(named('b', succeeded())), gone(named('b', succeeded())))), ['b finished'])
  await take(watched(upsert(named('c', running()))))
  assert.deepEqual(await take(watched(gone(named('c', succeeded())))), ['c finished'])
})

test('a run that is going, and is kept by a finalizer, is deleted only when it is gone', async () => {
  const { take, judge } = await stage([asksFor('all')])
  await take(watched(upsert(named('a', running()))))
  const deletionTimestamp = at(20)
  const annotated = { deletionTimestamp, annotations: { 'chains.tekton.dev/transparency': 'x' } }
  assert.deepEqual(await take(watched(upsert(named('a', running(), { deletionTimestamp })))), [])
  assert.deepEqual(await take(watched(upsert(named('a', running(), annotated)))), [])
  const commit = judge(watched(gone(named('a', running(), annotated))))
  const [row] = commit?.rows ?? []
  assert.equal(JSON.parse(row?.event.attributes ?? '').time, new Date(ms(20)).toISOString())
  assert.equal(row?.written, ms(61))
  await take(watched(upsert(named('b', running(), { deletionTimestamp }))))
  assert.deepEqual(await take(watched(upsert(named('b', succeeded(), annotated)))), ['b finished'])
  assert.deepEqual(await take(watched(gone(named('b', succeeded(), annotated)))), [])
})

test('deleted is the last by sequence, whatever the clocks say', async () => {
  const { judge, clock } = await stage([asksFor('all')])
  clock.ms = ms(-30)
  const commit = judge(watched(gone(named('a', running(5)))))
  const sequences = commit?.rows.map(({ event }) => String(JSON.parse(event.attributes).sequence)) ?? []
  assert.equal(sequences.length, 4)
  assert.deepEqual(sequences, sequences.toSorted())
})

test('a name that is used again is another run', async () => {
  const { take, outbox } = await stage([asksFor('all')])
  const first = taskRun(running(), { name: 'a', uid: 'uid-1' })
  const second = taskRun(undefined, { name: 'a', uid: 'uid-2' })
  await take(watched(upsert(first)))
  assert.deepEqual(await take(watched(gone(first), upsert(second))), ['a deleted', 'a queued'])
  assert.deepEqual(outbox.known('TaskRun'), new Set(['uid-2']))
  assert.deepEqual(await take(listed('uid-3')), ['a deleted'])
})

test('a run that a list no longer holds tells of its deletion alone, where it had not ended', async () => {
  const { take, judge, clock, outbox } = await stage([asksFor('all')])
  const labels = { 'tekton.dev/pipeline': 'release' }
  await take(pageOf('list', named('a', running(), { labels }), named('b', succeeded()), named('c')))
  clock.ms = ms(600)
  const commit = judge(listed('uid-c'))
  assert.deepEqual(commit?.forget.sort(), ['uid-a', 'uid-b'])
  const [row, ...more] = commit?.rows ?? []
  assert.ok(row)
  assert.deepEqual(more, [])
  assert.equal(row.written, ms(600))
  const { time, type, pipeline } = JSON.parse(row.event.attributes)
  assert.deepEqual(
    [time, type, pipeline],
    [new Date(ms(600)).toISOString(), 'dev.carillon.tekton.taskrun.deleted.v1', 'release'],
  )
  const { milestone, run, labels: told } = JSON.parse(row.event.data ?? '')
  assert.deepEqual(milestone, {
    name: 'deleted',
    time: new Date(ms(600)).toISOString(),
    reason: 'Running',
    details: { missed: true },
  })
  assert.deepEqual([told, run.ref, run.startTime], [labels, { name: 'build' }, new Date(ms(1)).toISOString()])
  assert.deepEqual(await take(listed('uid-c')), ['a deleted'])
  assert.deepEqual(outbox.known('TaskRun'), new Set(['uid-c']))
  assert.deepEqual(await take(listed('uid-c')), [])
})

test('what matched nobody when it was seen is not told by remains', async () => {
  const { take, emitters, keep } = await stage([asksFor('all')])
  await take(pageOf('list', named('a', running())))
  const late = asksFor('late')
  emitters.push(late)
  await keep(late)
  assert.deepEqual(await take(listed()), ['a deleted', 'a deleted'])
})

test('a deletion that was missed is told to those alone who were active while the run was there', async () => {
  const late = asksFor('late')
  const suspended = asksFor('suspended')
  const { judge, take, emitters, keep } = await stage([asksFor('all')])
  await take(pageOf('list', named('a', running())))
  emitters.push(late, suspended)
  await keep(suspended, suspendedSince)
  assert.deepEqual(
    judge(listed())?.rows.map(({ subscription }) => subscription),
    ['team-a/all'],
  )
})

test('labels and filters choose by what remains; a filter that reads more fails, and says so', async () => {
  const chosen = asksFor('chosen', { selector: { matchLabels: { type: 'build' } } })
  const other = asksFor('other', { selector: { matchLabels: { type: 'test' } } })
  const named1 = asksFor('named', {}, 'object.metadata.annotations.team == "x" && object.spec.taskRef.name == "build"')
  const reads = asksFor('reads', {}, 'milestone.name != "deleted" || object.spec.timeout == "1h"')
  const { judge, take, errors } = await stage([chosen, other, named1, reads])
  const metadata = { labels: { type: 'build' }, annotations: { team: 'x' } }
  await take(pageOf('list', named('a', running(), metadata)))
  assert.deepEqual(errors, [])
  assert.deepEqual(
    judge(listed())?.rows.map(({ subscription }) => subscription),
    ['team-a/chosen', 'team-a/named'],
  )
  assert.match(errors.join(), /timeout/)
})

test('a watch of one namespace tells only of what was there', async () => {
  const { take } = await stage([asksFor('all'), emitter('b', {}, { namespace: 'team-b' })], { namespace: 'team-a' })
  await take(pageOf('list', named('a', running()), named('b', running(), { namespace: 'team-b' })))
  assert.deepEqual(await take(listed()), ['a deleted'])
})

test('an extra list, which need not be of everything, tells no deletion', async () => {
  const { take, outbox } = await stage([asksFor('all')])
  await take(pageOf('list', named('a', running()), named('b', running())))
  assert.deepEqual(await take(pageOf('refresh', named('b', running()))), [])
  assert.equal(outbox.known('TaskRun').size, 2)
  assert.deepEqual(await take(listed('uid-b')), ['a deleted'])
})

test('remains are kept while somebody asks for deletions and the run goes on, and written when they change', async () => {
  const builds = emitter('builds')
  const { judge, take, emitters, outbox, keep } = await stage([builds])
  const remainsOf = () => outbox.records(['uid-a']).get('uid-a')?.remains
  await take(watched(upsert(named('a', running()))))
  assert.equal(remainsOf(), undefined)
  assert.deepEqual(await take(listed()), [])

  const all = asksFor('all')
  await take(watched(upsert(named('a', running()))))
  emitters.push(all)
  await keep(all)
  await take(pageOf('refresh', named('a', running())))
  assert.equal(remainsOf()?.metadata.name, 'a')
  assert.deepEqual(judge(watched(upsert(named('a', running(), { resourceVersion: '8' }))))?.records, undefined)
  await take(watched(upsert(named('a', running(), { labels: { type: 'build' } }))))
  assert.deepEqual(remainsOf()?.metadata.labels, { type: 'build' })
  await take(watched(upsert(named('a', succeeded()))))
  assert.equal(remainsOf(), undefined)
  assert.deepEqual(await take(listed()), [])
})

test('more than a list of the missing is looked through at once', async () => {
  const { take, outbox } = await stage([asksFor('all')])
  const names = Array.from({ length: 700 }, (_, index) => `run-${index}`)
  await take(pageOf('list', ...names.map((name) => named(name, running()))))
  assert.deepEqual((await take(listed())).sort(), names.map((name) => `${name} deleted`).sort())
  assert.equal(outbox.known('TaskRun').size, 0)
})

test('remains that no code of ours can read are reported, forgotten, and stop nothing', async () => {
  const real = sourceOf('TaskRun')
  const source: Source = {
    ...real,
    deletion(object, how) {
      if (object.metadata.name === 'bad') throw new TypeError('odd remains')
      return real.deletion(object, how)
    },
  }
  const { take, errors, outbox } = await stage([asksFor('all')], { source })
  await take(pageOf('list', named('a', running()), named('bad', running()), named('b', running())))
  assert.deepEqual(await take(listed()), ['a deleted', 'b deleted'])
  assert.deepEqual(errors, ['bad: TypeError: odd remains'])
  assert.equal(outbox.known('TaskRun').size, 0)
})
