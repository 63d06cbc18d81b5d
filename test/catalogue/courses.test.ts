import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import { route } from '../../src/operator/judging/route.ts'
import type { Phase } from '../../src/operator/judging/routing.ts'
import type { ObjectRecord } from '../../src/outbox/outbox.ts'
import { cluster, emitter, stored } from '../operator/scene.ts'
import { type Life, lives } from './lives.ts'

// Every recorded life, seen in many ways: with states left out, listed or watched, and by who subscribes in the middle of it.

const hour = 3_600_000

/** The latest time that stands anywhere in these states (ms): by then they were written. */
const writtenBy = (states: readonly KubeObject[]): number =>
  Math.max(...[...JSON.stringify(states).matchAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g)].map(([text]) => Date.parse(text)))

type Told = { key: string; id: string; isDerived: boolean }

/** One who takes all that the kind tells, from `since` on. */
function listener({ source, states }: Life, since: number) {
  const { kind, group, catalogue } = source
  const milestones = catalogue.map(({ name }) => name)
  const spec = { sinks: [{ name: 'qe' }], events: [{ kind, group, milestones }] }
  const all = emitter('all', spec, { namespace: states[0]?.metadata.namespace ?? '' })
  const told: Told[] = []
  let record: ObjectRecord | undefined
  return {
    told,
    see(object: KubeObject, phase: Phase, now: number): void {
      const routed = route({ source, object, phase, record, emitters: [all], since: () => since, cluster, now })
      record = stored(routed.record) ?? record
      assert.equal(routed.rows.length, routed.matched.length, 'an event each')
      for (const [index, { milestone }] of routed.matched.entries())
        told.push({
          key: milestone.key,
          id: routed.rows[index]?.event.id ?? '',
          isDerived: milestone.class === 'derived',
        })
    },
  }
}

/** As a stranger wrote to it: what it says is the same, only that every owner of fields has a new time. */
function touched(object: KubeObject, ms: number): KubeObject {
  const touched = structuredClone(object)
  const { managedFields = [] } = touched.metadata as { managedFields?: object[] }
  const owners = managedFields.length > 0 ? managedFields : [{ manager: 'stranger', fieldsV1: { 'f:metadata': {} } }]
  const time = new Date(ms).toISOString()
  Object.assign(touched.metadata, { managedFields: owners.map((owner) => ({ ...owner, time })) })
  return touched
}

/** Mulberry32: the same numbers for the same seed. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    const mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    return (((mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed) >>> 14) / 2 ** 18
  }
}

const seed = Number(process.env.SEED ?? Date.now() % 1e9)

/** All choices of states that end with the last; of more than 64 a random 64. */
function choices(states: readonly KubeObject[], random: () => number): KubeObject[][] {
  const bits = states.length - 1
  const some = Array.from({ length: Math.min(2 ** bits, 64) }, (_, index) =>
    bits <= 6 ? index : Math.floor(random() * 2 ** bits),
  )
  return some.map((mask) => states.filter((_, index) => index === bits || Math.floor(mask / 2 ** index) % 2 === 1))
}

for (const life of lives) {
  const { name, source, states } = life
  const keysOf = (seen: readonly KubeObject[]) =>
    new Set(seen.flatMap((state) => source.milestones(state).map(({ key }) => key)))

  test(`${name}: whichever states are seen, listed or watched, the same derived milestones under the same ids, once (seed ${seed})`, () => {
    const random = numbers(seed)
    const whole = listener(life, 0)
    for (const state of states) whole.see(state, 'watch', writtenBy([state]))
    const ids = new Map(whole.told.map(({ key, id }) => [key, id]))
    const last = keysOf(states.slice(-1))
    for (const key of keysOf(states)) assert.ok(last.has(key) || life.takenBack.includes(key), key)
    for (const seen of choices(states, random)) {
      const some = listener(life, 0)
      for (const state of seen) some.see(structuredClone(state), random() < 0.5 ? 'list' : 'watch', writtenBy([state]))
      const derived = some.told.filter(({ isDerived }) => isDerived)
      const expected = [...keysOf(seen)].map((key) => [key, ids.get(key)])
      assert.deepEqual(derived.map(({ key, id }) => [key, id]).toSorted(), expected.toSorted())
    }
  })

  test(`${name}: who subscribes later is told of nothing that was before, whatever is written afterwards`, () => {
    for (const state of states) {
      const since = writtenBy([state]) + hour
      const late = listener(life, since)
      late.see(state, 'refresh', since + 100)
      for (const at of [since + hour, since + 2 * hour]) late.see(touched(state, at), 'watch', at)
      assert.deepEqual(late.told, [])
    }
  })

  if (source.lasts)
    test(`${name}: who subscribes in the middle of it is told all that changes, as an operator that begins there`, () => {
      for (const index of states.keys()) {
        const [before, after] = [states.slice(0, index + 1), states.slice(index + 1)]
        const observed = (phase: Phase) => {
          const { told, see } = listener(life, 0)
          see(states[index] ?? assert.fail(), phase, writtenBy(before) + hour)
          for (const state of after) see(state, 'watch', writtenBy([state]))
          return told.filter(({ isDerived }) => !isDerived).map(({ key }) => key)
        }
        assert.deepEqual(observed('refresh'), observed('list'))
      }
    })
}
