import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Checkpoints } from '../../../src/operator/recovery/checkpoints.ts'
import type { SubscriptionState } from '../../../src/operator/state.ts'
import type { KindWatch } from '../../../src/operator/watches.ts'
import { at, emitter, ms, type SubscriptionSpec, subscription } from '../scene.ts'

const events: SubscriptionSpec['events'] = [
  { kind: 'TaskRun', milestones: ['finished'] },
  { kind: 'CustomRun', milestones: ['finished'] },
]

const stateOf = (spec: Partial<SubscriptionSpec> = {}, namespace = 'team-a'): SubscriptionState => ({
  object: subscription({ events, ...spec }, { namespace }),
  stalled: undefined,
  emitter: emitter('builds', { events, ...spec }, { namespace }),
})

/** All that checkpoints depend on, to be changed by the test; the API server's clock is a second ahead. */
function stage(watches: KindWatch[] = [watch('TaskRun'), watch('CustomRun')]) {
  const observed = new Map([
    ['TaskRun', ms(500)],
    ['CustomRun', ms(400)],
  ])
  const lowWater = new Map<string, number>()
  const owed = new Map<string, number | true>()
  const looking = new Set<string>()
  const checkpoints = new Checkpoints({
    observed: { at: (name) => observed.get(name), onServer: (time) => time + 1000 },
    outbox: { lowWater: () => lowWater },
    owed: () => owed,
    lookingBack: { isUnderWay: ({ uid }) => looking.has(uid) },
    watchesOf: (kind) => watches.filter(({ name }) => name.split('/')[0] === kind),
    serverNow: () => ms(1000),
  })
  const told = (state = stateOf(), sink = 'team-a/qe') => {
    checkpoints.look(['TaskRun', 'CustomRun'])
    const time = checkpoints.of(state, sink)
    return time === undefined ? undefined : (time - ms(0)) / 1000
  }
  return { checkpoints, observed, lowWater, owed, looking, watches, told }
}

function watch(kind: string, namespace?: string, absentAt?: number): KindWatch {
  return { name: namespace ? `${kind}/${namespace}` : kind, namespace, absentAt }
}

test('it goes with the kind that was observed least far', () => {
  const { observed, told } = stage()
  assert.equal(told(), 400)
  observed.set('CustomRun', ms(600))
  assert.equal(told(), 500)
  observed.delete('CustomRun')
  assert.equal(told(), 500)
})

test('a kind that the cluster does not serve is observed up to when that was found', () => {
  const { told } = stage([watch('TaskRun'), watch('CustomRun', undefined, ms(450))])
  assert.equal(told(), 451)
  assert.equal(stage([watch('TaskRun')]).told(), undefined, 'a kind without a watch')
})

test('one sink that is down stands, and the other goes on', () => {
  const { observed, lowWater, told } = stage()
  lowWater.set('uid-builds team-a/down', ms(100))
  assert.deepEqual([told(), told(stateOf(), 'team-a/down')], [400, 100])
  observed.set('CustomRun', ms(450))
  assert.deepEqual([told(), told(stateOf(), 'team-a/down')], [450, 100])
  lowWater.clear()
  assert.equal(told(stateOf(), 'team-a/down'), 450)
})

test('what is owed holds it, and so does looking back', () => {
  const { observed, owed, looking, told } = stage()
  assert.equal(told(), 400)
  looking.add('uid-builds')
  observed.set('CustomRun', ms(450))
  assert.equal(told(), 400)
  looking.clear()
  owed.set('uid-builds team-a/qe', true)
  assert.equal(told(), 400)
  owed.set('uid-builds team-a/qe', ms(90))
  assert.equal(told(), 90)
  owed.clear()
  assert.equal(told(), 450)
})

test('what an earlier process told stands until something better is known; what came of a clock ahead is no better than now', () => {
  const { checkpoints, observed, told } = stage()
  observed.clear()
  const object = subscription()
  object.status = { sinks: [{ namespace: 'team-a', name: 'qe', checkpoint: at(300) }] }
  checkpoints.seed(object)
  assert.equal(told(), 300)
  checkpoints.forget('uid-builds')
  assert.equal(told(), undefined)
  object.status = { sinks: [{ namespace: 'team-a', name: 'qe', checkpoint: at(9000) }] }
  checkpoints.seed(object)
  assert.equal(told(), 1000)
})

test('with a watch for each namespace only those count that the subscription sees', () => {
  const { observed, told } = stage([
    watch('TaskRun', 'team-a'),
    watch('TaskRun', 'team-b'),
    watch('CustomRun', 'team-a'),
    watch('CustomRun', 'team-b'),
  ])
  for (const [name, time] of [
    ['TaskRun/team-a', 700],
    ['CustomRun/team-a', 600],
    ['TaskRun/team-b', 500],
    ['CustomRun/team-b', 400],
  ] as const)
    observed.set(name, ms(time))
  assert.equal(told(), 600)
  assert.equal(stageWide(), 400)
  function stageWide() {
    return told(stateOf({ namespaceSelector: {} }, 'admin'), 'admin/qe')
  }
})

test('how far it lies behind is told of the sink where that is most', () => {
  const { checkpoints, observed, told } = stage()
  const state = stateOf({ sinks: [{ name: 'qe' }, { name: 'audit' }] })
  told(state)
  told(state, 'team-a/audit')
  assert.equal(checkpoints.lag(state), 0)
  observed.set('CustomRun', ms(460))
  told(state)
  assert.equal(checkpoints.lag(state), 60_000)
  observed.delete('TaskRun')
  checkpoints.look(['TaskRun', 'CustomRun'])
  assert.equal(checkpoints.lag(state), 0)
})

test('for who is to be told of silence a watch that is read without a fault is good for all but the last 100 s; no checkpoint is', () => {
  const since = (kind: string, second: number) => ({ ...watch(kind), watchingSince: ms(second) })
  const until = (of: ReturnType<typeof stage>) => {
    of.checkpoints.look(['TaskRun', 'CustomRun'])
    const time = of.checkpoints.observedUntil(stateOf())
    return time === undefined ? undefined : (time - ms(0)) / 1000
  }
  // By the API server's clock it is second 1000, and a second less here.
  const table: [what: string, watches: KindWatch[], seconds: number | undefined][] = [
    ['neither is', [watch('TaskRun'), watch('CustomRun')], 400],
    ['one is', [watch('TaskRun'), since('CustomRun', 100)], 500],
    ['both are', [since('TaskRun', 899), since('CustomRun', 100)], 900],
    ['not for long enough', [since('TaskRun', 900), since('CustomRun', 100)], 500],
    ['one has no watch', [since('TaskRun', 100)], undefined],
  ]
  for (const [what, watches, seconds] of table) assert.equal(until(stage(watches)), seconds, what)
  const both = stage([since('TaskRun', 100), since('CustomRun', 100)])
  assert.equal(both.told(), 400)
  both.observed.clear()
  assert.equal(until(both), 900)
  both.observed.set('TaskRun', ms(990))
  both.observed.set('CustomRun', ms(980))
  assert.equal(until(both), 980)
  both.looking.add('uid-builds')
  assert.equal(until(both), undefined)
})
