import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderStage } from '../rendering.ts'
import { at, ms, sink, subscription } from '../scene.ts'
import { silenceStage } from './scene.ts'

const [key, quiet] = ['team-a/builds', { turned: [], since: undefined }]

test('nothing since it became active: silent when it is due, told once, until something matches', () => {
  const stage = silenceStage()
  assert.deepEqual(stage.at(599), quiet)
  assert.equal(stage.condition(), undefined)
  assert.deepEqual(stage.at(600), { turned: [key], since: 0 })
  const condition = stage.condition()
  assert.deepEqual(
    [condition?.status, condition?.reason, condition?.lastTransitionTime],
    ['True', 'NothingMatched', at(600)],
  )
  assert.match(condition?.message ?? '', /^nothing has matched since it became active at 2026-11-22T12:00:00Z, .* 10m$/)
  assert.deepEqual(stage.at(5000), { turned: [], since: 0 })
  assert.equal(stage.matches(5001), true)
  assert.equal(stage.condition(), undefined)
  assert.deepEqual(stage.at(5002), quiet)
  assert.equal(stage.matches(5003), false)
  assert.deepEqual(stage.at(5602), quiet)
  assert.deepEqual(stage.at(5603), { turned: [key], since: 5003 })
  assert.match(stage.condition()?.message ?? '', /the last was finished of TaskRun team-a\/unit$/)
})

test('what was not seen yet may hold a match: nothing is said before it is in', () => {
  const stage = silenceStage()
  stage.seen.until = undefined
  assert.deepEqual(stage.at(9000), quiet)
  stage.seen.until = 599
  assert.deepEqual(stage.at(9001), quiet)
  stage.seen.until = 600
  assert.deepEqual(stage.at(9002), { turned: [key], since: 0 })
  // While the past is looked through, or the API server is away, it stays as it was.
  stage.seen.until = undefined
  assert.deepEqual(stage.at(9003), { turned: [], since: 0 })
})

test('a restart goes on with the silence that the status tells, and ends it where something had matched meanwhile', () => {
  const told = [
    {
      type: 'Silent',
      status: 'True' as const,
      reason: 'NothingMatched',
      message: 'before',
      lastTransitionTime: at(600),
      observedGeneration: 1,
    },
  ]
  const status = { observedGeneration: 1, conditions: told }
  const restarted = () => {
    const stage = silenceStage()
    const known = stage.state.subscriptions.get(key)
    assert.ok(known)
    stage.state.subscriptions.set(key, { ...known, object: { ...known.object, status } })
    stage.seen.until = undefined
    assert.deepEqual(stage.at(5000), quiet)
    assert.equal(stage.condition()?.message, 'before')
    return stage
  }
  const goesOn = restarted()
  goesOn.seen.until = 'all'
  assert.deepEqual(goesOn.at(5001), { turned: [key], since: 0 })
  assert.equal(goesOn.condition()?.lastTransitionTime, at(600))

  const ends = restarted()
  ends.matches(5001)
  ends.seen.until = 'all'
  assert.deepEqual(ends.at(5002), { turned: [key], since: undefined })
  assert.equal(ends.condition(), undefined)
})

test('a suspended one is not silent, and starts anew when it is resumed', () => {
  const stage = silenceStage()
  assert.equal(stage.at(600).since, 0)
  stage.suspend()
  stage.respec({ suspend: true })
  assert.deepEqual(stage.at(700), { turned: [key], since: undefined })
  stage.resume(1000)
  stage.respec({})
  assert.deepEqual(stage.at(1599), quiet)
  assert.deepEqual(stage.at(1600), { turned: [key], since: 1000 })
})

test('another time to wait, or none, holds at once', () => {
  const stage = silenceStage()
  assert.equal(stage.at(600).since, 0)
  stage.respec({ expect: { within: '1h' } })
  assert.deepEqual(stage.at(601), { turned: [key], since: undefined })
  stage.respec({ expect: { within: '5m' } })
  assert.deepEqual(stage.at(602), { turned: [key], since: 0 })
  const { expect: _, ...without } = stage.state.subscriptions.get(key)?.object.spec ?? assert.fail()
  stage.respec({ ...without, expect: undefined as never })
  assert.deepEqual(stage.at(603), { turned: [key], since: undefined })
})

test('one that is to tell of the past counts from its creation on, one of the future from then on', () => {
  const past = silenceStage({ startFrom: 'Earliest' }, { creationTimestamp: at(50) })
  past.resume(-1_000_000)
  assert.deepEqual(past.at(649), quiet)
  assert.equal(past.at(650).since, 50)
  const future = silenceStage()
  future.resume(5000)
  assert.deepEqual(future.at(5599), quiet)
  assert.equal(future.at(5600).since, 5000)
})

test('what expects nothing, what is not understood and what has no activation are never silent', () => {
  const stage = renderStage([sink()], [subscription()])
  assert.equal(
    stage.subscription(key)?.conditions?.some(({ type }) => type === 'Silent'),
    false,
  )
  const inactive = silenceStage()
  inactive.state.activations.clear()
  assert.deepEqual(inactive.at(99_999), quiet)
  const stalled = silenceStage()
  assert.equal(stalled.at(600).since, 0)
  const { object } = stalled.state.subscriptions.get(key) ?? assert.fail()
  const why = { kind: 'stalled', reason: 'FilterInvalid', message: '' } as const
  stalled.state.subscriptions.set(key, { object, stalled: why, emitter: undefined })
  assert.deepEqual(stalled.at(601), { turned: [key], since: undefined })
  assert.equal(ms(0), stalled.clock.ms - 601_000)
})
