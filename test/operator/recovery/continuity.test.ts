import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isNewcomer, lossGap, watchGaps } from '../../../src/operator/recovery/continuity.ts'
import { emitter, ms, sourceOf } from '../scene.ts'

const watching = emitter('watching', { events: [{ kind: 'TaskRun', milestones: ['running', 'finished', 'unknown'] }] })
const ends = emitter('ends', { events: [{ kind: 'TaskRun', milestones: ['finished', 'deleted'] }] })
const others = emitter('others', { events: [{ kind: 'PipelineRun', milestones: ['running'] }] })

test('a list that had to be made anew is a gap for who selects what passes between two states', () => {
  for (const reason of ['expired', 'empty-watches', 'broken'] as const) {
    assert.deepEqual(watchGaps(sourceOf('TaskRun'), reason, [watching, ends, others]), [
      {
        subscriptionUid: 'uid-watching',
        reason: 'WatchGap',
        message: 'the watch of TaskRun had to begin anew: unknown, running that passed meanwhile may be missing',
      },
    ])
  }
})

test('the first list, and that of a kind that was not there, miss nothing', () => {
  for (const reason of ['start', 'absent'] as const)
    assert.deepEqual(watchGaps(sourceOf('TaskRun'), reason, [watching]), [])
})

test('who came after the watch was given up, and just now, misses nothing by its list', () => {
  const fresh = { isPending: true, since: ms(3600), followed: ms(0), now: ms(3602) }
  assert.ok(isNewcomer(fresh))
  assert.ok(isNewcomer({ ...fresh, followed: undefined }))
  assert.equal(isNewcomer({ ...fresh, isPending: false }), false, 'it was there before')
  assert.equal(isNewcomer({ ...fresh, followed: ms(3601) }), false, 'the watch broke off under it')
  assert.equal(
    isNewcomer({ ...fresh, now: ms(3700) }),
    false,
    'nobody watched for it, for as long as the operator was away',
  )
})

test('a loss tells what was lost, from when on it takes up, and what that means', () => {
  const lost = lossGap('uid-builds', 'lost', ms(60))
  assert.deepEqual([lost.subscriptionUid, lost.reason], ['uid-builds', 'LedgerLost'])
  assert.match(
    lost.message,
    /data was lost; of all objects written since 2026-11-22T12:01:00Z everything is sent again, with the same ids/,
  )
  assert.equal(lossGap('uid-builds', 'damaged', 0).reason, 'StorageDamaged')
})
