import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { KubeObject } from '../../src/api/object.ts'
import { sourceFor } from '../../src/sources/index.ts'
import type { Milestone, Projection } from '../../src/sources/source.ts'

type Life = {
  derived: string[]
  /** Keys of what a later state took back. */
  takenBack?: string[]
  observed: string[]
  deletedAt?: string
  deletion?: string
  states: KubeObject[]
}

/**
 * Recorded by watches from runs under Tekton v1.12's own controller; of the status only what milestones are read from. Written by hand:
 * task-run-that-waits-again, as its pod would have to be lost at the right time, custom-run-in-steps, as a custom task's controller may,
 * and those of Konflux, whose controllers need a whole cluster. Those of Flux are cut from test/sources/recorded, but for its sources and
 * four failures, which are written by hand.
 */
const folder = join(import.meta.dirname, 'lives')

const told = ({ key, time, outcome }: Milestone): string =>
  [key, new Date(time).toISOString(), outcome].filter((part) => part !== undefined).join(' ')

/** What `sequence` sorts by. */
const placeOf = ({ time, rank }: Milestone): number => time + rank / 100

const keysOf = (milestones: Milestone[]) => milestones.map((milestone) => milestone.key)

/** A condition tells of what came last: the reason of what a later state still shows may be gone. */
const lasting = (milestone: Milestone | undefined) =>
  milestone?.details?.version === undefined ? milestone : { ...milestone, reason: undefined, message: undefined }

for (const file of readdirSync(folder)) {
  const name = file.replace('.json', '').replaceAll('-', ' ')
  const {
    derived,
    takenBack = [],
    observed,
    deletedAt,
    deletion,
    states,
  }: Life = JSON.parse(readFileSync(join(folder, file), 'utf8'))
  const [first, last] = [states[0], states.at(-1)]
  assert.ok(first && last)
  const source = sourceFor(first)
  assert.ok(source)

  test(`${name}: its last state tells all that any state told, but for what was taken back`, () => {
    assert.deepEqual(source.milestones(last).map(told), derived)
    const known = new Map(source.milestones(last).map((milestone) => [milestone.key, milestone]))
    const all = states.flatMap((state) => source.milestones(state))
    const back = new Set(keysOf(all).filter((key) => !known.has(key)))
    assert.deepEqual([...back].toSorted(), takenBack.toSorted())
    for (const { until } of source.catalogue.filter((row) => takenBack.some((key) => key.startsWith(`${row.name}/`))))
      assert.ok(until, 'its row says what takes it back')
    for (const milestone of all.filter(({ key }) => !back.has(key))) {
      // Tekton writes no time for a skip: the latest possible one moves until the end.
      if (milestone.name === 'skipped' || milestone.undated) assert.ok(known.has(milestone.key))
      else assert.deepEqual(lasting(milestone), lasting(known.get(milestone.key)))
    }
  })

  test(`${name}: its deletion is told where it had not ended`, () => {
    const told = source.deletion(last, { at: Date.parse(deletedAt ?? last.metadata.creationTimestamp), missed: false })
    assert.equal(
      told && deletion !== undefined ? [told.key, new Date(told.time).toISOString()].join(' ') : undefined,
      deletion,
    )
    assert.equal(told === undefined, source.endedAt(last) !== undefined)
  })

  test(`${name}: seen state by state, each milestone comes once and later than those before`, () => {
    const seen = new Map<string, Milestone>()
    const transitions: Milestone[] = []
    let previous: Projection | undefined
    let latest = -1
    for (const state of states) {
      const changed = source.transitions(previous, state)
      transitions.push(...changed)
      for (const milestone of [...source.milestones(state), ...changed].toSorted((a, b) => placeOf(a) - placeOf(b))) {
        if (seen.has(milestone.key)) continue
        seen.set(milestone.key, milestone)
        assert.ok(placeOf(milestone) >= latest, `${milestone.key} comes after what was told before it`)
        latest = placeOf(milestone)
      }
      previous = source.project(state, { wants: () => true, previous })
    }
    assert.deepEqual(keysOf(transitions), observed)
    assert.equal(new Set(observed).size, observed.length)
  })
}
