import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Owing } from '../../../src/operator/overflow/overflow.ts'
import { listsFor, pauseAfter, type TakeUpDeps, takeUp } from '../../../src/operator/overflow/take-up.ts'

const owing = (sink: string, source: string, namespace: string): Owing => ({ sink, source, namespace, objects: 1 })

const listed = (entries: Owing[], takes = (_sink: string) => true) => [...listsFor(entries, takes)]

test('each kind is listed where something is owed to a sink that takes rows', () => {
  const entries = [
    owing('a/qe', 'TaskRun', 'a'),
    owing('a/audit', 'TaskRun', 'a'),
    owing('p/all', 'TaskRun', 'b'),
    owing('a/qe', 'PipelineRun', 'a'),
    owing('c/full', 'CustomRun', 'c'),
    owing('c/full', 'TaskRun', 'c'),
  ]
  assert.deepEqual(
    listed(entries, (sink) => sink !== 'c/full'),
    [
      ['TaskRun', ['a', 'b']],
      ['PipelineRun', ['a']],
    ],
  )
  assert.deepEqual(listed([]), [])
})

test('many namespaces are listed as one', () => {
  const many = (count: number) => Array.from({ length: count }, (_, n) => owing('p/all', 'TaskRun', `team-${n}`))
  assert.equal(listed(many(8))[0]?.[1].length, 8)
  assert.deepEqual(listed(many(9)), [['TaskRun', [undefined]]])
})

test('lists take half of the time at most, and come ever more seldom where they take nothing up', () => {
  const cases: [took: number, tookUp: boolean, before: number, pause: number][] = [
    [10, true, 0, 1_000],
    [2_000, true, 1_000, 2_000],
    [90_000, true, 0, 60_000],
    [10, false, 0, 1_000],
    [10, false, 1_000, 2_000],
    [10, false, 200_000, 300_000],
    [10, true, 300_000, 1_000],
  ]
  for (const [took, tookUp, before, pause] of cases)
    assert.equal(pauseAfter(took, tookUp, before), pause, `${took} ${tookUp} ${before}`)
})

/** Runs the loop on a clock of its own for so many looks; gives at which ms each list began. */
async function looks(count: number, of: { takesUp: boolean; raisedAt?: number; fails?: boolean }) {
  const stop = new AbortController()
  const lists: string[] = []
  const warned: unknown[] = []
  let now = 0
  const overflow = {
    takenUp: 0,
    look: () => ({ owing: [owing('a/qe', 'TaskRun', 'a')], raised: now === of.raisedAt }),
    takes: () => true,
  }
  const deps: TakeUpDeps = {
    overflow,
    isWatched: () => true,
    owedIn: () => ['a'],
    async refresh(kind, namespace) {
      lists.push(`${now} ${kind} ${namespace}`)
      if (of.takesUp) overflow.takenUp += 1
      if (of.fails) throw new Error('no list')
    },
    log: { warn: (fields: object) => warned.push(fields) } as unknown as TakeUpDeps['log'],
    now: () => now,
    async wait(ms) {
      await new Promise((resolve) => setImmediate(resolve))
      now += ms
      if (now >= count * 500) stop.abort()
    },
  }
  await takeUp(deps, stop.signal)
  return { lists, warned }
}

test('objects are looked through again and again while something is owed, a second apart', async () => {
  const { lists } = await looks(6, { takesUp: true })
  assert.deepEqual(lists, ['0 TaskRun a', '1000 TaskRun a', '2000 TaskRun a'])
})

test('what leads to nothing is done ever more seldom, but at once when a cap is raised', async () => {
  assert.deepEqual((await looks(20, { takesUp: false })).lists, [
    '0 TaskRun a',
    '1000 TaskRun a',
    '3000 TaskRun a',
    '7000 TaskRun a',
  ])
  assert.deepEqual((await looks(12, { takesUp: false, raisedAt: 4_000 })).lists.slice(2), [
    '3000 TaskRun a',
    '4000 TaskRun a',
  ])
})

test('a list that fails is told, and made again', async () => {
  const { lists, warned } = await looks(4, { takesUp: false, fails: true })
  assert.deepEqual([lists.length, warned.length], [2, 2])
})
