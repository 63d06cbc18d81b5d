import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Condition } from '../../src/api/generated.ts'
import { type ContinuityFacts, continuity, gapsTold, tellGapMs } from '../../src/status/continuity.ts'

const start = Date.UTC(2026, 10, 22, 12)
const gap = { count: 1, reason: 'LedgerLost', message: 'the disk was lost', time: start + 500 }

const condition = (status: 'True' | 'False', seconds: number, message = ''): Condition => ({
  type: 'Continuity',
  status,
  reason: 'Continuous',
  message,
  observedGeneration: 1,
  lastTransitionTime: new Date(start + seconds * 1000).toISOString().replace('.000Z', 'Z'),
})

const facts = (over: Partial<ContinuityFacts> = {}): ContinuityFacts => ({
  gaps: gap,
  previous: undefined,
  acknowledged: undefined,
  now: start + 60_000,
  ...over,
})

test('without a gap it is True, with one False for a day, with the number, the time and what it means', () => {
  assert.deepEqual(continuity(facts({ gaps: undefined })), {
    status: 'True',
    reason: 'Continuous',
    message: 'no gap is known',
  })
  assert.deepEqual(continuity(facts()), {
    status: 'False',
    reason: 'LedgerLost',
    message: '1 gap so far, the last at 2026-11-22T12:00:00Z: the disk was lost',
  })
  assert.equal(continuity(facts({ gaps: { ...gap, count: 3 } })).message.slice(0, 14), '3 gaps so far,')
  assert.equal(continuity(facts({ now: gap.time + tellGapMs - 1 })).status, 'False')
  const over = continuity(facts({ now: gap.time + tellGapMs }))
  assert.deepEqual([over.status, over.reason], ['True', 'Continuous'])
  assert.match(over.message, /^1 gap so far, the last at 2026-11-22T12:00:00Z: the disk was lost$/)
})

test('a gap is over once it was acknowledged, and stays so after a restart; a later one is told anew', () => {
  const cases: [name: string, over: Partial<ContinuityFacts>, status: 'True' | 'False'][] = [
    ['asked before the gap', { acknowledged: start }, 'False'],
    ['asked after it', { acknowledged: start + 1000 }, 'True'],
    ['a restart afterwards', { previous: condition('True', 10) }, 'True'],
    ['True since before the gap', { previous: condition('True', -10) }, 'False'],
    ['True since the second of the gap', { previous: condition('True', 0) }, 'False'],
    ['False since the gap', { previous: condition('False', 1) }, 'False'],
    ['another gap since', { gaps: { ...gap, time: start + 20_000 }, previous: condition('True', 10) }, 'False'],
    ['another gap since it was asked', { gaps: { ...gap, time: start + 20_000 }, acknowledged: start + 1000 }, 'False'],
  ]
  for (const [name, over, status] of cases) assert.equal(continuity(facts(over)).status, status, name)
})

test('how many gaps there were is read from the condition, where nothing else is left', () => {
  for (const count of [1, 2, 40])
    assert.equal(gapsTold(condition('True', 0, continuity(facts({ gaps: { ...gap, count } })).message)), count)
  assert.equal(gapsTold(condition('True', 0, 'no gap is known')), 0)
  assert.equal(gapsTold(undefined), 0)
})

test('what an archive tells, or does not, stands beside the gaps', () => {
  const from = Date.parse('2026-03-02T10:00:00Z')
  const failing = { kind: 'failing', from, message: 'busy' } as const
  const unread = "what came and went since 2026-03-02T10:00:00Z is looked for in the archive, which can't be read: busy"
  const none = continuity(facts({ gaps: undefined, archive: failing }))
  assert.deepEqual(none, {
    status: 'False',
    reason: 'ArchiveUnreachable',
    message: `no gap is known; ${unread}; it is tried again`,
  })
  const both = continuity(facts({ archive: failing }))
  assert.equal(gapsTold({ ...both, type: 'Continuity', lastTransitionTime: '' }), 1)
  const over = { kind: 'over', at: gap.time, objects: 2 } as const
  const told = continuity(facts({ archive: over }))
  assert.deepEqual([told.status, told.reason], ['False', gap.reason])
  assert.match(told.message, /; of 2 objects that came and went meanwhile the archive told$/)
  const later = facts({ gaps: undefined, archive: { ...over, objects: 1 }, now: gap.time + tellGapMs - 1 })
  assert.match(continuity(later).message, /^no gap is known; of 1 object that came/)
  assert.equal(continuity({ ...later, now: gap.time + tellGapMs }).message, 'no gap is known')
})
