import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pendingOf, suspendedSince } from '../../../src/operator/activation.ts'
import {
  configMapName,
  decodeSince,
  encodeSince,
  shardOf,
  shards,
} from '../../../src/operator/recovery/since-record.ts'
import { ms } from '../scene.ts'

const uid = 'a1b2c3d4-0000-4000-8000-000000000001'
const other = '0fffffff-0000-4000-8000-000000000002'

const activations = new Map([
  [`${uid} team-a/qe TaskRun started`, ms(0)],
  [`${uid} team-a/qe TaskRun finished`, ms(0)],
  [`${uid} team-a/qe PipelineRun finished`, ms(0)],
  [`${uid} team-a/qe CustomRun finished`, ms(5) + 250],
  [`${uid} team-a/audit TaskRun started`, 0],
  [`${uid} team-a/audit TaskRun finished`, pendingOf(ms(9))],
  [`${uid} platform/all TaskRun finished`, suspendedSince],
  [`${other} team-b/qe TaskRun started`, ms(7)],
])

test('the record of a subscription groups what began at the same time, and gives it all back', () => {
  const data = encodeSince(activations, new Set(['a', '0']))
  assert.deepEqual([...data.keys()].sort(), ['0', 'a'])
  const text = data.get('a')?.[uid] ?? ''
  assert.deepEqual(JSON.parse(text), {
    'team-a/qe': {
      '2026-11-22T12:00:00Z': ['TaskRun started finished', 'PipelineRun finished'],
      '2026-11-22T12:00:05.250Z': ['CustomRun finished'],
    },
    'team-a/audit': {
      '1970-01-01T00:00:00Z': ['TaskRun started'],
      '~2026-11-22T12:00:09Z': ['TaskRun finished'],
    },
    'platform/all': { suspended: ['TaskRun finished'] },
  })
  const own = new Map([...activations].filter(([key]) => key.startsWith(uid)))
  assert.deepEqual(decodeSince(uid, text), own)
})

test('a shard that is written holds all of its own and nothing of the others; one that holds nothing more is written empty', () => {
  assert.deepEqual(
    [...encodeSince(activations, new Set(['0']))].map(([shard, data]) => [shard, Object.keys(data)]),
    [['0', [other]]],
  )
  assert.deepEqual([...encodeSince(activations, new Set(['7']))], [['7', {}]])
})

test('every uid has one of sixteen shards, and every install names of its own', () => {
  assert.equal(shards.length, 16)
  for (const [of, shard] of [
    [uid, 'a'],
    ['F00', 'f'],
    ['uid-odd', '0'],
    ['', '0'],
  ] as const)
    assert.equal(shardOf(of), shard)
  assert.equal(configMapName('a', undefined), 'carillon-since-a')
  assert.equal(configMapName('a', 'blue'), 'carillon-since-blue-a')
})

test('thousands of subscriptions stay below the limit of a ConfigMap', () => {
  const many = new Map<string, number>()
  for (let n = 0; n < 10_000; n += 1)
    for (const kind of ['TaskRun', 'PipelineRun', 'CustomRun'])
      for (const milestone of ['started', 'finished'])
        many.set(
          `${(n % 16).toString(16)}0000000-0000-4000-8000-${String(n).padStart(12, '0')} team-${n}/qe ${kind} ${milestone}`,
          ms(n),
        )
  for (const [shard, data] of encodeSince(many, new Set(shards)))
    assert.ok(JSON.stringify(data).length < 2 ** 20 / 4, `${shard}: ${JSON.stringify(data).length}`)
})

test('a record that somebody has edited is not read by half', () => {
  for (const text of [
    '',
    '{',
    'null',
    '[]x',
    '{"team-a/qe":{"yesterday":["TaskRun started"]}}',
    '{"team-a/qe":{"2026-11-22T12:00:00Z":"TaskRun"}}',
  ])
    assert.equal(decodeSince(uid, text), undefined, text)
  assert.deepEqual(decodeSince(uid, '{}'), new Map())
})
