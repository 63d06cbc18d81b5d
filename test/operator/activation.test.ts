import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type ActivationSpec,
  activate,
  activationKey,
  isPending,
  pendingOf,
  settledOf,
  suspendedSince,
} from '../../src/operator/activation.ts'
import { activationSpec } from '../../src/operator/subscription.ts'
import { at, emitter, ms, type SubscriptionSpec, subscription } from './scene.ts'

const created = ms(0)
const now = ms(3600) + 999
const nowInSeconds = ms(3600)

const spec = (over: Partial<ActivationSpec> = {}): ActivationSpec => ({
  startFrom: 'Now',
  created,
  seen: false,
  changed: undefined,
  suspend: false,
  told: new Map(),
  ...over,
})

const builds = (over: Partial<SubscriptionSpec> = {}) =>
  emitter('builds', { events: [{ kind: 'TaskRun', milestones: ['started', 'finished'] }], ...over })

const key = (milestone: string, sink = 'team-a/qe', kind = 'TaskRun') =>
  activationKey('uid-builds', sink, kind, milestone)

/** What stands after a first activation. */
const standing = (given: Partial<ActivationSpec> = {}, over: Partial<SubscriptionSpec> = {}) =>
  new Map(activate(builds(over), spec(given), new Map(), now))

test('a new subscription begins where startFrom says: Now is when it was created', () => {
  const cases: [name: string, spec: ActivationSpec, since: number][] = [
    ['Now', spec(), created],
    ['Now, changed before it was first seen', spec({ changed: ms(1800) }), created],
    ['Now, seen before, but not understood until it was changed', spec({ seen: true, changed: ms(1800) }), ms(1800)],
    ['Now, seen before, but not understood until this release', spec({ seen: true }), nowInSeconds],
    ['Earliest', spec({ startFrom: 'Earliest' }), 0],
    ['Earliest, changed', spec({ startFrom: 'Earliest', seen: true, changed: ms(1800) }), 0],
    ['a time', spec({ startFrom: ms(-500) }), ms(-500)],
    ['suspended', spec({ suspend: true }), suspendedSince],
    [
      'what its status tells, where the disk was lost',
      spec({ seen: true, changed: ms(1800), told: new Map([['team-a/qe', ms(70)]]) }),
      ms(70),
    ],
    [
      'its creation, where its status was written for an earlier one of its name',
      spec({ seen: true, told: new Map([['team-a/qe', ms(-86_400)]]) }),
      created,
    ],
  ]
  for (const [name, given, since] of cases) {
    const entries = activate(builds(), given, new Map(), now)
    assert.deepEqual(
      entries,
      new Map([
        [key('started'), since],
        [key('finished'), since],
      ]),
      name,
    )
  }
})

test('what stands is kept, whatever changes in the spec', () => {
  for (const given of [
    spec(),
    spec({ startFrom: 'Earliest' }),
    spec({ startFrom: ms(9), seen: true, changed: ms(1800) }),
  ])
    assert.deepEqual(activate(builds(), given, standing(), now), new Map())
})

test('a sink, kind or milestone that comes later starts when it was written into the spec, or with the release that brings it', () => {
  const cases: [name: string, over: Partial<SubscriptionSpec>, entries: string[]][] = [
    [
      'sink',
      { sinks: [{ name: 'qe' }, { name: 'audit' }] },
      [key('started', 'team-a/audit'), key('finished', 'team-a/audit')],
    ],
    [
      'kind',
      {
        events: [
          { kind: 'TaskRun', milestones: ['started', 'finished'] },
          { kind: 'CustomRun', milestones: ['finished'] },
        ],
      },
      [key('finished', 'team-a/qe', 'CustomRun')],
    ],
    ['milestone', { events: [{ kind: 'TaskRun', milestones: ['started', 'queued'] }] }, [key('queued')]],
  ]
  for (const [name, over, added] of cases) {
    for (const [changed, since] of [
      [ms(1800), ms(1800)],
      [undefined, nowInSeconds],
      // A clock that is ahead wrote this one.
      [ms(7200), nowInSeconds],
    ] as const) {
      const entries = activate(builds(over), spec({ seen: true, changed }), standing(), now)
      assert.deepEqual(entries, new Map(added.map((entry) => [entry, since])), `${name} ${changed}`)
    }
  }
})

test('where startFrom is Earliest or a time, that counts for what comes later, too', () => {
  const audit = { sinks: [{ name: 'qe' }, { name: 'audit' }] }
  for (const [startFrom, since] of [
    ['Earliest', 0],
    [ms(-500), ms(-500)],
  ] as const) {
    const entries = activate(builds(audit), spec({ startFrom, seen: true, changed: ms(1800) }), standing(), now)
    assert.deepEqual([...entries.values()], [since, since])
  }
})

test('a subscription that another stands beside is new all the same', () => {
  const others = new Map([[activationKey('uid-build', 'team-a/qe', 'TaskRun', 'started'), ms(1)]])
  assert.equal(activate(builds(), spec(), others, now).get(key('started')), created)
})

test('suspension closes it, and on resumption it starts at the moment of that, whatever its startFrom', () => {
  const open = standing({ startFrom: 'Earliest' })
  const closed = activate(builds(), spec({ startFrom: 'Earliest', suspend: true, seen: true }), open, now)
  assert.deepEqual([...closed.values()], [suspendedSince, suspendedSince])
  for (const [entry, since] of closed) open.set(entry, since)
  assert.deepEqual(activate(builds(), spec({ suspend: true, seen: true }), open, now), new Map())
  const resumed = activate(builds(), spec({ startFrom: 'Earliest', seen: true, changed: ms(1800) }), open, now)
  assert.deepEqual([...resumed.values()], [ms(1800), ms(1800)])
})

test('a thousand subscriptions that stand are looked through once for a new one, and not at all for one that stands', () => {
  const all = new Map<string, number>()
  for (let n = 0; n < 24_000; n += 1) all.set(activationKey(`uid-${n}`, 'team-a/qe', 'TaskRun', 'started'), 0)
  let looks = 0
  class Counted extends Map<string, number> {
    override keys() {
      looks += 1
      return super.keys()
    }
  }
  const counted = new Counted(all)
  const entries = activate(builds(), spec(), counted, now)
  assert.equal(looks, 1)
  for (const [entry, since] of entries) counted.set(entry, since)
  activate(builds(), spec(), counted, now)
  assert.equal(looks, 1)
})

test('what activation needs is read from the subscription', () => {
  const managedFields = [{ time: at(1800) }]
  const read = (over: Partial<SubscriptionSpec>, observedGeneration?: number) =>
    activationSpec({
      ...subscription(over, { generation: 4, managedFields }),
      ...(observedGeneration !== undefined && { status: { observedGeneration } }),
    })
  assert.deepEqual(read({}), { ok: true, value: spec({ changed: ms(1800) }) })
  assert.deepEqual(read({}, -1), { ok: true, value: spec({ changed: ms(1800) }) })
  assert.deepEqual(read({}, 3), { ok: true, value: spec({ seen: true, changed: ms(1800) }) })
  assert.deepEqual(read({ startFrom: 'Earliest', suspend: true }, 4), {
    ok: true,
    value: spec({ seen: true, startFrom: 'Earliest', suspend: true }),
  })
  assert.deepEqual(read({ startFrom: '2026-11-22T12:00:09.5+00:00' }, 4), {
    ok: true,
    value: spec({ seen: true, startFrom: ms(9) + 500 }),
  })
  assert.deepEqual(read({ startFrom: 'yesterday' }), {
    ok: false,
    reason: 'StartFromInvalid',
    message: "startFrom 'yesterday' is none of Now, Earliest and an RFC 3339 time such as 2026-01-31T12:00:00Z",
  })
  const told = subscription()
  told.status = {
    sinks: [
      { namespace: 'team-a', name: 'qe', since: at(5) },
      { namespace: 'team-a', name: 'audit' },
    ],
  }
  const value = activationSpec(told)
  assert.deepEqual(value.ok && value.value.told, new Map([['team-a/qe', ms(5)]]))
})

test('what the outbox keeps of an activation that is pending gives its time back', () => {
  for (const since of [0, ms(5), suspendedSince]) {
    assert.equal(isPending(since), false)
    assert.equal(settledOf(since), since)
  }
  for (const since of [0, ms(5)]) {
    assert.equal(isPending(pendingOf(since)), true)
    assert.equal(settledOf(pendingOf(since)), since)
  }
})
