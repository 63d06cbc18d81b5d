// The checker's self-test: a story that is true is green, and every lie planted in it turns it red.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { check } from './check.ts'
import { type Cost, excessOf, isRed, sumOf } from './cost.ts'
import type { Arrival, Declared, Evidence, Moment, Told } from './evidence.ts'

const milestones = ['queued', 'started', 'finished']

const declared: Declared[] = [
  { key: 'a/one', sinks: ['a/x', 'a/y'], kinds: ['taskrun'], milestones, namespaces: ['a'] },
  {
    key: 'admin/all',
    sinks: ['admin/z'],
    kinds: ['taskrun'],
    milestones: ['started', 'finished'],
    namespaces: ['a', 'b'],
  },
]

/** Two runs in one namespace and one in another, each with three milestones. */
const truth: Moment[] = [
  ['a', 'r1'],
  ['a', 'r2'],
  ['b', 'r3'],
].flatMap(([namespace = '', name = '']) =>
  milestones.map((milestone, index) => ({
    at: index,
    certain: true,
    kind: 'taskrun',
    namespace,
    name,
    uid: `uid-${name}`,
    milestone,
  })),
)

const arrivals: Arrival[] = truth.flatMap((moment) =>
  declared
    .filter((one) => one.namespaces.includes(moment.namespace) && one.milestones.includes(moment.milestone))
    .flatMap((one) => one.sinks.map((sink) => arrival(moment, one.key, sink))),
)

function arrival(moment: Moment, subscription: string, sink: string, more: Partial<Arrival> = {}): Arrival {
  const { namespace, name, uid, milestone, kind, at } = moment
  const sequence = `00000000000${milestones.indexOf(milestone)}`
  return {
    at,
    sink,
    subscription,
    id: `${uid}/${milestone}`,
    kind,
    namespace,
    name,
    uid,
    milestone,
    sequence,
    taken: true,
    answer: '204',
    ...more,
  }
}

const numbers = { deadLettered: 0, dropped: 0, pending: 0 }

const told: Told[] = [
  { of: 'EventSubscription', key: 'a/one', matched: 6, delivered: 12, ...numbers },
  { of: 'EventSubscription', key: 'admin/all', matched: 6, delivered: 6, ...numbers },
  { of: 'EventSink', key: 'a/x', delivered: 6, ...numbers },
  { of: 'EventSink', key: 'a/y', delivered: 6, ...numbers },
  { of: 'EventSink', key: 'admin/z', delivered: 6, ...numbers },
]

const story: Evidence = { truth, declared, arrivals, told }
const free: Cost = { recoveryMs: 1000 }

/** How many of each the checker finds. */
function counts(evidence: Evidence) {
  const { due, missing, repeats, otherIds, phantoms, inversions, counters } = check(evidence)
  return {
    due,
    missing: missing.length,
    repeats: repeats.length,
    otherIds: otherIds.length,
    phantoms: phantoms.length,
    inversions: inversions.length,
    counters: counters.length,
  }
}

const clean = { due: 18, missing: 0, repeats: 0, otherIds: 0, phantoms: 0, inversions: 0, counters: 0 }

function verdict(evidence: Evidence, cost: Cost = free, recoveryMs = 0): boolean {
  return isRed(excessOf(check(evidence), sumOf(evidence.told), recoveryMs, cost))
}

const without = (index: number): Arrival[] => arrivals.toSpliced(index, 1)
const at = (index: number): Arrival => arrivals[index] as Arrival
const retold = (index: number, more: Partial<Told>): Told[] => told.with(index, { ...(told[index] as Told), ...more })
const swapped = (one: number, other: number): Arrival[] => arrivals.with(one, at(other)).with(other, at(one))
const indexOf = (name: string, milestone: string, sink: string): number =>
  arrivals.findIndex((one) => one.name === name && one.milestone === milestone && one.sink === sink)

const started = indexOf('r1', 'started', 'a/x')
const finished = indexOf('r1', 'finished', 'a/x')
const fewer = told.with(0, { ...(told[0] as Told), delivered: 11 }).with(2, { ...(told[2] as Told), delivered: 5 })

describe('the checker', () => {
  it('finds nothing wrong with what is as it has to be', () => {
    assert.deepEqual(counts(story), clean)
    assert.equal(verdict(story), false)
  })

  const lies: [what: string, lie: Partial<Evidence>, found: Partial<typeof clean>][] = [
    ['a loss', { arrivals: without(started), told: fewer }, { missing: 1 }],
    ['a loss that the statuses deny', { arrivals: without(started) }, { missing: 1, counters: 2 }],
    [
      'a delivery that was refused and never came again',
      { arrivals: arrivals.with(started, { ...at(started), taken: false }), told: fewer },
      { missing: 1 },
    ],
    ['a repeat', { arrivals: [...arrivals, at(started)] }, { repeats: 1 }],
    ['a repeat that was refused', { arrivals: [...arrivals, { ...at(started), taken: false }] }, { repeats: 1 }],
    [
      'a repeat with another id',
      { arrivals: [...arrivals, { ...at(finished), id: 'another' }], told: [] },
      { otherIds: 1 },
    ],
    ['two in the wrong order', { arrivals: swapped(started, finished) }, { inversions: 1 }],
    [
      'an event of a run that is not there',
      {
        arrivals: [...arrivals, arrival({ ...(truth[0] as Moment), uid: 'uid-r9', name: 'r9' }, 'a/one', 'a/x')],
        told: [],
      },
      { phantoms: 1 },
    ],
    [
      'an event of a milestone that was not reached',
      { truth: truth.toSpliced(2, 1), told: [], arrivals },
      { phantoms: 3, due: 15 },
    ],
    [
      "another namespace's event",
      { arrivals: [...arrivals, arrival(truth[8] as Moment, 'a/one', 'a/x')], told: [] },
      { phantoms: 1 },
    ],
    [
      'an event at a sink that was not asked for',
      { arrivals: [...arrivals, arrival(truth[0] as Moment, 'a/one', 'admin/z')], told: [] },
      { phantoms: 1 },
    ],
    [
      'an event for nobody',
      { arrivals: [...arrivals, arrival(truth[0] as Moment, '', 'a/x')], told: [] },
      { phantoms: 1 },
    ],
    ['a status that counts one too many', { told: retold(0, { delivered: 13 }) }, { counters: 1 }],
    ['a sink that counts one too few', { told: retold(2, { delivered: 5 }) }, { counters: 1 }],
    ['a status that says that something waits', { told: retold(0, { pending: 1 }) }, { counters: 1 }],
    ['a status that has matched too much', { told: retold(1, { matched: 7 }) }, { counters: 1 }],
  ]
  for (const [what, lie, found] of lies) {
    it(`turns red on ${what}`, () => {
      const evidence = { ...story, ...lie }
      assert.deepEqual(counts(evidence), { ...clean, ...found })
      assert.equal(verdict(evidence), true)
    })
  }

  it('takes a write whose answer was lost for neither lost nor phantom', () => {
    const unsure = truth.map((moment, index) => (index === 2 ? { ...moment, certain: false } : moment))
    assert.equal(verdict({ ...story, truth: unsure }), false)
    const absent = arrivals.filter((one) => !(one.name === 'r1' && one.milestone === 'finished'))
    const said = told.map((one) => ({
      ...one,
      delivered: one.delivered - (one.key === 'a/one' ? 2 : 1),
      ...(one.matched !== undefined && { matched: 5 }),
    }))
    assert.equal(verdict({ ...story, truth: unsure, arrivals: absent, told: said }), false)
  })

  it('takes an object whose creation may have been for no phantom, by its name', () => {
    const unsure = truth.map((moment, index) => (index === 0 ? { ...moment, certain: false, uid: '' } : moment))
    assert.equal(counts({ ...story, truth: unsure }).phantoms, 0)
  })

  it('takes refused attempts before the first taking for no repeats, and a repeat for no inversion', () => {
    const attempt = { ...at(started), taken: false }
    assert.deepEqual(counts({ ...story, arrivals: arrivals.toSpliced(started, 0, attempt, attempt) }), clean)
    assert.equal(counts({ ...story, arrivals: [...arrivals, at(started)] }).inversions, 0)
  })
})

describe('a statement of what a fault may cost', () => {
  const repeated = { ...story, arrivals: [...arrivals, at(started), at(finished)] }
  const lost = { ...story, arrivals: without(started), told: fewer }
  const dead = (of: Partial<Told>) => ({ ...lost, told: lost.told.with(0, { ...(lost.told[0] as Told), ...of }) })
  const rows: [what: string, evidence: Evidence, cost: Cost, isRed: boolean][] = [
    ['allows so many repeats', repeated, { ...free, repeats: 2 }, false],
    ['and no more', repeated, { ...free, repeats: 1 }, true],
    ['allows so many losses', lost, { ...free, lost: 1 }, false],
    ['takes what is counted as dead for not lost', dead({ deadLettered: 1 }), { ...free, deadLettered: 1 }, false],
    ['but only where dead letters are stated', dead({ deadLettered: 1 }), free, true],
    ['wants just as many dead letters as stated', lost, { ...free, lost: 1, deadLettered: 1 }, true],
    ['takes what is counted as dropped for not lost', dead({ dropped: 1 }), { ...free, dropped: 'counted' }, false],
    ['wants all that is missing counted', lost, { ...free, dropped: 'counted' }, true],
    [
      'wants nothing counted that is not missing',
      { ...story, told: retold(0, { dropped: 1 }) },
      { ...free, dropped: 'counted' },
      true,
    ],
    [
      'may know nothing of the counters',
      { ...story, told: retold(0, { delivered: 20 }) },
      { ...free, counters: 'unknown' },
      false,
    ],
    [
      'never allows another id',
      { ...story, told: [], arrivals: [...arrivals, { ...at(finished), id: 'another' }] },
      { ...free, repeats: 9, lost: 9 },
      true,
    ],
  ]
  for (const [what, evidence, cost, red] of rows) it(what, () => assert.equal(verdict(evidence, cost), red))

  it('bounds the recovery', () => {
    assert.equal(verdict(story, free, 1000), false)
    assert.equal(verdict(story, free, 1001), true)
  })
})
